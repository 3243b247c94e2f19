"""The wall over a real engine on SQLite: the pages as they are mounted, telephones that only note."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from aiohttp_session import session_middleware
from pytest_aiohttp import AiohttpClient

from agent_desk.app import mount
from agent_desk.house import AgentHouse, DeskManners
from core.booking.store import PlainStore
from core.contact.calls import Calls
from core.feed import Feed
from core.health import Health, Probe, State, Told, database
from core.http.access import enforced
from core.http.files import files
from core.http.keys import HOTLINE, PAGES
from core.http.middleware import failures, same_origin, security_headers
from core.http.pages import environment
from core.http.sessions import MANNERS, SessionManners, TableStorage
from core.observing import Metrics
from core.wake import Wake
from core.work import Hotline
from tests.clocks import FrozenClock

WEB = Path(__file__).parents[1] / "web"
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'"


@dataclass
class Noted:
    """Telephones that do nothing but remember what they were asked."""

    asked: list[tuple[Any, ...]] = field(default_factory=list)

    def __getattr__(self, name: str) -> Callable[..., Awaitable[None]]:
        async def note(*given: Any, **more: Any) -> None:
            self.asked.append((name, *given, *more.values()))

        return note


class NoPhones:
    def up(self) -> bool:
        return True

    def extension(self, staff_id: int, number: str | None, device: str) -> str:
        return number or str(staff_id)

    def account(self, extension: str) -> None:
        return None


def served(house: AgentHouse) -> web.Application:
    """The pages of operators beside the files of the public ones, as the house puts them together."""
    manners = SessionManners()
    app = web.Application(
        middlewares=[failures(), same_origin(), session_middleware(TableStorage(manners)), enforced()]
    )
    app[HOTLINE] = house.hotline
    app[MANNERS] = manners
    app[PAGES] = environment(WEB / "templates")
    app.add_routes([files("/static", WEB / "static")])
    mount(app, house)
    app.on_response_prepare.append(security_headers(lambda request: POLICY))
    return app


@pytest.fixture
def database_url(sqlite_model: Path, in_memory: Path) -> str:
    shutil.copy(sqlite_model, in_memory / "test.db")
    return f"sqlite+aiosqlite:///{in_memory / 'test.db'}"


@pytest.fixture
async def feed(hotline: Hotline) -> AsyncIterator[Feed]:
    wake = Wake()
    hotline.committed = wake.ring
    feed = Feed(hotline, wake)
    running = asyncio.create_task(feed.run())
    yield feed
    running.cancel()
    await asyncio.wait([running])


@pytest.fixture
def calls() -> Noted:
    return Noted()


@pytest.fixture
def switch() -> Told:
    return Told(State.UP)


@pytest.fixture
def wall_house(hotline: Hotline, feed: Feed, clock: FrozenClock, calls: Noted, switch: Told) -> AgentHouse:
    probes: dict[str, Probe] = {"database": database(hotline), "switch": switch}
    listening: Calls = calls  # type: ignore[assignment]
    return AgentHouse(
        hotline, PlainStore(hotline), feed, Health(clock, probes, fresh_s=0), Metrics(), listening, NoPhones(),
        manners=DeskManners(stuck_s=1),
    )  # fmt: skip


Open = Callable[[], Awaitable[TestClient[Any, Any]]]


@pytest.fixture
def open_wall(wall_house: AgentHouse, aiohttp_client: AiohttpClient) -> Open:
    async def start() -> TestClient[Any, Any]:
        return await aiohttp_client(served(wall_house))

    return start
