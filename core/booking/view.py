"""Questions about appointments, joined for the faces; read-only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.booking.rules import LIVE, OPEN, State
from core.booking.tables import Appointment, not_before
from core.catalogue.tables import Department, Doctor, Hospital
from core.errors import AppointmentUnknown
from core.money.tables import Refund
from core.people.tables import Person
from core.values import day_of


@dataclass(frozen=True)
class AppointmentView:
    """An appointment with the names that people know it by."""

    appointment_id: int
    serial: str
    state: State
    version: int
    person_id: int
    person: str
    person_pinyin: str
    hospital_id: int
    hospital: str
    hospital_short: str
    hospital_pinyin: str
    department_id: int
    department: str
    department_pinyin: str
    doctor_id: int | None
    doctor: str | None
    doctor_pinyin: str | None
    title: str | None
    number_kind: str
    day: date
    starts_at: datetime
    ends_at: datetime
    sequence: int
    room: str
    where: str
    fee_fen: int
    pay_mode: str
    pay_by: datetime | None
    session_id: int
    channel: str
    booked_at: datetime
    replaces_id: int | None
    replaced_by_id: int | None
    reason: str | None
    contact_sealed: bytes
    contact_print: str
    refund_fen: int = 0


def joined() -> Select[*tuple[Any, ...]]:
    """Appointments with their people and places, for conditions and an order; `listed` reads it."""
    refunds = (
        select(func.coalesce(func.sum(Refund.amount_fen), 0))
        .where(Refund.appointment_id == Appointment.id)
        .scalar_subquery()
    )
    return (
        select(
            Appointment.id,
            Appointment.serial,
            Appointment.state,
            Appointment.version,
            Person.id,
            Person.name,
            Person.pinyin,
            Hospital.id,
            Hospital.name,
            Hospital.short_name,
            Hospital.pinyin,
            Department.id,
            Department.name,
            Department.pinyin,
            Doctor.id,
            Doctor.name,
            Doctor.pinyin,
            Doctor.title,
            Appointment.number_kind,
            Appointment.day,
            Appointment.starts_at,
            Appointment.ends_at,
            Appointment.sequence,
            Appointment.room,
            Department.where,
            Appointment.fee_fen,
            Appointment.pay_mode,
            Appointment.pay_by,
            Appointment.session_id,
            Appointment.channel,
            Appointment.booked_at,
            Appointment.replaces_id,
            Appointment.replaced_by_id,
            Appointment.reason,
            Appointment.contact_sealed,
            Appointment.contact_print,
            refunds,
        )
        .join(Person, Person.id == Appointment.person_id)
        .join(Hospital, Hospital.id == Appointment.hospital_id)
        .join(Department, Department.id == Appointment.department_id)
        .outerjoin(Doctor, Doctor.id == Appointment.doctor_id)
    )


def _ahead() -> Select[*tuple[Any, ...]]:
    return (
        joined()
        .where(Appointment.state.in_(sorted(OPEN | LIVE)), not_before(bindparam("today")))
        .order_by(Appointment.starts_at, Appointment.id)
    )


# Built once: callers and texts ask these all the time, and building one takes longer than answering it.
_BY_ID = joined().where(Appointment.id == bindparam("appointment_id"))
_BY_IDS = joined().where(Appointment.id.in_(bindparam("appointment_ids", expanding=True)))
_BY_SERIAL = joined().where(Appointment.serial == bindparam("serial"))
_OF_PHONE = _ahead().where(Appointment.contact_print == bindparam("phone_print"))
_OF_PERSON = _ahead().where(Appointment.person_id == bindparam("person_id"))
_LAST_VISIT = (
    joined()
    .where(
        Appointment.person_id == bindparam("person_id"),
        Appointment.state.in_([State.ATTENDED, State.CHECKED_IN, State.BOOKED, State.STOPPED]),
    )
    .order_by(Appointment.starts_at.desc())
    .limit(1)
)


def _view(row: Sequence[Any]) -> AppointmentView:
    values = list(row)
    values[2] = State(str(values[2]))
    return AppointmentView(*values)


async def load(db: AsyncSession, appointment_id: int) -> AppointmentView:
    """One appointment as it is now. Raises AppointmentUnknown."""
    row = (await db.execute(_BY_ID, {"appointment_id": appointment_id})).one_or_none()
    if row is None:
        raise AppointmentUnknown
    return _view(row)


async def load_all(db: AsyncSession, appointment_ids: Sequence[int]) -> dict[int, AppointmentView]:
    """Those of these that there are, as they are now, by id."""
    rows = await db.execute(_BY_IDS, {"appointment_ids": list(appointment_ids)})
    return {made.appointment_id: made for made in map(_view, rows.all())}


async def by_serial(db: AsyncSession, serial: str) -> AppointmentView:
    """The appointment of a serial number. Raises AppointmentUnknown."""
    row = (await db.execute(_BY_SERIAL, {"serial": serial})).one_or_none()
    if row is None:
        raise AppointmentUnknown
    return _view(row)


async def open_by_phone(db: AsyncSession, phone_print: str, now: datetime) -> list[AppointmentView]:
    """What is still ahead and was booked by this phone, soonest first."""
    rows = await db.execute(_OF_PHONE, {"phone_print": phone_print, "today": day_of(now)})
    return [_view(row) for row in rows.all()]


async def open_of_person(db: AsyncSession, person_id: int, now: datetime) -> list[AppointmentView]:
    """What a person still has ahead of them, soonest first."""
    rows = await db.execute(_OF_PERSON, {"person_id": person_id, "today": day_of(now)})
    return [_view(row) for row in rows.all()]


async def listed(db: AsyncSession, query: Select[*tuple[Any, ...]]) -> list[AppointmentView]:
    """What a query made of `joined` finds."""
    return [_view(row) for row in (await db.execute(query)).all()]


async def last_visit(db: AsyncSession, person_id: int) -> AppointmentView | None:
    """The newest appointment that a person really had or has: whom they would see again."""
    row = (await db.execute(_LAST_VISIT, {"person_id": person_id})).one_or_none()
    return _view(row) if row else None


@dataclass(frozen=True)
class Names:
    hospital: str
    hospital_short: str
    hospital_pinyin: str
    department: str
    department_pinyin: str


async def names(db: AsyncSession, hospital_id: int, department_id: int) -> Names:
    """What a hospital and a department are called. Raises sqlalchemy's NoResultFound."""
    query = (
        select(Hospital.name, Hospital.short_name, Hospital.pinyin, Department.name, Department.pinyin)
        .join(Department, Department.hospital_id == Hospital.id)
        .where(Hospital.id == hospital_id, Department.id == department_id)
    )
    return Names(*(await db.execute(query)).one())


async def recent(db: AsyncSession, limit: int = 20) -> list[AppointmentView]:
    """The newest appointments of the house, newest first: for the start page and the desks."""
    return await listed(db, joined().order_by(Appointment.id.desc()).limit(limit))
