"""What a department still has, in one line: for whoever waits for a person to book there; read-only."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.catalogue.tables import Department
from core.schedule.tables import Session, Slot
from core.schedule.view import sellable_now
from core.values import Channel


@dataclass(frozen=True)
class Outlook:
    """earliest: the first day with a slot this channel may sell now; None: nothing is left."""

    department_id: int
    department: str
    department_pinyin: str
    earliest: date | None
    left: int


async def outlook(db: AsyncSession, department_id: int, *, channel: Channel, now: datetime) -> Outlook | None:
    """None: there is no such department."""
    named = (
        await db.execute(select(Department.name, Department.pinyin).where(Department.id == department_id))
    ).one_or_none()
    if named is None:
        return None
    free = (
        await db.execute(
            select(func.min(Session.day), func.count(Slot.id))
            .join(Slot, Slot.session_id == Session.id)
            .where(Session.department_id == department_id, *sellable_now(channel, now))
        )
    ).one()
    return Outlook(department_id, named[0], named[1], free[0], free[1])
