"""The list behind each figure of the wall: the very calls, operators or visits it was reckoned from."""

from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

from agent_desk import wall_outcomes
from agent_desk import wall_words as words
from agent_desk.house import AGENT_HOUSE
from agent_desk.monitoring import MONITOR, Monitor
from agent_desk.wall_rows import MOST_ROWS, listed
from agent_desk.wall_seen import Seen
from core.contact import floor_view, solved
from core.contact.measure_rules import (
    MEASURES,
    SPAN_WORDS,
    Measure,
    Policy,
    Span,
    Unit,
    counted,
    occupancy,
    start_of,
)
from core.contact.measures import intervals_between
from core.errors import NotFound
from core.http.pages import duration
from core.values import Actor


async def figure(request: web.Request, by: Actor, policy: Policy, seen: Seen, key: str) -> Any:
    """The calls that a figure was reckoned from: those that missed its aim first, then the newest."""
    if key == "waiting":
        return "waiting", {}
    if key == "occupancy":
        return await _occupied(request, seen)
    if key == "solved":
        return await _came_again(request, seen)
    if key == "texts-answered":
        return "texts", {"figure": next(one for one in seen.slow.outcomes if one.code == key)}
    if key == "missed":
        return await _missed(request, seen)
    measure = next((one for one in MEASURES if one.code == key), None)
    if measure is None:
        raise NotFound(facts={"what": "figure"})
    span = _span(request, measure)
    monitor: Monitor = request.app[MONITOR]
    found = counted(measure, monitor.calls.values(), span, seen.as_of, policy)
    good = 1 if measure.target is None or not measure.target.most else 0
    found.sort(key=lambda one: (_met(measure, one[1], good), -one[0].interaction_id))
    rows = await listed(
        request,
        [(call, _adds(measure, weight), not _met(measure, weight, good)) for call, weight in found],
        seen.as_of,
    )
    figure = next(one for one in seen.figures if one.code == key)
    return "figure", {
        "figure": figure,
        "span": SPAN_WORDS[span],
        "spans": [(one.value, SPAN_WORDS[one], one is span) for one in measure.spans],
        "rows": rows,
        "total": len(found),
    }


def _span(request: web.Request, measure: Measure) -> Span:
    asked = request.query.get("span", "")
    return next((span for span in measure.spans if span == asked), measure.spans[0])


def _met(measure: Measure, weight: int, good: int) -> bool:
    if measure.unit is Unit.PERCENT:
        return weight == good
    return measure.target is None or not measure.target.missed_by(weight / 1_000_000)


def _adds(measure: Measure, weight: int) -> str:
    if measure.unit is Unit.SECONDS:
        return words.value(Unit.SECONDS, weight / 1_000_000)
    return "计入分子" if weight else ""


async def _occupied(request: web.Request, seen: Seen) -> Any:
    """Operators by how much of their time of today was with callers."""
    start = start_of(Span.TODAY, seen.as_of)
    async with request.app[AGENT_HOUSE].hotline.read() as db:
        intervals = await intervals_between(db, start, seen.as_of + timedelta(seconds=1))
    by_staff: dict[int, list[Any]] = {}
    for one in intervals:
        by_staff.setdefault(one.staff_id, []).append(one)
    rows = [(staff_id, occupancy(theirs, start, seen.as_of)) for staff_id, theirs in by_staff.items()]
    rows.sort(key=lambda one: -(one[1].mean or 0))
    return "occupied", {
        "rows": [
            (staff_id, seen.slow.names.get(staff_id, ""), words.value(Unit.PERCENT, found.mean),
             duration(round(found.total / 1e6)), duration(round(found.count / 1e6)))
            for staff_id, found in rows
        ]
    }  # fmt: skip


async def _came_again(request: web.Request, seen: Seen) -> Any:
    """Who called again within 72 hours for the like of what had been settled, each with the later call."""
    async with request.app[AGENT_HOUSE].hotline.read() as db:
        found = await solved.ended(db, _reckoned(seen))
        again = [(one.interaction_id, one.again) for one in found if one.again is not None]
        numbers = await floor_view.numbers(
            db, request.app[AGENT_HOUSE].hotline.sealer, [one for one, _ in again]
        )
    return "again", {
        "rows": [(*one, numbers.get(one[0], "")) for one in again[:MOST_ROWS]],
        "total": len(again),
    }


async def _missed(request: web.Request, seen: Seen) -> Any:
    """Visits that nobody came to, by hospital."""
    async with request.app[AGENT_HOUSE].hotline.read() as db:
        found = await wall_outcomes.missed(db, _reckoned(seen))
    return "missed", {
        "rows": [
            (one.hospital, one.due, one.missed, words.value(Unit.PERCENT, one.missed / one.due))
            for one in found
        ]
    }


def _reckoned(seen: Seen) -> datetime:
    """When the figures were reckoned that are known days later: the list is of the same moment."""
    return seen.slow.outcomes[0].as_of
