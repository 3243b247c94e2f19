"""One leave: what it would do, submitted and approved; then how each patient is told and what they chose."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from core.errors import Refusal, WrongInput
from core.http.access import actor_of, needs
from core.http.calling_words import outcome
from core.http.forms import one, sent
from core.http.keys import HOTLINE
from core.http.words import CHANNEL, TEXT
from core.leave import choosing, engine, figures, notices, view
from core.leave.figures import Minute
from core.leave.rules import IN_FORCE, REASONS, WORDS, CaseState, State
from core.values import Actor, Phone, day_of
from core.work import Work
from web.house import HOUSE, NoticeShown
from web.public.words import HALVES, NUMBERS
from web.staff.leave_words import (
    CASES,
    DISPOSITIONS,
    FAULTS,
    KINDS,
    NEAR,
    NEEDS,
    OFFERS,
    RUNGS,
    SOURCES,
    STATES,
    WIDE,
    WISHES,
    bar,
)
from web.staff.leaves import HOME, span
from web.staff.pages import act, number, staff_page
from web.staff.texts import KINDS as TEXT_KINDS

BEFORE = frozenset({State.DRAFT, State.SUBMITTED, State.RETURNED})
PAGE = 25


@needs("leave", "leave-approve")
async def leave(request: web.Request) -> web.Response:
    return await leave_page(request)


async def leave_page(request: web.Request, refusal: Refusal | None = None, about: str = "") -> web.Response:
    """about: the act that was not taken."""
    hotline, by = request.app[HOTLINE], await actor_of(request)
    now, leave_id = hotline.clock.now(), int(request.match_info["id"])
    async with hotline.read() as db:
        it = await view.load(db, leave_id, by)
        told: dict[str, Any] = (
            await _before(db, leave_id, now) if it.state in BEFORE else await _after(request, db, by, it)
        )
    return await staff_page(
        request,
        "leave",
        refusal=refusal,
        fault=FAULTS.get(str(refusal.facts.get("field", "")), "") if refusal else "",
        about=about,
        it=it,
        before=it.state in BEFORE,
        in_force=it.state in IN_FORCE,
        span=span(it),
        kinds=KINDS,
        states=STATES,
        sources=SOURCES,
        reasons=REASONS,
        halves=HALVES,
        numbers=NUMBERS,
        may_enter=by.may("leave"),
        may_approve=by.may("leave-approve"),
        most_words=WORDS,
        today=day_of(now),
        done=request.query.get("done", ""),
        count=number(request.query.get("n", "")) or 0,
        left=number(request.query.get("left", "")) or 0,
        **told,
    )


async def _before(db: Any, leave_id: int, now: Any) -> dict[str, Any]:
    """What approving would do."""
    return {
        "preview": await view.preview(db, leave_id, now),
        "half_days": await choosing.half_days(db, leave_id, now),
        "rungs": RUNGS,
    }


# --- what has become of everybody ---------------------------------------------------------------------


async def _after(request: web.Request, db: Any, by: Actor, it: view.LeaveView) -> dict[str, Any]:
    chosen = request.query.get("case", "")
    states = (CaseState(chosen),) if chosen in set(CaseState) else ()
    total = sum(it.cases.get(state, 0) for state in states) if states else it.total
    pages = max(1, -(-total // PAGE))
    page = min(max(1, number(request.query.get("page", "")) or 1), pages)
    rows = await view.cases(db, it.leave_id, states=states, first=(page - 1) * PAGE, most=PAGE)
    progress = await figures.progress(db, it.leave_id, by)
    sealer, here = request.app[HOTLINE].sealer, f"{HOME}/{it.leave_id}"
    return {
        "progress": progress,
        "bar_parts": bar(it.cases),
        "wide": WIDE,
        "curve": curve(progress.curve, it.total),
        "rows": rows,
        "notices": await notices.of(db, rows),
        "texts": await texts_about(request, db, rows),
        "masked": {row.case_id: Phone(sealer.open(row.phone_sealed, "phone")).masked for row in rows},
        "chosen": chosen if states else "",
        "cases": CASES,
        "needs": NEEDS,
        "dispositions": DISPOSITIONS,
        "near": NEAR,
        "offers": OFFERS,
        "wishes": WISHES,
        "outcome": outcome,
        "channels": CHANNEL,
        "text_kinds": TEXT_KINDS,
        "text_states": TEXT,
        "number": page,
        "pages": pages,
        "address": lambda to: f"{here}?case={chosen if states else ''}&page={to}#list",
    }


async def texts_about(
    request: web.Request, db: Any, rows: Sequence[view.CaseView]
) -> Mapping[int, Sequence[NoticeShown]]:
    """By case: the texts about the stopped visit and the new one since the leave, with their receipts."""
    room = request.app[HOUSE].text_room
    if room is None or not rows:
        return {}
    ids = {row.appointment_id for row in rows} | {row.made_id for row in rows if row.made_id is not None}
    found = await room.about(db, sorted(ids))
    return {
        row.case_id: [
            text
            for key in (row.appointment_id, row.made_id or 0)
            for text in found.get(key, ())
            if text.at >= row.opened_at
        ]
        for row in rows
    }


@dataclass(frozen=True)
class Curve:
    """How many had ended, minute by minute: the points of a line 600 wide and 100 high."""

    points: str
    minutes: int


def curve(minutes: Sequence[Minute], total: int) -> Curve | None:
    """Steps, from nobody to everybody; None while there is nothing to draw."""
    if len(minutes) < 2 or not total:
        return None
    last = max(1, minutes[-1].minute)
    points, before = ["0,100"], 100.0
    for one_minute in minutes:
        x, y = 600 * one_minute.minute / last, 100 - 100 * one_minute.ended / total
        points += [f"{x:.1f},{before:.1f}", f"{x:.1f},{y:.1f}"]
        before = y
    return Curve(" ".join(points), last)


# --- the acts -----------------------------------------------------------------------------------------


Step = Callable[[Work, int, str], Awaitable[str]]


async def _step(request: web.Request, name: str, step: Step) -> web.Response:
    """One act on the leave; it answers with what the address of the page then says."""
    form, leave_id = await sent(request), int(request.match_info["id"])
    words = one(form, "words")
    try:
        done = await act(request, lambda work: step(work, leave_id, words))
    except Refusal as refusal:
        if refusal.code in ("not-allowed", "not-found"):
            raise
        return await leave_page(request, refusal, name)
    raise web.HTTPSeeOther(f"{HOME}/{leave_id}?done={done}")


@needs("leave")
async def submit(request: web.Request) -> web.Response:
    async def step(work: Work, leave_id: int, _words: str) -> str:
        await engine.submit(work, leave_id)
        return "submitted"

    return await _step(request, "submit", step)


@needs("leave-approve")
async def approve(request: web.Request) -> web.Response:
    async def step(work: Work, leave_id: int, _words: str) -> str:
        closed = await engine.approve(work, leave_id)
        return f"approved&n={closed.cases}"

    return await _step(request, "approve", step)


@needs("leave-approve")
async def send_back(request: web.Request) -> web.Response:
    async def step(work: Work, leave_id: int, words: str) -> str:
        await engine.send_back(work, leave_id, words)
        return "returned"

    return await _step(request, "return", step)


@needs("leave")
async def withdraw(request: web.Request) -> web.Response:
    async def step(work: Work, leave_id: int, words: str) -> str:
        if not words.strip():
            raise WrongInput(facts={"field": "words"})
        done = await engine.withdraw(work, leave_id, words)
        return f"withdrawn&n={done.restored}&left={done.stayed}"

    return await _step(request, "withdraw", step)


routes = [
    web.get(rf"{HOME}/{{id:\d{{1,12}}}}", leave, name="leave"),
    web.post(rf"{HOME}/{{id:\d{{1,12}}}}/submit", submit, name="leave-submit"),
    web.post(rf"{HOME}/{{id:\d{{1,12}}}}/approve", approve, name="leave-approve"),
    web.post(rf"{HOME}/{{id:\d{{1,12}}}}/return", send_back, name="leave-send-back"),
    web.post(rf"{HOME}/{{id:\d{{1,12}}}}/withdraw", withdraw, name="leave-withdraw"),
]
