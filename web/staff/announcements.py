"""Announcements as they are written: the list, one to be changed or looked at before it is public (R-072)."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import date
from urllib.parse import urlencode

from aiohttp import web

from core.errors import Refusal, WrongInput
from core.http.access import actor_of, needs
from core.http.forms import one, sent
from core.http.keys import HOTLINE
from core.http.words import BAD, GOOD, QUIET, WAIT
from core.site import engine, view
from core.site.rules import MOST_BODY, MOST_TITLE, Draft, State, checked, paragraphs
from core.site.view import Whole
from core.values import Actor, day_of
from core.work import Work
from web.public.announcements import KINDS
from web.staff.pages import act, hospitals, number, staff_page

FIELDS = ("kind", "title", "body", "from", "until", "hospital", "pinned")
HOME = "/staff/announcements"
Step = Callable[[Work, int, int], Awaitable[None]]


def chip(it: Whole, today: date) -> tuple[str, str]:
    """How an announcement stands today, and its tone."""
    if it.state is not State.PUBLISHED:
        return ("草稿", WAIT) if it.state is State.DRAFT else ("已撤下", QUIET)
    if it.shown(today):
        return "已发布", GOOD
    return ("到期", BAD) if it.first_day <= today else ("待到开始日期", WAIT)


@needs("announcements")
async def announcements(request: web.Request) -> web.Response:
    hotline, by = request.app[HOTLINE], await actor_of(request)
    page_number = max(1, number(request.query.get("page", "")) or 1)
    async with hotline.read() as db:
        rows, found = await view.written(db, by, page_number)
    return await staff_page(
        request,
        "announcements",
        rows=rows,
        found=found,
        kinds=KINDS,
        chip=chip,
        today=day_of(hotline.clock.now()),
        number=page_number,
        pages=-(-found // view.ON_A_PAGE),
        address=lambda to: f"{HOME}?" + urlencode({"page": to}),
        done=request.query.get("done", ""),
    )


@needs("announcements")
async def blank(request: web.Request) -> web.Response:
    by, today = await actor_of(request), day_of(request.app[HOTLINE].clock.now())
    typed = dict.fromkeys(FIELDS, "") | {"from": today.isoformat(), "hospital": str(by.hospital_id or "")}
    return await _form(request, None, typed)


@needs("announcements")
async def create(request: web.Request) -> web.Response:
    """Keep it as a draft, or show first how it will look."""
    form, by = await sent(request), await actor_of(request)
    typed = {name: one(form, name) for name in FIELDS}
    try:
        draft = _draft(typed, by)
        if one(form, "act") == "preview":
            return await _form(request, None, typed, preview=checked(draft))

        async def do(work: Work) -> int:
            return await engine.write(work, draft)

        made = await act(request, do)
    except WrongInput as refusal:
        return await _form(request, None, typed, refusal=refusal)
    raise web.HTTPSeeOther(f"{HOME}/{made}?done=saved")


@needs("announcements")
async def announcement(request: web.Request) -> web.Response:
    it = await _load(request)
    return await _form(request, it, _typed(it))


@needs("announcements")
async def change(request: web.Request) -> web.Response:
    form, by, it = await sent(request), await actor_of(request), await _load(request)
    typed = {name: one(form, name) for name in FIELDS}
    version = number(one(form, "version")) or 0
    try:
        draft = _draft(typed, by)
        if one(form, "act") == "preview":
            return await _form(request, it, typed, version=version, preview=checked(draft))

        async def do(work: Work) -> None:
            await engine.change(work, it.announcement_id, draft, version)

        await act(request, do)
    except Refusal as refusal:
        return await _again(request, it, refusal, typed)
    raise web.HTTPSeeOther(f"{HOME}/{it.announcement_id}?done=saved")


@needs("announcements")
async def publish(request: web.Request) -> web.Response:
    return await _step(request, engine.publish, "published")


@needs("announcements")
async def withdraw(request: web.Request) -> web.Response:
    return await _step(request, engine.withdraw, "withdrawn")


async def _step(request: web.Request, step: Step, done: str) -> web.Response:
    form, it = await sent(request), await _load(request)

    async def do(work: Work) -> None:
        await step(work, it.announcement_id, number(one(form, "version")) or 0)

    try:
        await act(request, do)
    except Refusal as refusal:
        return await _again(request, it, refusal)
    raise web.HTTPSeeOther(f"{HOME}/{it.announcement_id}?done={done}")


async def _again(
    request: web.Request, it: Whole, refusal: Refusal, typed: Mapping[str, str] | None = None
) -> web.Response:
    """The form with why not. What was typed stays; changed meanwhile, it is to be looked at once more."""
    if refusal.code in ("not-allowed", "not-found"):
        raise refusal
    fresh = await _load(request)
    return await _form(
        request, fresh, typed or _typed(fresh), refusal=refusal, overtaken=refusal.code == "changed-meanwhile"
    )


async def _load(request: web.Request) -> Whole:
    by = await actor_of(request)
    async with request.app[HOTLINE].read() as db:
        return await view.one(db, by, int(request.match_info["id"]))


async def _form(
    request: web.Request,
    it: Whole | None,
    typed: Mapping[str, str],
    *,
    version: int | None = None,
    preview: Draft | None = None,
    refusal: Refusal | None = None,
    overtaken: bool = False,
) -> web.Response:
    """version: that the form was opened with, where it is not the newest. overtaken: show what stands now."""
    by, today = await actor_of(request), day_of(request.app[HOTLINE].clock.now())
    return await staff_page(
        request,
        "announcement",
        refusal=refusal,
        it=it,
        typed=typed,
        version=version or (it.version if it else 0),
        chip=chip(it, today) if it else None,
        shown=it is not None and it.shown(today),
        kinds=KINDS,
        hospitals=await hospitals(request, by),
        preview=preview,
        paragraphs=paragraphs(preview.body) if preview else (),
        stands=paragraphs(it.body) if it and overtaken else (),
        today=today,
        most_title=MOST_TITLE,
        most_body=MOST_BODY,
        done=request.query.get("done", ""),
    )


def _typed(it: Whole) -> dict[str, str]:
    return {
        "kind": it.kind.value,
        "title": it.title,
        "body": it.body,
        "from": it.first_day.isoformat(),
        "until": it.last_day.isoformat() if it.last_day else "",
        "hospital": str(it.hospital_id or ""),
        "pinned": "on" if it.pinned else "",
    }


def _draft(typed: Mapping[str, str], by: Actor) -> Draft:
    """Raises WrongInput. Whoever belongs to a hospital writes for it, whatever the form says."""
    first = _day(typed, "from")
    if first is None:
        raise WrongInput(facts={"field": "from", "why": "shape"})
    return Draft(
        kind=typed["kind"],
        title=typed["title"],
        body=typed["body"],
        first_day=first,
        last_day=_day(typed, "until"),
        hospital_id=by.hospital_id if by.hospital_id is not None else number(typed["hospital"]),
        pinned=bool(typed["pinned"]),
    )


def _day(typed: Mapping[str, str], field: str) -> date | None:
    """Raises WrongInput."""
    if not typed[field].strip():
        return None
    try:
        return date.fromisoformat(typed[field].strip())
    except ValueError:
        raise WrongInput(facts={"field": field, "why": "shape"}) from None


routes = [
    web.get("/staff/announcements", announcements, name="staff-announcements"),
    web.get("/staff/announcements/new", blank, name="staff-announcement-new"),
    web.post("/staff/announcements/new", create, name="staff-announcement-create"),
    web.get(r"/staff/announcements/{id:\d{1,12}}", announcement, name="staff-announcement"),
    web.post(r"/staff/announcements/{id:\d{1,12}}", change, name="staff-announcement-change"),
    web.post(r"/staff/announcements/{id:\d{1,12}}/publish", publish, name="staff-announcement-publish"),
    web.post(r"/staff/announcements/{id:\d{1,12}}/withdraw", withdraw, name="staff-announcement-withdraw"),
]
