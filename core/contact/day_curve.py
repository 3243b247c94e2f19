"""The day in quarters of an hour: what came, what was answered, how many waited; pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.contact.call_facts import Call
from core.contact.measure_rules import SERVICE_LEVEL, Policy, Sum, midnight
from core.values import day_of

QUARTER = timedelta(minutes=15)


@dataclass(frozen=True)
class Quarter:
    """Calls by when they entered the queue. level: the service level; most: who waited at one time."""

    begins: datetime
    offered: int
    answered: int
    abandoned: int
    level: Sum
    most: int


def quarters(calls: Iterable[Call], now: datetime, policy: Policy) -> list[Quarter]:
    """From the first quarter of today in which somebody came up to now; empty before."""
    start = midnight(day_of(now))
    queued = [call for call in calls if call.queued_at is not None and call.queued_at >= start]
    if not queued:
        return []
    by_quarter: dict[int, list[Call]] = {}
    for call in queued:
        assert call.queued_at is not None
        by_quarter.setdefault((call.queued_at - start) // QUARTER, []).append(call)
    peaks = _peaks(queued, start, now)
    return [
        _quarter(start + number * QUARTER, by_quarter.get(number, []), peaks.get(number, 0), now, policy)
        for number in range(min(by_quarter), (now - start) // QUARTER + 1)
    ]


def _quarter(begins: datetime, calls: list[Call], most: int, now: datetime, policy: Policy) -> Quarter:
    counting = [call for call in calls if SERVICE_LEVEL.counts(call, now, policy)]
    level = Sum(len(counting), sum(SERVICE_LEVEL.weighs(call, now, policy) for call in counting))
    outcomes = [call.outcome for call in calls]
    return Quarter(begins, len(calls), outcomes.count("answered"), outcomes.count("abandoned"), level, most)


def _peaks(calls: list[Call], start: datetime, now: datetime) -> dict[int, int]:
    """Quarter → the most who waited at one time in it; who is still waiting at its end waits in the next."""
    steps = [(wait.entered_at, 1) for call in calls for wait in call.waits]
    steps += [(wait.ended_at, -1) for call in calls for wait in call.waits if wait.ended_at]
    peaks: dict[int, int] = {}
    waiting, reached = 0, 0
    for at, change in sorted(steps):
        number = (at - start) // QUARTER
        for between in range(reached, number + 1):
            peaks[between] = max(peaks.get(between, 0), waiting)
        reached = number
        waiting += change
        peaks[number] = max(peaks[number], waiting)
    for between in range(reached, (now - start) // QUARTER + 1):
        peaks[between] = max(peaks.get(between, 0), waiting)
    return peaks
