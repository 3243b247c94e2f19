"""Questions about offers, joined for the faces; read-only."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.catalogue.tables import Department, Doctor, Hospital
from core.errors import NotFound
from core.offers.rules import Kind, State
from core.offers.tables import Offer
from core.people.tables import Person
from core.schedule.tables import Period, Session, Slot


@dataclass(frozen=True)
class OfferView:
    """An offer with the names that people know its slot by."""

    offer_id: int
    kind: Kind
    state: State
    version: int
    source_id: int
    why: str | None
    person_id: int
    person: str = field(repr=False)
    appointment_id: int | None
    made_id: int | None
    hospital: str
    hospital_short: str
    department: str
    doctor: str | None
    title: str | None
    number_kind: str
    session_id: int
    period_id: int
    sequence: int
    day: date
    starts_at: datetime
    ends_at: datetime
    room: str
    fee_fen: int
    phone_print: str
    phone_sealed: bytes = field(repr=False)
    made_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    hospital_id: int
    hospital_pinyin: str
    department_id: int
    department_pinyin: str
    doctor_id: int | None
    doctor_pinyin: str | None

    def open(self, now: datetime) -> bool:
        """Whether an answer still counts."""
        return self.state is State.OPEN and now < self.expires_at


async def load(db: AsyncSession, offer_id: int) -> OfferView:
    """Raises NotFound."""
    row = (await db.execute(_joined().where(Offer.id == offer_id))).one_or_none()
    if row is None:
        raise NotFound(facts={"what": "offer"})
    return _view(row)


async def open_by_phone(db: AsyncSession, phone_print: str, now: datetime) -> Sequence[OfferView]:
    """What a telephone may answer now; leaves before the waiting list, the oldest first."""
    query = _joined().where(
        Offer.phone_print == phone_print, Offer.state == State.OPEN, Offer.expires_at > now
    )
    rows = (await db.execute(query.order_by(Offer.kind, Offer.made_at, Offer.id))).all()
    return [_view(row) for row in rows]


async def of_source(db: AsyncSession, kind: Kind, source_id: int) -> Sequence[OfferView]:
    """Everything ever offered for one case or entry, the newest first."""
    query = _joined().where(Offer.kind == kind.value, Offer.source_id == source_id)
    return [_view(row) for row in (await db.execute(query.order_by(Offer.id.desc()))).all()]


async def of_sources(db: AsyncSession, kind: Kind, source_ids: Sequence[int]) -> Sequence[OfferView]:
    """The same for several cases or entries at once."""
    query = _joined().where(Offer.kind == kind.value, Offer.source_id.in_(source_ids))
    return [_view(row) for row in (await db.execute(query.order_by(Offer.id.desc()))).all()]


async def open_for_visit(db: AsyncSession, appointment_id: int) -> OfferView | None:
    """The offer that stands for a stopped visit."""
    query = _joined().where(Offer.appointment_id == appointment_id, Offer.state == State.OPEN)
    row = (await db.execute(query)).one_or_none()
    return None if row is None else _view(row)


async def open_among(
    db: AsyncSession, offer_ids: Sequence[int], appointment_ids: Sequence[int]
) -> Sequence[OfferView]:
    """Those of these offers, and for these stopped visits, that still stand."""
    named = or_(Offer.id.in_(offer_ids), Offer.appointment_id.in_(appointment_ids))
    query = _joined().where(named, Offer.state == State.OPEN)
    return [_view(row) for row in (await db.execute(query)).all()]


def _joined() -> Select[*tuple[Any, ...]]:
    return (
        select(
            Offer.id, Offer.kind, Offer.state, Offer.version, Offer.source_id, Offer.why,
            Offer.person_id, Person.name, Offer.appointment_id, Offer.made_id,
            Hospital.name, Hospital.short_name, Department.name, Doctor.name, Doctor.title,
            Session.number_kind, Session.id, Period.id, Slot.sequence, Session.day,
            Period.starts_at, Period.ends_at, Session.room, Session.fee_fen,
            Offer.phone_print, Offer.phone_sealed, Offer.made_at, Offer.expires_at, Offer.ended_at,
            Session.hospital_id, Hospital.pinyin, Department.id, Department.pinyin, Doctor.id, Doctor.pinyin,
        )
        .join(Person, Person.id == Offer.person_id)
        .join(Slot, Slot.id == Offer.slot_id)
        .join(Period, Period.id == Slot.period_id)
        .join(Session, Session.id == Offer.session_id)
        .join(Hospital, Hospital.id == Session.hospital_id)
        .join(Department, Department.id == Session.department_id)
        .outerjoin(Doctor, Doctor.id == Session.doctor_id)
    )  # fmt: skip


def _view(row: Sequence[Any]) -> OfferView:
    values = list(row)
    values[1], values[2] = Kind(values[1]), State(values[2])
    return OfferView(*values)
