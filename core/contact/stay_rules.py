"""Talk and hold times from the leg log: who was in the room together, not what the switch says; pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Stay:
    """left_at: None while they are still there."""

    role: str
    staff_id: int | None
    entered_at: datetime
    left_at: datetime | None


@dataclass(frozen=True)
class CallTimes:
    """talk: caller and an operator together. hold: the caller alone after the first operator came."""

    talk: timedelta
    hold: timedelta
    by_staff: dict[int, timedelta]


def times(stays: Sequence[Stay], now: datetime) -> CallTimes:
    """What the stays of one call amount to; those that still last are counted up to now."""
    caller = _union((s.entered_at, s.left_at or now) for s in stays if s.role == "caller")
    agents = _union((s.entered_at, s.left_at or now) for s in stays if s.role in ("agent", "supervisor"))
    talk = _length(_both(caller, agents))
    hold = timedelta()
    if agents:
        first = agents[0][0]
        since = [(max(a, first), b) for a, b in caller if b > first]
        hold = _length(since) - _length(_both(since, agents))
    by_staff: dict[int, timedelta] = {}
    for staff_id in {s.staff_id for s in stays if s.role == "agent" and s.staff_id is not None}:
        mine = _union((s.entered_at, s.left_at or now) for s in stays if s.staff_id == staff_id)
        by_staff[staff_id] = _length(_both(caller, mine))
    return CallTimes(talk, hold, by_staff)


_Spans = list[tuple[datetime, datetime]]


def _union(spans: Iterable[tuple[datetime, datetime]]) -> _Spans:
    merged: _Spans = []
    for begin, end in sorted(spans):
        if end <= begin:
            continue
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return merged


def _both(ones: _Spans, others: _Spans) -> _Spans:
    return [(max(a, c), min(b, d)) for a, b in ones for c, d in others if max(a, c) < min(b, d)]


def _length(spans: _Spans) -> timedelta:
    return sum((end - begin for begin, end in spans), timedelta())
