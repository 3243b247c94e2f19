"""One's own account: who one is and may, password, second factor, sessions."""

from aiohttp import web
from aiohttp_session import get_session

from core.errors import FormStale, LoginLocked, LoginUnfinished, LoginWrong, PasswordWeak, Refusal
from core.http.access import actor_of, half_way, local_path, staff_only
from core.http.forms import one, sent
from core.http.keys import HOTLINE
from core.http.sessions import MANNERS
from core.staff import login as logins
from core.staff import second_factor, sessions, view
from core.staff.engine import end_session
from core.staff.rules import SENTENCE, SHORTEST
from core.staff.sessions import Stage
from core.work import Work
from web.staff.login import go_on
from web.staff.pages import HALL, act, gate, hospitals, staff_page, where

PASSWORD_FORGOTTEN = "忘记密码请联系人员管理员。"


@staff_only
async def me(request: web.Request) -> web.Response:
    return await _me(request)


async def _me(request: web.Request, refusal: Refusal | None = None) -> web.Response:
    hotline, by = request.app[HOTLINE], await actor_of(request)
    assert by.staff_id is not None
    now = hotline.clock.now()
    async with hotline.read() as db:
        it = await view.account(db, hotline.sealer, by, by.staff_id, now=now)
        lives = request.app[MANNERS].lives
        mine = await sessions.living(db, now=now, lives=lives, staff_id=by.staff_id)
    return await staff_page(
        request,
        "me",
        refusal=refusal,
        it=it,
        place=(await hospitals(request, by)).get(it.hospital_id, HALL),
        sessions=mine,
        now=now,
        must_have=gate(request).second is not logins.SecondFactor.OPTIONAL,
        changed=request.query.get("changed", ""),
    )


@half_way(Stage.CHANGE)
async def ask_password(request: web.Request) -> web.Response:
    return await _password(request)


async def _password(request: web.Request, refusal: Refusal | None = None) -> web.Response:
    return await staff_page(
        request,
        "password",
        refusal=refusal,
        first=(await get_session(request))["stage"] == Stage.CHANGE,
        next=local_path(request.query.get("next", "")),
        shortest=SHORTEST,
        sentence=SENTENCE,
    )


@half_way(Stage.CHANGE)
async def change_password(request: web.Request) -> web.Response:
    """R-173; after a one-time password the old one is not asked again: it has just been typed."""
    session = await get_session(request)
    first = session["stage"] == Stage.CHANGE
    try:
        form = await sent(request)
        begun = await logins.change_password(
            request.app[HOTLINE],
            gate(request),
            session["id"],
            old=None if first else one(form, "old")[:400],
            new=one(form, "new")[:400],
            again=one(form, "again")[:400],
            where=where(request),
        )
    except (FormStale, LoginWrong, LoginLocked, PasswordWeak) as refusal:
        return await _password(request, refusal)
    return await go_on(request, begun, request.query.get("next", "") if first else "/me?changed=password")


@half_way(Stage.ENROL)
async def ask_second_factor(request: web.Request) -> web.Response:
    return await _second_factor(request)


async def _second_factor(
    request: web.Request, sealed: str = "", refusal: Refusal | None = None
) -> web.Response:
    hotline, by = request.app[HOTLINE], await actor_of(request)
    assert by.staff_id is not None
    try:
        offer = second_factor.offer(hotline, by.staff_id, by.name, sealed)
    except FormStale as stale:
        offer, refusal = second_factor.offer(hotline, by.staff_id, by.name), stale
    async with hotline.read() as db:
        it = await view.account(db, hotline.sealer, by, by.staff_id, now=hotline.clock.now())
    return await staff_page(
        request,
        "second_factor",
        refusal=refusal,
        offer=offer,
        due=(await get_session(request))["stage"] == Stage.ENROL,
        replaces=it.second_factor,
        next=local_path(request.query.get("next", "")),
    )


@half_way(Stage.ENROL)
async def set_second_factor(request: web.Request) -> web.Response:
    """During the login the password is not asked again: it has just been typed."""
    form, session = await sent(request), await get_session(request)
    sealed, due = one(form, "offer"), session["stage"] == Stage.ENROL
    try:
        begun = await logins.enrolled(
            request.app[HOTLINE],
            gate(request),
            session["id"],
            sealed,
            one(form, "code")[:20],
            where(request),
            password=None if due else one(form, "password")[:400],
            present=one(form, "present")[:20],
        )
    except (LoginWrong, LoginLocked) as refusal:
        return await _second_factor(request, sealed, refusal)
    except FormStale as refusal:
        return await _second_factor(request, refusal=refusal)
    return await go_on(request, begun, request.query.get("next", "") if due else "/me?changed=second-factor")


@staff_only
async def end_second_factor(request: web.Request) -> web.Response:
    form = await sent(request)
    try:
        await logins.give_up_second_factor(
            request.app[HOTLINE],
            gate(request),
            await actor_of(request),
            one(form, "password")[:400],
            one(form, "code")[:20],
        )
    except (LoginWrong, LoginLocked, LoginUnfinished) as refusal:
        return await _me(request, refusal)
    raise web.HTTPSeeOther("/me?changed=no-second-factor")


@staff_only
async def end(request: web.Request) -> web.Response:
    await sent(request)
    session_id, by = int(request.match_info["id"]), await actor_of(request)

    async def do(work: Work) -> None:
        if await sessions.owner(work.db, session_id) != by.staff_id:
            raise web.HTTPNotFound
        await end_session(work, session_id)

    await act(request, do)
    raise web.HTTPSeeOther("/me?changed=session#sessions")


routes = [
    web.get("/me", me, name="me"),
    web.get("/me/password", ask_password, name="me-password"),
    web.post("/me/password", change_password, name="me-password-change"),
    web.get("/me/second-factor", ask_second_factor, name="me-second-factor"),
    web.post("/me/second-factor", set_second_factor, name="me-second-factor-set"),
    web.post("/me/second-factor/end", end_second_factor, name="me-second-factor-end"),
    web.post(r"/me/sessions/{id:\d{1,12}}/end", end, name="me-session-end"),
]
