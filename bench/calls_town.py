"""The town that the calls bench telephones: numbers enough, and callers whose last four we know."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, time, timedelta
from itertools import cycle, islice
from math import ceil

from sqlalchemy import func, insert, select

from core.booking.rules import LIVE
from core.booking.tables import Appointment
from core.catalogue.tables import Doctor, Post
from core.contact.rules import Disposition
from core.contact.tables import Interaction, OpeningHours
from core.journal import JournalRow
from core.people.naming import pinyin_of
from core.people.tables import Person, PersonPhone
from core.schedule.rules import SlotState
from core.schedule.tables import Slot
from core.values import IdentityKind, day_of
from core.work import Hotline
from tests.builders import SEED, Clinic, clinic

HOSPITALS, DEPARTMENTS, FIRST_DAY = 4, 2, 2
POSTS = ("chen", "wu", "kid", "lin")  # two of each department
DAYS = range(5, 13)  # on so many days there are sessions: more for more callers, as far as may be booked
# A session is as long as a doctor's half day: more callers are more sessions, and no longer ones.
AT_MOST = 60
# Nobody is turned away for want of numbers: a department holds more than its share of all callers.
ROOM = 1.2
SURNAMES = "王李张刘陈杨黄赵周吴徐孙马胡朱郭何林高罗"
BORN = date(1970, 5, 4)
AT_ONCE = 1000


@dataclass(frozen=True)
class CallerIs:
    """Who calls and what they press: the last four, the hospital's key, the department's."""

    number: str
    tail: str
    hospital: str
    department: str


@dataclass(frozen=True)
class Audit:
    """What the calls have left in the tables. twice: callers with two appointments; oversold: numbers
    with two, or appointments without a number of theirs."""

    booked: int
    closed_as_booked: int
    open_ones: int
    twice: int
    oversold: int

    def wrong(self, well_ended: int) -> list[str]:
        """What does not agree with so many calls that ended well; empty when all is as it must be."""
        told = {
            f"{self.booked} appointments of {well_ended} calls that ended well": self.booked != well_ended,
            f"{self.closed_as_booked} contacts closed as booked": self.closed_as_booked != well_ended,
            f"{self.twice} callers booked twice": self.twice > 0,
            f"{self.oversold} oversold": self.oversold > 0,
        }
        return [words for words, is_so in told.items() if is_so]


async def town(hotline: Hotline, calls: int) -> list[CallerIs]:
    """Four hospitals of two departments with room for all these calls; each is another person's."""
    of_each = calls * ROOM / (HOSPITALS * len(POSTS) * 2)  # post and half of a day, on all days together
    days = max(DAYS.start, min(ceil(of_each / AT_MOST), DAYS[-1]))
    today = day_of(hotline.clock.now())
    for number in range(1, HOSPITALS + 1):
        made = await clinic(hotline, number)
        await _another_doctor(made)
        await _sessions(made, ceil(of_each / days) + 2, days, today)
    async with hotline.work(SEED) as work:  # people answer at any hour: the words are the same at night
        work.db.add_all(OpeningHours(weekday=day, opens=time(0), closes=time.max) for day in range(1, 8))
    return await _people(hotline, calls)


async def _another_doctor(made: Clinic) -> None:
    """The second of the second department."""
    async with made.hotline.work(SEED) as work:
        doctor = Doctor(
            hospital_id=made.hospital_id, code="lin", name="林小萍", pinyin="lin xiao ping", initials="lxp",
            title="主治医师",
        )  # fmt: skip
        work.db.add(doctor)
        await work.db.flush()
        post = Post(department_id=made.other_department_id, doctor_id=doctor.id, kind="ordinary", fee_fen=800)
        work.db.add(post)
        await work.db.flush()
        made.posts["lin"] = post.id


async def _sessions(made: Clinic, slots: int, days: int, today: date) -> None:
    for ahead in range(FIRST_DAY, FIRST_DAY + days):
        for half in ("am", "pm"):
            for post in POSTS:
                await made.session(post, day=today + timedelta(days=ahead), half=half, slots=slots)


async def _people(hotline: Hotline, calls: int) -> list[CallerIs]:
    """Grown-ups with an identity number of their own, each known by a mobile of their own."""
    known: list[CallerIs] = []
    surnames = cycle(SURNAMES)
    while len(known) < calls:
        async with hotline.work(SEED) as work:
            people, phones = [], []
            for surname in islice(surnames, min(AT_ONCE, calls - len(known))):
                place = len(known)
                caller = CallerIs(
                    f"139{place:08d}",
                    f"{place % 9000 + 1000}",
                    str(place % HOSPITALS + 1),
                    str(place // HOSPITALS % DEPARTMENTS + 1),
                )
                known.append(caller)
                name, identity = f"{surname}明", f"{place:014d}{caller.tail}"
                people.append(
                    {
                        "name": name, "pinyin": pinyin_of(name), "initials": "m", "sex": "female",
                        "birth_date": BORN, "identity_kind": IdentityKind.RESIDENT.value,
                        "identity_sealed": work.sealer.seal(identity, "identity"),
                        "identity_print": work.sealer.fingerprint(identity, "identity"),
                        "identity_tail_print": work.sealer.fingerprint(caller.tail, "identity-tail"),
                        "created_at": work.now,
                    }
                )  # fmt: skip
                phones.append(
                    {
                        "phone_print": work.sealer.fingerprint(caller.number, "phone"),
                        "phone_tail": work.sealer.fingerprint(caller.number[-4:], "phone-tail"),
                        "phone_sealed": work.sealer.seal(caller.number, "phone"),
                        "created_at": work.now,
                    }
                )
            added = await work.db.execute(
                insert(Person).returning(Person.id, sort_by_parameter_order=True), people
            )
            rows = [phone | {"person_id": who} for phone, who in zip(phones, added.scalars(), strict=True)]
            await work.db.execute(insert(PersonPhone), rows)
    return known


async def unbooked(hotline: Hotline, most: int = 3) -> list[str]:
    """How the first calls went that booked nothing: what was said and pressed, and when."""
    first = (
        select(Interaction.id, Interaction.disposition, Interaction.reached)
        .where(Interaction.disposition.is_distinct_from(Disposition.BOOKED.value))
        .order_by(Interaction.id)
        .limit(most)
    )
    told: list[str] = []
    async with hotline.read() as db:
        for number, disposition, reached in (await db.execute(first)).all():
            steps = (
                select(JournalRow.at, JournalRow.kind, JournalRow.body)
                .where(JournalRow.interaction_id == number)
                .order_by(JournalRow.id)
            )
            told.append(f"contact {number}, {disposition or 'open'}, got to {reached}:")
            told += [
                f"  {at:%H:%M:%S.%f} {kind} {body}" for at, kind, body in (await db.execute(steps)).all()
            ]
    return told


async def audit(hotline: Hotline) -> Audit:
    async with hotline.read() as db:
        rows = (
            await db.execute(
                select(Appointment.slot_id, Appointment.person_id).where(Appointment.state.in_(sorted(LIVE)))
            )
        ).all()
        taken = await db.scalar(select(func.count(Slot.id)).where(Slot.state == SlotState.BOOKED))
        dispositions = (await db.execute(select(Interaction.disposition))).scalars().all()
    slots, people = Counter(row[0] for row in rows), Counter(row[1] for row in rows)
    return Audit(
        len(rows),
        dispositions.count(Disposition.BOOKED.value),
        dispositions.count(None),
        sum(count - 1 for count in people.values()),
        sum(count - 1 for count in slots.values()) + abs((taken or 0) - len(slots)),
    )
