"""Logging in and out."""

from urllib.parse import urlencode

from aiohttp import web
from aiohttp_session import get_session

from core.errors import FormStale, LoginLocked, LoginWrong, NotLoggedIn, Refusal
from core.http.access import NEXT_STEP, actor_of, everybody, half_way, local_path
from core.http.forms import FIELD, one, sent, stranger_cookie, stranger_token
from core.http.keys import HOTLINE
from core.http.pages import page
from core.http.refusals import sentence, status
from core.http.sessions import forget, remember
from core.staff import login as logins
from core.staff.engine import functions_of
from core.staff.sessions import Begun, Stage
from core.work import Work
from web.house import HOUSE
from web.staff.pages import act, gate, places, staff_page, where


@everybody
async def ask(request: web.Request) -> web.Response:
    session = await get_session(request)
    if not session.new and session["stage"] == Stage.FULL:
        raise web.HTTPSeeOther(await landing(request, session["staff_id"], request.query.get("next", "")))
    return await _ask(request)


async def _ask(request: web.Request, login: str = "", refusal: Refusal | None = None) -> web.Response:
    house, cookie = request.app[HOUSE], request.cookies.get(stranger_cookie(request), "")
    new = "" if cookie else house.hotline.chance.token()
    answer = page(
        request,
        "staff/login.html",
        status=status(refusal) if refusal else 200,
        login=login,
        next=local_path(request.query.get("next", "")),
        out="out" in request.query,
        trouble=sentence(refusal) if refusal else "",
        token=stranger_token(request, cookie or new),
        token_field=FIELD,
        people=house.people,
    )
    if new:
        answer.set_cookie(
            stranger_cookie(request), new, httponly=True, samesite="Strict", secure=house.sessions.https
        )
    return answer


@everybody
async def enter(request: web.Request) -> web.Response:
    """The password is right: on to what is due, or to where somebody works."""
    login = ""
    try:
        form = await sent(request, stranger=True)
        login = one(form, "login")[:80]
        session = await get_session(request)
        begun = await logins.log_in(
            request.app[HOTLINE],
            gate(request),
            login,
            one(form, "password")[:400],
            where(request, None if session.new else session["id"]),
        )
    except (FormStale, LoginWrong, LoginLocked) as refusal:
        return await _ask(request, login, refusal)
    return await go_on(request, begun, request.query.get("next", ""))


async def go_on(request: web.Request, begun: Begun, wanted: str) -> web.Response:
    """The new session's cookie, and where it leads."""
    await remember(request, begun)
    if begun.stage is not Stage.FULL:
        local = local_path(wanted)
        raise web.HTTPSeeOther(NEXT_STEP[begun.stage] + ("?" + urlencode({"next": local}) if local else ""))
    raise web.HTTPSeeOther(await landing(request, begun.staff_id, wanted))


async def landing(request: web.Request, staff_id: int, wanted: str) -> str:
    """Where somebody goes after logging in: where they wanted to, else where they work."""
    local = local_path(wanted)
    if local and not local.startswith("/login"):
        return local
    async with request.app[HOTLINE].read() as db:
        functions = await functions_of(db, staff_id)
    has = places(request)
    for function, place in (("supervise", "/wall/"), ("desk", "/desk/")):
        if function in functions and place in has:
            return place
    return "/me"


@half_way(Stage.CODE)
async def ask_code(request: web.Request) -> web.Response:
    return await staff_page(request, "code", next=local_path(request.query.get("next", "")))


@half_way(Stage.CODE)
async def enter_code(request: web.Request) -> web.Response:
    form, session = await sent(request), await get_session(request)
    wanted = request.query.get("next", "")
    try:
        begun = await logins.enter_code(
            request.app[HOTLINE], gate(request), session["id"], one(form, "code")[:20], where(request)
        )
    except (LoginWrong, LoginLocked) as refusal:
        return await staff_page(request, "code", refusal=refusal, next=local_path(wanted))
    return await go_on(request, begun, wanted)


@half_way(Stage.CODE, Stage.CHANGE, Stage.ENROL)
async def leave(request: web.Request) -> web.Response:
    await sent(request)
    by = await actor_of(request)
    if by.session_id is None:
        raise NotLoggedIn
    session_id = by.session_id

    async def do(work: Work) -> None:
        await logins.log_out(work, session_id)

    await act(request, do)
    await forget(request)
    raise web.HTTPSeeOther("/login?out")


routes = [
    web.get("/login", ask, name="login"),
    web.post("/login", enter, name="login-enter"),
    web.get("/login/code", ask_code, name="login-code"),
    web.post("/login/code", enter_code, name="login-code-enter"),
    web.post("/logout", leave, name="logout"),
]
