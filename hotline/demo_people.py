"""The cast of the invented province: whom a visitor may call as, and what each has lived through."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import select

from core.booking.commands import Book, Booked, Hold
from core.booking.store import PlainStore
from core.booking.view import open_by_phone
from core.booking.visit import attend, miss_due
from core.catalogue.engine import PostFacts, posts_of_hospital
from core.catalogue.tables import Doctor, Hospital
from core.credit.engine import set_rule
from core.errors import Refusal
from core.leave import engine as leaves
from core.leave import entering
from core.leave.rules import Enter, Kind
from core.money import card
from core.people.register import add_card, register
from core.schedule.engine import Plan, publish
from core.schedule.tables import Session
from core.values import (
    SHANGHAI,
    Actor,
    ActorKind,
    Channel,
    Identity,
    Phone,
    day_of,
    demo_identity,
    system,
)
from core.work import Hotline
from hotline.demo_catalogue import SEED
from hotline.demo_words import GIVEN, SURNAMES

WRITER = system("demo")
_ELDER_BORN = date(1941, 3, 18)


@dataclass(frozen=True)
class Patient:
    """One invented person. order: of birth on that day; odd is male."""

    name: str
    born: date
    order: int
    phone: str | None

    @property
    def identity(self) -> Identity:
        return demo_identity("0101", self.born, self.order)

    @property
    def tail(self) -> str:
        return self.identity.number[-4:]


LI = Patient("李秀英", date(1966, 8, 12), 2, "10712345678")
WANG = Patient("王强", date(1985, 5, 20), 3, "10755550001")
CHILD = Patient("王小雨", date(2018, 3, 2), 11, "10755550001")
ELDER = Patient("赵德福", _ELDER_BORN, 5, "10766660001")
ZHOU = Patient("周敏", date(1990, 11, 3), 6, "10777770001")
BLOCKED = Patient("孙浩然", date(1993, 7, 9), 7, "10788880001")
STRANGER = Patient("刘洋", date(1979, 2, 27), 9, None)
STRANGERS_PHONE = "10799990000"


class Then:
    """A clock that stands at one moment of the past."""

    def __init__(self, instant: datetime) -> None:
        self._instant = instant

    def now(self) -> datetime:
        return self._instant


def _at(hotline: Hotline, day: date, clock: time = time(9)) -> Hotline:
    """The same house on another day; nobody outside hears of what is long past."""
    return replace(
        hotline, clock=Then(datetime.combine(day, clock, SHANGHAI).astimezone(UTC)), routes={},
    )  # fmt: skip


async def write(hotline: Hotline) -> None:
    """The cast with its history; sessions must be published."""
    people = _People(hotline)
    await people.past()
    await people.coming()
    await people.renew()


async def renew(hotline: Hotline) -> None:
    """What the start page says of 周敏 is true again when her visit is over: she has booked the next."""
    await _People(hotline).renew()


class _People:
    """Writes them down and books for them, as the engine does for everybody."""

    def __init__(self, hotline: Hotline) -> None:
        self._hotline = hotline
        self._store = PlainStore(hotline)
        self._today = day_of(hotline.clock.now())
        self._dice = random.Random(SEED)

    async def past(self) -> None:
        """李秀英 was with Dr 曾 three weeks ago; 孙浩然 has missed three visits since."""
        li, blocked = await self._person(LI), await self._person(BLOCKED)
        doctor = await self._post_of("曾文华")
        await self._give_card(li, doctor)
        visit = await self._visit(li, LI.phone, doctor, self._today - timedelta(days=21))
        async with _at(self._hotline, self._today - timedelta(days=21), time(12)).work(WRITER) as work:
            await attend(work, visit.appointment_id, evidence="his")
        for days in (20, 13, 6):
            day = self._today - timedelta(days=days)
            await self._visit(blocked, BLOCKED.phone, doctor, day)
            async with _at(self._hotline, day + timedelta(days=1)).work(WRITER) as work:
                await miss_due(work)

    async def _give_card(self, person_id: int, post: PostFacts) -> None:
        """A visit card with 200 yuan on it, at a hospital where the fee may be taken from it (R-086)."""
        async with _at(self._hotline, self._today - timedelta(days=22)).work(WRITER) as work:
            await card.load(work, await add_card(work, person_id, post.hospital_id, "C00042317"), 20_000)
            await set_rule(work, key="card.charge", value="yes", hospital_id=post.hospital_id)

    async def coming(self) -> None:
        """The rest of the cast, a doctor who is full, and one who is away."""
        for patient in (WANG, CHILD, ELDER, STRANGER):
            await self._person(patient)
        await self._sell_out()
        away = [s for s in await self._sessions("解小敏") if s.day > self._today + timedelta(days=4)]
        if away:
            await self._leave(away[0])

    async def _leave(self, gone: Session) -> None:
        """A children's doctor is away, and some who have booked are to be told (/staff/leaves)."""
        await self._fill(gone, min(6, gone.total), children=True)
        half = (gone.day, gone.half)
        asked = Enter(gone.hospital_id, Kind.STOP, half, half, doctor_id=gone.doctor_id, reason="meeting")
        async with self._hotline.work(WRITER) as work:
            leave_id = await entering.enter(work, asked)
            await leaves.submit(work, leave_id)
            await leaves.approve(work, leave_id)

    async def renew(self) -> None:
        """周敏 has an appointment as far ahead as can be, so that it lasts."""
        zhou = await self._person(ZHOU)
        mark = self._hotline.sealer.fingerprint(str(ZHOU.phone), "phone")
        async with self._hotline.read() as db:
            if await open_by_phone(db, mark, self._hotline.clock.now()):
                return
        for session in reversed(await self._sessions("单国强")):
            if await self._book(session, zhou, ZHOU.phone):
                return

    async def _sell_out(self) -> None:
        for session in await self._sessions("仇玉兰"):
            await self._fill(session, session.total)

    async def _fill(self, session: Session, numbers: int, *, children: bool = False) -> None:
        """So many people nobody knows book there."""
        for number in range(numbers):
            patient = self._somebody(session.id * 3 + number, child=children)
            await self._book(session, await self._person(patient), patient.phone)

    def _somebody(self, number: int, *, child: bool = False) -> Patient:
        sex = ("female", "male")[number % 2]
        name = self._dice.choices(list(SURNAMES), list(SURNAMES.values()))[0] + "".join(
            self._dice.choices(GIVEN[sex], k=2)
        )
        first, span = (date(2016, 1, 1), 3_000) if child else (date(1950, 1, 1), 20_000)
        born = first + timedelta(days=number * 37 % span)
        return Patient(name, born, number % 998 + 1, f"1073{number:07}")

    async def _person(self, patient: Patient) -> int:
        phones = [Phone(patient.phone)] if patient.phone else []
        async with self._hotline.work(WRITER) as work:
            return (await register(work, name=patient.name, identity=patient.identity, phones=phones)).id

    async def _post_of(self, doctor: str) -> PostFacts:
        async with self._hotline.read() as db:
            query = select(Doctor.id, Doctor.hospital_id).where(Doctor.name == doctor)
            doctor_id, hospital_id = (await db.execute(query.order_by(Doctor.id).limit(1))).one()
            posts: Sequence[PostFacts] = await posts_of_hospital(db, hospital_id)
        return next(post for post in posts if post.doctor_id == doctor_id)

    async def _visit(self, person: int, phone: str | None, post: PostFacts, day: date) -> Booked:
        """A visit on a day that is over: published, booked two days before."""
        before = _at(self._hotline, day - timedelta(days=2))
        async with before.work(WRITER) as work:
            plan = Plan(post, day, "am", time(8), time(11), 30, 6)
            (session,) = await publish(work, [plan])
        return await _book(PlainStore(before), session, person, phone, Channel.PHONE)

    async def _sessions(self, doctor: str) -> list[Session]:
        """Of a doctor by name, from today on, the earliest first; none where the doctor is not."""
        async with self._hotline.read() as db:
            query = (
                select(Session)
                .join(Doctor, Doctor.id == Session.doctor_id)
                .join(Hospital, Hospital.id == Session.hospital_id)
                .where(Doctor.name == doctor, Session.day > self._today)
                .order_by(Session.day, Session.starts_at)
            )
            return list((await db.execute(query)).scalars())

    async def _book(
        self, session: Session, person: int, phone: str | None, channel: Channel = Channel.PHONE
    ) -> Booked | None:
        try:
            return await _book(self._store, session.id, person, phone, channel)
        except Refusal:
            return None  # full, not for them, not by this channel: as in life


async def _book(store: PlainStore, session: int, person: int, phone: str | None, channel: Channel) -> Booked:
    by = Actor(ActorKind.PATIENT, "demo", channel)
    held = await store.submit(Hold(session_id=session, owner=f"demo:{person}", person_id=person), by)
    contact = Phone(phone or STRANGERS_PHONE)
    return await store.submit(Book(hold_id=held.hold_id, person_id=person, contact=contact), by)
