"""Where a sentence's sound comes from, and a voice that is killed, hangs, or is not there at all."""

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from core.health import State
from core.values import SERIAL_GROUPS
from ivr.call import Prompt
from ivr.dialplan import CORE_SOUNDS
from ivr.espeak import EngineError, Espeak, spelled
from ivr.prompts import catalogue
from ivr.sound import RATE, Samples, read_wav, write_wav
from ivr.speech import NoVoice, Voice
from ivr.words import Clip, Digits, Name
from tests.ivr.test_sound import tone

GREETING = Prompt("greeting")
needs_espeak = pytest.mark.skipif(not shutil.which("espeak-ng"), reason="espeak-ng is not installed")


def exists(stem: str) -> bool:
    return Path(f"{stem}.wav").exists()


class Tones:
    """An engine that beeps, and counts."""

    name = "tones"

    def __init__(self) -> None:
        self.said: list[str] = []
        self.closed = False

    async def speak(self, text: str, pinyin: str | None = None) -> tuple[Samples, int]:
        self.said.append(pinyin or text)
        await asyncio.sleep(0)
        return tone(300 + len(text) * 10), 22050

    async def close(self) -> None:
        self.closed = True


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
    assert all(map(exists, first))
    made = len(tones.said)
    assert await voice.sounds(GREETING) == first
    assert await Voice(tmp_path / "recordings", tmp_path / "cache", tones).sounds(GREETING) == first
    assert len(tones.said) == made == len(first)


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
    write_wav(tmp_path / "recordings" / f"{clip.key}.wav", tone(200, 1.0, rate=44100), 44100)
    recorded = await voice.file(clip)
    assert recorded != spoken
    assert voice.state(clip) == "recorded"
    samples, rate = read_wav(recorded.read_bytes())
    assert rate == RATE
    assert len(samples) / rate == pytest.approx(1.0, abs=0.05)
    assert len(tones.said) == 1


async def test_a_cache_that_is_lost_in_mid_day_is_made_again(
    voice: Voice, tones: Tones, tmp_path: Path
) -> None:
    clip = Clip("name/x", "陈建国")
    (await voice.file(clip)).unlink()
    fresh = Voice(tmp_path / "recordings", tmp_path / "cache", tones)
    assert (await fresh.file(clip)).exists()


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


async def test_without_an_engine_recordings_play_and_the_rest_is_said_to_be_missing(tmp_path: Path) -> None:
    mute = Voice(tmp_path / "recordings", tmp_path / "cache", None)
    clip = Clip("word/to", "到")
    with pytest.raises(NoVoice):
        await mute.file(clip)
    write_wav(tmp_path / "recordings" / "word" / "to.wav", tone(200, rate=RATE))
    assert (await mute.file(clip)).exists()
    await mute.warm()
    report = await mute.probe()
    assert report.state is State.DEGRADED
    assert "espeak-ng" in report.words


async def test_the_switch_gets_its_own_sentences_by_name(voice: Voice, tmp_path: Path) -> None:
    assert await voice.lay_out(tmp_path / "zh", CORE_SOUNDS) == []
    assert {f"core/{path.stem}" for path in (tmp_path / "zh" / "core").glob("*.wav")} == set(CORE_SOUNDS)


@pytest.mark.parametrize(
    ("text", "pinyin", "said"),
    [
        ("陈建国", None, "陈建国"),
        ("曾雨", "zeng1 yu3", "zeng1 yu3"),
        ("女士", "nv3 shi4", "nü3 shi4"),
        ("先生", "xian1 sheng5", "xian1 sheng0"),
        ("曾雨", "zeng yu", "曾雨"),  # without tones: the characters say more
        ("曾雨", "曾雨", "曾雨"),
    ],
)
def test_the_voice_is_given_a_reading_only_when_it_is_whole(text: str, pinyin: str | None, said: str) -> None:
    assert spelled(text, pinyin) == said


# --- the real one -------------------------------------------------------------------------------------


@pytest.fixture
async def espeak() -> AsyncIterator[Espeak]:
    made = Espeak()
    yield made
    await made.close()


@needs_espeak
async def test_espeak_speaks_chinese_and_not_english(espeak: Espeak) -> None:
    samples, rate = await espeak.speak("银行")
    # Its other voice says "yin two, xing two": twice as long.
    assert 0.4 < len(samples) / rate < 1.3
    assert np.max(np.abs(samples)) > 0.1


@needs_espeak
async def test_a_voice_that_is_killed_speaks_again(espeak: Espeak) -> None:
    await espeak.speak("您好")
    assert espeak.pid
    os.kill(espeak.pid, signal.SIGKILL)
    assert len((await espeak.speak("您好"))[0])


@needs_espeak
async def test_a_cancelled_sentence_is_never_heard_as_the_next_one(espeak: Espeak) -> None:
    long = len((await espeak.speak("预约挂号" * 10))[0])
    asking = asyncio.create_task(espeak.speak("预约挂号" * 10))
    await asyncio.sleep(0.002)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    assert len((await espeak.speak("好"))[0]) < long / 5


@needs_espeak
async def test_what_cannot_be_said_is_refused_and_the_next_is_said(espeak: Espeak) -> None:
    with pytest.raises(Exception, match=r"silent|nothing|empty"):
        await espeak.speak("。")
    assert len((await espeak.speak("您好"))[0])


async def test_a_voice_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ivr.espeak.STARTING_S", 0.3)
    hanging = Espeak(command=(sys.executable, "-c", "import time; time.sleep(60)"))
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
async def test_the_catalogue_is_said_within_its_limits_and_as_long_as_was_reckoned(
    tmp_path: Path, espeak: Espeak
) -> None:
    voice, texts = Voice(tmp_path / "none", tmp_path / "cache", espeak), catalogue()
    said = reckoned = 0.0
    for sentence in texts.sentences:
        if not sentence.slots:
            seconds = await voice.seconds(Prompt(sentence.name))
            assert seconds <= sentence.most_s, sentence.name
            said += seconds
            reckoned += texts.seconds(Prompt(sentence.name))
    assert reckoned == pytest.approx(said, rel=0.2)


@needs_espeak
async def test_a_serial_number_is_said_in_three_groups(tmp_path: Path, espeak: Espeak) -> None:
    voice = Voice(tmp_path / "none", tmp_path / "cache", espeak)
    files = [await voice.file(clip) for clip in Digits("82047157", SERIAL_GROUPS).clips()]
    pauses = [place for place, path in enumerate(files) if path.name.startswith("pause")]
    assert pauses == [2, 6]
