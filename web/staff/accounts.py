"""Accounts: the list, a new one, one as it is, and what is done with it."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from core.errors import NotFound, Refusal
from core.http.access import actor_of, needs
from core.http.forms import one, sent
from core.http.keys import HOTLINE
from core.http.sessions import MANNERS
from core.staff import engine, rules, sessions, view
from core.work import Work
from web.house import HOUSE
from web.staff.pages import act, hospitals, number, staff_page

EMPTY = {"login": "", "name": "", "number": "", "mobile": "", "hospital": ""}


@needs("staff")
async def accounts(request: web.Request) -> web.Response:
    hotline, by = request.app[HOTLINE], await actor_of(request)
    search = request.query.get("q", "").strip()[:40]
    page_number = max(1, number(request.query.get("page", "")) or 1)
    async with hotline.read() as db:
        found = await view.accounts(
            db, hotline.sealer, by, now=hotline.clock.now(), search=search, page=page_number
        )
    return await staff_page(
        request,
        "accounts",
        found=found,
        search=search,
        number=page_number,
        pages=-(-found.found // view.ON_A_PAGE),
        address=lambda to: "/staff?" + urlencode({"q": search, "page": to}),
        hospitals=await hospitals(request, by),
        done=request.query.get("done", ""),
    )


@needs("staff")
async def blank(request: web.Request) -> web.Response:
    return await _blank(request, EMPTY, set())


async def _blank(
    request: web.Request, typed: Mapping[str, str], chosen: set[int], refusal: Refusal | None = None
) -> web.Response:
    by = await actor_of(request)
    async with request.app[HOTLINE].read() as db:
        roles = await view.roles(db)
    return await staff_page(
        request,
        "new",
        refusal=refusal,
        typed=typed,
        chosen=chosen,
        roles=roles,
        hospitals=await hospitals(request, by),
    )


@needs("staff")
async def create(request: web.Request) -> web.Response:
    """The account and its one-time password (R-168), which is shown this once."""
    form = await sent(request)
    typed, chosen = {name: one(form, name) for name in EMPTY}, _roles(form)
    by = await actor_of(request)
    password, hashed = await _one_time(request)
    hospital_id = by.hospital_id if by.hospital_id is not None else number(typed["hospital"])

    async def do(work: Work) -> int:
        made = await engine.create_staff(
            work, login=typed["login"], name=typed["name"], number=typed["number"],
            hospital_id=hospital_id, mobile=typed["mobile"],
        )  # fmt: skip
        await engine.set_roles(work, made, chosen)
        await engine.give_one_time(work, made, hashed)
        return made

    try:
        made = await act(request, do)
    except Refusal as refusal:
        return await _blank(request, typed, chosen, refusal)
    return await _shown(request, made, password, new=True)


async def _one_time(request: web.Request) -> tuple[str, str]:
    house = request.app[HOUSE]
    password = rules.one_time(house.hotline.chance.number)
    return password, await house.passwords.hash(password)


async def _shown(request: web.Request, staff_id: int, password: str, *, new: bool) -> web.Response:
    it, _ = await _load(request, staff_id)
    return await staff_page(request, "one_time", it=it, password=password, new=new)


@needs("staff")
async def account(request: web.Request) -> web.Response:
    return await _account(request, int(request.match_info["id"]))


async def _load(request: web.Request, staff_id: int) -> tuple[view.StaffView, list[view.RoleView]]:
    hotline, by = request.app[HOTLINE], await actor_of(request)
    async with hotline.read() as db:
        it = await view.account(db, hotline.sealer, by, staff_id, now=hotline.clock.now())
        return it, await view.roles(db)


async def _account(
    request: web.Request,
    staff_id: int,
    typed: Mapping[str, str] | None = None,
    refusal: Refusal | None = None,
) -> web.Response:
    hotline, by = request.app[HOTLINE], await actor_of(request)
    it, roles = await _load(request, staff_id)
    async with hotline.read() as db:
        open_sessions = await sessions.living(
            db, now=hotline.clock.now(), lives=request.app[MANNERS].lives, staff_id=staff_id
        )
    own = {
        "name": it.name, "number": it.number or "", "hospital": str(it.hospital_id or ""),
        "mobile": it.mobile.digits if it.mobile else "",
    }  # fmt: skip
    return await staff_page(
        request,
        "account",
        refusal=refusal,
        it=it,
        typed=typed or own,
        roles=roles,
        has={role.role_id for role in it.roles},
        hospitals=await hospitals(request, by),
        sessions=open_sessions,
        myself=it.staff_id == by.staff_id,
        locked=it.supreme and it.staff_id != by.staff_id,
        done=request.query.get("done", ""),
    )


@needs("staff")
async def change(request: web.Request) -> web.Response:
    """All but login and password (R-169)."""
    form, staff_id = await sent(request), int(request.match_info["id"])
    typed = {name: one(form, name) for name in EMPTY if name != "login"}
    by = await actor_of(request)
    hospital_id = by.hospital_id if by.hospital_id is not None else number(typed["hospital"])

    async def do(work: Work) -> list[str]:
        return await engine.change_staff(
            work, staff_id, name=typed["name"], number=typed["number"], hospital_id=hospital_id,
            mobile=typed["mobile"],
        )  # fmt: skip

    return await _done(request, staff_id, do, "saved", typed)


@needs("staff")
async def give(request: web.Request) -> web.Response:
    form, staff_id = await sent(request), int(request.match_info["id"])

    async def do(work: Work) -> None:
        await engine.set_roles(work, staff_id, _roles(form))

    return await _done(request, staff_id, do, "roles")


@needs("staff")
async def reset(request: web.Request) -> web.Response:
    """A new one-time password (R-171), shown this once."""
    await sent(request)
    staff_id = int(request.match_info["id"])
    password, hashed = await _one_time(request)

    async def do(work: Work) -> None:
        await engine.give_one_time(work, staff_id, hashed)

    await act(request, do)
    return await _shown(request, staff_id, password, new=False)


@needs("staff")
async def clear(request: web.Request) -> web.Response:
    form, staff_id = await sent(request), int(request.match_info["id"])

    async def do(work: Work) -> None:
        await engine.clear_second_factor(work, staff_id, reason=one(form, "reason"))

    return await _done(request, staff_id, do, "cleared")


@needs("staff")
async def delete(request: web.Request) -> web.Response:
    form, staff_id = await sent(request), int(request.match_info["id"])
    it, _ = await _load(request, staff_id)
    if one(form, "sure") != it.login:
        raise web.HTTPSeeOther(f"/staff/{staff_id}?done=unsure#delete")

    async def do(work: Work) -> None:
        await engine.delete_staff(work, staff_id)

    await act(request, do)
    raise web.HTTPSeeOther("/staff?" + urlencode({"done": it.login}))


async def _done(
    request: web.Request, staff_id: int, do: Any, done: str, typed: Mapping[str, str] | None = None
) -> web.Response:
    try:
        await act(request, do)
    except NotFound:
        raise
    except Refusal as refusal:
        if refusal.code == "not-allowed":
            raise
        return await _account(request, staff_id, typed, refusal)
    raise web.HTTPSeeOther(f"/staff/{staff_id}?done={done}")


def _roles(form: Mapping[str, list[str]]) -> set[int]:
    return {key for text in form.get("role", []) if (key := number(text)) is not None}


# --- sessions of anybody ------------------------------------------------------------------------------


@needs("staff")
async def all_sessions(request: web.Request) -> web.Response:
    hotline, by = request.app[HOTLINE], await actor_of(request)
    now = hotline.clock.now()
    async with hotline.read() as db:
        rows = await sessions.living(
            db, now=now, lives=request.app[MANNERS].lives, hospital_id=by.hospital_id
        )
    return await staff_page(request, "sessions", sessions=rows, now=now, done=request.query.get("done", ""))


@needs("staff")
async def end(request: web.Request) -> web.Response:
    await sent(request)
    session_id = int(request.match_info["id"])

    async def do(work: Work) -> None:
        await engine.end_session(work, session_id)

    await act(request, do)
    raise web.HTTPSeeOther("/staff/sessions?done=ended")


routes = [
    web.get("/staff", accounts, name="staff"),
    web.get("/staff/new", blank, name="staff-new"),
    web.post("/staff/new", create, name="staff-create"),
    web.get("/staff/sessions", all_sessions, name="staff-sessions"),
    web.post(r"/staff/sessions/{id:\d{1,12}}/end", end, name="staff-session-end"),
    web.get(r"/staff/{id:\d{1,12}}", account, name="staff-account"),
    web.post(r"/staff/{id:\d{1,12}}", change, name="staff-change"),
    web.post(r"/staff/{id:\d{1,12}}/roles", give, name="staff-give"),
    web.post(r"/staff/{id:\d{1,12}}/reset", reset, name="staff-reset"),
    web.post(r"/staff/{id:\d{1,12}}/second-factor", clear, name="staff-clear"),
    web.post(r"/staff/{id:\d{1,12}}/delete", delete, name="staff-delete"),
]
