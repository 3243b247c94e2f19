"""Payments: the cashiers of an installation, the sandbox in the demo, and what they bring."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

from aiohttp import ClientSession, web

from core.health import Probe
from core.links.cashiers import CARRIER, Counter, cashiers_probe, open_counter
from core.links.hospital_lists import FolderLists
from core.links.unionpay import sandbox
from core.links.unionpay.adapter import NAME, Endpoints, UnionPay
from core.links.unionpay.certificates import enrol, read_certificates
from core.links.unionpay.sandbox_gateway import open_gateway
from core.links.unionpay.signing import GATEWAY, Trust
from core.links.unionpay.web import notice_routes
from core.money.cashier import Cashier
from core.outbox import Route
from core.settings import Settings
from core.values import system
from hotline import demo_money
from hotline.foundation import Foundation

# What the demo's past was paid with (hotline.demo_ledger): money that nobody ever took.
PLAY = frozenset({"demo"})


@dataclass
class Paying:
    """address: of our own pages, once they are up; routes: where gateways come back to.

    lists: hospitals' own, of a day.
    """

    settings: Settings
    counter: Counter
    lists: FolderLists
    routes: list[web.RouteDef]
    probe: Probe
    form_origin: str
    address: str = ""

    def home(self) -> str:
        """Our public address, to which notices come."""
        return self.settings.public or self.address

    def carriers(self) -> Mapping[str, Route]:
        return {CARRIER: self.counter.carrier.route()}

    @property
    def running(self) -> dict[str, Coroutine[object, object, None]]:
        return {"cashiers": self.counter.doubts.run()}


def trust_of(settings: Settings) -> Trust:
    """Whom we believe at UnionPay's gateway. Raises ValueError."""
    if not settings.public.startswith("https://"):
        raise ValueError("unionpay needs HOTLINE_PUBLIC=https://…: its notices come there")
    read: dict[str, list[str]] = {}
    for name in ("unionpay_roots", "unionpay_middles"):
        path = getattr(settings, name)
        try:
            if path is None:
                raise ValueError("is not set")
            read[name] = read_certificates(path.read_bytes())
        except (OSError, ValueError) as error:
            raise ValueError(f"unionpay: HOTLINE_{name.upper()}: {error}") from None
    owners = (settings.unionpay_owner or GATEWAY,)
    return Trust(read["unionpay_roots"], read["unionpay_middles"], owners)


@asynccontextmanager
async def open_paying(ground: Foundation, page_of: Callable[[int | None], str]) -> AsyncIterator[Paying]:
    """In the demo with the sandbox behind it; every hospital has an account there.

    Raises ValueError, with what to do, for settings that cannot work.
    """
    settings, hotline = ground.settings, ground.hotline
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(ClientSession())
        made: list[Paying] = []
        lists = FolderLists(settings.lists)
        cashiers: dict[str, Cashier] = {}
        origin = ""
        if settings.unionpay and not settings.demo:
            trust, origin = await asyncio.to_thread(trust_of, settings), settings.unionpay_gateway
            cashiers[NAME] = UnionPay(
                http,
                Endpoints.below(settings.unionpay_gateway, settings.unionpay_files),
                trust,
                hotline.clock,
                lambda: made[0].home(),
            )
        if settings.demo:
            gateway = await open_gateway(settings.data.resolve() / "sandbox", hotline.clock.now)
            await hotline.run(partial(enrol, keys=gateway.keys), system("sandbox"))
            await demo_money.write(hotline, gateway.book, lists)
            origin = await stack.enter_async_context(sandbox.serving(gateway, settings.host))
            cashiers[NAME] = UnionPay(
                http, Endpoints.below(origin), gateway.trust(), hotline.clock, lambda: made[0].home()
            )
        counter = open_counter(hotline, cashiers, books=lists, play=PLAY if settings.demo else frozenset())
        routes = notice_routes(counter.till, page_of) if cashiers else []
        made.append(Paying(settings, counter, lists, routes, cashiers_probe(hotline, counter.doubts), origin))
        yield made[0]
