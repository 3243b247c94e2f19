"""What opens beside the wall: the list behind a number, and what can be done to an operator or a caller."""

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from agent_desk import wall_words as words
from agent_desk.house import AGENT_HOUSE, AGENT_PAGES
from agent_desk.monitoring import MONITOR
from agent_desk.wall_figures import figure
from agent_desk.wall_rows import MOST_ROWS, listed
from agent_desk.wall_seen import Seen
from core.contact import floor_view, matters
from core.contact.agent_rules import DISPOSITIONS, PAUSE_REASONS
from core.contact.distribution import QUEUE_CLASS_WORDS
from core.contact.measure_rules import (
    Policy,
    Span,
    start_of,
)
from core.errors import NotFound
from core.http.pages import clock, duration
from core.values import Actor

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
    rows = await listed(request, sorted(mine, key=lambda one: -one[0].interaction_id)[:10], seen.as_of)
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
        "rows": await listed(request, found, seen.as_of),
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
        "rows": await listed(request, found, seen.as_of),
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
        "rows": await listed(request, going_on, seen.as_of),
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
