"""The fictional province: invented people in invented hospitals, at addresses that do not exist.

Region codes begin with 99 and phone numbers with 107, which nobody has (GB/T 2260, the numbering
plan of the Ministry of Industry and Information Technology).
"""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.booking.tables import Appointment
from core.catalogue.tables import Department, Doctor, Hospital
from core.events import DemoWritten
from core.people.engine import household
from core.people.tables import Person
from core.schedule.nightly import Nightly
from core.schedule.tables import Session, Slot
from core.values import Actor, Phone
from core.work import Hotline, Work
from hotline import demo_accounts, demo_calls, demo_catalogue, demo_people, demo_site, demo_staff
from hotline.demo_catalogue import SEED, SIZES
from hotline.demo_crowd import Crowd
from hotline.demo_people import BLOCKED, ELDER, LI, STRANGER, STRANGERS_PHONE, WANG, WRITER, ZHOU
from web.house import CastMember

CAST: tuple[CastMember, ...] = (
    CastMember(LI.name, str(LI.phone), f"看过曾文华主任，六个键再约：1、{LI.tail}、1"),
    CastMember(ZHOU.name, str(ZHOU.phone), "已有一个预约，可查询、改约、取消"),
    CastMember(f"{WANG.name}（一家）", str(WANG.phone), f"父子共用一个号码；王强后四位 {WANG.tail}"),
    CastMember(ELDER.name, str(ELDER.phone), "八十多岁，话务员上班时直接转人工，下班时请留言"),
    CastMember(BLOCKED.name, str(BLOCKED.phone), f"爽约三次被限制；后四位 {BLOCKED.tail}"),
    CastMember(
        "陌生号码", STRANGERS_PHONE, f"没来过电；可输入 {STRANGER.name} 的 {STRANGER.identity.number}"
    ),
)


@dataclass(frozen=True)
class Province:
    """How much was written, and whom a visitor may call as."""

    hospitals: int
    departments: int
    doctors: int
    sessions: int
    slots: int
    people: int
    appointments: int
    cast: tuple[CastMember, ...] = CAST


async def is_empty(hotline: Hotline) -> bool:
    """Whether nobody has put a hospital in yet."""
    async with hotline.read() as db:
        return (await db.execute(select(Hospital.id).limit(1))).first() is None


async def seed(hotline: Hotline, size: str) -> Province:
    """Write the province into an empty database, all of it or nothing. size: 'demo', or 'tiny' for tests.

    The days are those from now on; everything else is the same each time. Raises ValueError when there
    is a hospital already.
    """
    if not await is_empty(hotline):
        raise ValueError("there are hospitals in this database already")
    async with _at_once(hotline) as house:
        async with house.work(WRITER) as work:
            await demo_catalogue.write(work, SIZES[size])
        await publish_next(house)
        await demo_people.write(house)
        await demo_staff.write(house)
        await demo_accounts.write(house)
        await demo_site.write(house)
        await Crowd(house, random.Random(SEED)).write()
        if size == "demo":
            began = house.clock.now() - demo_calls.WORKED
            await demo_calls.Floor(house, random.Random(SEED), demo_calls.OPERATORS, began).live()
        made = await _count(house)
        async with house.work(WRITER) as work:
            work.record(DemoWritten(size=size, slots=made.slots))
    return made


async def publish_next(hotline: Hotline) -> int:
    """Publish the days that every hospital's window lacks; return the new sessions, 0 if none.

    What the timers do each night; also catches up after days on which nobody ran the house.
    """
    nightly, made = Nightly(), 0
    while batch := await hotline.run(nightly.publish, WRITER):
        made += batch
    return made


async def renew(hotline: Hotline) -> None:
    """After days off: the window is full again, and the cast is what the start page says of it.

    A database without that cast is left alone.
    """
    async with hotline.read() as db:
        if not await household(db, hotline.sealer, Phone(str(ZHOU.phone))):
            return
    async with _at_once(hotline) as house:
        await publish_next(house)
        await demo_people.renew(house)
        await demo_staff.write(house)
        await demo_accounts.write(house)
        await demo_site.write(house)


@dataclass
class _AtOnce(Hotline):
    """The house within one transaction, where units of work are savepoints."""

    open: AsyncSession | None = None

    @asynccontextmanager
    async def work(
        self, by: Actor, interaction_id: int | None = None, *, fleeting: bool = False, urgent: bool = False
    ) -> AsyncIterator[Work]:
        assert self.open
        async with self.open.begin_nested():
            work = Work(self.open, self, self.clock.now(), by, interaction_id)
            yield work
            await self._write_events(work)
        self.open.expunge_all()  # the next unit reads what stands in the tables, as it always does

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        assert self.open
        yield self.open


@asynccontextmanager
async def _at_once(hotline: Hotline) -> AsyncIterator[Hotline]:
    """A province cut short by Ctrl-C would never be finished. And nobody is sent a text about it."""
    async with hotline.database.write() as db:
        own = {each.name: getattr(hotline, each.name) for each in fields(Hotline)}
        yield _AtOnce(**{**own, "routes": {}}, open=db)
    hotline.committed()


async def _count(hotline: Hotline) -> Province:
    tables = (Hospital, Department, Doctor, Session, Slot, Person, Appointment)
    async with hotline.read() as db:
        counted = [
            int((await db.execute(select(func.count()).select_from(one))).scalar_one()) for one in tables
        ]
    hospitals, departments, doctors, sessions, slots, people, appointments = counted
    return Province(hospitals, departments, doctors, sessions, slots, people, appointments)
