"""Speech as samples: read, resample, trim, level, write. Pure, but for the two that touch a file."""

import io
import os
import wave
from pathlib import Path

import numpy as np
import soxr
from numpy.typing import NDArray

RATE = 8000  # samples in a second: what a telephone line carries
Samples = NDArray[np.float64]

# Raise this when anything below changes how speech sounds: rendered speech is then made anew.
CHAIN = 1

# Telephone speech at about -20 dBFS, never above -3: louder is clipped by the line, softer is not heard.
SPEECH_DB = -20.0
PEAK_DB = -3.0
# What counts as silence beside the loudest part.
SILENT_DB = -40.0
# Left at either end, so that a joined sentence neither clicks nor stutters.
EDGE_S = 0.02
FADE_S = 0.005
# A syllable lasts a tenth of a second at least.
SHORTEST_S = 0.08
_FRAME_S = 0.005


class NotSpeech(ValueError):
    """A sound that cannot be used; str() says why: too short, silent, clipped, not a WAV file."""


def read_wav(data: bytes) -> tuple[Samples, int]:
    """Samples between -1 and 1, the mean of all channels, and their rate. 16-bit PCM only.

    Raises NotSpeech.
    """
    try:
        with wave.open(io.BytesIO(data)) as read:
            if read.getsampwidth() != 2:
                raise NotSpeech("not 16-bit PCM")
            channels, rate = read.getnchannels(), read.getframerate()
            raw = read.readframes(read.getnframes())
    except (wave.Error, EOFError) as error:
        raise NotSpeech(f"not a WAV file: {str(error) or 'it ends too soon'}") from None
    samples = np.frombuffer(raw[: len(raw) // 2 * 2], dtype="<i2").astype(np.float64) / 32768
    return samples[: len(samples) // channels * channels].reshape(-1, channels).mean(axis=1), rate


def for_the_line(samples: Samples, rate: int) -> Samples:
    """The whole chain: 8 kHz without folding, ends trimmed and faded, loudness levelled.

    Raises NotSpeech for what has nothing to hear in it.
    """
    check(samples, rate)
    narrow: Samples = soxr.resample(samples, rate, RATE, quality="VHQ") if rate != RATE else samples
    check(narrow, RATE)  # a whistle that the line cannot carry is gone now
    return faded(levelled(trimmed(narrow)))


def check(samples: Samples, rate: int) -> None:
    """Raises NotSpeech for a sound that is too short for a word, silent or badly clipped."""
    if len(samples) < SHORTEST_S * rate:
        raise NotSpeech("too short")
    if _rms(samples) < 10 ** (-60 / 20):
        raise NotSpeech("silent")
    # A few full samples are a loud consonant; a flat top is a broken recording.
    if np.mean(np.abs(samples) > 0.999) > 0.01:
        raise NotSpeech("clipped")


def trimmed(samples: Samples) -> Samples:
    """Without the silence at either end, but for EDGE_S."""
    frame = max(1, int(_FRAME_S * RATE))
    whole = samples[: len(samples) // frame * frame].reshape(-1, frame)
    if len(whole) == 0:
        return samples
    level = np.sqrt(np.mean(whole**2, axis=1))
    heard = np.flatnonzero(level > level.max() * 10 ** (SILENT_DB / 20))
    edge = int(EDGE_S * RATE)
    first = max(0, heard[0] * frame - edge)
    last = min(len(samples), (heard[-1] + 1) * frame + edge)
    return samples[first:last]


def levelled(samples: Samples) -> Samples:
    """One gain for the whole: its spoken part at SPEECH_DB, no sample above PEAK_DB."""
    loud = np.abs(samples) > np.max(np.abs(samples)) * 10 ** (SILENT_DB / 20)
    gain = 10 ** (SPEECH_DB / 20) / _rms(samples[loud])
    most = 10 ** (PEAK_DB / 20) / np.max(np.abs(samples))
    quiet: Samples = samples * min(gain, most)
    return quiet


def faded(samples: Samples) -> Samples:
    """Both ends begin and end at zero."""
    length = min(int(FADE_S * RATE), len(samples) // 2)
    ramp = np.ones(len(samples))
    if length:
        rise = np.linspace(0.0, 1.0, length, endpoint=False)
        ramp[:length], ramp[-length:] = rise, rise[::-1]
    soft: Samples = samples * ramp
    return soft


def silence(seconds: float) -> Samples:
    return np.zeros(int(seconds * RATE))


def joined(parts: list[Samples]) -> Samples:
    """One after the other, as the switch plays them."""
    return np.concatenate(parts) if parts else np.zeros(0)


def write_wav(path: Path, samples: Samples, rate: int = RATE) -> None:
    """8 kHz, 16 bit, mono. Whole or not at all: a call may read it in the same moment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    with wave.open(str(part), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    part.replace(path)


def seconds_of(path: Path) -> float:
    """How long a WAV file plays. Raises NotSpeech, OSError."""
    try:
        with wave.open(str(path), "rb") as read:
            return read.getnframes() / read.getframerate()
    except (wave.Error, EOFError) as error:
        raise NotSpeech(f"{path.name}: {error}") from None


def _rms(samples: Samples) -> float:
    return float(np.sqrt(np.mean(samples**2)))
