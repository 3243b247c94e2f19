"""How much is left beside those who want it: slots by department, and how fast they are sold; read-only."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.catalogue.tables import Department, Hospital
from core.journal import JournalRow
from core.schedule.tables import Session, Slot
from core.schedule.view import sellable_now
from core.values import Channel


@dataclass(frozen=True)
class Left:
    """A department's slots that a channel may sell now. sold: how many were booked since a moment."""

    department_id: int
    hospital: str
    department: str
    left: int
    sold: int

    def minutes(self, over_minutes: float) -> int | None:
        """Until nothing is left, at the pace of the last `over_minutes`; None: nobody buys."""
        return round(self.left / (self.sold / over_minutes)) if self.sold else None


async def sold_since(db: AsyncSession, since: datetime) -> dict[int, int]:
    """Department → appointments booked since then, by every channel."""
    query = (
        select(Session.department_id, func.count())
        .join(JournalRow, JournalRow.session_id == Session.id)
        .where(JournalRow.kind == "appointment.booked", JournalRow.at >= since)
        .group_by(Session.department_id)
    )
    return {row[0]: row[1] for row in await db.execute(query)}


async def left(
    db: AsyncSession,
    departments: Iterable[int],
    *,
    channel: Channel,
    now: datetime,
    last_day: date,
    sold: dict[int, int],
) -> Sequence[Left]:
    """What these departments have left, with their names; sold out ones too, the scarcest first."""
    wanted = sorted(set(departments))
    slots = (
        select(Session.department_id, func.count(Slot.id))
        .join(Slot, Slot.session_id == Session.id)
        .where(Session.department_id.in_(wanted), Session.day <= last_day, *sellable_now(channel, now))
        .group_by(Session.department_id)
    )
    free = {row[0]: row[1] for row in await db.execute(slots)}
    called = (
        select(Department.id, Hospital.short_name, Department.name)
        .join(Hospital, Hospital.id == Department.hospital_id)
        .where(Department.id.in_(wanted))
    )
    rows = [Left(*row, free.get(row[0], 0), sold.get(row[0], 0)) for row in await db.execute(called)]
    return sorted(rows, key=lambda one: (one.left, -one.sold, one.department_id))
