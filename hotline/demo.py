"""The fictional province: invented people in invented hospitals, at addresses that do not exist.

Region codes begin with 99 and phone numbers with 107, which nobody has (GB/T 2260, the numbering
plan of the Ministry of Industry and Information Technology).
"""

from dataclasses import dataclass, replace

from sqlalchemy import func, select

from core.catalogue.tables import Department, Doctor, Hospital
from core.events import DemoBegun, DemoWritten
from core.journal import JournalRow
from core.people.tables import Person
from core.schedule.nightly import Nightly
from core.schedule.tables import Session, Slot
from core.work import Hotline
from hotline import demo_catalogue, demo_people
from hotline.demo_catalogue import SIZES
from hotline.demo_people import BLOCKED, ELDER, LI, STRANGER, STRANGERS_PHONE, WANG, WRITER, ZHOU
from web.house import CastMember

CROWD = {"demo": 260, "tiny": 12}

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
class Counts:
    hospitals: int
    departments: int
    doctors: int
    sessions: int
    slots: int
    people: int


class HalfWritten(ValueError):
    """A seeding was broken off: what is there is no province, and cannot be completed."""


async def is_empty(hotline: Hotline) -> bool:
    """Whether nobody has put a hospital in yet. Raises HalfWritten."""
    async with hotline.read() as db:
        empty = (await db.execute(select(Hospital.id).limit(1))).first() is None
        marks = select(JournalRow.kind).where(JournalRow.kind.in_((DemoBegun.kind, DemoWritten.kind)))
        told = set((await db.execute(marks)).scalars())
    if told == {DemoBegun.kind}:
        raise HalfWritten(
            "the demo province was left half written: delete the data folder, or empty the database"
        )
    return empty


async def seed(hotline: Hotline, size: str) -> Counts:
    """Write the province. size: 'demo', or 'tiny' for tests. The days are those from now on."""
    quiet = replace(hotline, routes={})  # nobody is sent a text about what is invented here
    async with quiet.work(WRITER) as work:
        work.record(DemoBegun(size=size))
        await demo_catalogue.write(work, SIZES[size])
    nightly = Nightly()
    while await quiet.run(nightly.publish, WRITER):
        pass
    await demo_people.write(quiet, CROWD[size])
    made = await counts(hotline)
    async with quiet.work(WRITER) as work:
        work.record(DemoWritten(size=size, slots=made.slots))
    return made


async def counts(hotline: Hotline) -> Counts:
    """How much there is."""
    async with hotline.read() as db:
        numbers = [
            int((await db.execute(select(func.count()).select_from(table))).scalar_one())
            for table in (Hospital, Department, Doctor, Session, Slot, Person)
        ]
    return Counts(*numbers)
