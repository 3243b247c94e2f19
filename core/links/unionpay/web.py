"""Where UnionPay comes back to: the gateway with its notices, the patient with their browser."""

from collections.abc import Callable
from typing import Protocol

from aiohttp import web

from core.http.access import everybody, from_anywhere
from core.links.unionpay.adapter import BACK_PATH, FRONT_PATH, NAME
from core.money.cashier import Forged


class Notices(Protocol):
    """What hears them: core.money.till.Till."""

    async def notice(self, provider: str, fields: dict[str, str]) -> None: ...

    async def shown(self, provider: str, fields: dict[str, str]) -> int | None: ...


def notice_routes(notices: Notices, page_of: Callable[[int | None], str]) -> list[web.RouteDef]:
    """The two addresses. page_of: the local path of an appointment's page, or of a page for everybody.

    The browser brings its fields by a form of the gateway's page, so this one POST comes from another
    origin; it changes nothing.
    """

    @everybody
    async def back(request: web.Request) -> web.Response:
        """Authoritative. Anything but 200 and the gateway says it again, later."""
        try:
            await notices.notice(NAME, await _fields(request))
        except Forged:
            raise web.HTTPBadRequest from None
        return web.Response(text="ok")

    @everybody
    @from_anywhere
    async def front(request: web.Request) -> web.Response:
        """For display only; a page of ours says what really is."""
        appointment_id = await notices.shown(NAME, await _fields(request))
        raise web.HTTPSeeOther(page_of(appointment_id))

    return [
        web.post(BACK_PATH, back, name="unionpay-back"),
        web.post(FRONT_PATH, front, name="unionpay-front"),
    ]


async def _fields(request: web.Request) -> dict[str, str]:
    """As the gateway signed them: a browser makes every line feed of a form CR LF, also in a certificate."""
    form = await request.post()
    return {name: value.replace("\r\n", "\n") for name, value in form.items() if isinstance(value, str)}
