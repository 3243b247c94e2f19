"""Which rows of the outbox are due, and how a worker takes and settles them: the statements."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Integer,
    and_,
    bindparam,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from core.database import Instant, table_of
from core.outbox_table import DONE, IS_WAITING, WAITING, OutboxRow
from core.partial import written

_TABLE = table_of(OutboxRow)


@dataclass(frozen=True)
class Taken:
    """attempt: the fence; see OutboxRow."""

    id: int
    journal_id: int
    attempt: int


class Due:
    """What is due for one carrier: its statements are asked all day, and built once."""

    def __init__(self, carrier: str, *, ordered: bool) -> None:
        now: BindParameter[datetime] = bindparam("now", type_=Instant())
        due = _due(carrier, now, ordered)
        # A subquery with a limit may be run more than once inside an UPDATE on PostgreSQL; a CTE is not.
        chosen = (
            select(OutboxRow.id)
            .where(due)
            .order_by(
                func.coalesce(OutboxRow.id, 0)
            )  # or all rows are read in their order, to find the due ones
            .limit(bindparam("most", type_=Integer()))
            .with_for_update(skip_locked=True)
            .cte("chosen")
        )
        self._look = select(OutboxRow.id).where(due).limit(1)
        self._take = (
            update(_TABLE)
            .where(_TABLE.c.id.in_(select(chosen.c.id)), IS_WAITING, _TABLE.c.due_at <= now)
            .values(due_at=bindparam("lease", type_=Instant()), attempts=_TABLE.c.attempts + 1, taken=True)
            .returning(_TABLE.c.id, _TABLE.c.journal_id, _TABLE.c.attempts)
        )

    async def any(self, db: AsyncSession, now: datetime) -> bool:
        """A look that takes no lock, so that an idle outbox costs the bookings nothing."""
        return (await db.execute(self._look, {"now": now})).first() is not None

    async def take(self, db: AsyncSession, now: datetime, lease: datetime, most: int) -> Sequence[Taken]:
        """Up to `most` rows, ours until `lease`; nobody else gets them before."""
        taken = await db.execute(self._take, {"now": now, "lease": lease, "most": most})
        return [Taken(*row) for row in taken.all()]


def _due(carrier: str, now: BindParameter[datetime], ordered: bool) -> ColumnElement[bool]:
    other = aliased(OutboxRow)
    before = other.id < OutboxRow.id
    if ordered:
        in_the_way: ColumnElement[bool] = before
    else:
        in_the_way = or_(
            and_(before, other.due_at <= now),
            and_(other.id != OutboxRow.id, other.taken, other.due_at > now),
        )
    blocked = (
        select(other.id)
        .where(
            other.appointment_id == OutboxRow.appointment_id,
            other.carrier == OutboxRow.carrier,
            written(other.state, WAITING),
            in_the_way,
        )
        .exists()
    )
    # Coalesced: no planner is to read all that this carrier ever had instead of what is due.
    its_own = func.coalesce(OutboxRow.carrier, "") == carrier
    return and_(its_own, IS_WAITING, OutboxRow.due_at <= now, ~blocked)


# How nearly all deliveries end: many of them in one unit.
_CARRIED = (
    update(_TABLE)
    .where(
        _TABLE.c.id == bindparam("row_id"),
        _TABLE.c.state == WAITING,
        _TABLE.c.attempts == bindparam("attempt"),
    )
    .values(state=DONE, taken=False)
)


async def carried(db: AsyncSession, rows: Sequence[Taken]) -> None:
    """These are done, as far as they are still ours."""
    await db.execute(_CARRIED, [{"row_id": row.id, "attempt": row.attempt} for row in rows])


async def settle(db: AsyncSession, row: Taken, **values: object) -> None:
    """It is not done: these columns say what becomes of it, if it is still ours."""
    settling = (
        update(OutboxRow)
        .where(OutboxRow.id == row.id, OutboxRow.state == WAITING, OutboxRow.attempts == row.attempt)
        .values(taken=False, **values)
    )
    await db.execute(settling)
