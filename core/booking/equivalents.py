"""Equivalents of a full or stopped session, across hospitals, from what is free at this moment."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.booking.equivalents_rules import Candidate, Equivalent, ranked
from core.booking.tables import Appointment
from core.catalogue.tables import Department, Doctor, Hospital, Post
from core.errors import AppointmentUnknown, NotFound
from core.schedule import view
from core.schedule.tables import Session, Slot
from core.values import Channel, day_of

# Nobody waits longer for the same thing.
AHEAD = timedelta(days=60)


async def equivalents(
    db: AsyncSession, *, session_id: int, now: datetime, channel: Channel = Channel.PHONE
) -> list[Equivalent]:
    """What may stand in for a session, best first, with live counts. Raises NotFound."""
    row = (await db.execute(_candidates(literal(0)).where(Session.id == session_id))).one_or_none()
    if row is None:
        raise NotFound(facts={"what": "session"})
    wanted = Candidate(*row)
    query = (
        _candidates(func.count(Slot.id))
        .join(Slot, Slot.session_id == Session.id)
        .join(Post, Post.id == Session.post_id)
        .where(
            Department.standard_code == wanted.standard_code,
            Department.open,
            Post.open,
            Hospital.state == "live",
            Session.day.between(day_of(now), day_of(now + AHEAD)),
            *view.sellable_now(channel, now),
        )
        .group_by(Session.id, Hospital.id, Department.id, Doctor.id)
    )
    return ranked(wanted, [Candidate(*found) for found in (await db.execute(query)).all()])


async def of_appointment(
    db: AsyncSession, *, appointment_id: int, now: datetime, channel: Channel = Channel.PHONE
) -> list[Equivalent]:
    """What may stand in for an appointment, such as one that the doctor's leave stopped.

    Raises AppointmentUnknown.
    """
    session_id = await db.scalar(select(Appointment.session_id).where(Appointment.id == appointment_id))
    if session_id is None:
        raise AppointmentUnknown
    return await equivalents(db, session_id=session_id, now=now, channel=channel)


def _candidates(free: Any) -> Select[*tuple[Any, ...]]:
    return (
        select(
            Session.id,
            Session.hospital_id,
            Hospital.short_name,
            Hospital.grade,
            Hospital.region_id,
            Session.department_id,
            Department.name,
            Department.standard_code,
            Session.doctor_id,
            Doctor.name,
            Doctor.title,
            Session.number_kind,
            Session.day,
            Session.starts_at,
            Session.ends_at,
            Session.fee_fen,
            free,
        )
        .join(Hospital, Hospital.id == Session.hospital_id)
        .join(Department, Department.id == Session.department_id)
        .outerjoin(Doctor, Doctor.id == Session.doctor_id)
    )
