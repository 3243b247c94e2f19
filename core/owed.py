"""What is owed to the outside and what was given up: for health, metrics and the supervisor."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import ChangedMeanwhile, NotFound
from core.outbox_table import DEAD, IS_DEAD, IS_WAITING, LEFT, WAITING, OutboxRow
from core.work import Work


@dataclass(frozen=True)
class Dead:
    """A delivery that was given up; somebody must look at it."""

    id: int
    carrier: str
    journal_id: int
    appointment_id: int | None
    attempts: int
    last_error: str | None
    created_at: datetime


async def age(db: AsyncSession, now: datetime) -> timedelta:
    """How long the oldest delivery has been owed; zero when nothing is."""
    oldest = (await db.execute(select(func.min(OutboxRow.created_at)).where(IS_WAITING))).scalar_one()
    return max(now - oldest, timedelta()) if oldest else timedelta()


async def counts(db: AsyncSession) -> dict[tuple[str, str], int]:
    """(carrier, state) to rows, of those waiting and dead."""
    # Two questions, each by its own index; coalesced, or it would be that of the carriers, of all of theirs.
    by = (func.coalesce(OutboxRow.carrier, ""), OutboxRow.state)
    counted = select(*by, func.count()).group_by(*by)
    query = counted.where(IS_WAITING).union_all(counted.where(IS_DEAD))
    return {(carrier, state): rows for carrier, state, rows in await db.execute(query)}


async def dead(db: AsyncSession, limit: int = 100) -> Sequence[Dead]:
    """What was given up, newest first."""
    query = select(OutboxRow).where(IS_DEAD).order_by(OutboxRow.created_at.desc()).limit(limit)
    return [
        Dead(r.id, r.carrier, r.journal_id, r.appointment_id, r.attempts, r.last_error, r.created_at)
        for r in (await db.execute(query)).scalars()
    ]


async def revive(work: Work, outbox_id: int) -> None:
    """Try a dead delivery again from the start. Raises NotFound when there is no such dead one."""
    again = (
        update(OutboxRow)
        .where(OutboxRow.id == outbox_id, OutboxRow.state == DEAD)
        .values(state=WAITING, due_at=work.now, attempts=0, taken=False)
        .returning(OutboxRow.id)
    )
    if (await work.db.execute(again)).first() is None:
        raise NotFound


async def leave(work: Work, outbox_id: int) -> None:
    """Nobody tries a dead delivery any more. Raises ChangedMeanwhile when there is no such dead one."""
    left = (
        update(OutboxRow)
        .where(OutboxRow.id == outbox_id, OutboxRow.state == DEAD)
        .values(state=LEFT)
        .returning(OutboxRow.id)
    )
    if (await work.db.execute(left)).first() is None:
        raise ChangedMeanwhile
