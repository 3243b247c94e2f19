"""The bookings of a day: filters, search, change and cancel in place, print and Excel (R-090..R-093)."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import quote

from aiohttp import web

from agent_desk.house import AGENT_HOUSE
from agent_desk.pages import page
from agent_desk.query_words import HEAD, file_row, filter_words
from core.booking import for_caller, view
from core.booking.availability import DeskSession, sessions
from core.booking.caller import Visit, visit_of
from core.booking.draft import at_desk
from core.booking.draft_rules import said
from core.booking.query import MOST_EXPORTED, MOST_PRINTED, PAGE, Filters, Found, listed
from core.booking.rules import OPEN
from core.catalogue import engine as catalogue
from core.catalogue.engine import Named
from core.catalogue.search import Finder
from core.catalogue.search_rules import Entry
from core.errors import NotFound, Refusal
from core.http import words
from core.http.access import actor_of, needs
from core.http.forms import form_token, one, sent
from core.http.pages import moment
from core.http.refusals import sentence, status
from core.http.spreadsheet import TYPE, workbook
from core.staff import audit
from core.values import SHANGHAI, Actor, day_of
from core.work import Work

FINDER = web.AppKey("FINDER", Finder)
LARGEST = 2**63 - 1


@needs("query")
async def listing(request: web.Request) -> web.Response:
    return await _page(request)


async def _page(
    request: web.Request, *, refusal: Refusal | None = None, done: str = "", opened: int | None = None
) -> web.Response:
    by = at_desk(await actor_of(request))
    house, now = request.app[AGENT_HOUSE], request.app[AGENT_HOUSE].hotline.clock.now()
    filters = read(request.query, day_of(now))
    whole = request.query.get("all") == "1"
    async with house.hotline.read() as db:
        found = await listed(
            db,
            house.hotline.sealer,
            filters,
            by,
            page=number_in(request.query.get("page")) or 1,
            size=MOST_PRINTED if whole else PAGE,
        )
        choices = await _choices(db, filters, by)
        filtered = filter_words(filters, choices.names())
        panel = await _panel(request, db, opened or number_in(request.query.get("open")), by, now)
    return page(
        request,
        "query/list.html",
        by=by,
        title="预约查询",
        status=status(refusal) if refusal else 200,
        found=found,
        filters=filters,
        filtered=filtered,
        choices=choices,
        panel=panel,
        refusal=sentence(refusal) if refusal else "",
        done=done,
        channels=words.CHANNEL,
        states=words.APPOINTMENT,
        asked=dict(request.query),
        now=now,
        whole=whole,
        may_book=by.may("book"),
        may_export=by.may("export"),
        may_override=by.may("override-deadline"),
        token=await form_token(request),
        to=lambda **more: _to(request, **more),
        open_states=OPEN,
    )


def read(query: Mapping[str, str], today: date) -> Filters:
    """The filters of a request; what cannot be read is not asked for. Without any: today's visits."""
    day: date | None = today
    if "day" in query:
        day = _day(query["day"])
    return Filters(
        day=day,
        channel=query.get("channel") if query.get("channel") in words.CHANNEL else None,
        hospital_id=number_in(query.get("hospital")),
        department_id=number_in(query.get("department")),
        doctor_id=number_in(query.get("doctor")),
        state=query.get("state") if query.get("state") in words.APPOINTMENT else None,
        booked_from=_moment(query.get("from")),
        booked_until=_moment(query.get("until")),
        words=query.get("q", "").strip()[:40],
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _moment(text: str | None) -> datetime | None:
    """What a datetime-local field sends, in Shanghai."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI) if text else None
    except ValueError:
        return None


def number_in(text: str | None) -> int | None:
    """A positive whole number that a parameter holds; None for anything else."""
    return int(text) if text and text.isascii() and text.isdigit() and 0 < int(text) <= LARGEST else None


def _to(request: web.Request, **more: object) -> str:
    """This page with other parameters; None takes one out."""
    kept = {name: value for name, value in request.query.items() if name not in more}
    kept |= {name: str(value) for name, value in more.items() if value is not None}
    return str(request.rel_url.with_path("/desk/query").with_query(kept))


@dataclass(frozen=True)
class Choices:
    """What the selects offer: departments of the hospital chosen, doctors of the department chosen."""

    hospitals: list[Named]
    departments: list[Named]
    doctors: list[Named]

    def names(self) -> dict[str, dict[int, str]]:
        return {
            "hospital": {one.id: one.name for one in self.hospitals},
            "department": {one.id: one.name for one in self.departments},
            "doctor": {one.id: one.name for one in self.doctors},
        }


async def _choices(db: Any, filters: Filters, by: Actor) -> Choices:
    hospitals = [one for one in await catalogue.live_hospitals(db) if by.sees(one.id)]
    hospital_id = filters.hospital_id or by.hospital_id
    departments = list(await catalogue.open_departments(db, hospital_id)) if hospital_id else []
    doctors = list(await catalogue.doctors_of(db, filters.department_id)) if filters.department_id else []
    return Choices(hospitals, departments, doctors)


# --- one booking, opened in its place ---------------------------------------------------------------------


@dataclass(frozen=True)
class Panel:
    """A booking with what may be done with it. hits: places found to move it to; free: sessions there."""

    visit: Visit
    find: str
    hits: list[Entry]
    free: list[DeskSession]


async def _panel(
    request: web.Request, db: Any, appointment_id: int | None, by: Actor, now: datetime
) -> Panel | None:
    if appointment_id is None:
        return None
    made = await view.load(db, appointment_id)
    by.must_see(made.hospital_id)
    find = request.query.get("find", "").strip()[:40]
    hits = []
    if find:
        found = await request.app[FINDER].search(db, find, hospital_id=made.hospital_id, limit=9)
        hits = [hit for hit in found if hit.kind != "hospital" and by.sees(hit.hospital_id)]
    department_id = number_in(request.query.get("to-department")) or made.department_id
    doctor_id = number_in(request.query.get("to-doctor"))
    rows = await sessions(db, now=now, department_id=department_id, doctor_id=doctor_id)
    free = [one for one in rows if one.free and by.sees(one.hospital_id)][:12]
    return Panel(await visit_of(db, made, now=now, by=by), find, hits, free)


@needs("book", also=("query",))
async def cancel(request: web.Request) -> web.Response:
    form, appointment_id = await sent(request), _number(request)

    async def act(work: Work) -> str:
        return (await for_caller.cancel_for(work, appointment_id, override=_override(form))).say

    return await _act(request, act, appointment_id)


@needs("book", also=("query",))
async def change(request: web.Request) -> web.Response:
    form, appointment_id = await sent(request), _number(request)
    chosen = [number_in(part) for part in one(form, "to").split("-")]
    session_id = chosen[0] if chosen else None
    if session_id is None:
        raise NotFound(facts={"what": "session"})
    period_id = chosen[1] if len(chosen) > 1 else None

    async def act(work: Work) -> str:
        made = await for_caller.move_for(
            work, appointment_id, session_id=session_id, period_id=period_id, override=_override(form)
        )
        seen = await view.load(work.db, made.appointment_id)
        where = f"{seen.hospital_short}{seen.where}"
        return said(made.serial, made.starts_at, made.ends_at, where=where, changed=True, pay_by=made.pay_by)

    return await _act(request, act, appointment_id)


async def _act(request: web.Request, act: Any, appointment_id: int) -> web.Response:
    """Do it and show the list again, with what to tell the caller, or with why not."""
    by = at_desk(await actor_of(request))
    try:
        done = await request.app[AGENT_HOUSE].hotline.run(act, by)
    except Refusal as refusal:
        return await _page(request, refusal=refusal, opened=appointment_id)
    return await _page(request, done=done)


def _override(form: dict[str, list[str]]) -> str | None:
    """A supervisor's reason; only sent by those who ticked that they pass the deadline."""
    return one(form, "override").strip()[:60] if one(form, "pass") else None


def _number(request: web.Request) -> int:
    found = number_in(request.match_info["appointment"])
    if found is None:
        raise NotFound(facts={"what": "appointment"})
    return found


# --- the file ---------------------------------------------------------------------------------------------


@needs("export", also=("query",))
async def export(request: web.Request) -> web.Response:
    """The whole list as Excel; who took it stands in the file and in the audit."""
    by, hotline = await actor_of(request), request.app[AGENT_HOUSE].hotline
    now = hotline.clock.now()
    filters = read(request.query, day_of(now))
    async with hotline.read() as db:
        found = await listed(db, hotline.sealer, filters, by, size=MOST_EXPORTED)
        told = filter_words(filters, (await _choices(db, filters, by)).names())

    async def note(work: Work) -> None:
        await audit.note(work, "exported", what=f"预约 {len(found.lines)} 条：{told}")

    await hotline.run(note, by)
    body = await asyncio.to_thread(_file, found, told, _watermark(found, by, now))
    name = quote(f"预约查询-{day_of(now):%Y%m%d}.xlsx")
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
        "Cache-Control": "no-store",
    }
    return web.Response(body=body, content_type=TYPE, headers=headers)


def _watermark(found: Found, by: Actor, now: datetime) -> str:
    cut = f"（共 {found.totals.count} 条，只导出前 {MOST_EXPORTED} 条）" if found.pages > 1 else ""
    return f"{by.name} 于 {moment(now)} 导出，共 {len(found.lines)} 条{cut}；含个人信息，请勿外传"


def _file(found: Found, told: str, watermark: str) -> bytes:
    return workbook("预约查询", told, watermark, HEAD, map(file_row, found.lines))


def start(app: web.Application) -> None:
    app[FINDER] = Finder()


routes = [
    web.get("/desk/query", listing),
    web.get("/desk/query/export", export),
    web.post(r"/desk/query/{appointment:\d{1,18}}/cancel", cancel),
    web.post(r"/desk/query/{appointment:\d{1,18}}/change", change),
]
