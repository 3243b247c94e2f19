"""The pages over a real engine on SQLite, with a phone line and texts that a test can set."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from pytest_aiohttp import AiohttpClient

from core.contact import engine as contact
from core.contact.rules import Disposition
from core.feed import Feed
from core.health import Health, Probe, State, Told, database
from core.observing import Metrics
from core.values import system
from core.wake import Wake
from core.work import Hotline
from hotline.listening import Listening
from hotline.wording import SpokenWording
from ivr.rendering import Progress
from ivr.speech import Voice
from tests.clocks import FrozenClock
from tests.entering import enter
from tests.ivr.sounds import Tones
from web.app import make_app
from web.house import CastMember, PhoneLine, WebHouse

LINE = PhoneLine(
    socket_url="ws://127.0.0.1:5062/ws",
    user="web-caller",
    password="a password of the tests",
    domain="127.0.0.1",
    numbers=("12320",),
    softphone="sip:12320@127.0.0.1:5060",
)
CAST = (CastMember("李秀英", "10900000001", "老患者"), CastMember("王强", "10900000002"))


@dataclass
class Sent:
    """A text as the page gets it."""

    body: str | None
    state: str = "sent"
    text_id: int = 1
    direction: str = "out"
    phone_masked: str = "109****7777"
    at: datetime = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


async def call(hotline: Hotline, ani: str | None = "10912345678", *, ends: Disposition | None = None) -> int:
    """A call that comes in now, and has ended already if `ends` says how; returns its interaction."""
    async with hotline.work(system("switch")) as work:
        linked_id = f"test-{work.chance.token()}"
        opened = await contact.open_interaction(work, linked_id=linked_id, dnis="12320", ani=ani)
        if ends:
            await contact.close(work, opened.interaction_id, ends)
    return opened.interaction_id


Open = Callable[..., Awaitable[TestClient[Any, Any]]]


@pytest.fixture
def database_url(sqlite_model: Path, in_memory: Path) -> str:
    """SQLite only: what differs between the databases is tested below the pages."""
    shutil.copy(sqlite_model, in_memory / "test.db")
    return f"sqlite+aiosqlite:///{in_memory / 'test.db'}"


@pytest.fixture
def switch() -> Told:
    return Told(State.UP)


@pytest.fixture
def texts() -> list[Sent]:
    """What has been sent; newest first."""
    return []


@pytest.fixture
async def feed(hotline: Hotline) -> AsyncIterator[Feed]:
    wake = Wake()
    hotline.committed = wake.ring
    feed = Feed(hotline, wake, room=8)
    running = asyncio.create_task(feed.run())
    yield feed
    running.cancel()
    await asyncio.wait([running])


@pytest.fixture
def engine() -> Tones:
    """It beeps, and keeps what it was asked to say."""
    return Tones()


@pytest.fixture
async def voice(tmp_path: Path, engine: Tones) -> AsyncIterator[Voice]:
    """The real voice, of that engine; nothing has been said yet."""
    made = Voice(tmp_path / "recordings", tmp_path / "speech", engine)
    yield made
    await made.close()


class Rendering:
    """How far the better voice is, as a test says."""

    def __init__(self) -> None:
        self.at = Progress("kokoro", 0, 0, 0, 0, 0.0, "")

    def progress(self) -> Progress:
        return self.at


@pytest.fixture
def rendering() -> Rendering:
    return Rendering()


@pytest.fixture
def house(
    hotline: Hotline,
    feed: Feed,
    clock: FrozenClock,
    switch: Told,
    texts: list[Sent],
    voice: Voice,
    rendering: Rendering,
) -> WebHouse:
    async def newest(limit: int) -> Sequence[Sent]:
        return texts[:limit]

    metrics = Metrics()
    probes: dict[str, Probe] = {"database": database(hotline), "switch": switch}
    health = Health(clock, probes, metrics=metrics, fresh_s=0)
    wording = SpokenWording(voice, rendering.progress, Listening(voice, clock))
    return WebHouse(hotline, feed, health, metrics, newest, lambda: LINE, CAST, demo=True, wording=wording)


@pytest.fixture
def staff_pages(open_pages: Open, hotline: Hotline) -> Open:
    """The same for 张敏, who is logged in and may correct readings."""

    async def start(**changes: Any) -> TestClient[Any, Any]:
        client = await open_pages(**changes)
        await enter(client, hotline, "catalogue")
        return client

    return start


@pytest.fixture
def open_pages(house: WebHouse, aiohttp_client: AiohttpClient) -> Open:
    """Start the pages; changes: fields of the house that are different in this test."""

    async def start(**changes: Any) -> TestClient[Any, Any]:
        return await aiohttp_client(make_app(replace(house, **changes)))

    return start
