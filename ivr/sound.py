"""Speech as samples: read, resample, trim, level, write. Pure, but for those that touch a file."""

import io
import os
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

RATE = 16000  # samples in a second that we keep: a wideband line's
LINE_RATE = 8000  # what an ordinary telephone line carries
Samples = NDArray[np.float64]

# Raise this when anything below changes how speech sounds: rendered speech is then made anew.
CHAIN = 2
# What the switch plays without transcoding, by ending: samples in a second, and libsndfile's word. The last
# one is written last: where it is, all of them are.
FORMATS = {"alaw": (LINE_RATE, "ALAW"), "ulaw": (LINE_RATE, "ULAW"), "sln16": (RATE, "PCM_16")}
WHOLE = "sln16"

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


def read_sound(data: bytes) -> tuple[Samples, int]:
    """Samples between -1 and 1, the mean of all channels, and their rate.

    data: a file of any kind that libsndfile knows: WAV, FLAC, Ogg, MP3. Raises NotSpeech.
    """
    try:
        samples, rate = soundfile.read(io.BytesIO(data), dtype="float64", always_2d=True)
    except (soundfile.LibsndfileError, RuntimeError) as error:
        raise NotSpeech(f"not a sound file: {error}") from None
    if len(samples) == 0:
        raise NotSpeech("not a sound file: it is empty")
    return samples.mean(axis=1), int(rate)


def read_spoken(path: Path) -> tuple[Samples, int]:
    """What an engine left in a file. Raises OSError, and NotSpeech for silence."""
    samples, rate = read_sound(path.read_bytes())
    check(samples, rate)
    return samples, rate


def for_the_line(samples: Samples, rate: int) -> Samples:
    """The whole chain at RATE: nothing folded, ends trimmed and faded, loudness levelled.

    Level and ends are those of the part that an ordinary line carries. Raises NotSpeech for what has
    nothing to hear in it.
    """
    check(samples, rate)
    wide = _resampled(samples, rate, RATE)
    narrow = _resampled(_resampled(wide, RATE, LINE_RATE), LINE_RATE, RATE)
    check(narrow, RATE)  # a whistle that the line cannot carry is gone now
    first, last = heard(narrow)
    return faded(wide[first:last] * gain(narrow[first:last], wide[first:last]))


def narrowed(samples: Samples) -> Samples:
    """What an ordinary line carries of samples at RATE: at LINE_RATE."""
    return _resampled(samples, RATE, LINE_RATE)


def _resampled(samples: Samples, rate: int, to: int) -> Samples:
    made: Samples = soxr.resample(samples, rate, to, quality="VHQ") if rate != to else samples
    return made


def check(samples: Samples, rate: int) -> None:
    """Raises NotSpeech for a sound that is too short for a word, silent or badly clipped."""
    if len(samples) < SHORTEST_S * rate:
        raise NotSpeech("too short")
    if _rms(samples) < 10 ** (-60 / 20):
        raise NotSpeech("silent")
    # A few full samples are a loud consonant; a flat top is a broken recording.
    if np.mean(np.abs(samples) > 0.999) > 0.01:
        raise NotSpeech("clipped")


def heard(samples: Samples) -> tuple[int, int]:
    """Where speech at RATE begins and ends: the first and the last sample but one, with EDGE_S around it."""
    frame = max(1, int(_FRAME_S * RATE))
    whole = samples[: len(samples) // frame * frame].reshape(-1, frame)
    level = np.sqrt(np.mean(whole**2, axis=1))
    loud = np.flatnonzero(level > level.max() * 10 ** (SILENT_DB / 20))
    edge = int(EDGE_S * RATE)
    return max(0, loud[0] * frame - edge), min(len(samples), (loud[-1] + 1) * frame + edge)


def gain(narrow: Samples, wide: Samples) -> float:
    """One for the whole: what the line carries of the spoken part at SPEECH_DB, no sample above PEAK_DB."""
    loud = np.abs(narrow) > np.max(np.abs(narrow)) * 10 ** (SILENT_DB / 20)
    most = 10 ** (PEAK_DB / 20) / max(np.max(np.abs(wide)), np.max(np.abs(narrow)))
    return float(min(10 ** (SPEECH_DB / 20) / _rms(narrow[loud]), most))


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


def write_clip(stem: Path, samples: Samples) -> None:
    """Samples at RATE as one file for each of FORMATS, beside each other.

    Each is whole or not there: a call may read it in the same moment. Raises OSError.
    """
    stem.parent.mkdir(parents=True, exist_ok=True)
    for ending, (rate, coded) in FORMATS.items():
        played = samples if rate == RATE else narrowed(samples)
        written = io.BytesIO()
        soundfile.write(written, np.clip(played, -1, 1), rate, format="RAW", subtype=coded)
        put(of(stem, ending), written.getvalue())


def put(path: Path, data: bytes) -> None:
    """Write a file whole or not at all; nothing is left of one that could not be written. Raises OSError."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        part.write_bytes(data)
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise


def of(stem: Path, ending: str) -> Path:
    """One of the files of a clip; a name may have dots of its own."""
    return stem.with_name(f"{stem.name}.{ending}")


def is_whole(stem: Path) -> bool:
    return os.path.exists(f"{stem}.{WHOLE}")


def read_clip(stem: Path) -> Samples:
    """What was written, at RATE. Raises OSError."""
    samples: Samples = np.frombuffer(of(stem, WHOLE).read_bytes(), dtype="<i2").astype(np.float64) / 32768
    return samples


def seconds_of(stem: Path) -> float:
    """How long a clip plays. Raises OSError."""
    return of(stem, WHOLE).stat().st_size / 2 / RATE


def as_wav(samples: Samples, rate: int = RATE) -> bytes:
    """A 16-bit WAV file, for people who listen in a page."""
    written = io.BytesIO()
    soundfile.write(written, np.clip(samples, -1, 1), rate, format="WAV", subtype="PCM_16")
    return written.getvalue()


def _rms(samples: Samples) -> float:
    return float(np.sqrt(np.mean(samples**2)))
