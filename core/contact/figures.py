"""A figure as people see it: its value, the formula under it, the target it is held to; pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.contact.call_facts import Call
from core.contact.measure_rules import (
    ABANDONED,
    ANSWER_SPEED,
    BOOKED_CALLS,
    CONNECTED,
    HANDLING,
    MENU_LOSS,
    OCCUPANCY_FORMULA,
    SERVICE_LEVEL,
    SPAN_WORDS,
    Measure,
    Policy,
    Span,
    Sum,
    Target,
    Unit,
)

LONGEST_WAIT = Target(60, "最长≤60秒", "本热线自定", most=True)


@dataclass(frozen=True)
class Reading:
    """One value of a figure. of: the calls it was reckoned from; part: how many of them, or their sum."""

    span: str
    value: float | None
    of: int
    part: float


@dataclass(frozen=True)
class Figure:
    """main: what is shown big; beside: the same over other spans. since: a timer runs from there.

    breach: a named target is missed, which alone gives a figure a colour. as_of: it was true then.
    """

    code: str
    title: str
    formula: str
    unit: Unit
    main: Reading
    beside: tuple[Reading, ...]
    p90: float | None
    target: Target | None
    breach: bool
    as_of: datetime
    since: datetime | None = None


Sums = Callable[[Measure, Span], Sum]


def figures(
    sums: Sums, occupancy: Mapping[Span, Sum], waiting: Sequence[Call], now: datetime, policy: Policy
) -> list[Figure]:
    """Every figure of calls and operators' time, the six big ones first.

    sums: what a measure adds up to. waiting: the calls that wait now.
    """
    return [
        _quotient(SERVICE_LEVEL, sums, now, policy),
        _quotient(CONNECTED, sums, now, policy),
        _quotient(ABANDONED, sums, now, policy),
        _waiting(waiting, now),
        _quotient(ANSWER_SPEED, sums, now, policy),
        _occupancy(occupancy, now),
        _quotient(HANDLING, sums, now, policy),
        _quotient(BOOKED_CALLS, sums, now, policy),
        _quotient(MENU_LOSS, sums, now, policy),
    ]


def _quotient(measure: Measure, sums: Sums, now: datetime, policy: Policy) -> Figure:
    found = {span: sums(measure, span) for span in measure.spans}
    readings = [_reading(measure.unit, span, one) for span, one in found.items()]
    p90 = found[measure.spans[0]].p90
    return Figure(
        measure.code,
        measure.title,
        measure.formula(policy),
        measure.unit,
        readings[0],
        tuple(readings[1:]),
        p90 / 1_000_000 if p90 is not None else None,
        measure.target,
        bool(measure.target and measure.target.missed_by(readings[0].value)),
        now,
    )


def _reading(unit: Unit, span: Span, found: Sum) -> Reading:
    grain = 1_000_000 if unit is Unit.SECONDS else 1
    mean = found.mean / grain if found.mean is not None else None
    return Reading(SPAN_WORDS[span], mean, found.count, found.total / grain)


def _waiting(waiting: Sequence[Call], now: datetime) -> Figure:
    since = longest(waiting)
    waited = (now - since).total_seconds() if since else None
    return Figure(
        "waiting",
        "排队人数",
        "此刻在等的来电；最长 = 现在 − 最早进入排队",
        Unit.COUNT,
        Reading("现在", len(waiting), len(waiting), len(waiting)),
        (),
        None,
        LONGEST_WAIT,
        LONGEST_WAIT.missed_by(waited),
        now,
        since,
    )


def longest(waiting: Iterable[Call]) -> datetime | None:
    """Since when the one waits who has waited longest."""
    return min((call.waiting.entered_at for call in waiting if call.waiting), default=None)


def _occupancy(found: Mapping[Span, Sum], now: datetime) -> Figure:
    readings = [
        Reading(SPAN_WORDS[span], one.mean, round(one.count / 1e6), round(one.total / 1e6))
        for span, one in found.items()
    ]
    return Figure(
        "occupancy",
        "占用率",
        OCCUPANCY_FORMULA,
        Unit.PERCENT,
        readings[0],
        tuple(readings[1:]),
        None,
        None,
        False,
        now,
    )
