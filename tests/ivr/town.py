"""The town that key scripts are played in: one clinic, its sessions, and who calls from where."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass
from datetime import date, time
from pathlib import Path

from core.booking.visit import attend
from core.contact.tables import Greeting, OpeningHours
from core.database import open_database
from core.sealing import AesSealer
from core.values import demo_identity, system
from core.work import Hotline
from ivr.line import Manners
from ivr.reception import Desk
from tests.builders import SEED, Clinic, clinic
from tests.clocks import FrozenClock, SeededChance
from tests.conftest import MASTER
from tests.replays import reproduced

LI = "10712345678"  # 李秀英, has been with Dr Chen
FAMILY = "10755550001"  # 王强 and 王小雨
ELDER = "10766660001"
STRANGER = "10799990000"  # nobody we know


@dataclass
class Town:
    clinic: Clinic
    desk: Desk
    sessions: dict[str, int]

    @property
    def hotline(self) -> Hotline:
        return self.clinic.hotline

    def tail(self, name: str) -> str:
        """The last four of somebody's identity number, as they are keyed."""
        return self.clinic.numbers[name][-4:].replace("X", "*")

    def number(self, name: str) -> str:
        return self.clinic.numbers[name].replace("X", "*")

    def keys(self, script: str, serial: str = "") -> str:
        """Fill a script: {tail} and {id} of 李秀英, {wang} of 王强, {serial} of what is booked."""
        return script.format(
            tail=self.tail("李秀英"), id=self.number("李秀英"), wang=self.tail("王强"), serial=serial,
            unknown=demo_identity("0101", date(1990, 1, 1), 1).number.replace("X", "*"),
        )  # fmt: skip


async def town(hotline: Hotline, clock: FrozenClock) -> Town:
    """Thursday: Dr Chen (2 left) and Dr Wu; Friday: Dr Chen; paediatrics sold out, and under 14 only."""
    made = await clinic(hotline)
    li = await made.person("李秀英", phone=LI)
    await made.person("王强", sex="male", phone=FAMILY)
    await made.person("王小雨", born=date(2018, 3, 2), phone=FAMILY)
    await made.person("赵德福", born=date(1945, 1, 9), sex="male", phone=ELDER)
    other = await made.person("周敏")
    now = clock.instant
    clock.set("2026-11-02 09:00")
    past = await made.session("chen", day=date(2026, 11, 5), slots=2)
    visited = await made.book(past, li, phone=LI)
    clock.set("2026-11-05 09:00")
    async with hotline.work(system("his")) as work:
        await attend(work, visited.appointment_id, evidence="his")
    clock.instant = now
    sessions = {
        "chen": await made.session("chen", slots=2, minutes=60),
        "wu": await made.session("wu", slots=6),
        "chen-friday": await made.session("chen", day=date(2026, 11, 27), half="pm", slots=3),
        "kid": await made.session("kid", slots=1),
    }
    await made.book(sessions["kid"], other, phone=STRANGER[:-1] + "9")
    desk = Desk(hotline, made.store, Manners())
    return Town(made, desk, sessions)


@dataclass(frozen=True)
class TownModel:
    """A town at rest: its database, and what it is made of."""

    path: Path
    town: Town


async def build_town(empty: Path, path: Path) -> TownModel:
    """Build a town once, to be copied. empty: an SQLite that has all tables."""
    await asyncio.to_thread(shutil.copy, empty, path)
    async with _opened(path, seed=12320) as (hotline, clock):
        return TownModel(path, await town(hotline, clock))


@asynccontextmanager
async def a_town(model: TownModel, folder: Path) -> AsyncIterator[tuple[Town, FrozenClock]]:
    """A town of its own in this folder, on the morning of the tests."""
    await asyncio.to_thread(folder.mkdir, parents=True)
    await asyncio.to_thread(shutil.copy, model.path, folder / "town.db")
    async with _opened(folder / "town.db", seed=12321) as (hotline, clock):
        resting = model.town.clinic
        made = deepcopy(resting, {id(resting.hotline): hotline})
        yield Town(made, Desk(hotline, made.store, Manners()), dict(model.town.sessions)), clock


@asynccontextmanager
async def _opened(path: Path, *, seed: int) -> AsyncIterator[tuple[Hotline, FrozenClock]]:
    clock = FrozenClock.at("2026-11-23 10:00")
    database = open_database(f"sqlite+aiosqlite:///{path}")
    try:
        yield Hotline(database, clock, SeededChance(seed), AesSealer(MASTER), demo=True), clock
        await reproduced(database)
    finally:
        await database.close()


async def prepare(made: Town, before: str, clock: FrozenClock) -> str:
    """Do what a script needs beforehand; returns the serial number of what was booked."""
    if before in ("booked", "booked-too-late"):
        serial = await book_for(made, "李秀英", "wu", LI)
        if before == "booked-too-late":
            clock.set("2026-11-26 07:00")
        return serial
    if before == "full":
        for name, number in (("chen", 2), ("wu", 6), ("chen-friday", 3)):
            for place in range(number):
                someone = await made.clinic.person(f"{name}{place}")
                await made.clinic.book(made.sessions[name], someone)
    if before == "night":
        await close_for_the_night(made)
    if before == "surge":
        await announce_a_surge(made)
    return ""


async def book_for(made: Town, name: str, session: str, phone: str) -> str:
    """Book beforehand; returns the serial number."""
    booked = await made.clinic.book(made.sessions[session], made.clinic.people[name], phone=phone)
    return booked.serial


async def close_for_the_night(made: Town) -> None:
    async with made.hotline.work(SEED) as work:
        work.db.add(OpeningHours(dnis=None, weekday=1, opens=time(20), closes=time(21)))


async def announce_a_surge(made: Town) -> None:
    async with made.hotline.work(SEED) as work:
        work.db.add(Greeting(name="surge", text="今天来电较多", on=True))
