"""Roles: a name and a set of functions, kept by the hotline's administrators (R-164 to R-166)."""

from urllib.parse import urlencode

from aiohttp import web

from core.errors import Refusal
from core.http.access import actor_of, needs
from core.http.forms import one, sent
from core.http.keys import HOTLINE
from core.staff import roles as keeping
from core.staff import view
from core.work import Work
from web.staff.pages import act, staff_page


@needs("staff")
async def roles(request: web.Request) -> web.Response:
    async with request.app[HOTLINE].read() as db:
        rows = await view.roles(db)
    by = await actor_of(request)
    done = request.query.get("done", "")
    return await staff_page(request, "roles", rows=rows, keeper=by.sees(None), done=done)


@needs("staff")
async def blank(request: web.Request) -> web.Response:
    (await actor_of(request)).must_see(None)
    return await staff_page(request, "role", it=None, called="", chosen=frozenset())


@needs("staff")
async def create(request: web.Request) -> web.Response:
    form = await sent(request)
    name, chosen = one(form, "name"), set(form.get("function", []))

    async def do(work: Work) -> int:
        return await keeping.create_role(work, name, chosen)

    try:
        await act(request, do)
    except Refusal as refusal:
        if refusal.code == "not-allowed":
            raise
        return await staff_page(request, "role", refusal=refusal, it=None, called=name, chosen=chosen)
    raise web.HTTPSeeOther("/staff/roles?" + urlencode({"done": name}))


@needs("staff")
async def role(request: web.Request) -> web.Response:
    (await actor_of(request)).must_see(None)
    it = await _load(request)
    return await staff_page(request, "role", it=it, called=it.name, chosen=it.functions)


async def _load(request: web.Request) -> view.RoleView:
    async with request.app[HOTLINE].read() as db:
        return await view.role(db, int(request.match_info["id"]))


@needs("staff")
async def change(request: web.Request) -> web.Response:
    form, role_id = await sent(request), int(request.match_info["id"])
    name, chosen = one(form, "name"), set(form.get("function", []))

    async def do(work: Work) -> bool:
        return await keeping.change_role(work, role_id, name, chosen)

    try:
        await act(request, do)
    except Refusal as refusal:
        if refusal.code in ("not-allowed", "not-found"):
            raise
        it = await _load(request)
        return await staff_page(request, "role", refusal=refusal, it=it, called=name, chosen=chosen)
    raise web.HTTPSeeOther("/staff/roles?" + urlencode({"done": name}))


@needs("staff")
async def delete(request: web.Request) -> web.Response:
    await sent(request)
    role_id = int(request.match_info["id"])

    async def do(work: Work) -> None:
        await keeping.delete_role(work, role_id)

    try:
        await act(request, do)
    except Refusal as refusal:
        if refusal.code != "role-in-use":
            raise
        it = await _load(request)
        return await staff_page(request, "role", refusal=refusal, it=it, called=it.name, chosen=it.functions)
    raise web.HTTPSeeOther("/staff/roles?done=")


routes = [
    web.get("/staff/roles", roles, name="roles"),
    web.get("/staff/roles/new", blank, name="role-new"),
    web.post("/staff/roles/new", create, name="role-create"),
    web.get(r"/staff/roles/{id:\d{1,12}}", role, name="role"),
    web.post(r"/staff/roles/{id:\d{1,12}}", change, name="role-change"),
    web.post(r"/staff/roles/{id:\d{1,12}}/delete", delete, name="role-delete"),
]
