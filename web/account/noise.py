"""Spoken figures among noise: a captcha for whoever cannot see one."""

import io
import wave
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float64]

FULL = 32768.0
# Between two figures, in seconds: nobody can cut where the last one was cut.
GAPS_S = (0.35, 0.65)
# The hiss and the murmur, beside the loudness of the speech: louder ones cost people more than programs.
HISS, MURMUR = 0.06, 0.18
PEAK = 0.8


def among_noise(spoken: Sequence[bytes], seed: int | None = None) -> bytes:
    """One 16-bit mono WAV of several: each said a little slower or quicker, with hiss and murmur around.

    spoken: 16-bit mono WAVs of one rate. seed: for tests. Takes some milliseconds: not for the event loop.
    """
    chance = np.random.default_rng(seed)
    read = [_samples(one) for one in spoken]
    rate = read[0][1]
    said = [_paced(samples, chance.uniform(0.92, 1.1)) for samples, _ in read]
    parts = [_gap(chance, rate)]
    for samples in said:
        parts += [samples * chance.uniform(0.8, 1.0), _gap(chance, rate)]
    whole = np.concatenate(parts)
    level = float(np.sqrt(np.mean(np.concatenate(said) ** 2))) or 1.0
    hiss = chance.standard_normal(len(whole)) * level * HISS
    mixed = whole + hiss + _murmur(said, len(whole), chance) * MURMUR
    return _wav(mixed / np.max(np.abs(mixed)) * PEAK, rate)


def _samples(wav: bytes) -> tuple[Samples, int]:
    with wave.open(io.BytesIO(wav)) as sound:
        frames = sound.readframes(sound.getnframes())
        return np.frombuffer(frames, dtype="<i2").astype(np.float64) / FULL, sound.getframerate()


def _paced(samples: Samples, pace: float) -> Samples:
    """The same, quicker and higher, or slower and deeper."""
    at = np.arange(0, len(samples) - 1, pace)
    made: Samples = np.interp(at, np.arange(len(samples)), samples)
    return made


def _gap(chance: np.random.Generator, rate: int) -> Samples:
    return np.zeros(int(chance.uniform(*GAPS_S) * rate))


def _murmur(said: Sequence[Samples], length: int, chance: np.random.Generator) -> Samples:
    """The same voice backwards, here and there: what sounds like speech and says nothing."""
    made = np.zeros(length)
    for samples in said:
        start = int(chance.integers(0, max(1, length - len(samples))))
        piece = samples[::-1][: length - start]
        made[start : start + len(piece)] += piece
    return made


def _wav(samples: Samples, rate: int) -> bytes:
    made = io.BytesIO()
    with wave.open(made, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(rate)
        sound.writeframes((samples * (FULL - 1)).astype("<i2").tobytes())
    return made.getvalue()
