"""Time that stands still and dice that fall the same way."""

import random
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from core.values import SHANGHAI


@dataclass
class FrozenClock:
    """A clock that a test sets and moves."""

    instant: datetime

    @classmethod
    def at(cls, local: str) -> "FrozenClock":
        """local: '2026-11-23 10:00' in Asia/Shanghai."""
        return cls(datetime.fromisoformat(local).replace(tzinfo=SHANGHAI).astimezone(UTC))

    def now(self) -> datetime:
        return self.instant

    def set(self, local: str) -> None:
        self.instant = FrozenClock.at(local).instant

    def advance(self, **by: float) -> None:
        self.instant += timedelta(**by)


class SeededChance:
    """Random, but the same in each run."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def number(self, low: int, high: int) -> int:
        return self._random.randint(low, high)

    def token(self) -> str:
        return f"{self._random.getrandbits(128):032x}"[:22]


class RunningClock:
    """A clock that runs from an instant of the test's choice on."""

    def __init__(self, instant: datetime) -> None:
        self._began, self._since = instant, time.monotonic()

    def now(self) -> datetime:
        return self._began + timedelta(seconds=time.monotonic() - self._since)
