"""What stands around every public page: light or not, large or not, and what to do when nothing is there."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from functools import wraps
from typing import Any

from aiohttp import web
from yarl import URL

from core.accounts.sessions import FULL
from core.errors import NotFound
from core.http.access import everybody
from core.http.keys import HOTLINE
from core.http.pages import page, surname
from core.http.patients import PATIENT, patient
from core.http.refusals import sentence
from core.values import day_of
from web.house import HOUSE
from web.public import assets
from web.public.query import Wrong

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

# Before each address of a light page.
LIGHT = "/m"
SIZE = "hotline-size"
LARGE, NORMAL = "large", "normal"
YEAR_S = 365 * 24 * 3600


@dataclass(frozen=True)
class Frame:
    """base: what stands before each address, '' or '/m'. here: the page's place in the navigation.

    other_size, other_form: this page in the other size of type, and as a light or a full page.
    sms_number: where texts are sent; '' when they are not taken. patient: who is logged in, as others in
    the room may read it; form_token: what their forms bring back.
    """

    base: str
    here: str
    large: bool
    demo: bool
    css: str
    other_size: str
    other_form: str
    canonical: str
    sms_number: str
    today: date
    patient: str = ""
    form_token: str = ""


def is_light(request: web.Request) -> bool:
    return request.path == LIGHT or request.path.startswith(f"{LIGHT}/")


def base(request: web.Request) -> str:
    return LIGHT if is_light(request) else ""


def is_large(request: web.Request) -> bool:
    asked = request.query.get("size", "")
    return (asked if asked in (LARGE, NORMAL) else request.cookies.get(SIZE)) == LARGE


def show(
    request: web.Request, name: str, here: str = "", *, status: int = 200, **values: Any
) -> web.Response:
    """A public page by its template, full or light; whoever asks for another size keeps it."""
    template = f"public/light/{name}.html" if is_light(request) else f"public/{name}.html"
    response = page(request, template, status=status, frame=_frame(request, here), **values)
    _remember_size(request, response)
    response.enable_compression()
    return response


def _frame(request: web.Request, here: str) -> Frame:
    house, light, large = request.app[HOUSE], is_light(request), is_large(request)
    known = request.get(PATIENT)
    me = known if known and known.stage == FULL else None
    plain = request.path.removeprefix(LIGHT) if light else request.path
    plain = "/home" if plain in ("", "/") else plain
    return Frame(
        base(request),
        here,
        large,
        house.demo,
        assets.address("public-light.css" if light else "public.css"),
        str(request.rel_url.update_query(size=NORMAL if large else LARGE)),
        str(URL.build(path=plain if light else LIGHT + plain, query=_without_size(request))),
        plain,
        house.sms_number,
        day_of(request.app[HOTLINE].clock.now()),
        surname(me.name) if me else "",
        me.form_token if me else "",
    )


def _without_size(request: web.Request) -> dict[str, str]:
    return {name: value for name, value in request.query.items() if name != "size"}


def _remember_size(request: web.Request, response: web.Response) -> None:
    asked = request.query.get("size", "")
    if asked == LARGE:
        https = request.app[HOUSE].sessions.https
        response.set_cookie(SIZE, LARGE, max_age=YEAR_S, httponly=True, secure=https, samesite="Lax")
    elif asked == NORMAL:
        response.del_cookie(SIZE)


def public(handler: Handler) -> Handler:
    """Declare a public page: for everybody, and what cannot be answered is told in its own look."""

    @everybody
    @wraps(handler)
    async def told(request: web.Request) -> web.StreamResponse:
        try:
            await patient(request)  # for the frame, which says who is logged in
            return await handler(request)
        except Wrong as wrong:
            return show(request, "wrong", status=wrong.status, words=wrong.words)
        except NotFound as refusal:
            return show(request, "wrong", status=404, words=sentence(refusal))

    return told
