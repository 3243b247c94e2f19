"""Questions about the waiting list, joined for the faces; read-only."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.catalogue.tables import Department, Doctor, Hospital
from core.errors import NotFound
from core.offers.rules import State as OfferState
from core.offers.tables import Offer
from core.people.tables import Person
from core.waiting.line import Standing, standing
from core.waiting.rules import LIVE, State, Want, ahead
from core.waiting.tables import IS_LIVE, WaitingEntry


@dataclass(frozen=True)
class EntryView:
    """A place on the waiting list with the names people know its wish by.

    ahead: how many stand before it for a slot that both would take; None unless it waits. offer_id: the
    offer that is open for it now.
    """

    entry_id: int
    state: State
    version: int
    person_id: int
    person: str = field(repr=False)
    account_id: int | None
    channel: str
    hospital_id: int
    hospital: str
    hospital_short: str
    department_id: int
    department: str
    doctor_id: int | None
    doctor: str | None
    title: str | None
    number_kind: str | None
    first_day: date
    last_day: date
    half: str | None
    joined_at: datetime
    since: datetime
    misses: int
    served_by: int | None
    offer_id: int | None
    phone_sealed: bytes = field(repr=False)
    ahead: int | None = None

    @property
    def want(self) -> Want:
        return Want(
            self.department_id, self.doctor_id, self.number_kind, self.first_day, self.last_day, self.half
        )

    @property
    def live(self) -> bool:
        return self.state in LIVE


async def load(db: AsyncSession, entry_id: int) -> EntryView:
    """Raises NotFound."""
    found = await _found(db, _joined().where(WaitingEntry.id == entry_id))
    if not found:
        raise NotFound(facts={"what": "waiting-entry"})
    return found[0]


async def by_person(db: AsyncSession, person_id: int) -> Sequence[EntryView]:
    """What a person waits for now, the oldest wish first."""
    return await by_people(db, [person_id])


async def by_people(db: AsyncSession, people: Sequence[int]) -> Sequence[EntryView]:
    """The same for several."""
    return await _found(db, _live().where(WaitingEntry.person_id.in_(people)))


async def by_phone(db: AsyncSession, phone_print: str) -> Sequence[EntryView]:
    """What is waited for with this telephone to be told, for whomever; the oldest wish first."""
    return await _found(db, _live().where(WaitingEntry.phone_print == phone_print))


async def of_account(db: AsyncSession, account_id: int, phone_print: str) -> Sequence[EntryView]:
    """What an account waits for, and what is waited for with its telephone to be told."""
    whose = or_(WaitingEntry.account_id == account_id, WaitingEntry.phone_print == phone_print)
    return await _found(db, _live().where(whose))


async def _found(db: AsyncSession, query: Select[*tuple[Any, ...]]) -> Sequence[EntryView]:
    rows = (await db.execute(query)).all()
    seen = [EntryView(row[0], State(row[1]), *row[2:]) for row in rows]
    waits = {one.department_id for one in seen if one.state is State.WAITING}
    lines = {department_id: await standing(db, department_id) for department_id in waits}
    return [
        replace(one, ahead=ahead(_place(one), lines[one.department_id]))
        if one.state is State.WAITING
        else one
        for one in seen
    ]


def _place(one: EntryView) -> Standing:
    return Standing(one.want, one.entry_id, one.since, one.person_id, one.channel, one.offer_id)


def _live() -> Select[*tuple[Any, ...]]:
    return _joined().where(IS_LIVE).order_by(WaitingEntry.since, WaitingEntry.id)


def _joined() -> Select[*tuple[Any, ...]]:
    return (
        select(
            WaitingEntry.id, WaitingEntry.state, WaitingEntry.version,
            WaitingEntry.person_id, Person.name, WaitingEntry.account_id, WaitingEntry.channel,
            Hospital.id, Hospital.name, Hospital.short_name,
            Department.id, Department.name, Doctor.id, Doctor.name, Doctor.title,
            WaitingEntry.number_kind, WaitingEntry.first_day, WaitingEntry.last_day, WaitingEntry.half,
            WaitingEntry.joined_at, WaitingEntry.since, WaitingEntry.misses, WaitingEntry.served_by, Offer.id,
            WaitingEntry.phone_sealed,
        )
        .join(Person, Person.id == WaitingEntry.person_id)
        .join(Hospital, Hospital.id == WaitingEntry.hospital_id)
        .join(Department, Department.id == WaitingEntry.department_id)
        .outerjoin(Doctor, Doctor.id == WaitingEntry.doctor_id)
        .outerjoin(Offer, and_(Offer.id == WaitingEntry.offer_id, Offer.state == OfferState.OPEN))
    )  # fmt: skip
