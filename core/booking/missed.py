"""爽约率: of the visits that were due, how many nobody came to; read-only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.booking.rules import State
from core.booking.tables import Appointment
from core.catalogue.tables import Hospital


@dataclass(frozen=True)
class Due:
    """A hospital's visits that were due: those who came, and those who missed theirs."""

    hospital_id: int
    hospital: str
    due: int
    missed: int


async def due_visits(db: AsyncSession, first: date, last: date) -> Sequence[Due]:
    """The settled visits of these days, both included, by hospital; most missed first.

    What the hospital itself stopped, or the patient gave up before, was not due any more.
    """
    missed = func.count().filter(Appointment.state == State.NO_SHOW)
    rows = await db.execute(
        select(Hospital.id, Hospital.short_name, func.count(), missed)
        .join(Appointment, Appointment.hospital_id == Hospital.id)
        .where(
            Appointment.day.between(first, last),
            Appointment.state.in_([State.ATTENDED, State.NO_SHOW]),
        )
        .group_by(Hospital.id)
    )
    found = [Due(*row) for row in rows.all()]
    return sorted(found, key=lambda one: (-one.missed, -one.due, one.hospital_id))
