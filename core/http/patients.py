"""Which patient asks: by the cookie of a browser or the token of an application; who needs one says so."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import wraps
from urllib.parse import quote

from aiohttp import web
from yarl import URL

from core.accounts import sessions
from core.accounts.sessions import APP, CHANGE, FULL, WEB, Begun
from core.errors import FormStale, NotLoggedIn
from core.http.access import everybody, local_path
from core.http.forms import FIELD, PURPOSE
from core.http.keys import HOTLINE
from core.http.sessions import MANNERS, address_of
from core.values import Actor, ActorKind, Channel
from core.work import Work

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
LIGHT = "/m"
LOGIN = "/account/login"
NEW_PASSWORD = "/account/new-password"
LONGEST_TOKEN = 100


@dataclass(frozen=True)
class Patient:
    """A patient who is logged in. by: the actor of what they do. form_token: ties a form to their session."""

    account_id: int
    person_id: int
    name: str
    session_id: int
    stage: str
    by: Actor
    form_token: str


PATIENT = web.RequestKey("PATIENT", Patient)


def cookie_name(request: web.Request) -> str:
    """With https its name makes browsers insist: secure, this host alone, the whole of it."""
    https = request.config_dict[MANNERS].https
    return "__Host-hotline-account" if https else "hotline-account"


async def patient(request: web.Request) -> Patient | None:
    """Who asks by the cookie of a browser; None when nobody is logged in."""
    if PATIENT not in request:
        found = await _find(request, request.cookies.get(cookie_name(request), ""), WEB)
        if found is None:
            return None
        request[PATIENT] = found
    return request[PATIENT]


async def bearer(request: web.Request) -> Patient:
    """Who asks by the token of an application (RFC 6750). Raises NotLoggedIn."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    found = await _find(request, token.strip(), APP) if scheme.lower() == "bearer" else None
    if found is None or found.stage != FULL:
        raise NotLoggedIn
    return found


async def _find(request: web.Request, token: str, kind: str) -> Patient | None:
    if not token or len(token) > LONGEST_TOKEN:
        return None
    hotline = request.config_dict[HOTLINE]
    now = hotline.clock.now()
    async with hotline.read() as db:
        known = await sessions.find(db, hotline.sealer, token, kind=kind, now=now)
    if known is None:
        return None
    by = Actor(ActorKind.PATIENT, kind, Channel.WEB, account_id=known.account_id, address=address_of(request))
    if now - known.seen_at > sessions.TOUCHED:

        async def touch(work: Work) -> None:
            await sessions.touch(work, known.session_id)

        await hotline.run(touch, by)
    token_of_forms = hotline.sealer.fingerprint(token, PURPOSE)
    return Patient(
        known.account_id, known.person_id, known.name, known.session_id, known.stage, by, token_of_forms
    )


def for_patients(handler: Handler, *, stage: str = FULL) -> Handler:
    """Declare: a patient must be logged in, and a form must bring back its token; others go to the login.

    The handler finds who it is with `mine`. Raises FormStale.
    """

    @everybody  # staff rights open nothing here: what counts is asked below
    @wraps(handler)
    async def asked(request: web.Request) -> web.StreamResponse:
        found = await patient(request)
        if found is None:
            raise web.HTTPSeeOther(_under(request, f"{LOGIN}?next={quote(_back(request))}"))
        if found.stage != stage:
            raise web.HTTPSeeOther(_under(request, NEW_PASSWORD if found.stage == CHANGE else "/account"))
        if request.method == "POST" and (await request.post()).get(FIELD) != found.form_token:
            raise FormStale
        return await handler(request)

    return asked


def mine(request: web.Request) -> Patient:
    """Who asks, in a handler that is `for_patients`."""
    return request[PATIENT]


def _under(request: web.Request, path: str) -> str:
    return f"{LIGHT}{path}" if request.path.startswith(f"{LIGHT}/") else path


def _back(request: web.Request) -> str:
    """Where to go on after the login: the page itself, or for a form the page that it stood on."""
    if request.method in ("GET", "HEAD"):
        return request.path_qs
    return local_path(URL(request.headers.get("Referer", "")).path_qs) or _under(request, "/account")


# --- the cookie ----------------------------------------------------------------------------------------


def remember(request: web.Request, response: web.StreamResponse, begun: Begun) -> None:
    """Give the browser the cookie of a session that has just begun; it goes when the browser closes."""
    https = request.config_dict[MANNERS].https
    response.set_cookie(
        cookie_name(request), begun.token, httponly=True, secure=https, samesite="Lax", path="/"
    )


def forget(request: web.Request, response: web.StreamResponse) -> None:
    """Take the cookie away."""
    response.del_cookie(cookie_name(request), path="/", secure=request.config_dict[MANNERS].https)
