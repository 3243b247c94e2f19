"""What a run of the engine bench has seen: how many, how long each took, what was refused."""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.raw import part
from core.booking.commands import Command, Outcome

# A booker's way: every one another session, or all the same.
SPREAD, HOT = "spread", "hot"
PLACES = (SPREAD, HOT)


@dataclass
class Seen:
    """Within the clock: bookings, and ms of each command and of hold and book together.

    In all, warm-up included: holds and booked, as they were acknowledged; refused, by code; sample:
    commands with what was answered, to be asked again.
    """

    seconds: float = 0.0
    hold_ms: list[float] = field(default_factory=list)
    book_ms: list[float] = field(default_factory=list)
    both_ms: list[float] = field(default_factory=list)
    holds: int = 0
    booked: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    sample: list[tuple[Command, Outcome]] = field(default_factory=list)

    @property
    def a_second(self) -> float:
        return len(self.both_ms) / self.seconds

    def took(self, hold_s: float, book_s: float) -> None:
        self.hold_ms.append(hold_s * 1000)
        self.book_ms.append(book_s * 1000)
        self.both_ms.append((hold_s + book_s) * 1000)

    def told(self) -> dict[str, Any]:
        """As figures: rates a second, milliseconds."""
        found: dict[str, Any] = {
            "a_second": self.a_second,
            "booked": self.booked,
            "refused": dict(self.refused),
        }
        commands = self.hold_ms + self.book_ms
        for name, ms in (("command", commands), ("booking", self.both_ms), ("hold", self.hold_ms)):
            ordered = sorted(ms)
            # Nobody was done in time, or nobody looked: longer than any floor allows.
            found[f"{name}_p50"] = part(ordered, 0.5) if ordered else math.inf
            found[f"{name}_p99"] = part(ordered, 0.99) if ordered else math.inf
        return found


def median_of(found: Sequence[dict[str, Any]], name: str) -> float:
    ordered = sorted(one[name] for one in found)
    middle = len(ordered) // 2
    return float(ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2)


def range_of(found: Sequence[dict[str, Any]], name: str, write: Callable[[float], str]) -> str:
    """'low–high'."""
    values = [one[name] for one in found]
    return f"{write(min(values))}–{write(max(values))}"
