"""What callers understand: sentences by chance, over a real line, heard by an ear that knows nobody."""

import asyncio
import os
import random
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio

from core.settings import Settings
from ivr.agi_call import AgiCall
from ivr.call import Prompt
from ivr.kokoro import Kokoro
from ivr.prompts import catalogue
from ivr.speech import Voice
from tests import audio
from tests.ear import Ear, Understood, error, understood
from tests.ivr.at_random import prompts
from tests.phones import phone
from tests.switch.conftest import NUMBERS, Exchange

pytestmark = [
    pytest.mark.switch,
    pytest.mark.busy,
    pytest.mark.slow,
    pytest.mark.asyncio(loop_scope="session"),
]

COUNT, IN_ONE_CALL = 24, 6
# The quick voice says each second one: its figure stands beside the other, and takes as long to hear.
QUICK = slice(None, None, 2)
MOST_WRONG = 0.15
# Between two sentences; within one nobody pauses for so long.
WAIT_S, GAP_S = 1.4, 1.0
SILENT = 0.01
STRANGER = "10799990000"


Tell = Callable[[str], None]


@pytest.fixture(scope="module")
def chosen(tell: Tell) -> list[Prompt]:
    """Others each time; HOTLINE_TEST_SEED brings the same ones again."""
    seed = os.environ.get("HOTLINE_TEST_SEED") or str(random.randrange(10**6))
    tell(f"sentences by chance: HOTLINE_TEST_SEED={seed}")
    return prompts(COUNT, random.Random(seed))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def kokoro(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Voice]:
    """The better voice alone, which has not said anything yet."""
    engine = Kokoro(Settings().cache.resolve() / "kokoro", lanes=min(8, os.cpu_count() or 1))
    missing = engine.missing()
    if missing:
        pytest.skip(missing)
    folder = tmp_path_factory.mktemp("kokoro")
    voice = Voice(folder / "none", folder / "cache", engine)
    yield voice
    await voice.close()


async def test_the_better_voice_is_understood_on_a_real_telephone_line(
    exchange: Exchange, kokoro: Voice, chosen: list[Prompt], tmp_path: Path, tell: Tell
) -> None:
    exchange.voices["kokoro"] = kokoro
    ear = await asyncio.to_thread(Ear, Settings().cache.resolve() / "whisper")
    # One prepares while the other is on the telephone. Nobody listens meanwhile: a line hears a busy machine.
    _, carried = await asyncio.gather(
        speak(kokoro, chosen), carry_all(exchange, "cmn", chosen[QUICK], tmp_path)
    )
    clear = await carry_all(exchange, "kokoro", chosen, tmp_path)
    quick = await asyncio.to_thread(listen, ear, chosen[QUICK], carried)
    better = await asyncio.to_thread(listen, ear, chosen, clear)
    tell(
        f"toneless syllables misheard of {sum(one.syllables for one in better)} on a real call:"
        f" Kokoro {error(better):.3f}, espeak-ng {error(quick):.3f}"
    )
    worst = sorted(better, key=lambda one: one.wrong / one.syllables, reverse=True)[:5]
    for one in worst:
        tell(f"  {one.wrong} of {one.syllables}: {one.said} as {one.heard}")
    assert error(better) < MOST_WRONG
    assert error(better) < error(quick) / 2


async def speak(voice: Voice, said: Sequence[Prompt]) -> None:
    """Have everything said that these sentences need."""
    clips = {clip.key: clip for prompt in said for clip in catalogue().clips(prompt)}
    await asyncio.gather(*(voice.file(clip) for clip in clips.values()))


async def carry_all(
    exchange: Exchange, language: str, said: Sequence[Prompt], folder: Path
) -> list[audio.Samples]:
    """What telephones hear of these sentences, in many calls at once."""
    parts = [said[first : first + IN_ONE_CALL] for first in range(0, len(said), IN_ONE_CALL)]
    ready = asyncio.Barrier(len(parts))
    calls = await asyncio.gather(
        *(
            carry(exchange, number, language, part, folder, ready)
            for number, part in zip(NUMBERS, parts, strict=False)
        )
    )
    return [sentence for call in calls for sentence in call]


async def carry(
    exchange: Exchange,
    number: str,
    language: str,
    said: Sequence[Prompt],
    folder: Path,
    ready: asyncio.Barrier,
) -> list[audio.Samples]:
    """What a telephone hears of each sentence, in a call of its own. ready: all telephones are switched on."""
    over = asyncio.Event()

    async def dialogue(call: AgiCall) -> None:
        call.language = language
        for prompt in said:
            await call.say(prompt, barge=False)
            await call.wait(WAIT_S)
        over.set()
        await call.hang_up()

    exchange.answers[number] = dialogue
    wav = folder / f"{number}-{language}.wav"
    async with phone(exchange.sip_port, STRANGER) as telephone:
        await ready.wait()
        assert (await telephone.call(number, wav))["event"] == "answered"
        async with asyncio.timeout(180):
            await over.wait()
        await telephone.until("ended")
    heard = sentences(await asyncio.to_thread(audio.read, wav))
    assert len(heard) == len(said), f"{number} {language}: {[len(one) / audio.RATE for one in heard]}"
    return heard


def sentences(recording: audio.Samples) -> list[audio.Samples]:
    """The parts between long silences."""
    frame = audio.RATE // 50
    level = np.sqrt(np.mean(recording[: len(recording) // frame * frame].reshape(-1, frame) ** 2, axis=1))
    loud = np.flatnonzero(level > SILENT)
    starts = np.flatnonzero(np.diff(loud, prepend=-10_000) > GAP_S * 50)
    ends = [*(starts[1:] - 1), len(loud) - 1]
    spans = [(loud[start], loud[end] + 1) for start, end in zip(starts, ends, strict=True)]
    return [recording[max(0, first - 3) * frame : (last + 3) * frame] for first, last in spans]


def listen(ear: Ear, said: Sequence[Prompt], recordings: Sequence[audio.Samples]) -> list[Understood]:
    return [
        understood(
            catalogue().text(prompt),
            " ".join(clip.reading for clip in catalogue().clips(prompt)),
            ear.heard(recording),
        )
        for prompt, recording in zip(said, recordings, strict=True)
    ]
