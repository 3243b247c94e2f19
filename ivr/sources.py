"""Where a sound may come from, the best first, and which sounds change their voice together."""

import asyncio
import contextlib
import hashlib
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from ivr.call import Track
from ivr.engines import Engine
from ivr.prompts import PAUSE_S
from ivr.recordings import Recordings, recorded, slowed
from ivr.sound import CHAIN, Samples, for_the_line, silence
from ivr.words import PAUSE, Clip


class Kind(StrEnum):
    """BETTER and QUICK are engines; SLOWED is a recording that is played more slowly than it was spoken."""

    RECORDED = "recorded"
    SLOWED = "slowed"
    BETTER = "better"
    QUICK = "quick"
    PAUSE = "pause"

    @property
    def human(self) -> bool:
        return self in (Kind.RECORDED, Kind.SLOWED)


@dataclass(frozen=True)
class Source:
    """file: its stem in the cache, which says all it is made from."""

    kind: Kind
    file: str
    make: Callable[[], Awaitable[Samples]]


class Sources:
    """A recording by a person, then the better voice, then the quick one, which can say anything at once."""

    def __init__(self, recordings: Recordings, quick: Engine, better: Engine | None) -> None:
        self._recordings = recordings
        self._engines = [(Kind.BETTER, better)] if better else []
        self._engines.append((Kind.QUICK, quick))
        self.spoiled: dict[str, tuple[str, str]] = {}  # recordings that cannot be used: their mark, and why

    def of(self, clip: Clip, track: Track) -> list[Source]:
        """What may be played for a clip, the best first; never empty."""
        if clip.key == PAUSE.key:
            return [Source(Kind.PAUSE, f"pause-{PAUSE_S}", _pause)]
        spoken = [_spoken(kind, engine, clip, track.slow) for kind, engine in self._engines]
        return [*self._recorded(clip, track), *spoken]

    def _recorded(self, clip: Clip, track: Track) -> list[Source]:
        """Spoken slowly by a person, or a quick one slowed down, or as it is."""
        found = []
        wanted = [(Kind.RECORDED, track)]
        if track.slow:
            usual = Track(track.language)
            wanted += [(Kind.SLOWED, usual), (Kind.RECORDED, usual)]
        for kind, where in wanted:
            path = self._recordings.find(clip.key, where)
            if path is None or self._recordings.stale(clip.key, where, clip.text):
                continue
            with contextlib.suppress(OSError):
                file = file_name(kind, self._recordings.place(clip.key, where), str(path.stat().st_mtime_ns))
                if self.spoiled.get(clip.key, ("", ""))[0] != file:
                    found.append(Source(kind, file, _read(path, kind)))
        return found


def _spoken(kind: Kind, engine: Engine, clip: Clip, slow: bool) -> Source:
    spelled = engine.spelled(clip.text, clip.pinyin)

    async def speak() -> Samples:
        samples, rate = await engine.speak(spelled, slow=slow)
        return await asyncio.to_thread(for_the_line, samples, rate)

    return Source(kind, file_name(engine.name, "slow" if slow else "", spelled), speak)


def _read(path: Path, kind: Kind) -> Callable[[], Awaitable[Samples]]:
    async def read() -> Samples:
        samples, rate = await (slowed(path) if kind is Kind.SLOWED else recorded(path))
        return await asyncio.to_thread(for_the_line, samples, rate)

    return read


async def _pause() -> Samples:
    return silence(PAUSE_S)


def file_name(*made_from: str) -> str:
    """A stem for a sound: another one for whatever it is made from, so that nothing is ever out of date."""
    mark = hashlib.blake2b("\0".join((str(CHAIN), *made_from)).encode(), digest_size=12).hexdigest()
    return f"{mark[:2]}/{mark}"


# Sounds that are heard within one value: a date of two voices is not understood.
_TOGETHER: Mapping[str, str] = dict.fromkeys(
    ("near", "month", "day", "weekday", "half", "hour", "minute", "word"), "calendar"
) | {
    "digit": "digits",
    "number": "numbers",
    "count": "numbers",
    "yuan": "money",
    "jiao": "money",
    "fen": "money",
}


def family(key: str) -> str:
    """What a clip changes its voice with; sentences and names change by themselves."""
    return _TOGETHER.get(key.partition("/")[0], key)


def families(clips: Iterable[Clip]) -> dict[str, list[Clip]]:
    """The clips of each family that exist before anybody calls."""
    found: dict[str, list[Clip]] = {}
    for clip in clips:
        if family(clip.key) in _TOGETHER.values():
            found.setdefault(family(clip.key), []).append(clip)
    return found
