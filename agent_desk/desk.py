"""The page of the desk: an empty frame that the socket fills."""

from aiohttp import web
from sqlalchemy import select

from agent_desk.house import AGENT_HOUSE
from agent_desk.pages import page
from core.http.access import actor_of, needs
from core.staff.tables import Staff


@needs("desk")
async def desk(request: web.Request) -> web.Response:
    """The frame with its scripts, for whoever may answer calls; the phone's script may reach the switch."""
    house = request.app[AGENT_HOUSE]
    by = await actor_of(request)
    async with house.hotline.read() as db:
        who = (await db.execute(select(Staff.name, Staff.number).where(Staff.id == by.staff_id))).one()
    response = page(
        request, "desk/page.html", by=by, title="坐席", person=who[0], number=who[1], socket="/desk/socket"
    )
    reach = " ".join(filter(None, ("'self'", _socket(request), house.phones.socket_origin())))
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self' blob:; "
        f"connect-src {reach}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    return response


def _socket(request: web.Request) -> str:
    """Our own socket by its whole name: not every browser counts it to 'self'."""
    scheme = "wss" if request.scheme == "https" else "ws"
    return f"{scheme}://{request.host}"


@needs("desk")
async def root(request: web.Request) -> web.Response:
    """The address as people type it."""
    raise web.HTTPSeeOther("/desk/")


routes = [
    web.get("/desk", root, name="desk-root"),
    web.get("/desk/", desk, name="desk"),
]
