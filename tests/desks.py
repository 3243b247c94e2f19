"""Desks over a real engine on SQLite: the pages, their sockets, a switch that needs no Asterisk."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType
from aiohttp.test_utils import TestClient
from pytest_aiohttp import AiohttpClient

from agent_desk.app import mount
from agent_desk.floor import FLOOR, Floor
from agent_desk.house import AgentHouse, DeskManners, PhoneAccount
from core.booking.store import PlainStore
from core.contact import agents
from core.contact import engine as contact
from core.contact.agents import AgentView
from core.errors import NotFound
from core.feed import Feed
from core.values import phone, system
from core.work import Hotline
from tests.entering import account, cookie
from tests.switchless import Switchless
from web.app import make_app
from web.house import WebHouse

OPERATOR = ("desk", "book", "query")
# Nothing waits in a test: what is due at once is told at once.
QUICK = DeskManners(shared_s=0.0, grace_s=0.01, beat_s=60.0, gap_s=0.01)
PATIENCE_S = 10.0


@dataclass
class Phones:
    """Every number from 8001 on has a phone."""

    reached: bool = True

    def up(self) -> bool:
        return self.reached

    def socket_origin(self) -> str:
        return "ws://127.0.0.1:5062" if self.reached else ""

    def extension(self, number: str | None) -> str:
        if number is None:
            raise NotFound(facts={"what": "phone"})
        return number

    def account(self, extension: str) -> PhoneAccount | None:
        if not self.reached:
            return None
        return PhoneAccount(
            "ws://127.0.0.1:5062/ws", f"page-{extension}", "a password of the tests", "127.0.0.1"
        )


@dataclass
class Page:
    """One page at the end of its socket. parts: what it shows, as a real page would."""

    socket: ClientWebSocketResponse
    parts: dict[str, Any] = field(default_factory=dict)
    snapshots: int = 0
    bye: str | None = None
    _number: int = 0
    _answers: dict[int, dict[str, Any]] = field(default_factory=dict)

    async def hear(self) -> bool:
        """Take one message; False when the socket is over."""
        async with asyncio.timeout(PATIENCE_S):
            message = await self.socket.receive()
        if message.type is not WSMsgType.TEXT:
            return False
        told = json.loads(message.data)
        if "snapshot" in told:
            self.parts, self.snapshots = told["snapshot"], self.snapshots + 1
        self.parts.update(told.get("changed", {}))
        if "ping" in told:
            await self.socket.send_json({"pong": told["ping"]})
        if "re" in told:
            self._answers[told["re"]] = told
        self.bye = told.get("bye", self.bye)
        return True

    async def until(self, true: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
        """Hear until the parts are so; returns them."""
        while not (self.parts and true(self.parts)):
            assert await self.hear(), "the socket was closed"
        return self.parts

    async def gone(self) -> str | None:
        """Hear until the socket is over; returns the good-bye."""
        while await self.hear():
            pass
        return self.bye

    async def send(self, do: str, number: int | None = None, **given: Any) -> int:
        self._number = number or self._number + 1
        await self.socket.send_json({"id": self._number, "do": do, "with": given})
        return self._number

    async def answer(self, number: int) -> dict[str, Any]:
        while number not in self._answers:
            assert await self.hear(), "the socket was closed"
        return self._answers.pop(number)

    async def do(self, command: str, **given: Any) -> dict[str, Any]:
        """Ask, and return what was answered; a refusal fails the test."""
        told = await self.answer(await self.send(command, **given))
        assert "ok" in told, told
        ok: dict[str, Any] = told["ok"]
        return ok

    async def refused(self, command: str, **given: Any) -> str:
        """Ask, and return the code of the refusal."""
        told = await self.answer(await self.send(command, **given))
        assert "no" in told, told
        assert told["no"]["words"]
        return str(told["no"]["code"])


@dataclass
class Room:
    """All that a test of desks needs. hotline, switch and phones are those behind the pages."""

    hotline: Hotline
    house: AgentHouse
    switch: Switchless
    phones: Phones
    client: TestClient[Any, Any]
    _people: int = 0
    _pages: int = 0

    @property
    def floor(self) -> Floor:
        assert self.client.app
        return self.client.app[FLOOR]

    async def operator(self, *functions: str, hospital_id: int | None = None) -> int:
        """An account with a phone; by default with what operators may do."""
        self._people += 1
        return await account(
            self.hotline,
            *(functions or OPERATOR),
            login=f"operator{self._people}",
            number=str(8000 + self._people),
            hospital_id=hospital_id,
        )

    async def connect(self, staff_id: int, *, page: str = "", cookies: dict[str, str] | None = None) -> Page:
        """Open a desk's socket in a new session, or in that of the cookies."""
        self._pages += 1
        cookies = cookies or await cookie(self.client, self.hotline, staff_id)
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
        path = f"/desk/socket?page={page or f'page-{self._pages:04}'}"
        return Page(await self.client.ws_connect(path, headers=headers))

    async def open(self, staff_id: int, *, page: str = "", cookies: dict[str, str] | None = None) -> Page:
        """Open a desk and wait for all it shows."""
        opened = await self.connect(staff_id, page=page, cookies=cookies)
        await opened.until(lambda parts: True)
        return opened

    async def ready(self, staff_id: int, *, device: str = "page") -> Page:
        """A desk whose operator is signed in and ready."""
        page = await self.open(staff_id)
        await page.do("sign-in", device=device)
        await page.do("ready")
        await page.until(lambda parts: parts["me"] and parts["me"]["state"] == "ready")
        return page

    async def talking(self, staff_id: int, ani: str | None = "10912345678") -> tuple[Page, int]:
        """A desk with a caller on the line; returns page and interaction."""
        page = await self.ready(staff_id)
        call = await self.switch.comes_in(ani)
        assert await self.switch.offers(call, staff_id)
        await self.switch.answers(staff_id)
        await page.until(lambda parts: parts["call"] and parts["call"]["state"] == "talking")
        return page, call

    async def owe(self) -> int:
        """A call back that anybody may make, promised for now; returns it."""
        call = await self.switch.comes_in()
        number = phone("10912345678", demo=True)
        async with self.hotline.work(system("ivr")) as work:
            return await contact.promise_callback(work, call, number=number, person_id=None, due=work.now)

    async def agent(self, staff_id: int) -> AgentView:
        async with self.hotline.read() as db:
            found = await agents.find(db, staff_id)
        assert found
        return found

    async def until(self, true: Callable[[], Awaitable[object]]) -> None:
        """Wait until something in the house is so; the feed wakes us, not a clock."""
        async with asyncio.timeout(PATIENCE_S):
            while not await true():  # noqa: ASYNC110 what is waited for is in the database
                await asyncio.sleep(0.005)


@pytest.fixture
def desk_switch(hotline: Hotline) -> Switchless:
    return Switchless(hotline)


@pytest.fixture
def desk_phones() -> Phones:
    return Phones()


@pytest.fixture
def desk_house(house: WebHouse, feed: Feed, desk_switch: Switchless, desk_phones: Phones) -> AgentHouse:
    return AgentHouse(
        house.hotline,
        PlainStore(house.hotline),
        feed,
        house.health,
        house.metrics,
        calls=desk_switch,
        phones=desk_phones,
        manners=QUICK,
    )


OpenRoom = Callable[..., Awaitable[Room]]


@pytest.fixture
def open_room(
    house: WebHouse,
    desk_house: AgentHouse,
    desk_switch: Switchless,
    desk_phones: Phones,
    aiohttp_client: AiohttpClient,
) -> OpenRoom:
    """Start the pages; manners: those that are different in this test."""

    async def start(**manners: Any) -> Room:
        agents_house = replace(desk_house, manners=replace(desk_house.manners, **manners))
        app = make_app(house)
        mount(app, agents_house)
        return Room(house.hotline, agents_house, desk_switch, desk_phones, await aiohttp_client(app))

    return start


@pytest.fixture
async def room(open_room: OpenRoom) -> Room:
    return await open_room()
