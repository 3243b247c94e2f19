"""Questions about reminders, for the faces that tell them and take their answers; read-only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.booking import view
from core.booking.rules import State as Visit
from core.booking.tables import Appointment
from core.booking.view import AppointmentView
from core.errors import NotFound
from core.reminding.rules import Answer, State, Way
from core.reminding.tables import VisitReminder


@dataclass(frozen=True)
class ReminderView:
    """A reminder beside what its visit is now. version: of the visit, as it was reminded of."""

    reminder_id: int
    version: int
    way: Way
    state: State
    answer: Answer | None
    visit: AppointmentView

    def stands(self, now: datetime) -> bool:
        """Whether it may still be told: the visit is ahead as it was, and nobody has answered."""
        return self.state is State.OPEN and self.visit.version == self.version and self.ahead(now)

    def ahead(self, now: datetime) -> bool:
        """Whether an answer can still mean something."""
        return self.visit.state is Visit.BOOKED and now < self.visit.starts_at


async def load(db: AsyncSession, reminder_id: int) -> ReminderView:
    """Raises NotFound."""
    row = await db.get(VisitReminder, reminder_id)
    if row is None:
        raise NotFound(facts={"what": "reminder"})
    return await _view(db, row)


async def answerable(db: AsyncSession, phone_print: str, now: datetime) -> Sequence[ReminderView]:
    """What a telephone was reminded of and may answer: the newest reminder of each visit, soonest first."""
    query = (
        select(VisitReminder)
        .join(Appointment, Appointment.id == VisitReminder.appointment_id)
        .where(
            Appointment.contact_print == phone_print,
            Appointment.state == Visit.BOOKED,
            Appointment.starts_at > now,
            VisitReminder.way != Way.NONE,
        )
        .order_by(Appointment.starts_at, Appointment.id, VisitReminder.version)
    )
    newest = {row.appointment_id: row for row in (await db.execute(query)).scalars()}
    return [await _view(db, row) for row in newest.values()]


async def _view(db: AsyncSession, row: VisitReminder) -> ReminderView:
    return ReminderView(
        row.id,
        row.version,
        Way(row.way),
        State(row.state),
        Answer(row.answer) if row.answer else None,
        await view.load(db, row.appointment_id),
    )
