"""Our own leg log: who was in a call's room from when to when, and what follows from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from core.contact.agent_tables import RoomStay
from core.contact.stay_rules import Stay
from core.events import RoomEntered, RoomLeft
from core.work import Work


@dataclass(frozen=True)
class Present:
    """A leg that is in a room now."""

    interaction_id: int
    unique_id: str
    role: str
    staff_id: int | None
    entered_at: datetime


async def entered(
    work: Work, interaction_id: int, unique_id: str, role: str, staff_id: int | None = None
) -> bool:
    """A leg came into the room; False when it was there already. role: caller, agent, third, supervisor."""
    maker = sqlite.insert if work.house.database.sqlite else postgresql.insert
    row = {
        "interaction_id": interaction_id,
        "unique_id": unique_id,
        "role": role,
        "staff_id": staff_id,
        "entered_at": work.now,
    }
    made = await work.db.execute(maker(RoomStay).values(row).on_conflict_do_nothing().returning(RoomStay.id))
    if made.scalar_one_or_none() is None:
        return False
    work.record(RoomEntered(interaction_id=interaction_id, role=role, staff_id=staff_id))
    return True


async def left(work: Work, unique_id: str, at: datetime | None = None) -> bool:
    """A leg left its room, now or at an earlier moment that only now is known; False: it was in none."""
    gone = await work.db.execute(
        update(RoomStay)
        .where(RoomStay.unique_id == unique_id, RoomStay.left_at.is_(None))
        .values(left_at=at or work.now)
        .returning(RoomStay.interaction_id, RoomStay.role, RoomStay.staff_id)
    )
    row = gone.one_or_none()
    if row is None:
        return False
    work.record(RoomLeft(interaction_id=row[0], role=row[1], staff_id=row[2]))
    return True


async def present(db: AsyncSession) -> Sequence[Present]:
    """Everybody who is in a room now, as far as we know."""
    rows = await db.execute(select(RoomStay).where(RoomStay.left_at.is_(None)).order_by(RoomStay.id + 0))
    return [
        Present(row.interaction_id, row.unique_id, row.role, row.staff_id, row.entered_at)
        for row in rows.scalars()
    ]


async def was_in(db: AsyncSession, unique_id: str) -> bool:
    """Whether this leg has ever been in its room."""
    query = select(RoomStay.id).where(RoomStay.unique_id == unique_id).limit(1)
    return (await db.execute(query)).first() is not None


async def of(db: AsyncSession, interaction_id: int) -> Sequence[Stay]:
    """The stays of one call, in order."""
    query = select(RoomStay).where(RoomStay.interaction_id == interaction_id).order_by(RoomStay.id)
    return [
        Stay(row.role, row.staff_id, row.entered_at, row.left_at)
        for row in (await db.execute(query)).scalars()
    ]


async def between(
    db: AsyncSession, first: datetime, last: datetime, *, longest: timedelta = timedelta(hours=6)
) -> dict[int, list[Stay]]:
    """The stays of calls that had somebody in their room between two instants, by interaction."""
    query = select(RoomStay).where(RoomStay.entered_at >= first - longest, RoomStay.entered_at < last)
    found: dict[int, list[Stay]] = {}
    for row in (await db.execute(query.order_by(RoomStay.id))).scalars():
        found.setdefault(row.interaction_id, []).append(
            Stay(row.role, row.staff_id, row.entered_at, row.left_at)
        )
    return found
