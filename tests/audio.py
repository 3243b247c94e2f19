"""Which sounds are in a recording, and where: normalised correlation of short windows."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

Samples = NDArray[np.float64]
RATE = 8000
# A played sound gives 0.98 and more through A-law, another one of the same voice at most 0.4; on a
# busy machine a late packet costs some of it.
SURE = 0.7
WINDOW_S = 1.2
# A packet that came too late tears a hole: of several short windows one is whole.
SHORT_S = 0.6


@dataclass(frozen=True)
class Match:
    """score: 1 is the very same; at_s: where in the recording it begins."""

    score: float
    at_s: float

    @property
    def sure(self) -> bool:
        return self.score >= SURE


def read(path: Path) -> Samples:
    """A recording's samples. The header is skipped, not read: its lengths are written last, if at all."""
    data = path.read_bytes()
    start = data.index(b"data") + 8
    raw = data[start : start + (len(data) - start) // 2 * 2]
    samples: Samples = np.frombuffer(raw, dtype="<i2").astype(np.float64) / 32768
    return samples


def played(stem: Path) -> Samples:
    """What the switch sends of a sound file, given without its ending."""
    samples, rate = soundfile.read(
        stem.with_name(f"{stem.name}.alaw"), samplerate=RATE, channels=1, format="RAW", subtype="ALAW"
    )
    assert rate == RATE
    return np.asarray(samples, dtype=np.float64)


def find(recording: Samples, sound: Samples, *, window_s: float = WINDOW_S) -> Match:
    """The place where the beginning of a sound fits best."""
    pattern = sound[: int(window_s * RATE)]
    if len(recording) < len(pattern) or len(pattern) == 0:
        return Match(0.0, 0.0)
    size = 1 << (len(recording) + len(pattern) - 1).bit_length()
    product = np.fft.rfft(recording, size) * np.conj(np.fft.rfft(pattern, size))
    fits = np.fft.irfft(product, size)[: len(recording) - len(pattern) + 1]
    squares = np.concatenate([[0.0], np.cumsum(recording**2)])
    energy = squares[len(pattern) :] - squares[: -len(pattern)]
    norm = np.sqrt(np.maximum(energy, 1e-9) * np.sum(pattern**2))
    # Where the line is silent there is nothing to fit.
    scores = np.where(energy > 1e-3, fits / norm, 0.0)
    best = int(np.argmax(scores))
    return Match(float(scores[best]), best / RATE)


def heard(recording: Samples, sound: Samples) -> Match:
    """The best fit of any of the first short windows; at_s: where the sound itself begins."""
    step = int(SHORT_S / 2 * RATE)
    found = []
    for start in range(0, max(1, min(6 * step, len(sound) - 2 * step + 1)), step):
        match = find(recording, sound[start:], window_s=SHORT_S)
        found.append(Match(match.score, match.at_s - start / RATE))
    return max(found, key=lambda match: match.score)


def anywhere(recording: Samples, sound: Samples, *, window_s: float = WINDOW_S) -> float:
    """The best fit of any part of a sound that plays over and over, from wherever it was begun."""
    step = int(window_s / 3 * RATE)
    starts = range(0, max(1, len(sound) - int(window_s * RATE) + 1), step)
    return max(find(recording, sound[start:], window_s=window_s).score for start in starts)
