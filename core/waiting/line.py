"""Who stands in line, and what there is beside it: places to wait for, visits had, slots free; read-only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.booking.rules import State as VisitState
from core.booking.tables import IS_LIVE, Appointment
from core.catalogue.tables import Department, Doctor, Hospital, Post
from core.offers.rules import State as OfferState
from core.offers.tables import Offer
from core.schedule.facts import SlotFacts
from core.schedule.tables import Session, Slot
from core.schedule.view import sellable_now
from core.values import Channel, day_of
from core.waiting.rules import State, Want
from core.waiting.tables import WaitingEntry


@dataclass(frozen=True)
class Place:
    """A department, or one of its doctors, as somebody may wait for it."""

    hospital_id: int
    live: bool
    open: bool


async def place(
    db: AsyncSession, department_id: int, doctor_id: int | None, number_kind: str | None
) -> Place | None:
    """None: there is no such department, or no such doctor or kind of number in it."""
    query = (
        select(Hospital.id, Hospital.state, Department.open & Post.open, Doctor.open)
        .join(Department, Department.hospital_id == Hospital.id)
        .join(Post, Post.department_id == Department.id)
        .outerjoin(Doctor, Doctor.id == Post.doctor_id)
        .where(Department.id == department_id)
    )
    if doctor_id is not None:
        query = query.where(Post.doctor_id == doctor_id)
    if number_kind is not None:
        query = query.where(Post.kind == number_kind)
    rows = (await db.execute(query)).all()
    if not rows:
        return None
    return Place(rows[0][0], rows[0][1] == "live", any(row[2] and row[3] is not False for row in rows))


@dataclass(frozen=True)
class Visit:
    appointment_id: int
    day: date


async def visit_of(db: AsyncSession, person_id: int, want: Want, *, now: datetime) -> Visit | None:
    """What this person has booked of what they want, the soonest."""
    conditions = _wanted(want)
    conditions += [
        Appointment.person_id == person_id,
        IS_LIVE,
        Appointment.ends_at > now,
    ]
    query = (
        select(Appointment.id, Appointment.day)
        .join(Session, Session.id == Appointment.session_id)
        .where(*conditions)
        .order_by(Appointment.starts_at)
        .limit(1)
    )
    row = (await db.execute(query)).one_or_none()
    return None if row is None else Visit(*row)


async def displaced(db: AsyncSession, slot: SlotFacts, *, now: datetime) -> bool:
    """Whether a leave has left somebody without an offer who may want a slot like this."""
    offered = select(Offer.id).where(Offer.appointment_id == Appointment.id, Offer.state == OfferState.OPEN)
    query = select(Appointment.id).where(
        Appointment.day.between(day_of(now), slot.day),
        Appointment.state == VisitState.STOPPED,
        Appointment.number_kind == slot.number_kind,
        ~offered.exists(),
    )
    return (await db.execute(query.limit(1))).first() is not None


@dataclass(frozen=True)
class Free:
    session_id: int
    doctor_id: int | None
    day: date
    half: str


async def free_for(db: AsyncSession, want: Want, *, channel: Channel, now: datetime) -> Free | None:
    """The soonest session with something left that this channel may sell now."""
    query = (
        select(Session.id, Session.doctor_id, Session.day, Session.half)
        .join(Post, Post.id == Session.post_id)
        .outerjoin(Doctor, Doctor.id == Session.doctor_id)
        .where(
            *_wanted(want),
            Post.open,
            Doctor.open.is_not(False),
            select(Slot.id).where(Slot.session_id == Session.id, *sellable_now(channel, now)).exists(),
        )
        .order_by(Session.starts_at, Session.id)
        .limit(1)
    )
    row = (await db.execute(query)).one_or_none()
    return None if row is None else Free(*row)


def _wanted(want: Want) -> list[ColumnElement[bool]]:
    """Want.fits, as conditions over Session."""
    conditions: list[ColumnElement[bool]] = [
        Session.department_id == want.department_id,
        Session.day.between(want.first_day, want.last_day),
    ]
    if want.doctor_id is not None:
        conditions.append(Session.doctor_id == want.doctor_id)
    if want.number_kind is not None:
        conditions.append(Session.number_kind == want.number_kind)
    if want.half is not None:
        conditions.append(Session.half == want.half)
    return conditions


@dataclass(frozen=True)
class Standing:
    """Somebody in line."""

    want: Want
    entry_id: int
    since: datetime
    person_id: int
    channel: str
    offer_id: int | None


async def standing(db: AsyncSession, department_id: int, day: date | None = None) -> Sequence[Standing]:
    """Who waits for a department or anybody in it, on this day; in no order."""
    columns: Any = (
        WaitingEntry.department_id, WaitingEntry.doctor_id, WaitingEntry.number_kind,
        WaitingEntry.first_day, WaitingEntry.last_day, WaitingEntry.half,
        WaitingEntry.id, WaitingEntry.since, WaitingEntry.person_id, WaitingEntry.channel,
        WaitingEntry.offer_id,
    )  # fmt: skip
    query = select(*columns).where(
        WaitingEntry.department_id == department_id, WaitingEntry.state == State.WAITING
    )
    if day is not None:
        query = query.where(WaitingEntry.first_day <= day, WaitingEntry.last_day >= day)
    return [Standing(Want(*row[:6]), *row[6:]) for row in (await db.execute(query)).all()]
