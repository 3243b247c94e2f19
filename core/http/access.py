"""Who may use which page: every handler and socket command declares it, one middleware enforces it.

A handler without a declaration is refused to everybody: what nobody thought about is closed.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from aiohttp_session import SESSION_KEY, get_session

from core.errors import LoginUnfinished, NotAllowed, NotFound, NotLoggedIn
from core.http.keys import HOTLINE
from core.http.sessions import address_of
from core.staff import audit, sessions
from core.staff.engine import actor_of_account
from core.staff.functions import FUNCTIONS
from core.staff.sessions import TOUCHED, Stage
from core.values import Actor, Channel
from core.work import Work

T = TypeVar("T", bound=Callable[..., Any])


@dataclass(frozen=True)
class Access:
    """What something needs. everybody: nothing at all. functions: any one of them; none: to be staff.

    also: all of these besides. stages: how far the login must have come (core.staff.sessions).
    """

    everybody: bool = False
    functions: frozenset[str] = frozenset()
    also: frozenset[str] = frozenset()
    stages: frozenset[Stage] = frozenset({Stage.FULL})

    def check(self, actor: Actor | None) -> None:
        """Raises NotLoggedIn, or NotAllowed with the functions that would open it."""
        if self.everybody:
            return
        if actor is None:
            raise NotLoggedIn
        if self.functions and not any(actor.may(function) for function in self.functions):
            raise NotAllowed(facts={"function": "|".join(sorted(self.functions))})
        if missing := sorted(function for function in self.also if not actor.may(function)):
            raise NotAllowed(facts={"function": "|".join(missing)})

    def __str__(self) -> str:
        if self.everybody:
            return "everybody"
        return "&".join(["|".join(sorted(self.functions)) or "staff", *sorted(self.also)])


def _declared(access: Access) -> Callable[[T], T]:
    def declare(handler: T) -> T:
        handler.access = access  # type: ignore[attr-defined] # this is the declaration
        return handler

    return declare


def needs(*functions: str, also: Iterable[str] = ()) -> Callable[[T], T]:
    """Declare: any one of these functions opens it, with all of `also`. On handlers and socket commands."""
    besides = frozenset(also)
    unknown = {*functions, *besides} - set(FUNCTIONS)
    if unknown or not functions:
        raise ValueError(f"no such function: {sorted(unknown)}")
    return _declared(Access(functions=frozenset(functions), also=besides))


def staff_only(handler: T) -> T:
    """Declare: whoever is logged in."""
    return _declared(Access())(handler)


def everybody(handler: T) -> T:
    """Declare: no login needed."""
    return _declared(Access(everybody=True))(handler)


def half_way(*stages: Stage) -> Callable[[T], T]:
    """Declare: whoever is logged in, and also who has come to one of these stages of logging in."""
    return _declared(Access(stages=frozenset({Stage.FULL, *stages})))


def access_of(handler: object) -> Access | None:
    """What a handler, a socket command or a view class has declared; None: nothing."""
    found = getattr(handler, "access", None)
    return found if isinstance(found, Access) else None


def from_anywhere(handler: T) -> T:
    """Declare: a form of another site may be sent here. Only for what decides nothing by its cookies."""
    handler.from_anywhere = True  # type: ignore[attr-defined] # this is the declaration
    return handler


def own_origin(request: web.Request) -> bool:
    """False when another site's page makes this request: browsers send Origin, and no page can forge it."""
    origin = request.headers.get("Origin")
    return not origin or urlsplit(origin).netloc.lower() == request.host.lower()


# --- who asks -----------------------------------------------------------------------------------------


ACTOR = web.RequestKey("ACTOR", Actor)


async def actor_of(request: web.Request) -> Actor:
    """Who asks, with their functions and their hospital.

    Raises NotLoggedIn; LoginUnfinished when a code or a new password is due first.
    """
    if ACTOR not in request:
        request[ACTOR] = await _actor(request, frozenset({Stage.FULL}))
    return request[ACTOR]


async def visitor(request: web.Request) -> Actor | None:
    """Who asks, where it may be anybody: None when nobody is logged in."""
    try:
        return await actor_of(request)
    except (NotLoggedIn, LoginUnfinished):
        return None


async def recheck(request: web.Request) -> Actor:
    """Who asks, as it is at this moment: for a socket that lives longer than rights do.

    Also keeps the session from going idle. Raises as actor_of does.
    """
    request.pop(SESSION_KEY, None)
    request[ACTOR] = await _actor(request, frozenset({Stage.FULL}))
    return request[ACTOR]


async def _actor(request: web.Request, stages: frozenset[Stage]) -> Actor:
    session = await get_session(request)
    if session.new:
        raise NotLoggedIn
    stage, hotline = Stage(session["stage"]), request.config_dict[HOTLINE]
    if stage not in stages:
        raise LoginUnfinished(facts={"stage": stage})
    async with hotline.read() as db:
        try:
            actor = await actor_of_account(
                db, session["staff_id"], Channel.WEB, session_id=session["id"], address=address_of(request)
            )
        except NotFound:
            raise NotLoggedIn from None
    if hotline.clock.now() - session["seen_at"] > TOUCHED:

        async def touch(work: Work) -> None:
            await sessions.touch(work, session["id"])

        await hotline.run(touch, actor)
    return actor


async def check_command(request: web.Request, command: object) -> Actor:
    """Who sends a socket command, if they may: rights and session are read anew. Raises a refusal."""
    actor = await recheck(request)
    access = access_of(command)
    if access is None:
        raise NotAllowed(facts={"function": "undeclared"})
    access.check(actor)
    return actor


# --- the middleware -----------------------------------------------------------------------------------

# Where a login that is not finished goes on.
NEXT_STEP = {Stage.CODE: "/login/code", Stage.CHANGE: "/me/password", Stage.ENROL: "/me/second-factor"}


def enforced() -> Middleware:
    """Refuse what a handler's declaration does not allow, and write down who was refused."""

    @web.middleware
    async def enforce(request: web.Request, handler: Handler) -> web.StreamResponse:
        match = request.match_info
        if match.http_exception is not None:
            return await handler(request)
        access = access_of(match.handler)
        try:
            if access is None:
                raise NotAllowed(facts={"function": "undeclared"})
            if not access.everybody:
                request[ACTOR] = await _actor(request, access.stages)
                access.check(request[ACTOR])
            return await handler(request)
        except NotLoggedIn:
            if _is_page(request):
                raise web.HTTPSeeOther(f"/login?next={quote(_back(request))}") from None
            raise
        except LoginUnfinished as refusal:
            if _is_page(request):
                raise web.HTTPSeeOther(NEXT_STEP[Stage(str(refusal.facts["stage"]))]) from None
            raise
        except NotAllowed as refusal:
            await _write_down(request, refusal)
            raise

    return enforce


def _is_page(request: web.Request) -> bool:
    """Whether a person looks at the answer: not a script, not a socket."""
    aim = request.headers.get("Sec-Fetch-Dest")  # what browsers say of every request
    if aim:
        return aim == "document"
    socket = request.headers.get("Upgrade", "").lower() == "websocket"
    return not socket and "application/json" not in request.headers.get("Accept", "")


def _back(request: web.Request) -> str:
    """Where to go after logging in: the page itself, or for a form the page that it stood on."""
    if request.method in ("GET", "HEAD"):
        return request.path_qs
    return local_path(urlsplit(request.headers.get("Referer", "")).path) or "/me"


def local_path(path: str) -> str:
    """A path of this server, or nothing: never another site, however it is written."""
    if not path.startswith("/") or path.startswith(("//", "/\\")) or any(ord(one) < 33 for one in path):
        return ""
    return path


async def _write_down(request: web.Request, refusal: NotAllowed) -> None:
    actor = request.get(ACTOR)
    if actor is None:
        return
    resource = request.match_info.route.resource
    where = resource.canonical if resource else ""

    async def note(work: Work) -> None:
        await audit.note(
            work,
            "refused",
            what=f"{request.method} {where}",
            reason=str(refusal.facts.get("function") or "hospital"),
        )

    await request.config_dict[HOTLINE].run(note, actor)
