"""The bookings of a day, or of other filters, a page at a time, with their totals (R-090, R-092, R-093)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.booking import view
from core.booking.rules import State
from core.booking.tables import Appointment
from core.booking.view import AppointmentView
from core.catalogue.tables import Department, Doctor, Hospital
from core.people.look_up import spelt
from core.people.tables import Person
from core.sealing import Sealer
from core.values import Actor, mask

PAGE = 20
# What fits into one printout, and into one file.
MOST_PRINTED = 500
MOST_EXPORTED = 20_000


@dataclass(frozen=True)
class Filters:
    """What is asked for. day: of the visit, None for every day; booked_*: when it was booked.

    words: fuzzy, each of them must fit: part of a name, pinyin, initials, a serial number or its
    beginning, a phone number or its last four.
    """

    day: date | None = None
    channel: str | None = None
    hospital_id: int | None = None
    department_id: int | None = None
    doctor_id: int | None = None
    state: str | None = None
    booked_from: datetime | None = None
    booked_until: datetime | None = None
    words: str = ""


@dataclass(frozen=True)
class Totals:
    """count: of all that was found; by_state: of it; fee_fen: the fees of what was not given up."""

    count: int = 0
    by_state: Mapping[State, int] = field(default_factory=dict)
    fee_fen: int = 0


@dataclass(frozen=True)
class Line:
    """One booking as a list shows it: numbers masked."""

    made: AppointmentView
    phone_masked: str
    identity_masked: str


@dataclass(frozen=True)
class Found:
    lines: Sequence[Line]
    totals: Totals
    page: int
    pages: int


async def listed(
    db: AsyncSession, sealer: Sealer, filters: Filters, by: Actor, *, page: int = 1, size: int = PAGE
) -> Found:
    """One page in order of the visit, and the totals of all pages. A page beyond the last is the last.

    Staff of one hospital see its bookings and no other's.
    """
    conditions = _conditions(filters, sealer, by)
    totals = await _totals(db, conditions)
    pages = max(1, -(-totals.count // size))
    page = min(max(page, 1), pages)
    query = (
        view.joined()
        .where(*conditions)
        .order_by(Appointment.starts_at, Appointment.hospital_id, Appointment.sequence, Appointment.id)
        .limit(size)
        .offset((page - 1) * size)
    )
    made = await view.listed(db, query)
    return Found(await _masked(db, sealer, made), totals, page, pages)


def _conditions(filters: Filters, sealer: Sealer, by: Actor) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    for column, value in (
        (Appointment.day, filters.day),
        (Appointment.channel, filters.channel),
        (Appointment.hospital_id, filters.hospital_id),
        (Appointment.department_id, filters.department_id),
        (Appointment.doctor_id, filters.doctor_id),
        (Appointment.state, filters.state),
        (Appointment.hospital_id, by.hospital_id),
    ):
        if value is not None:
            wanted.append(column == value)
    if filters.booked_from is not None:
        wanted.append(Appointment.booked_at >= filters.booked_from)
    if filters.booked_until is not None:
        wanted.append(Appointment.booked_at < filters.booked_until)
    return wanted + [_means(word, sealer) for word in filters.words.split()]


def _means(word: str, sealer: Sealer) -> ColumnElement[bool]:
    if word.isdigit():
        ways: list[ColumnElement[bool]] = [
            Appointment.serial.startswith(word, autoescape=True),
            Appointment.contact_print == sealer.fingerprint(word, "phone"),
        ]
        if len(word) == 4:
            ways.append(Appointment.contact_tail == sealer.fingerprint(word, "phone-tail"))
        return or_(*ways)
    if re.fullmatch(r"[A-Za-z]+", word):
        typed = word.lower()
        return or_(
            spelt(typed, Person.initials, Person.pinyin),
            spelt(typed, Doctor.initials, Doctor.pinyin),
            spelt(typed, Department.initials, Department.pinyin),
        )
    return or_(
        Person.name.contains(word, autoescape=True),
        Doctor.name.contains(word, autoescape=True),
        Department.name.contains(word, autoescape=True),
        Hospital.short_name.contains(word, autoescape=True),
    )


_GIVEN_UP = (State.CANCELLED, State.EXPIRED, State.REPLACED)


async def _totals(db: AsyncSession, conditions: Sequence[ColumnElement[bool]]) -> Totals:
    query: Select[*tuple[Any, ...]] = (
        select(Appointment.state, func.count(), func.coalesce(func.sum(Appointment.fee_fen), 0))
        .join(Person, Person.id == Appointment.person_id)
        .join(Hospital, Hospital.id == Appointment.hospital_id)
        .join(Department, Department.id == Appointment.department_id)
        .outerjoin(Doctor, Doctor.id == Appointment.doctor_id)
        .where(*conditions)
        .group_by(Appointment.state)
    )
    rows = {State(row[0]): (row[1], row[2]) for row in (await db.execute(query)).all()}
    return Totals(
        sum(count for count, _ in rows.values()),
        {state: rows[state][0] for state in State if state in rows},
        sum(int(fee) for state, (_, fee) in rows.items() if state not in _GIVEN_UP),
    )


async def _masked(db: AsyncSession, sealer: Sealer, made: Sequence[AppointmentView]) -> list[Line]:
    people = select(Person.id, Person.identity_sealed).where(
        Person.id.in_({one.person_id for one in made}), Person.identity_sealed.is_not(None)
    )
    identities = {row[0]: row[1] for row in (await db.execute(people)).all()}
    lines = []
    for one in made:
        sealed = identities.get(one.person_id)
        lines.append(
            Line(
                one,
                mask(sealer.open(one.contact_sealed, "phone"), 3, 4),
                mask(sealer.open(sealed, "identity"), 3, 4) if sealed else "",
            )
        )
    return lines
