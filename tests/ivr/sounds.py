"""Made-up sounds, an engine that makes them, and somebody's recordings."""

import asyncio
from pathlib import Path

import numpy as np

from ivr.sound import FORMATS, RATE, Samples, as_wav, of


def tone(hertz: float, seconds: float = 0.5, rate: int = 22050, level: float = 0.35) -> Samples:
    at = np.arange(int(seconds * rate)) / rate
    return level * np.sin(2 * np.pi * hertz * at)


class Tones:
    """An engine that beeps, and counts."""

    name = "tones"
    lanes = 1
    lasts_s = 0.5

    def __init__(self) -> None:
        self.said: list[str] = []
        self.closed = False

    def spelled(self, text: str, pinyin: str | None = None) -> str:
        return pinyin or text

    async def speak(self, spelled: str, *, slow: bool = False) -> tuple[Samples, int]:
        self.said.append(spelled)
        await asyncio.sleep(0)
        return tone(300 + len(spelled) * 10, self.lasts_s * (1.6 if slow else 1)), 22050

    async def close(self) -> None:
        self.closed = True


def put(path: Path, samples: Samples, rate: int = RATE) -> None:
    """Somebody's recording."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(as_wav(samples, rate))


def lose(stem: Path) -> None:
    for ending in FORMATS:
        of(stem, ending).unlink()
