"""Sound work on made-up waves: nothing folds back, nothing clicks, nothing shouts."""

from pathlib import Path

import numpy as np
import pytest

from ivr.sound import (
    PEAK_DB,
    RATE,
    SPEECH_DB,
    NotSpeech,
    Samples,
    for_the_line,
    joined,
    read_wav,
    seconds_of,
    silence,
    write_wav,
)


def tone(hertz: float, seconds: float = 0.5, rate: int = 22050, level: float = 0.35) -> Samples:
    at = np.arange(int(seconds * rate)) / rate
    return level * np.sin(2 * np.pi * hertz * at)


def db(samples: Samples) -> float:
    return float(20 * np.log10(np.sqrt(np.mean(samples**2))))


def strength(samples: Samples, hertz: float) -> float:
    at = np.arange(len(samples)) / RATE
    return float(abs(np.mean(samples * np.exp(-2j * np.pi * hertz * at))))


@pytest.mark.parametrize(("hertz", "folded"), [(4500, 3500), (5000, 3000), (7000, 1000)])
def test_what_the_line_cannot_carry_does_not_come_back_as_something_else(hertz: int, folded: int) -> None:
    made = for_the_line(tone(1500) + tone(hertz), 22050)
    assert strength(made, folded) < strength(made, 1500) / 1000


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


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    write_wav(tmp_path / "a" / "b.wav", tone(440, rate=RATE))
    samples, rate = read_wav((tmp_path / "a" / "b.wav").read_bytes())
    assert rate == RATE
    assert np.max(np.abs(samples - tone(440, rate=RATE))) < 1e-4
    assert seconds_of(tmp_path / "a" / "b.wav") == 0.5
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b.wav"]


def test_what_is_no_wav_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotSpeech):
        read_wav(b"RIFF of a kind")
    (tmp_path / "x.wav").write_bytes(b"")
    with pytest.raises(NotSpeech):
        seconds_of(tmp_path / "x.wav")


def test_a_pause_is_as_long_as_it_says() -> None:
    assert len(silence(0.25)) == RATE / 4
