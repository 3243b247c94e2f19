"""Sound work on made-up waves: nothing folds back, nothing clicks, nothing shouts."""

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile

from ivr.sound import (
    FORMATS,
    LINE_RATE,
    PEAK_DB,
    RATE,
    SPEECH_DB,
    NotSpeech,
    Samples,
    as_wav,
    for_the_line,
    is_whole,
    joined,
    narrowed,
    read_clip,
    read_sound,
    seconds_of,
    silence,
    write_clip,
)
from tests import audio
from tests.ivr.sounds import tone


def db(samples: Samples) -> float:
    return float(20 * np.log10(np.sqrt(np.mean(samples**2))))


def strength(samples: Samples, hertz: float, rate: int = LINE_RATE) -> float:
    at = np.arange(len(samples)) / rate
    return float(abs(np.mean(samples * np.exp(-2j * np.pi * hertz * at))))


@pytest.mark.parametrize(("hertz", "folded"), [(4500, 3500), (5000, 3000), (7000, 1000)])
def test_what_the_line_cannot_carry_does_not_come_back_as_something_else(hertz: int, folded: int) -> None:
    made = narrowed(for_the_line(tone(1500) + tone(hertz), 22050))
    assert strength(made, folded) < strength(made, 1500) / 1000


def test_a_wideband_line_gets_what_an_ordinary_one_cannot_carry() -> None:
    made = for_the_line(tone(1500) + tone(6000), 22050)
    assert strength(made, 6000, RATE) > strength(made, 1500, RATE) / 2


def test_speech_is_levelled_and_never_too_loud() -> None:
    for level in (0.02, 0.35, 0.95):
        made = for_the_line(tone(800, level=level), 22050)
        assert db(made) == pytest.approx(SPEECH_DB, abs=1.5)
    peaky = tone(300, level=0.05)
    peaky[4000:4040] = 0.9
    assert np.max(np.abs(for_the_line(peaky, 22050))) <= 10 ** (PEAK_DB / 20) + 1e-6


def test_silence_at_the_ends_goes_and_the_middle_stays() -> None:
    gap = np.zeros(11025)
    made = for_the_line(np.concatenate([gap, tone(500), gap, tone(500), gap]), 22050)
    assert len(made) / RATE == pytest.approx(0.5 + 0.5 + 0.5 + 0.04, abs=0.02)


def test_joined_pieces_meet_at_zero() -> None:
    pieces = [for_the_line(tone(hertz), 22050) for hertz in (300, 700, 450)]
    whole = joined(pieces)
    inside = max(np.max(np.abs(np.diff(piece))) for piece in pieces)
    assert np.max(np.abs(np.diff(whole))) <= inside


@pytest.mark.parametrize(
    ("samples", "why"),
    [
        (np.zeros(0), "too short"),
        (tone(300, 0.05), "too short"),
        (np.zeros(8000), "silent"),
        (np.sign(tone(200, level=1.0)), "clipped"),
        (tone(9000), "silent"),
    ],
)
def test_what_is_no_speech_is_refused(samples: Samples, why: str) -> None:
    with pytest.raises(NotSpeech, match=why):
        for_the_line(samples, 22050)


def test_a_clip_is_written_in_every_format_of_the_switch_and_sounds_the_same_in_each(tmp_path: Path) -> None:
    stem = tmp_path / "a" / "greeting.0"
    assert not is_whole(stem)
    write_clip(stem, tone(440, rate=RATE))
    assert is_whole(stem)
    assert sorted(path.name for path in stem.parent.iterdir()) == sorted(
        f"greeting.0.{one}" for one in FORMATS
    )
    assert seconds_of(stem) == 0.5
    assert np.max(np.abs(read_clip(stem) - tone(440, rate=RATE))) < 1e-4
    assert np.max(np.abs(audio.played(stem) - tone(440, rate=LINE_RATE))) < 0.02
    law, _ = soundfile.read(
        stem.with_name("greeting.0.ulaw"), samplerate=LINE_RATE, channels=1, format="RAW", subtype="ULAW"
    )
    assert np.max(np.abs(law - tone(440, rate=LINE_RATE))) < 0.02


def test_a_clip_that_cannot_be_written_whole_leaves_nothing_to_play(tmp_path: Path) -> None:
    (tmp_path / "x.sln16").mkdir()  # the last of its files finds no place
    with pytest.raises(IsADirectoryError):
        write_clip(tmp_path / "x", tone(440, rate=RATE))
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize(("kind", "coded"), [("WAV", "PCM_24"), ("FLAC", "PCM_16"), ("OGG", "VORBIS")])
def test_recordings_come_in_any_usual_format_and_with_any_number_of_channels(kind: str, coded: str) -> None:
    written = io.BytesIO()
    stereo = np.stack([tone(440, rate=44100), tone(440, rate=44100)], axis=1)
    soundfile.write(written, stereo, 44100, format=kind, subtype=coded)
    samples, rate = read_sound(written.getvalue())
    assert rate == 44100
    assert len(samples) == pytest.approx(22050, abs=100)
    assert db(samples) == pytest.approx(db(tone(440)), abs=0.5)


def test_what_is_no_sound_file_is_refused() -> None:
    for data in (b"RIFF of a kind", b"", as_wav(np.zeros(0))):
        with pytest.raises(NotSpeech, match="not a sound file"):
            read_sound(data)


def test_a_pause_is_as_long_as_it_says() -> None:
    assert len(silence(0.25)) == RATE / 4
