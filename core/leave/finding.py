"""What the plan looks at: displaced patients, and the periods that are free for them now; read-only.

A slot that rests after a cancellation, or for the waiting list, is free here: the displaced come first.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.booking.tables import IS_LIVE, Appointment
from core.catalogue.tables import Department, Doctor, Hospital, Post
from core.credit.engine import rules_for
from core.leave.plan import AHEAD, Displaced, Place, Room, Rung
from core.leave.tables import LeaveCase
from core.offers.rules import Kind as OfferKind
from core.offers.rules import State as OfferState
from core.offers.tables import Offer
from core.people.rules import is_elder
from core.people.tables import Person
from core.schedule.rules import COMMON, SessionState, SlotState
from core.schedule.tables import Period, Session, Slot
from core.values import Channel, day_of

# Slots are asked for as the telephone may sell them: its own share and the common pool.
BY = Channel.PHONE

_PLACE = (
    Hospital.id,
    Hospital.region_id,
    Hospital.grade,
    Department.id,
    Department.standard_code,
    Session.doctor_id,
    Doctor.title,
    Session.number_kind,
)


async def displaced(db: AsyncSession, case_ids: Iterable[int], now: datetime) -> list[Displaced]:
    """These cases, as the plan wants them."""
    query = _who(LeaveCase.id.label("key")).join(LeaveCase, LeaveCase.appointment_id == Appointment.id)
    rows = (await db.execute(query.where(LeaveCase.id.in_(list(case_ids))))).all()
    tried = await _tried(db, [row.key for row in rows])
    return await _whole(db, rows, tried, now)


async def would_displace(db: AsyncSession, appointment_ids: Iterable[int], now: datetime) -> list[Displaced]:
    """The same of appointments that still stand, known by their own ids: for a look beforehand."""
    query = _who(Appointment.id.label("key")).where(Appointment.id.in_(list(appointment_ids)))
    return await _whole(db, (await db.execute(query)).all(), {}, now)


def _who(key: Any) -> Select[*tuple[Any, ...]]:
    """Appointments with their place, as it was booked, and their person."""
    return (
        select(
            key, Appointment.id, Appointment.person_id, *_PLACE, Appointment.starts_at, Appointment.ends_at,
            Appointment.fee_fen, Person.birth_date, Person.elder_care,
        )
        .join(Session, Session.id == Appointment.session_id)
        .join(Hospital, Hospital.id == Appointment.hospital_id)
        .join(Department, Department.id == Appointment.department_id)
        .join(Person, Person.id == Appointment.person_id)
        .outerjoin(Doctor, Doctor.id == Session.doctor_id)
    )  # fmt: skip


async def _whole(
    db: AsyncSession, rows: Sequence[Any], tried: dict[int, set[int]], now: datetime
) -> list[Displaced]:
    busy = await _busy(db, {row[2] for row in rows}, now, but={row[1] for row in rows})
    found = []
    for row in rows:
        key, _, person_id, *place, starts_at, ends_at, fee_fen, born, led = row
        elder = is_elder(born, led, day_of(now))
        found.append(
            Displaced(
                key, person_id, Place(*place), starts_at, ends_at, fee_fen, elder,
                tuple(busy.get(person_id, ())), frozenset(tried.get(key, ())),
            )
        )  # fmt: skip
    return found


async def _busy(
    db: AsyncSession, people: Iterable[int], now: datetime, *, but: Iterable[int]
) -> dict[int, list[tuple[datetime, datetime]]]:
    """When these people are seen already, or may be: their visits, and what else is kept for them."""
    visits = select(Appointment.person_id, Appointment.starts_at, Appointment.ends_at).where(
        Appointment.person_id.in_(list(people)),
        IS_LIVE,
        Appointment.ends_at > now,
        Appointment.id.not_in(list(but)),
    )
    kept = (
        select(Offer.person_id, Period.starts_at, Period.ends_at)
        .join(Slot, Slot.id == Offer.slot_id)
        .join(Period, Period.id == Slot.period_id)
        .where(Offer.person_id.in_(list(people)), Offer.state == OfferState.OPEN)
    )
    found: dict[int, list[tuple[datetime, datetime]]] = {}
    for query in (visits, kept):
        for person_id, starts_at, ends_at in (await db.execute(query)).all():
            found.setdefault(person_id, []).append((starts_at, ends_at))
    return found


async def _tried(db: AsyncSession, case_ids: Sequence[int]) -> dict[int, set[int]]:
    """The sessions that these cases have been offered; what we took back ourselves may be offered again."""
    query = select(Offer.source_id, Offer.session_id).where(
        Offer.kind == OfferKind.LEAVE,
        Offer.source_id.in_(case_ids),
        Offer.state != OfferState.WITHDRAWN,
    )
    found: dict[int, set[int]] = {}
    for case_id, session_id in (await db.execute(query)).all():
        found.setdefault(case_id, set()).add(session_id)
    return found


async def rooms(
    db: AsyncSession, cases: Sequence[Displaced], now: datetime, *, rung: Rung | None = None
) -> list[Room]:
    """What is free for these patients now. rung: only what may come in question for it."""
    if not cases:
        return []
    days = [day_of(case.starts_at) for case in cases]
    conditions = [
        _near(cases, rung),
        Session.number_kind.in_({case.place.number_kind for case in cases}),
        Session.day.between(min(days), max(days) + AHEAD),
        *_free(now),
    ]
    query = (
        select(
            Session.id, Period.id, *_PLACE, Period.starts_at, Period.ends_at, Session.fee_fen,
            Session.stop_at, func.count(Slot.id),
        )
        .join(Slot, Slot.session_id == Session.id)
        .join(Period, Period.id == Slot.period_id)
        .join(Hospital, Hospital.id == Session.hospital_id)
        .join(Department, Department.id == Session.department_id)
        .join(Post, Post.id == Session.post_id)
        .outerjoin(Doctor, Doctor.id == Session.doctor_id)
        .where(*conditions)
        .group_by(Session.id, Period.id, Hospital.id, Department.id, Doctor.id)
        .order_by(Period.id)
    )  # fmt: skip
    return [_room(row) for row in (await db.execute(query)).all()]


def _room(row: Any) -> Room:
    session_id, period_id, *place, starts_at, ends_at, fee_fen, gone_at, free = row
    return Room(session_id, period_id, Place(*place), starts_at, ends_at, fee_fen, gone_at, free)


def _near(cases: Sequence[Displaced], rung: Rung | None) -> ColumnElement[bool]:
    """Wide enough for core.leave.plan.rung_of, which decides."""
    places = [case.place for case in cases]
    hospitals = {place.hospital_id for place in places}
    codes = {place.standard_code for place in places if place.standard_code}
    ways: dict[Rung, ColumnElement[bool]] = {
        Rung.SAME_DOCTOR: Session.doctor_id.in_({p.doctor_id for p in places if p.doctor_id is not None}),
        Rung.SAME_GRADE: Session.hospital_id.in_(hospitals)
        & or_(
            Session.department_id.in_({p.department_id for p in places}), Department.standard_code.in_(codes)
        ),
        Rung.SISTER: Hospital.region_id.in_({p.region_id for p in places})
        & Hospital.grade.in_({p.level for p in places})
        & Department.standard_code.in_(codes),
    }
    return or_(*ways.values()) if rung is None else ways[rung]


def _free(now: datetime) -> list[ColumnElement[bool]]:
    """As core.schedule.view.sellable_now, but for the rest after a cancellation."""
    recycled = Session.recycle_at.is_not(None) & (Session.recycle_at <= now)
    return [
        Hospital.state == "live",
        Department.open.is_(True),
        Post.open.is_(True),
        or_(Doctor.id.is_(None), Doctor.open.is_(True)),
        Session.state == SessionState.PUBLISHED,
        Session.release_at <= now,
        Session.stop_at > now,
        Slot.state == SlotState.FREE,
        or_(Slot.pool.in_([BY.value, COMMON]), recycled),
    ]


async def apart(db: AsyncSession, hospital_id: int) -> timedelta:
    """How far two visits of a person must lie from each other."""
    ruling = (await rules_for(db, hospital_id)).ruling("overlap.minutes")
    return timedelta(minutes=ruling.value)
