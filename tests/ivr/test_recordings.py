"""What people have recorded: it wins, at both speeds, in its language, and as long as its words stand."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from ivr.call import Prompt, Track
from ivr.prompts import catalogue
from ivr.recordings import SLOWER, Recordings
from ivr.sound import LINE_RATE, RATE, Samples, seconds_of
from ivr.speech import Voice
from ivr.words import Clip, Name, Number
from tests import audio
from tests.ivr.sounds import Tones, put, tone

SLOWLY = Track(slow=True)
CANTONESE = Track("yue")
INTERNAL = Name("内科")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "recordings"


@pytest.fixture
def voice(folder: Path, tmp_path: Path) -> Voice:
    return Voice(folder, tmp_path / "cache", Tones())


def pitch(samples: Samples) -> float:
    strength = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(strength) * LINE_RATE / len(samples))


@pytest.mark.skipif(not shutil.which("sox"), reason="sox is not installed")
async def test_a_recording_of_one_speed_is_slowed_down_and_gets_no_deeper(voice: Voice, folder: Path) -> None:
    put(folder / "word" / "to.wav", tone(400, 2.0, rate=44100), 44100)
    clip = Clip("word/to", "到")
    usual, slow = await voice.file(clip), await voice.file(clip, SLOWLY)
    assert seconds_of(slow) == pytest.approx(seconds_of(usual) / SLOWER, rel=0.03)
    assert pitch(audio.played(slow)) == pytest.approx(400, abs=5)
    assert voice.state(clip, SLOWLY) == "recorded"


async def test_a_slow_recording_wins_over_a_slowed_one(voice: Voice, folder: Path) -> None:
    put(folder / "word" / "to.wav", tone(400, 1.0))
    put(folder / "slow" / "word" / "to.wav", tone(600, 1.0, rate=RATE))
    assert pitch(audio.played(await voice.file(Clip("word/to", "到"), SLOWLY))) == pytest.approx(600, abs=5)


async def test_without_sox_the_recording_is_played_as_it_is(
    voice: Voice, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ivr.recordings.shutil.which", lambda _: None)
    put(folder / "word" / "to.wav", tone(400, 1.0))
    clip = Clip("word/to", "到")
    assert await voice.file(clip, SLOWLY) == await voice.file(clip)
    assert "sox" in voice.spoiled["word/to"][1]


async def test_a_recording_of_words_that_have_changed_is_no_longer_played(voice: Voice, folder: Path) -> None:
    put(folder / "word" / "to.wav", tone(400, 1.0))
    voice.recordings.note({"word/to": "到"})
    assert voice.state(Clip("word/to", "到")) == "recorded"
    assert voice.state(Clip("word/to", "至")) == "missing"
    await voice.file(Clip("word/to", "至"))
    assert voice.state(Clip("word/to", "至")) == "rendered"


def test_what_a_recording_was_read_from_outlives_the_process_and_a_torn_file(folder: Path) -> None:
    Recordings(folder).note({"word/to": "到"})
    again = Recordings(folder)
    assert again.stale("word/to", Track(), "至")
    assert not again.stale("word/and", Track(), "和")
    (folder / "texts.json").write_text("{", encoding="utf-8")
    assert not Recordings(folder).stale("word/to", Track(), "至")


async def test_a_dialect_is_heard_where_the_whole_sentence_is_recorded_and_never_half_of_one(
    voice: Voice, folder: Path
) -> None:
    prompt = Prompt("option", {"name": INTERNAL, "key": Number(2)})
    clips = catalogue().clips(prompt)
    mandarin = await voice.sounds(prompt)
    literal = [clip for clip in clips if clip.key.startswith("prompt/")]
    for clip in literal:
        put(folder / "yue" / f"{clip.key}.wav", tone(500, 1.0))
    assert await voice.sounds(prompt, CANTONESE) == mandarin  # the number is missing
    put(folder / "yue" / "number" / "2.wav", tone(500, 0.4))
    heard = await voice.sounds(prompt, CANTONESE)
    changed = [clip.key for clip, one, other in zip(clips, heard, mandarin, strict=True) if one != other]
    assert set(changed) == {*(clip.key for clip in literal), "number/2"}  # a name stays as it is
