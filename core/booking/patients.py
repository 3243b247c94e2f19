"""Patients looked up by an operator, with cards, visits and credit; staff see their hospital's (R-094)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.booking import view
from core.booking.caller import PersonView, credit_line, person_view
from core.booking.tables import Appointment
from core.booking.view import AppointmentView
from core.errors import PersonUnknown, WrongInput
from core.money.card import CardView, cards_of
from core.people import engine as people
from core.people.look_up import meaning
from core.people.tables import Person, VisitCard
from core.schedule.tables import Session
from core.sealing import Sealer
from core.staff import audit
from core.values import Actor, day_of, mask
from core.work import Work

PAGE = 20
VISITS = 50

# Why somebody may have to see a whole number; chosen, never typed, so that it can be counted.
REVEAL_REASONS = {
    "verify": "核对来电人身份",
    "call-back": "回拨联系患者",
    "hospital": "与医院核对",
    "correct": "更正登记信息",
    "complaint": "处理投诉",
}


@dataclass(frozen=True)
class People:
    found: Sequence[PersonView]
    count: int
    page: int
    pages: int


@dataclass(frozen=True)
class Patient:
    """phones: masked, the main one first. visits: newest first."""

    person: PersonView
    phones: Sequence[str]
    cards: Sequence[CardView]
    visits: Sequence[AppointmentView]
    credit: str


async def look_up(
    db: AsyncSession, sealer: Sealer, words: str, by: Actor, *, now: datetime, page: int = 1
) -> People:
    """Who is meant by card, name, pinyin or phone, whole or in part; nobody when nothing was asked."""
    if not words.split():
        return People((), 0, 1, 1)
    conditions = [meaning(sealer, words), *_scope(by)]
    count = (await db.execute(select(func.count(Person.id)).where(*conditions))).scalar_one()
    pages = max(1, -(-count // PAGE))
    page = min(max(page, 1), pages)
    query = select(Person.id).where(*conditions).order_by(Person.id).limit(PAGE).offset((page - 1) * PAGE)
    ids = (await db.execute(query)).scalars().all()
    return People([await person_view(db, sealer, one, day_of(now)) for one in ids], count, page, pages)


async def search(db: AsyncSession, sealer: Sealer, words: str, by: Actor, limit: int) -> list[Person]:
    """The first of them, as they stand in the register."""
    if not words.split():
        return []
    query = select(Person).where(meaning(sealer, words), *_scope(by)).order_by(Person.id).limit(limit)
    return list((await db.execute(query)).scalars())


def _scope(by: Actor) -> list[ColumnElement[bool]]:
    """Staff of one hospital know those who have a card there, or were ever booked there."""
    if by.hospital_id is None:
        return []
    # Asked of each person: a list of all whom a hospital ever had is long.
    cards = select(VisitCard.id).where(
        VisitCard.person_id == Person.id, VisitCard.hospital_id == by.hospital_id
    )
    booked = select(Appointment.id).where(
        Appointment.person_id == Person.id, Appointment.hospital_id == by.hospital_id
    )
    return [or_(cards.exists(), booked.exists())]


async def patient(db: AsyncSession, sealer: Sealer, person_id: int, by: Actor, *, now: datetime) -> Patient:
    """Everything about one patient that the actor may see. Raises PersonUnknown, also for another's."""
    await must_know(db, person_id, by)
    phones = await people.phones_of(db, sealer, person_id)
    cards = [one for one in await cards_of(db, sealer, person_id) if by.sees(one.hospital_id)]
    query = view.joined().where(Appointment.person_id == person_id)
    if by.hospital_id is not None:
        query = query.where(Appointment.hospital_id == by.hospital_id)
    made = await view.listed(db, query.order_by(Appointment.starts_at.desc()).limit(VISITS))
    return Patient(
        await person_view(db, sealer, person_id, day_of(now)),
        [mask(number.digits, 3, 4) for number in phones],
        cards,
        made,
        await credit_line(db, person_id, now),
    )


async def must_know(db: AsyncSession, person_id: int, by: Actor) -> None:
    """Raises PersonUnknown for somebody who is none of the actor's patients, as if there were nobody."""
    query = select(Person.id).where(Person.id == person_id, *_scope(by))
    if (await db.execute(query)).first() is None:
        raise PersonUnknown


async def known(db: AsyncSession, people_ids: Iterable[int], by: Actor) -> frozenset[int]:
    """Those of these people who are the actor's patients. Whoever sees all hospitals knows them all."""
    ids = frozenset(people_ids)
    if by.hospital_id is None or not ids:
        return ids
    return frozenset(await db.scalars(select(Person.id).where(Person.id.in_(ids), *_scope(by))))


async def must_reach(db: AsyncSession, changes: Mapping[str, object], by: Actor) -> None:
    """Nothing put into a draft leads beyond what its operator may see (R-167): people, visits, sessions.

    Raises PersonUnknown, NotAllowed. What is of another type is refused when it is saved.
    """
    ids = {name: value for name, value in changes.items() if isinstance(value, int)}
    for name in ("person_id", "booker_id"):
        if name in ids:
            await must_know(db, ids[name], by)
    if by.hospital_id is None:
        return
    if "hospital_id" in ids:
        by.must_see(ids["hospital_id"])
    for name, row in (("appointment_id", Appointment), ("session_id", Session)):
        if name in ids:
            by.must_see(await db.scalar(select(row.hospital_id).where(row.id == ids[name])) or 0)


async def reveal(work: Work, person_id: int, field: str, reason: str) -> str:
    """A masked number in full, for a reason chosen of REVEAL_REASONS; see `unmask`."""
    if reason not in REVEAL_REASONS:
        raise WrongInput(facts={"field": "reason", "why": "empty"})
    return await unmask(work, person_id, field, REVEAL_REASONS[reason])


async def unmask(work: Work, person_id: int, field: str, reason: str) -> str:
    """A masked number in full, written into journal and audit. reason: in the words of a face.

    field: 'identity' or 'phone'. Raises NotAllowed, PersonUnknown, WrongInput.
    """
    await must_know(work.db, person_id, work.by)
    value = await people.reveal(work, person_id, field, reason=reason)
    await audit.note(work, "unmasked", what=field, subject_id=person_id, reason=reason)
    return value
