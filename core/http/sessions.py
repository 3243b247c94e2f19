"""Sessions of staff behind one cookie: aiohttp-session over our own table."""

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from aiohttp import web
from aiohttp_session import AbstractStorage, Session, new_session

from core.http.keys import HOTLINE
from core.staff import sessions
from core.staff.sessions import Begun, Lives


@dataclass(frozen=True)
class SessionManners:
    """https: pages are reached over https (a proxy in front of us counts), so cookies stay there.

    proxies: networks whose X-Forwarded-For is believed.
    """

    lives: Lives = field(default_factory=Lives)
    https: bool = False
    proxies: Sequence[str] = ()

    @property
    def cookie(self) -> str:
        """With https its name makes browsers insist: secure, this host alone, the whole of it."""
        return "__Host-hotline-session" if self.https else "hotline-session"


MANNERS = web.AppKey("MANNERS", SessionManners)


class TableStorage(AbstractStorage):
    """The cookie names a row of `staff_session`; what a session knows is `id`, `staff_id` and `stage`.

    Rows are begun and ended by core.staff in the transaction of the login or logout itself; here the
    cookie follows them.
    """

    def __init__(self, manners: SessionManners) -> None:
        super().__init__(cookie_name=manners.cookie, secure=manners.https, httponly=True, samesite="Lax")
        self._manners = manners

    async def load_session(self, request: web.Request) -> Session:
        token = self.load_cookie(request)
        if not token or len(token) > 100:
            return Session(None, data=None, new=True)
        hotline = request.config_dict[HOTLINE]
        async with hotline.read() as db:
            row = await sessions.find(
                db, hotline.sealer, token, now=hotline.clock.now(), lives=self._manners.lives
            )
        if row is None:
            return Session(None, data=None, new=True)
        known = {"id": row.id, "staff_id": row.staff_id, "stage": row.stage, "seen_at": row.seen_at}
        return Session(token, data={"created": int(row.created_at.timestamp()), "session": known}, new=False)

    async def save_session(
        self, request: web.Request, response: web.StreamResponse, session: Session
    ) -> None:
        self.save_cookie(response, "" if session.empty else str(session.identity))


async def remember(request: web.Request, begun: Begun) -> None:
    """Give the browser the cookie of a session that has just begun."""
    session = await new_session(request)
    session.set_new_identity(begun.token)
    session["id"] = begun.session_id


async def forget(request: web.Request) -> None:
    """Take the cookie away."""
    (await new_session(request)).invalidate()


def address_of(request: web.Request) -> str:
    """Where a request comes from: the peer, or whom a proxy that we trust names.

    Read from the right: what stands further left than the first stranger was written by that stranger.
    """
    manners = request.config_dict[MANNERS]
    address = request.remote or ""
    named = ",".join(request.headers.getall("X-Forwarded-For", []))
    for one in reversed([part.strip() for part in named.split(",") if part.strip()]):
        if not _within(address, manners.proxies):
            break
        address = one
    return address[:45]


def _within(address: str, networks: Sequence[str]) -> bool:
    try:
        return any(ipaddress.ip_address(address) in ipaddress.ip_network(one) for one in networks)
    except ValueError:
        return False


_BROWSERS = (
    (re.compile(r"MicroMessenger/(\d+)"), "微信"),
    (re.compile(r"Edg(?:A|iOS)?/(\d+)"), "Edge"),
    (re.compile(r"(?:QQBrowser|MQQBrowser)/(\d+)"), "QQ浏览器"),
    (re.compile(r"(?:Firefox|FxiOS)/(\d+)"), "Firefox"),
    (re.compile(r"(?:Chrome|CriOS)/(\d+)"), "Chrome"),
    (re.compile(r"Version/(\d+)[\d.]* (?:Mobile/\w+ )?Safari"), "Safari"),
)
_SYSTEMS = (
    ("Windows", "Windows"),
    ("Android", "安卓"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Mac OS X", "Mac"),
    ("Linux", "Linux"),
)


def browser_of(request: web.Request) -> str:
    """A browser in words that somebody recognises as their own: Chrome 141 · Windows."""
    said = request.headers.get("User-Agent", "")
    browser = next((f"{name} {m[1]}" for found, name in _BROWSERS if (m := found.search(said))), "其他程序")
    system = next((name for mark, name in _SYSTEMS if mark in said), "")
    return " · ".join(filter(None, (browser, system)))
