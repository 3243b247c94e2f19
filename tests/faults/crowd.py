"""Twenty calls at once on a house that is served: real telephones in the menu, in the queue and in talks."""

import asyncio
import json
import os
import re
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from sqlalchemy import select

from core import journal
from core.chance import SystemChance
from core.contact import agents, queue_view, stays
from core.contact.tables import Interaction
from core.database import open_database
from core.events import Event
from core.http.forms import FIELD
from core.schedule.tables import Slot
from core.sealing import AesSealer
from core.settings import Settings
from core.work import Hotline
from hotline.asterisk import NoAsterisk, find_asterisk
from hotline.demo_people import LI
from hotline.demo_staff import PASSWORD
from tests.clocks import FrozenClock
from tests.houses import House, alive, serving, until
from tests.phones import Phone, phone

OPERATORS = ("8001", "8002", "8003", "8004")
WAITING, IN_MENU = 6, 9  # and one more who has chosen a slot, and those who talk
CALLS = len(OPERATORS) + WAITING + IN_MENU + 1
# A working day: the hotline is staffed, and slots are to be had.
BEGINS, LATER = "2026-11-23T10:00+08:00", "2026-11-23T10:02+08:00"
THEN = ("-m", "tests.house_then", "serve")
SOON_S = 45.0


def served(folder: Path, at: str = BEGINS) -> Any:
    """A house whose day begins at `at`. Nobody who waits is offered a message meanwhile."""
    more = {"HOTLINE_TEST_NOW": at, "HOTLINE_QUEUE_PATIENCE_S": "300"}
    return serving(folder, program=THEN, **more)


async def needs_asterisk() -> None:
    try:
        await find_asterisk(Settings().cache)
    except NoAsterisk as why:
        pytest.skip(f"no Asterisk can be had here: {why}")


@asynccontextmanager
async def ended_with(house: House) -> AsyncIterator[None]:
    """A switch that outlived its house goes with the test."""
    try:
        yield
    finally:
        with suppress(LookupError):
            switch = house.asterisk()
            if house.process.returncode is not None:
                os.kill(switch, signal.SIGKILL)
                await until(lambda: asyncio.to_thread(alive, switch), lambda there: not there)


# --- what stands in the books ---------------------------------------------------------------------------


@asynccontextmanager
async def books(house: House) -> AsyncIterator[Hotline]:
    """The database of a house, to be read."""
    settings = Settings(data=house.folder / "data", demo=True)
    database = open_database(settings.url)
    try:
        yield Hotline(
            database,
            FrozenClock.at("2026-11-23 10:00"),
            SystemChance(),
            AesSealer(settings.master()),
            demo=True,
        )
    finally:
        await database.close()


@dataclass(frozen=True)
class Standing:
    """How everything stands: states of open calls, of operators, who waits, who is in a room."""

    calls: dict[int, str]
    operators: dict[str, str]
    waiting: int
    in_rooms: list[str]


async def standing(book: Hotline) -> Standing:
    async with book.read() as db:
        open_ones = (await db.execute(select(Interaction).where(Interaction.closed_at.is_(None)))).scalars()
        return Standing(
            {one.id: one.state for one in open_ones if not one.linked_id.startswith("demo")},
            {one.extension: one.state.value for one in await agents.signed_in(db)},
            len((await queue_view.standing(db)).waiting),
            sorted(one.role for one in await stays.present(db)),
        )


async def stands(book: Hotline, wanted: Callable[[Standing], bool], within_s: float = SOON_S) -> Standing:
    """Wait until it stands so. Raises TimeoutError with how it stood at last."""
    return await sooner_or_later(lambda: standing(book), wanted, within_s)


async def sooner_or_later(
    look: Callable[[], Awaitable[Any]], wanted: Callable[[Any], bool], within_s: float = SOON_S
) -> Any:
    """Look until it is as wanted. Raises TimeoutError with the last look."""
    seen = None
    try:
        async with asyncio.timeout(within_s):
            while not wanted(seen := await look()):  # noqa: ASYNC110 it is another process
                await asyncio.sleep(0.2)
    except TimeoutError:
        raise TimeoutError(str(seen)) from None
    return seen


async def ends(book: Hotline, calls: Sequence[int]) -> dict[int, str | None]:
    """How these calls ended; None: not yet."""
    async with book.read() as db:
        rows = (await db.execute(select(Interaction).where(Interaction.id.in_(calls)))).scalars()
        return {row.id: row.disposition for row in rows}


async def held(book: Hotline) -> set[int]:
    """The slots that somebody is about to book."""
    async with book.read() as db:
        return set((await db.execute(select(Slot.id).where(Slot.state == "held"))).scalars())


async def told(book: Hotline, kind: type[Event]) -> list[Any]:
    async with book.read() as db:
        return list(await journal.latest(db, kind, 100))


# --- operators ------------------------------------------------------------------------------------------


@dataclass
class Desk:
    """An operator with a telephone on the desk, and the page that says so."""

    number: str
    telephone: Phone
    socket: aiohttp.ClientWebSocketResponse
    answers: dict[int, asyncio.Future[dict[str, Any]]] = field(default_factory=dict)
    hearing: asyncio.Task[None] | None = None
    asked: int = 0

    async def hear(self) -> None:
        """As the page does: says that it is there, for as long as the house is."""
        async for message in self.socket:
            said = json.loads(message.data)
            if "ping" in said:
                with suppress(ConnectionError):
                    await self.socket.send_json({"pong": said["ping"]})
            if "re" in said and said["re"] in self.answers:
                self.answers.pop(said["re"]).set_result(said)

    async def do(self, what: str, **given: Any) -> None:
        """Ask, and fail on a refusal."""
        said = await self.ask(what, **given)
        assert "ok" in said, said

    async def free(self) -> None:
        """Ready for the next call, with what the last one was about written down."""
        said = await self.ask("ready")
        for matter in said.get("no", {}).get("facts", {}).get("matters", ()):
            await self.do("dispose", matter_id=matter, first="advice", second="route")
        await self.do("ready")

    async def ask(self, what: str, **given: Any) -> dict[str, Any]:
        self.asked += 1
        number = self.asked
        self.answers[number] = answer = asyncio.get_running_loop().create_future()
        await self.socket.send_json({"id": number, "do": what, "with": given})
        async with asyncio.timeout(SOON_S):
            return await answer


@asynccontextmanager
async def page(house: House, number: str, telephone: Phone) -> AsyncIterator[Desk]:
    """An operator's page, logged in by the form as everybody."""
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar) as http:
        async with http.get(f"{house.web}login") as asked:
            token = re.search(rf'name="{FIELD}" value="([^"]+)"', await asked.text())
        assert token
        form = {"login": number, "password": PASSWORD, FIELD: token[1]}
        async with http.post(f"{house.web}login", data=form, allow_redirects=False) as entered:
            assert entered.status == 303, await entered.text()
        async with http.ws_connect(f"{house.web}desk/socket?page=page-of-{number}") as socket:
            desk = Desk(number, telephone, socket)
            desk.hearing = asyncio.create_task(desk.hear())
            try:
                yield desk
            finally:
                desk.hearing.cancel()
                await asyncio.gather(desk.hearing, return_exceptions=True)


# --- everybody ------------------------------------------------------------------------------------------


@dataclass
class Crowd:
    """talking: callers, in the order of the desks that may have them."""

    desks: list[Desk]
    talking: list[Phone]
    waiting: list[Phone]
    in_menu: list[Phone]
    chosen: Phone  # has a slot read back to them
    slot: int

    @property
    def callers(self) -> list[Phone]:
        return [*self.talking, *self.waiting, *self.in_menu, self.chosen]


def gone(telephone: Phone) -> bool:
    """Whether its call is over."""
    return any(one["event"] == "ended" for one in telephone.told)


class Telephones:
    """Real ones, put up and taken down together: each good-bye would take seconds."""

    def __init__(self, house: House) -> None:
        self._port = house.sip_port
        secrets = house.folder / "data" / "switch" / "secrets.json"
        self._secrets: dict[str, str] = json.loads(secrets.read_text())
        self._stacks: list[AsyncExitStack] = []
        self._up: list[Phone] = []

    async def some(self, *numbers: str) -> list[Phone]:
        stacks = [AsyncExitStack() for _ in numbers]
        self._stacks += stacks
        made = await asyncio.gather(
            *(
                stack.enter_async_context(phone(self._port, number, self._secrets.get(number)))
                for stack, number in zip(stacks, numbers, strict=True)
            )
        )
        self._up += made
        return made

    async def down(self) -> None:
        for one in self._up:
            one.die()
        await asyncio.gather(*(stack.aclose() for stack in self._stacks))


@asynccontextmanager
async def telephones(house: House) -> AsyncIterator[Telephones]:
    made = Telephones(house)
    try:
        yield made
    finally:
        await made.down()


@asynccontextmanager
async def desks(house: House, made: Telephones) -> AsyncIterator[list[Desk]]:
    """Operators at their desks, their telephones registered."""
    registered = await made.some(*OPERATORS)
    for one in registered:
        await one.until("registered")
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(page(house, number, telephone))
            for number, telephone in zip(OPERATORS, registered, strict=True)
        ]


@asynccontextmanager
async def crowd(house: House, book: Hotline, made: Telephones) -> AsyncIterator[Crowd]:
    """Everybody where they belong: four talk, six wait, nine hear the menu, one has chosen a slot."""
    strangers = await made.some(*(f"1079999{place:04}" for place in range(CALLS - 1)))
    (li,) = await made.some(LI.phone or "")
    talking, waiting = strangers[: len(OPERATORS)], strangers[len(OPERATORS) :][:WAITING]
    in_menu = strangers[len(OPERATORS) + WAITING :]
    async with desks(house, made) as at_work:
        for desk in at_work:
            await desk.do("sign-in", device="phone")
            await desk.free()
        await to_a_person(talking)
        await asyncio.gather(*(desk.telephone.answer() for desk in at_work))
        await stands(book, lambda seen: list(seen.calls.values()).count("talking") == len(talking))
        await to_a_person(waiting)
        await stands(book, lambda seen: seen.waiting == len(waiting))
        others = await held(book)  # the demo's own
        assert (await li.call("12320"))["event"] == "answered"
        for entry in ("1", LI.tail.replace("X", "*")):
            await asyncio.sleep(1)
            await li.press(entry)
        (slot,) = await sooner_or_later(lambda: held(book), lambda now: bool(now - others)) - others
        answered = await asyncio.gather(*(one.call("12320") for one in in_menu))
        assert {one["event"] for one in answered} == {"answered"}
        yield Crowd(at_work, talking, waiting, in_menu, li, slot)


async def to_a_person(callers: Sequence[Phone]) -> None:
    answered = await asyncio.gather(*(one.call("12320") for one in callers))
    assert {one["event"] for one in answered} == {"answered"}
    await asyncio.sleep(0.5)
    await asyncio.gather(*(one.press("0") for one in callers))
