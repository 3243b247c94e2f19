"""Where gateways bring what comes in, as a test holds it; and the pages by which they bring it."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestServer

from core.http.access import enforced
from core.http.keys import PAGES
from core.http.middleware import failures, same_origin
from core.http.pages import environment
from core.ports import IncomingText, Receipt
from tests.waiting import until

PUBLIC = "https://hotline.example"


@dataclass
class Box:
    """An inbox. tried: all that was brought, kept or not. broken: it keeps nothing. open: it answers."""

    texts: list[IncomingText] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)
    tried: list[IncomingText] = field(default_factory=list)
    broken: bool = False
    open: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.open.set()

    async def received(self, text: IncomingText) -> None:
        self.tried.append(text)
        await self.open.wait()
        if self.broken:
            raise ConnectionError(f"no database for {text.sender}: {text.body}")
        if text not in self.texts:
            self.texts.append(text)

    async def reported(self, receipt: Receipt) -> None:
        if self.broken:
            raise ConnectionError("no database")
        self.receipts.append(receipt)

    async def has(self, count: int) -> list[IncomingText]:
        await until(lambda: len(self.texts) >= count)
        return self.texts

    async def knows(self, count: int) -> list[Receipt]:
        await until(lambda: len(self.receipts) >= count)
        return self.receipts


def pages(routes: list[web.RouteDef]) -> TestServer:
    """The routes as the house serves them, with what surrounds every request."""
    app = web.Application(middlewares=[failures(), same_origin(), enforced()])
    app[PAGES] = environment(Path("web/templates"))
    app.add_routes(routes)
    return TestServer(app)
