"""Where a sentence's sound comes from, and a voice that is killed, hangs, or is not there at all."""

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.contact.rules import Disposition
from core.health import State
from core.settings import Settings
from core.values import SERIAL_GROUPS
from core.work import Hotline
from ivr.call import Prompt
from ivr.dialplan import CORE_SOUNDS
from ivr.engines import Mute
from ivr.espeak import EngineError, Espeak
from ivr.examples import fullest
from ivr.prompts import catalogue
from ivr.sound import RATE, NotSpeech, Samples, is_whole, seconds_of
from ivr.speech import NoVoice, Voice
from ivr.voices import open_voice
from ivr.words import Clip, Digits, Name
from tests.callers import Caller
from tests.clocks import FrozenClock
from tests.ivr.sounds import Tones, lose, put, tone
from tests.ivr.town import town

GREETING = Prompt("greeting")
needs_espeak = pytest.mark.skipif(not shutil.which("espeak-ng"), reason="espeak-ng is not installed")


@pytest.fixture
async def espeak() -> AsyncIterator[Espeak]:
    made = Espeak()
    yield made
    await made.close()


@pytest.fixture
def tones() -> Tones:
    return Tones()


@pytest.fixture
def voice(tmp_path: Path, tones: Tones) -> Voice:
    return Voice(tmp_path / "recordings", tmp_path / "cache", tones)


async def test_a_sentence_is_made_once_and_played_from_the_cache_ever_after(
    voice: Voice, tones: Tones, tmp_path: Path
) -> None:
    first = await voice.sounds(GREETING)
    assert all(is_whole(Path(stem)) for stem in first)
    made = len(tones.said)
    assert await voice.sounds(GREETING) == first
    assert await Voice(tmp_path / "recordings", tmp_path / "cache", tones).sounds(GREETING) == first
    assert len(tones.said) == made == len([stem for stem in first if "pause" not in stem])


async def test_two_calls_that_want_the_same_new_word_share_its_making(voice: Voice, tones: Tones) -> None:
    name = Clip("name/x", "陈建国")
    await asyncio.gather(*(voice.file(name) for _ in range(5)))
    assert tones.said == ["陈建国"]


async def test_a_recording_wins_over_the_cache_as_soon_as_it_is_there(
    voice: Voice, tones: Tones, tmp_path: Path
) -> None:
    clip = catalogue().clips(GREETING)[0]
    spoken = await voice.file(clip)
    assert voice.state(clip) == "rendered"
    put(tmp_path / "recordings" / f"{clip.key}.wav", tone(200, 1.0, rate=44100), 44100)
    recorded = await voice.file(clip)
    assert recorded != spoken
    assert voice.state(clip) == "recorded"
    assert seconds_of(recorded) == pytest.approx(1.0, abs=0.05)
    assert len(tones.said) == 1


async def test_a_cache_that_is_lost_in_mid_day_is_made_again(voice: Voice, tones: Tones) -> None:
    clip = Clip("name/x", "陈建国")
    lose(await voice.file(clip))
    assert is_whole(await voice.file(clip))
    assert len(tones.said) == 2


@pytest.mark.parametrize("content", [b"no sound at all", b""])
async def test_a_recording_that_cannot_be_used_is_told_and_the_voice_says_it(
    voice: Voice, tones: Tones, tmp_path: Path, content: bytes
) -> None:
    clip = Clip("word/to", "到")
    recorded = tmp_path / "recordings" / "word" / "to.wav"
    recorded.parent.mkdir(parents=True)
    recorded.write_bytes(content)
    await voice.file(clip)
    assert tones.said == ["到"]
    assert "not a sound file" in voice.spoiled[clip.key][1]
    assert voice.state(clip) == "rendered"
    put(recorded, tone(200, 1.0, rate=RATE))
    os.utime(recorded, (1, 1))
    await voice.file(clip)
    assert voice.state(clip) == "recorded"
    assert len(tones.said) == 1


async def test_what_was_said_otherwise_before_is_said_anew(
    voice: Voice, tones: Tones, tmp_path: Path
) -> None:
    clip = Clip("word/to", "到")
    before = await voice.file(clip)
    assert await voice.file(Clip("word/to", "至")) != before
    tones.name = "tones of another pace"
    assert await voice.file(clip) != before


async def test_a_caller_waits_two_seconds_for_a_new_word_and_no_longer(
    tmp_path: Path, tones: Tones, monkeypatch: pytest.MonkeyPatch
) -> None:
    never = asyncio.Event()

    async def speak(_: str, **_how: bool) -> tuple[Samples, int]:
        await never.wait()
        raise AssertionError

    monkeypatch.setattr(tones, "speak", speak)
    monkeypatch.setattr("ivr.speech.CALL_WAITS_S", 0.05)
    slow = Voice(tmp_path / "recordings", tmp_path / "cache", tones)
    with pytest.raises(NoVoice, match="slow"):
        await slow.sounds(GREETING)
    await slow.close()
    assert tones.closed


async def test_a_name_is_read_as_it_was_saved(voice: Voice, tones: Tones) -> None:
    (clip,) = Name("曾雨", "zeng1 yu3").clips()
    await voice.file(clip)
    assert tones.said == ["zeng1 yu3"]


async def test_warming_tells_how_far_it_is_and_makes_everything(voice: Voice) -> None:
    told: list[tuple[int, int]] = []
    assert (await voice.probe()).state is State.STARTING
    await voice.warm(lambda done, wanted: told.append((done, wanted)))
    assert told[-1][0] == told[-1][1] == len(told) > 300
    assert (await voice.probe()).state is State.UP
    assert {voice.state(clip) for clip in catalogue().fixed()} == {"rendered"}


async def test_without_an_engine_what_was_recorded_or_said_before_plays_and_the_rest_is_told(
    voice: Voice, tones: Tones, tmp_path: Path
) -> None:
    cached = await voice.file(Clip("half/am", "上午"))
    mute = Voice(tmp_path / "recordings", tmp_path / "cache", Mute(tones, "not installed"))
    clip = Clip("word/to", "到")
    with pytest.raises(NoVoice, match="not installed"):
        await mute.file(clip)
    put(tmp_path / "recordings" / "word" / "to.wav", tone(200, rate=RATE))
    assert is_whole(await mute.file(clip))
    assert await mute.file(Clip("half/am", "上午")) == cached
    await mute.warm()
    report = await mute.probe()
    assert report.state is State.DEGRADED
    assert "espeak-ng" in report.words


async def test_a_machine_without_espeak_says_so_and_still_opens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def prove(_: Espeak) -> None:
        raise EngineError("OSError: libespeak-ng.so.1")

    monkeypatch.setattr(Espeak, "prove", prove)
    mute = await open_voice(Settings(data=tmp_path, cache=tmp_path, voice="espeak"))
    with pytest.raises(NoVoice, match="libespeak"):
        await mute.sounds(GREETING)
    await mute.close()


async def test_the_switch_gets_its_own_sentences_by_name(voice: Voice, tmp_path: Path) -> None:
    assert await voice.lay_out(tmp_path / "zh", CORE_SOUNDS) == []
    assert all(is_whole(tmp_path / "zh" / name) for name in CORE_SOUNDS)


async def test_a_call_that_nothing_can_be_said_to_goes_to_a_person(
    hotline: Hotline, clock: FrozenClock, tmp_path: Path, tones: Tones
) -> None:
    mute = Voice(tmp_path / "recordings", tmp_path / "cache", Mute(tones, "not installed"))

    class Unheard(Caller):
        async def say(self, *prompts: Prompt, barge: bool = True) -> None:
            for prompt in prompts:
                await mute.sounds(prompt)

        async def ask(self, *prompts: Prompt, **_: object) -> str:
            await self.say(*prompts)
            return ""

    caller = Unheard("1")
    ended = await (await town(hotline, clock)).desk.receive(caller)
    assert (ended, caller.target) == (Disposition.TO_PERSON, "queue")


@pytest.mark.parametrize(
    ("text", "pinyin", "said"),
    [
        ("陈建国", None, "chen2 jian4 guo2"),
        ("曾雨", "zeng1 yu3", "zeng1 yu3"),
        ("女士", "nv3 shi4", "nü3 shi4"),
        ("先生", "xian1 sheng5", "xian1 sheng0"),
        ("好的", None, "hao3 de0"),
        ("曾雨", "zeng yu", "ceng2 yu3"),  # without tones: the dictionary says more
        ("CT室", "CT shi4", "shi4"),  # never in English
    ],
)
async def test_the_voice_is_given_a_whole_reading_and_nothing_else(
    espeak: Espeak, text: str, pinyin: str | None, said: str
) -> None:
    assert espeak.spelled(text, pinyin) == said


# --- the real one -------------------------------------------------------------------------------------


@needs_espeak
async def test_the_voice_proves_that_it_speaks_chinese(espeak: Espeak) -> None:
    await espeak.prove()


@needs_espeak
async def test_the_voice_that_reads_chinese_as_english_is_found_out() -> None:
    english = Espeak(command=(sys.executable, "-m", "ivr.espeak_worker", "sit/cmn"))
    with pytest.raises(EngineError, match="not Chinese"):
        await english.prove()
    await english.close()


@needs_espeak
async def test_a_voice_that_does_not_exist_is_refused_and_not_replaced_by_another() -> None:
    nobody = Espeak(command=(sys.executable, "-m", "ivr.espeak_worker", "sit/nobody"))
    with pytest.raises(EngineError, match="no voice sit/nobody"):
        await nobody.prove()
    await nobody.close()


@needs_espeak
async def test_the_first_sentence_of_a_process_is_whole_and_no_other_runs_into_it() -> None:
    """The library's first loop does not wait; the next one then cancels, or writes, somebody else's words."""

    async def lengths() -> list[int]:
        fresh = Espeak()
        made = [len((await fresh.speak(said))[0]) for said in ("ma1 " * 20, "hao3", "er4 shi2")]
        await fresh.close()
        return made

    calm = await lengths()
    for _ in range(3):
        for crowded in await asyncio.gather(*(lengths() for _ in range(6))):
            assert crowded == pytest.approx(calm, rel=0.15)


@needs_espeak
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "hung"])
async def test_a_voice_that_is_lost_in_mid_sentence_says_it_again(
    espeak: Espeak, how: signal.Signals
) -> None:
    espeak.child.within_s = 1.0
    await espeak.prove()
    lost = espeak.pid
    assert lost
    os.kill(lost, signal.SIGSTOP)
    asking = asyncio.create_task(espeak.speak("yu4 yue1 gua4 hao4"))
    await asyncio.sleep(0)
    os.kill(lost, how)
    assert len((await asking)[0])
    assert espeak.pid != lost


@needs_espeak
async def test_nobody_queues_for_the_voice_without_end(espeak: Espeak) -> None:
    espeak.child.most_waiting = 3
    said = await asyncio.gather(*(espeak.speak("hao3") for _ in range(5)), return_exceptions=True)
    assert [isinstance(one, EngineError) for one in said] == [False] * 3 + [True] * 2


@needs_espeak
async def test_a_cancelled_sentence_is_never_heard_as_the_next_one(espeak: Espeak) -> None:
    sentence = "yu4 yue1 gua4 hao4 " * 10
    long = len((await espeak.speak(sentence))[0])
    asking = asyncio.create_task(espeak.speak(sentence))
    await asyncio.sleep(0.002)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    assert len((await espeak.speak("hao3"))[0]) < long / 5


@needs_espeak
@pytest.mark.parametrize("nothing", ["", " ", ".", "😀"])
async def test_what_cannot_be_said_is_refused_and_the_next_is_said(espeak: Espeak, nothing: str) -> None:
    with pytest.raises((EngineError, NotSpeech)):
        await espeak.speak(nothing)
    assert len((await espeak.speak("hao3"))[0])


@needs_espeak
async def test_a_folder_that_cannot_be_written_is_an_error_and_the_voice_lives_on(espeak: Espeak) -> None:
    await espeak.prove()
    before = espeak.pid
    assert espeak._folder
    folder = Path(espeak._folder.name)
    (folder / "spoken.wav").unlink()
    (folder / "spoken.wav").mkdir()
    with pytest.raises(EngineError, match="IsADirectory"):
        await espeak.speak("hao3")
    (folder / "spoken.wav").rmdir()
    assert len((await espeak.speak("hao3"))[0])
    assert espeak.pid == before


async def test_a_voice_that_hangs_is_given_up() -> None:
    hanging = Espeak(command=(sys.executable, "-c", "import time; time.sleep(60)"))
    hanging.child.starting_s = 0.3
    with pytest.raises(EngineError):
        await hanging.speak("您好")
    assert hanging.pid is None
    await hanging.close()


@pytest.mark.parametrize("program", ["raise SystemExit(1)", "print('not an answer', flush=True)"])
async def test_a_voice_that_dies_or_babbles_is_an_error_and_nothing_else(program: str) -> None:
    broken = Espeak(command=(sys.executable, "-c", program))
    with pytest.raises(EngineError):
        await broken.speak("您好")
    await broken.close()


@needs_espeak
async def test_every_sentence_keeps_its_limit_with_its_longest_values_and_takes_as_long_as_reckoned(
    tmp_path: Path, espeak: Espeak
) -> None:
    voice, texts = Voice(tmp_path / "none", tmp_path / "cache", espeak), catalogue()
    said = {one.name: await voice.seconds(fullest(one)) for one in texts.sentences}
    reckoned = {one.name: texts.seconds(fullest(one)) for one in texts.sentences}
    assert [one.name for one in texts.sentences if said[one.name] > one.most_s] == []
    assert sum(reckoned.values()) == pytest.approx(sum(said.values()), rel=0.05)
    for name, seconds in said.items():
        assert reckoned[name] == pytest.approx(seconds, rel=0.2, abs=0.6), name


@needs_espeak
async def test_a_serial_number_is_said_in_three_groups(tmp_path: Path, espeak: Espeak) -> None:
    voice = Voice(tmp_path / "none", tmp_path / "cache", espeak)
    files = [await voice.file(clip) for clip in Digits("82047157", SERIAL_GROUPS).clips()]
    pauses = [place for place, path in enumerate(files) if path.name.startswith("pause")]
    assert pauses == [2, 6]
