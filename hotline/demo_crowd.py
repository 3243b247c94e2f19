"""The crowd of the invented province: thousands of patients, and who wants which number."""

import random
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.booking.tables import Appointment
from core.catalogue.tables import Department, Doctor
from core.credit.book import RuleBook
from core.credit.engine import rules_for
from core.schedule.rules import COMMON, SlotState
from core.schedule.tables import Period, Session, Slot
from core.values import Actor, ActorKind, Channel, day_of, local
from core.work import Hotline
from hotline.demo_ledger import Ledger, Manners, Place, Sale, Somebody
from hotline.demo_people import Then
from hotline.demo_words import GIVEN, KNOWN_NAMES, SURNAMES

CHANNELS = {Channel.PHONE: 45, Channel.WEB: 35, Channel.SMS: 10, Channel.WINDOW: 10}
# Of a hundred slots so many are sold on the nearest day, on the next, and so on; then FAR.
NEAR = (34, 26, 20, 15, 12, 9, 7)
FAR = 3
DEMAND = {"expert": 1.4, "disease": 1.2, "special": 0.8, "ordinary": 0.8}
FULL = 0.05  # of the experts' sessions in the coming week are sold out
# The doctors whom the guide names must have room for those who follow it.
KNOWN_SHARE = 0.2
# When people booked: at these hours of the last days, as far as the session was open then.
DAYS_BACK, HOURS = 3, (8, 11, 15, 20)


class Crowd:
    """Books what is open now, the nearer the fuller; `write` returns how many appointments."""

    def __init__(self, hotline: Hotline, dice: random.Random) -> None:
        self._hotline, self._dice = hotline, dice
        self._now = hotline.clock.now()
        self._today = day_of(self._now)
        self._once: dict[str, list[Somebody]] = defaultdict(list)  # booked once: they may come again
        self._people = 0

    async def write(self) -> int:
        batches: dict[tuple[datetime, Channel], list[Sale]] = defaultdict(list)
        async with self._hotline.read() as db:
            ledger = Ledger(set((await db.execute(select(Appointment.serial))).scalars()))
            async for session, channel, sale in self._sales(db):
                batches[self._moment(session), channel].append(sale)
        for moment, channel in sorted(batches):
            then = replace(self._hotline, clock=Then(moment))
            async with then.work(Actor(ActorKind.PATIENT, "demo", channel)) as work:
                await ledger.write(work, channel, batches[moment, channel])
        return sum(map(len, batches.values()))

    async def _sales(self, db: AsyncSession) -> AsyncIterator[tuple[Session, Channel, Sale]]:
        places = await _places(db, self._now)
        rows = await db.execute(
            select(Session, Department.standard_code, Doctor.name)
            .join(Department, Department.id == Session.department_id)
            .outerjoin(Doctor, Doctor.id == Session.doctor_id)
            .where(Session.id.in_(places))
            .order_by(Session.day, Session.half, Session.post_id)
        )
        manners: dict[tuple[int, str, str, str], Manners] = {}
        for session, department, doctor in rows.all():
            key = (session.hospital_id, session.number_kind, department, session.half)
            if key not in manners:
                manners[key] = _manners(await rules_for(db, key[0]), *key[1:])
            rules = manners[key]
            free = places[session.id]
            for _ in range(self._wanted(session, doctor, len(free))):
                channel = self._channel()
                place = _take(free, channel)
                if place is not None:
                    who = self._who(rules.sorts, session.day)
                    yield session, channel, Sale(session, place, who, rules)

    def _wanted(self, session: Session, doctor: str | None, free: int) -> int:
        away = (session.day - self._today).days
        if doctor in KNOWN_NAMES:
            return int(free * KNOWN_SHARE)
        if session.number_kind == "expert" and away <= 7 and self._dice.random() < FULL:
            return free * 2  # until nothing is left, whatever the channels draw
        percent = NEAR[away - 1] if 1 <= away <= len(NEAR) else FAR
        share = percent / 100 * DEMAND[session.number_kind] * self._dice.uniform(0.4, 1.6)
        return int(free * share + self._dice.random())

    def _channel(self) -> Channel:
        return self._dice.choices(list(CHANNELS), list(CHANNELS.values()))[0]

    def _who(self, sorts: Sequence[str], day: date) -> Somebody:
        """Somebody new, or now and then somebody who has one appointment on another day."""
        sort = self._dice.choice(sorts)
        again = self._once[sort]
        if again and self._dice.random() < 0.4 and day not in again[0].days:
            who = again.pop(0)
            who.days.add(day)
            return who
        who = self._somebody(sort)
        who.days.add(day)
        again.append(who)
        return who

    def _somebody(self, sort: str) -> Somebody:
        self._people += 1
        years = self._dice.randint(3, 12) if sort == "child" else int(self._dice.triangular(18, 85, 45))
        born = self._today - timedelta(days=years * 365 + self._dice.randint(90, 300))
        surname = self._dice.choices(list(SURNAMES), list(SURNAMES.values()))[0]
        given = GIVEN["male" if sort == "man" or (sort == "child" and self._people % 2) else "female"]
        name = surname + "".join(self._dice.choices(given, k=self._dice.choice((1, 2, 2))))
        return Somebody(self._people, sort, born, name, set())

    def _moment(self, session: Session) -> datetime:
        today = local(self._now).replace(minute=0, second=0, microsecond=0)
        open_then = [
            moment.astimezone(UTC)
            for back in range(DAYS_BACK + 1)
            for hour in HOURS
            if session.release_at <= (moment := today.replace(hour=hour) - timedelta(days=back)) < self._now
        ]
        return self._dice.choice(open_then) if open_then else self._now


async def _places(db: AsyncSession, now: datetime) -> dict[int, list[Place]]:
    """The free slots of every session that is open now, lowest number first."""
    rows = await db.execute(
        select(
            Slot.session_id, Slot.id, Slot.period_id, Slot.sequence, Slot.pool,
            Period.starts_at, Period.ends_at,
        )
        .join(Period, Period.id == Slot.period_id)
        .join(Session, Session.id == Slot.session_id)
        .where(
            Slot.state == SlotState.FREE, Session.state == "published",
            Session.release_at <= now, Session.stop_at > now,
        )
        .order_by(Slot.session_id, Slot.sequence)
    )  # fmt: skip
    found: dict[int, list[Place]] = defaultdict(list)
    for row in rows.all():
        found[row[0]].append(Place(row[1], row[2], row[3], row[4], row[5], row[6]))
    return found


def _take(free: list[Place], channel: Channel) -> Place | None:
    """As the engine does: a channel's own share first, then the common pool."""
    for pool in (channel.value, COMMON):
        for place in free:
            if place.pool == pool:
                free.remove(place)
                return place
    return None


def _manners(book: RuleBook, kind: str, department: str, half: str) -> Manners:
    def ruled(name: str) -> Any:
        return book.ruling(name, kind=kind, department=department, half=half).value

    sex = ruled("sex.only")
    sorts: Sequence[str] = ("woman", "man")
    if ruled("age.max") < 18:
        sorts = ("child",)
    elif sex != "any":
        sorts = ("woman",) if sex == "female" else ("man",)
    promised = book.promised(kind=kind, department=department, half=half)
    return Manners(sorts, promised, ruled("pay.mode") == "online")
