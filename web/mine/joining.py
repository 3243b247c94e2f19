"""Onto the waiting list: from a session that is full, or from a department."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from core.accounts import people, waiting
from core.booking.loading import asked_of
from core.catalogue import browse_posts
from core.credit.engine import rules_for
from core.errors import NotFound, Refusal, WaitingFree, WaitingTwice
from core.http.patients import for_patients, mine
from core.http.refusals import sentence, status
from core.values import day_of
from core.waiting.rules import Want
from web.booking.read_back import RELATIONS
from web.house import HOUSE
from web.mine.waiting import HERE, number_of
from web.mine.waiting_words import ANYBODY, days
from web.public import frame
from web.public.query import Wrong

# How many days ahead somebody may choose to wait for, cut to the hospital's rule.
REACH = (7, 14, 30)
HALVES = {"": "上午下午都可以", "am": "只要上午", "pm": "只要下午"}


@dataclass(frozen=True)
class Choice:
    """One of the wishes that may be chosen. fixed: its days are its own."""

    code: str
    words: str
    want: Want
    fixed: bool


@dataclass(frozen=True)
class Wishes:
    """Where the visitor comes from, and what can be waited for there. most: days ahead, by the rule."""

    place: str
    back: str
    choices: Sequence[Choice]
    reach: Sequence[int]


@for_patients
@frame.public
async def see(request: web.Request) -> web.Response:
    """`session`: one that is full; else `department`."""
    return await _page(request)


@for_patients
@frame.public
async def join(request: web.Request) -> web.Response:
    """Stand in line, and on to the list; why not is told on the same page."""
    who, hotline, form = mine(request), request.app[HOUSE].hotline, await request.post()
    person_id = number_of(str(form.get("person", "")))
    async with hotline.read() as db:
        wishes = await _wishes(request, db)
    said = {name: str(form.get(name, "")) for name in ("what", "days", "half")}
    choice = next((one for one in wishes.choices if one.code == said["what"]), None)
    if not person_id or choice is None:
        return await _page(request, trouble="请先选就诊人，再选等什么号。", code=400)
    want = choice.want
    if not choice.fixed:
        reach = number_of(said["days"])
        last = want.first_day + timedelta(days=reach if reach in wishes.reach else wishes.reach[-1])
        half = said["half"] if said["half"] in HALVES else ""
        want = Want(want.department_id, want.doctor_id, want.number_kind, want.first_day, last, half or None)
    act = partial(waiting.join, account_id=who.account_id, person_id=person_id, want=want)
    try:
        await hotline.run(act, who.by)
    except WaitingFree as there:
        free = f"{frame.base(request)}/book/{there.facts['session_id']}"
        return await _page(request, trouble=sentence(there), code=status(there), free=free)
    except WaitingTwice as there:
        return await _page(request, trouble=sentence(there), code=status(there), known=True)
    except NotFound:
        raise
    except Refusal as refusal:
        return await _page(request, trouble=sentence(refusal), code=status(refusal))
    raise web.HTTPSeeOther(f"{frame.base(request)}/account/waiting?done=joined")


async def _page(
    request: web.Request, *, trouble: str = "", code: int = 200, free: str = "", known: bool = False
) -> web.Response:
    who, hotline = mine(request), request.app[HOUSE].hotline
    async with hotline.read() as db:
        wishes = await _wishes(request, db)
        family = await people.attendees(db, hotline.sealer, who.account_id)
    return frame.show(
        request,
        "mine/waiting_join",
        HERE,
        status=code,
        wishes=wishes,
        people=[(one, RELATIONS.get(one.relation, "")) for one in family],
        halves=HALVES,
        trouble=trouble,
        free=free,
        known=known,
        action=str(request.rel_url),
        back=str(request.rel_url),
        token=who.form_token,
    )


async def _wishes(request: web.Request, db: AsyncSession) -> Wishes:
    """Raises NotFound, Wrong for an address that names neither."""
    session_id = number_of(request.query.get("session", ""))
    if session_id:
        return await _of_session(request, db, session_id)
    department_id = number_of(request.query.get("department", ""))
    if not department_id:
        raise Wrong("网址里没有医院的科室或班次，请从科室或医生的页面进来。")
    facts = await browse_posts.department(db, department_id)
    today = day_of(request.app[HOUSE].hotline.clock.now())
    want = Want(department_id, None, None, today, today, None)
    return Wishes(
        f"{facts.hospital} {facts.name}",
        f"{frame.base(request)}/departments/{department_id}",
        [Choice("department", ANYBODY, want, False)],
        await _reach(db, facts.hospital_id),
    )


async def _of_session(request: web.Request, db: AsyncSession, session_id: int) -> Wishes:
    slot = (await asked_of(db, session_id=session_id)).slot
    today = day_of(request.app[HOUSE].hotline.clock.now())
    facts = await browse_posts.department(db, slot.department_id)
    this = Want(slot.department_id, slot.doctor_id, slot.number_kind, slot.day, slot.day, slot.half)
    choices = [Choice("this", f"只等这一班：{days(this)}", this, True)]
    if slot.doctor_id is not None:
        doctor = await browse_posts.doctor(db, slot.doctor_id)
        any_day = Want(slot.department_id, slot.doctor_id, None, today, today, None)
        choices.append(Choice("doctor", f"{doctor.name}，哪天都可以", any_day, False))
    anybody = Want(slot.department_id, None, None, today, today, None)
    choices.append(Choice("department", f"{facts.name}，{ANYBODY}", anybody, False))
    return Wishes(
        f"{facts.hospital} {facts.name}",
        f"{frame.base(request)}/book/{session_id}",
        choices,
        await _reach(db, slot.hospital_id),
    )


async def _reach(db: AsyncSession, hospital_id: int) -> list[int]:
    most = int((await rules_for(db, hospital_id)).ruling("waiting.days").value)
    return sorted({min(one, most) for one in REACH})


routes = [
    web.get("/account/waiting/join", see, name="mine-waiting-join"),
    web.post("/account/waiting/join", join, name="mine-waiting-joined"),
]
