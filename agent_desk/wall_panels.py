"""What opens beside the wall: the list behind a number, and what can be done to an operator or a caller."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

from agent_desk import wall_words as words
from agent_desk.house import AGENT_HOUSE, AGENT_PAGES
from agent_desk.monitoring import MONITOR, Monitor
from agent_desk.wall_seen import Seen
from core.contact import floor_view, matters
from core.contact.agent_rules import DISPOSITIONS, PAUSE_REASONS
from core.contact.call_facts import Call
from core.contact.distribution import QUEUE_CLASS_WORDS
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
from core.http.call_words import disposition
from core.http.pages import clock, duration
from core.values import Actor

# More rows than this nobody reads; how many there are is told.
MOST_ROWS = 200


@dataclass(frozen=True)
class Row:
    """A contact in a list. adds: what it adds to the figure, in words; missed: it did not meet it."""

    interaction_id: int
    at: datetime
    number: str
    words: str
    adds: str
    missed: bool
    lost: bool  # nobody of ours has talked to them: worth a call


Panel = Callable[[web.Request, Actor, Policy, Seen, str], Awaitable[tuple[str, dict[str, Any]]]]


async def panel(request: web.Request, by: Actor, policy: Policy, kind: str, key: str) -> str:
    """One panel as HTML. Raises NotFound for one that there is not, or no more."""
    if kind not in PANELS:
        raise NotFound(facts={"what": "panel"})
    seen = await request.app[MONITOR].look(policy)
    name, values = await PANELS[kind](request, by, policy, seen, key)
    template = request.app[AGENT_PAGES].get_template(f"wall/panels/{name}.html")
    return template.render(
        seen=seen, now=seen.as_of, words=words, acts=by.may("supervise"), clock=clock, duration=duration,
        classes=QUEUE_CLASS_WORDS, pauses=PAUSE_REASONS, panel=f"{kind}/{key}", me=by.staff_id, **values,
    )  # fmt: skip


async def figure(request: web.Request, by: Actor, policy: Policy, seen: Seen, key: str) -> Any:
    """The calls that a figure was reckoned from: those that missed its aim first, then the newest."""
    if key == "waiting":
        return "waiting", {}
    if key == "occupancy":
        return await _occupied(request, seen)
    measure = next((one for one in MEASURES if one.code == key), None)
    if measure is None:
        raise NotFound(facts={"what": "figure"})
    span = _span(request, measure)
    monitor: Monitor = request.app[MONITOR]
    found = counted(measure, monitor.calls.values(), span, seen.as_of, policy)
    good = 1 if measure.target is None or not measure.target.most else 0
    found.sort(key=lambda one: (_met(measure, one[1], good), -one[0].interaction_id))
    rows = await _rows(
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


async def _rows(request: web.Request, found: Sequence[tuple[Call, str, bool]], now: datetime) -> list[Row]:
    hotline = request.app[AGENT_HOUSE].hotline
    shown = found[:MOST_ROWS]
    async with hotline.read() as db:
        numbers = await floor_view.numbers(db, hotline.sealer, [call.interaction_id for call, _, _ in shown])
    return [
        Row(
            call.interaction_id, call.queued_at or call.started_at,
            numbers.get(call.interaction_id, "未显示号码"), _how(call, now), adds, missed,
            call.closed_at is not None and call.answered_at is None,
        )
        for call, adds, missed in shown
    ]  # fmt: skip


_OUTCOMES = {"answered": "人工接听", "abandoned": "放弃", "message": "留言", "callback": "约回拨"}


def _how(call: Call, now: datetime) -> str:
    """What became of a call, and how long it waited."""
    waited = words.value(Unit.SECONDS, call.waited(now).total_seconds())
    if call.outcome:
        return f"等待{waited}，{_OUTCOMES.get(call.outcome, call.outcome)}"
    if call.waiting:
        return f"正在等待，已{waited}"
    return disposition(call.disposition)[0] if call.disposition else "语音菜单中"


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


async def agent(request: web.Request, by: Actor, policy: Policy, seen: Seen, key: str) -> Any:
    """One operator: what they do, and what a supervisor can do about it."""
    lane = next((one for one in seen.lanes if str(one.staff_id) == key), None)
    if lane is None:
        raise NotFound(facts={"what": "agent"})
    async with request.app[AGENT_HOUSE].hotline.read() as db:
        untidy = await matters.unfinished(db, lane.staff_id)
    mine = [
        (call, "", False)
        for call in request.app[MONITOR].calls.values()
        if any(stay.staff_id == lane.staff_id for stay in call.stays)
    ]
    rows = await _rows(request, sorted(mine, key=lambda one: -one[0].interaction_id)[:10], seen.as_of)
    return "agent", {"lane": lane, "untidy": len(untidy), "rows": rows, "skills": seen.slow.skills}


async def caller(request: web.Request, by: Actor, policy: Policy, seen: Seen, key: str) -> Any:
    """One who waits."""
    found = next((one for one in seen.callers if str(one.interaction_id) == key), None)
    if found is None:
        raise NotFound(facts={"what": "caller"})
    return "caller", {"caller": found, "free": [lane for lane in seen.lanes if lane.free]}


async def acts(request: web.Request, by: Actor, policy: Policy, seen: Seen, key: str) -> Any:
    """The bookings, changes or cancellations of today in which somebody called."""
    kind = key or "booked"
    calls = request.app[MONITOR].calls
    ids = request.app[MONITOR].acted(kind, seen.as_of)
    found = [(calls[one], "", False) for one in sorted(ids, reverse=True) if one in calls]
    return "calls", {
        "title": f"今日{words.ACT_WORDS.get(kind, '办理')}的来电",
        "rows": await _rows(request, found, seen.as_of),
        "total": len(found),
    }


async def ends(request: web.Request, by: Actor, policy: Policy, seen: Seen, key: str) -> Any:
    """The calls of today whose matters ended with a disposition."""
    if key not in DISPOSITIONS:
        raise NotFound(facts={"what": "disposition"})
    async with request.app[AGENT_HOUSE].hotline.read() as db:
        ids = await floor_view.disposed(db, key, start_of(Span.TODAY, seen.as_of))
    calls = request.app[MONITOR].calls
    found = [
        (calls[one], DISPOSITIONS[key].second.get(second, ""), False) for one, second in ids if one in calls
    ]
    return "calls", {
        "title": f"今日小结：{DISPOSITIONS[key].label}",
        "rows": await _rows(request, found, seen.as_of),
        "total": len(found),
    }


async def lines(request: web.Request, by: Actor, policy: Policy, seen: Seen, key: str) -> Any:
    """The calls that are on the line now."""
    going_on = [
        (call, "", False)
        for call in request.app[MONITOR].calls.values()
        if call.closed_at is None and call.channel == "phone"
    ]
    return "calls", {
        "title": "此刻在线的来电",
        "rows": await _rows(request, going_on, seen.as_of),
        "total": len(going_on),
    }


async def callbacks(request: web.Request, by: Actor, policy: Policy, seen: Seen, key: str) -> Any:
    """The calls we owe, with whom they could be given to."""
    hotline = request.app[AGENT_HOUSE].hotline
    shown = seen.slow.callbacks[:MOST_ROWS]
    async with hotline.read() as db:
        numbers = await floor_view.numbers(db, hotline.sealer, [one.interaction_id for one in shown])
    return "callbacks", {"rows": shown, "numbers": numbers, "total": len(seen.slow.callbacks)}


def plain(name: str) -> Panel:
    """A form that needs nothing but what is on the wall."""

    async def show(request: web.Request, by: Actor, policy: Policy, seen: Seen, key: str) -> Any:
        return name, {}

    return show


PANELS: dict[str, Panel] = {
    "figure": figure,
    "agent": agent,
    "caller": caller,
    "acts": acts,
    "ends": ends,
    "lines": lines,
    "callbacks": callbacks,
    "message": plain("message"),
    "greetings": plain("greetings"),
    "system": plain("system"),
}
