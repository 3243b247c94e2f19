"""The crowd of the invented province: thousands of patients and what they have booked, in bulk.

The engine takes its 20 ms for each booking, with good reason; nobody competes here. So each batch
writes what the engine would have: person, slot, appointment, payment, and their events.
"""

import random
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.booking.rules import FHIR, State
from core.booking.tables import Appointment
from core.catalogue.tables import Department, Doctor
from core.credit.book import RuleBook
from core.credit.engine import rules_for
from core.events import AppointmentBooked, PaymentReceived, PersonRegistered
from core.money.rules import PaymentState
from core.money.tables import Payment
from core.people.naming import initials_of, pinyin_of
from core.people.tables import Person, PersonPhone
from core.schedule.rules import COMMON, SLOT_FHIR, SlotState
from core.schedule.tables import Period, Session, Slot
from core.values import Actor, ActorKind, Channel, day_of, demo_identity, local, serial
from core.work import Hotline, Work
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


@dataclass
class _Somebody:
    """sort: child, woman, man; days: on which they have been booked in already."""

    number: int
    sort: str
    born: date
    name: str
    days: set[date]
    person_id: int = 0

    @property
    def phone(self) -> str:
        return f"1072{self.number:07}"


@dataclass(frozen=True)
class _Place:
    slot_id: int
    period_id: int
    sequence: int
    pool: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class _Manners:
    """What a hospital's rules say of a kind of session: who may come, what is promised, how it is paid."""

    sorts: Sequence[str]
    promised: dict[str, str]
    online: bool


@dataclass(frozen=True)
class _Sale:
    """Who bought which place of which session."""

    session: Session
    place: _Place
    who: _Somebody
    rules: _Manners


class Crowd:
    """Books what is open now, the nearer the fuller; `write` returns how many appointments."""

    def __init__(self, hotline: Hotline, dice: random.Random) -> None:
        self._hotline, self._dice = hotline, dice
        self._now = hotline.clock.now()
        self._today = day_of(self._now)
        self._once: dict[str, list[_Somebody]] = defaultdict(list)  # booked once: they may come again
        self._people = 0
        self._serials: set[str] = set()

    async def write(self) -> int:
        batches: dict[tuple[datetime, Channel], list[_Sale]] = defaultdict(list)
        async with self._hotline.read() as db:
            self._serials = set((await db.execute(select(Appointment.serial))).scalars())
            async for session, channel, sale in self._sales(db):
                batches[self._moment(session), channel].append(sale)
        for moment, channel in sorted(batches):
            then = replace(self._hotline, clock=Then(moment))
            async with then.work(Actor(ActorKind.PATIENT, "demo", channel)) as work:
                await self._batch(work, channel, batches[moment, channel])
        return sum(map(len, batches.values()))

    # --- who wants what ---------------------------------------------------------------------------

    async def _sales(self, db: AsyncSession) -> AsyncIterator[tuple[Session, Channel, _Sale]]:
        places = await _places(db, self._now)
        rows = await db.execute(
            select(Session, Department.standard_code, Doctor.name)
            .join(Department, Department.id == Session.department_id)
            .outerjoin(Doctor, Doctor.id == Session.doctor_id)
            .where(Session.id.in_(places))
            .order_by(Session.id)
        )
        manners: dict[tuple[int, str, str, str], _Manners] = {}
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
                    yield session, channel, _Sale(session, place, who, rules)

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

    def _who(self, sorts: Sequence[str], day: date) -> _Somebody:
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

    def _somebody(self, sort: str) -> _Somebody:
        self._people += 1
        years = self._dice.randint(3, 12) if sort == "child" else int(self._dice.triangular(18, 85, 45))
        born = self._today - timedelta(days=years * 365 + self._dice.randint(90, 300))
        surname = self._dice.choices(list(SURNAMES), list(SURNAMES.values()))[0]
        given = GIVEN["male" if sort == "man" or (sort == "child" and self._people % 2) else "female"]
        name = surname + "".join(self._dice.choices(given, k=self._dice.choice((1, 2, 2))))
        return _Somebody(self._people, sort, born, name, set())

    def _moment(self, session: Session) -> datetime:
        today = local(self._now).replace(minute=0, second=0, microsecond=0)
        open_then = [
            moment.astimezone(UTC)
            for back in range(DAYS_BACK + 1)
            for hour in HOURS
            if session.release_at <= (moment := today.replace(hour=hour) - timedelta(days=back)) < self._now
        ]
        return self._dice.choice(open_then) if open_then else self._now

    # --- writing it down --------------------------------------------------------------------------

    async def _batch(self, work: Work, channel: Channel, sales: Sequence[_Sale]) -> None:
        await _register(work, [sale.who for sale in sales if not sale.who.person_id])
        for part in _parts([sale.place.slot_id for sale in sales]):
            await work.db.execute(
                update(Slot)
                .where(Slot.id.in_(part), Slot.state == SlotState.FREE)
                .values(state=SlotState.BOOKED.value, fhir=SLOT_FHIR[SlotState.BOOKED])
            )
        rows = [self._appointment(work, channel, sale) for sale in sales]
        made = await work.db.execute(insert(Appointment).returning(Appointment.slot_id, Appointment.id), rows)
        id_of = dict(made.all())
        for sale in sales:
            work.record(
                AppointmentBooked(
                    appointment_id=id_of[sale.place.slot_id],
                    person_id=sale.who.person_id,
                    session_id=sale.session.id,
                    slot_id=sale.place.slot_id,
                    state=State.BOOKED.value,
                    version=1,
                )
            )
        await _paid(work, [(sale, id_of[sale.place.slot_id]) for sale in sales if sale.rules.online])

    def _appointment(self, work: Work, channel: Channel, sale: _Sale) -> dict[str, Any]:
        session, place = sale.session, sale.place
        return {
            "serial": self._serial(work),
            "slot_id": place.slot_id,
            "session_id": session.id,
            "hospital_id": session.hospital_id,
            "department_id": session.department_id,
            "doctor_id": session.doctor_id,
            "person_id": sale.who.person_id,
            "contact_print": work.sealer.fingerprint(sale.who.phone, "phone"),
            "contact_sealed": work.sealer.seal(sale.who.phone, "phone"),
            "channel": channel.value,
            "day": session.day,
            "starts_at": place.starts_at,
            "ends_at": place.ends_at,
            "sequence": place.sequence,
            "number_kind": session.number_kind,
            "room": session.room,
            "fee_fen": session.fee_fen,
            "pay_mode": "online" if sale.rules.online else "at-hospital",
            "state": State.BOOKED.value,
            "fhir": FHIR[State.BOOKED],
            "promised": sale.rules.promised,
            "booked_at": work.now,
        }

    def _serial(self, work: Work) -> str:
        while (drawn := serial(work.chance.number(1_000_000, 9_999_999))) in self._serials:
            pass
        self._serials.add(drawn)
        return drawn


async def _places(db: AsyncSession, now: datetime) -> dict[int, list[_Place]]:
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
    found: dict[int, list[_Place]] = defaultdict(list)
    for session_id, *place in rows.all():
        found[session_id].append(_Place(*place))
    return found


def _take(free: list[_Place], channel: Channel) -> _Place | None:
    """As the engine does: a channel's own share first, then the common pool."""
    for pool in (channel.value, COMMON):
        for place in free:
            if place.pool == pool:
                free.remove(place)
                return place
    return None


def _manners(book: RuleBook, kind: str, department: str, half: str) -> _Manners:
    case = {"kind": kind, "department": department, "half": half}
    sex = book.ruling("sex.only", **case).value
    sorts: Sequence[str] = ("woman", "man")
    if book.ruling("age.max", **case).value < 18:
        sorts = ("child",)
    elif sex != "any":
        sorts = ("woman",) if sex == "female" else ("man",)
    return _Manners(sorts, book.promised(**case), book.ruling("pay.mode", **case).value == "online")


async def _register(work: Work, people: Sequence[_Somebody]) -> None:
    """Write people down as people.engine.register does: sealed, and found by fingerprint."""
    new = list({who.number: who for who in people}.values())
    if not new:
        return
    rows = {who.number: _person(work, who) for who in new}
    made = await work.db.execute(
        insert(Person).returning(Person.identity_print, Person.id), list(rows.values())
    )
    id_of = dict(made.all())
    for who in new:
        who.person_id = id_of[rows[who.number]["identity_print"]]
        work.record(PersonRegistered(person_id=who.person_id, provisional=False))
    await work.db.execute(
        insert(PersonPhone),
        [
            {
                "person_id": who.person_id,
                "phone_print": work.sealer.fingerprint(who.phone, "phone"),
                "phone_sealed": work.sealer.seal(who.phone, "phone"),
                "created_at": work.now,
            }
            for who in new
        ],
    )


def _person(work: Work, who: _Somebody) -> dict[str, Any]:
    male = who.sort == "man" or (who.sort == "child" and who.number % 2)
    # Another district than the cast's, so that no two numbers are the same.
    order = who.number % 499 * 2 + (1 if male else 2)
    identity = demo_identity(f"{200 + who.number // 499:04}", who.born, order)
    pinyin = pinyin_of(who.name)
    return {
        "name": who.name,
        "pinyin": pinyin,
        "initials": initials_of(pinyin),
        "sex": identity.sex,
        "birth_date": who.born,
        "identity_kind": identity.kind.value,
        "identity_sealed": work.sealer.seal(identity.number, "identity"),
        "identity_print": work.sealer.fingerprint(identity.number, "identity"),
        "identity_tail_print": work.sealer.fingerprint(identity.number[-4:], "identity-tail"),
        "verified": "number",
        "created_at": work.now,
    }


async def _paid(work: Work, sales: Sequence[tuple[_Sale, int]]) -> None:
    """Where the fee is paid online, it has been."""
    if not sales:
        return
    rows = [
        {
            "appointment_id": appointment_id,
            "hospital_id": sale.session.hospital_id,
            "amount_fen": sale.session.fee_fen,
            "state": PaymentState.PAID.value,
            "provider": "demo",
            "provider_txn": work.chance.token(),
            "created_at": work.now,
            "paid_at": work.now,
        }
        for sale, appointment_id in sales
    ]
    made = await work.db.execute(
        insert(Payment).returning(Payment.appointment_id, Payment.id, Payment.amount_fen), rows
    )
    for appointment_id, payment_id, amount_fen in made.all():
        work.record(
            PaymentReceived(appointment_id=appointment_id, payment_id=payment_id, amount_fen=amount_fen)
        )


def _parts(ids: Sequence[int], size: int = 1_000) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), size):
        yield ids[start : start + size]
