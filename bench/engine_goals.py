"""The floors and aims of the engine, and whether a figure passes them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bench.engine_seen import SPREAD, median_of

# Engine in this process with 64 callers ÷ the bare driver; ms of a command at 64 callers; refusals a second;
# median of one caller alone ÷ median of the bare driver alone. Source: the goals of docs/performance.md.
OF_LIMIT = {"SQLite": (0.5, 1.5), "PostgreSQL": (0.4, 1.0)}
P99_MS = (100.0, 25.0)
REFUSALS = (3_000.0, 10_000.0)
ALONE = (5.0, 2.5)
PLANS = (3.0, 1.5)


@dataclass(frozen=True)
class Goal:
    """A measured figure. less: whether less is better."""

    what: str
    measured: float
    floor: float
    aim: float
    unit: str = ""
    less: bool = False

    @property
    def passes(self) -> bool:
        return self.measured <= self.floor if self.less else self.measured >= self.floor

    @property
    def reaches(self) -> bool:
        return self.measured <= self.aim if self.less else self.measured >= self.aim

    def row(self) -> tuple[str, ...]:
        says = "reaches aim" if self.reaches else "passes floor" if self.passes else "**below the floor**"
        least = "at most" if self.less else "at least"
        floor, aim = (f"{least} {value:g}{self.unit}" for value in (self.floor, self.aim))
        digits = 0 if self.measured >= 100 else 2
        measured = "none in time" if math.isinf(self.measured) else f"{self.measured:.{digits}f}{self.unit}"
        return self.what, measured, floor, aim, says


def of_limit(kind: str, place: str, ratio: float, *, slow: bool = False) -> Goal:
    disk = ", every flush 2 ms slower" if slow else ""
    return Goal(f"{kind}, {place}, 64 callers ÷ bare driver{disk}", ratio, *OF_LIMIT[kind])


def p99(kind: str, place: str, runs: Sequence[dict[str, Any]], *, slow: bool = False) -> Goal:
    disk = ", every flush 2 ms slower" if slow else ""
    measured = median_of(runs, "command_p99")
    return Goal(f"{kind}, {place}, p99 of a command{disk}", measured, *P99_MS, " ms", True)


def refused(kind: str, a_second: float, *, keyed: bool) -> Goal:
    with_ = "with" if keyed else "without"
    return Goal(f"{kind}, refusals of a full session {with_} key", a_second, *REFUSALS, "/s")


def alone(kind: str, ours: Sequence[dict[str, Any]], bare: Sequence[dict[str, Any]]) -> Goal:
    ratio = median_of(ours, "booking_p50") / median_of(bare, "booking_p50")
    return Goal(f"{kind}, {SPREAD}, one caller alone: p50 ÷ bare p50", ratio, *ALONE, less=True)


def planned(kind: str, ratio: float) -> Goal:
    what = f"{kind}, rows read a booking: plans of release day ÷ plans of a day with appointments"
    return Goal(what, ratio, *PLANS, less=True)
