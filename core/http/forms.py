"""Forms of staff: a token that ties each to the session it was made for, and what was sent back."""

from aiohttp import web
from aiohttp_session import get_session

from core.errors import FormStale
from core.http.keys import HOTLINE
from core.http.sessions import MANNERS

FIELD = "form-token"
PURPOSE = "form"
MOST = 4000


async def form_token(request: web.Request) -> str:
    """What a form must bring back; empty while nobody is logged in (see `stranger_token`)."""
    session = await get_session(request)
    if session.new:
        return ""
    return request.config_dict[HOTLINE].sealer.fingerprint(str(session.identity), PURPOSE)


def stranger_cookie(request: web.Request) -> str:
    """What ties a login form to a browser that has no session yet."""
    https = request.config_dict[MANNERS].https
    return "__Host-hotline-form" if https else "hotline-form"


def stranger_token(request: web.Request, cookie: str) -> str:
    return request.config_dict[HOTLINE].sealer.fingerprint(cookie, f"stranger-{PURPOSE}")


async def sent(request: web.Request, *, stranger: bool = False) -> dict[str, list[str]]:
    """The fields of a form that this session made; field to values, in order.

    stranger: of a browser without a session. Raises FormStale.
    """
    form = await request.post()
    if stranger:
        cookie = request.cookies.get(stranger_cookie(request), "")
        wanted = stranger_token(request, cookie) if cookie else ""
    else:
        wanted = await form_token(request)
    if not wanted or form.get(FIELD) != wanted:
        raise FormStale
    values: dict[str, list[str]] = {}
    for name, value in form.items():
        if isinstance(value, str):
            values.setdefault(name, []).append(value[:MOST])
    return values


async def check_token(request: web.Request) -> None:
    """The same for a form whose fields are read elsewhere. Raises FormStale."""
    await sent(request)


def one(form: dict[str, list[str]], name: str) -> str:
    """The first value of a field; empty when it was not sent."""
    return form.get(name, [""])[0]
