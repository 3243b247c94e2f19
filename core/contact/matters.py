"""What a caller wanted, matter by matter, each with a disposition of two levels before the next call."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.contact.agent_rules import BY_ACT, right_disposition
from core.contact.agent_tables import Matter
from core.errors import NotFound, WrongInput
from core.events import MatterDisposed, MatterOpened
from core.work import Work


@dataclass(frozen=True)
class MatterView:
    """first, second: codes of agent_rules.DISPOSITIONS; by_act: filled by what was done, not yet confirmed
    while the matter is open."""

    matter_id: int
    interaction_id: int
    staff_id: int
    ordinal: int
    person_id: int | None
    first: str | None
    second: str | None
    by_act: bool
    opened_at: datetime
    closed_at: datetime | None


def _view(row: Matter) -> MatterView:
    return MatterView(
        row.id,
        row.interaction_id,
        row.staff_id,
        row.ordinal,
        row.person_id,
        row.first,
        row.second,
        row.by_act,
        row.opened_at,
        row.closed_at,
    )


async def open_matter(work: Work, interaction_id: int, staff_id: int) -> MatterView:
    """The next matter of the same caller; one that is open and this operator's is returned as it is."""
    query = select(Matter).where(Matter.interaction_id == interaction_id).order_by(Matter.ordinal)
    rows = (await work.db.execute(query)).scalars().all()
    for row in rows:
        if row.closed_at is None and row.staff_id == staff_id:
            return _view(row)
    row = Matter(
        interaction_id=interaction_id,
        staff_id=staff_id,
        ordinal=1 + max((one.ordinal for one in rows), default=0),
        by_act=False,
        opened_at=work.now,
    )
    work.db.add(row)
    await work.db.flush()
    work.record(MatterOpened(interaction_id=interaction_id, matter_id=row.id, staff_id=staff_id))
    return _view(row)


async def acted(work: Work, interaction_id: int, staff_id: int, act: str, person_id: int | None) -> None:
    """Fill the open matter from what was done. act: a journal kind; those not in BY_ACT say nothing."""
    said = BY_ACT.get(act)
    query = select(Matter).where(
        Matter.interaction_id == interaction_id, Matter.staff_id == staff_id, Matter.closed_at.is_(None)
    )
    row = (await work.db.execute(query)).scalar_one_or_none()
    if row is not None and said is not None:
        row.first, row.second = said
        row.by_act = True
        row.person_id = person_id or row.person_id


async def dispose(work: Work, matter_id: int, first: str, second: str) -> MatterView:
    """Say how a matter ended, and close it; said again it is corrected. Raises NotFound, WrongInput."""
    if not right_disposition(first, second):
        raise WrongInput(facts={"field": "disposition"})
    row = await work.db.get(Matter, matter_id)
    if row is None:
        raise NotFound(facts={"what": "matter"})
    by_act = row.by_act and (row.first, row.second) == (first, second)
    row.first, row.second, row.by_act = first, second, by_act
    row.closed_at = row.closed_at or work.now
    work.record(
        MatterDisposed(
            interaction_id=row.interaction_id,
            matter_id=row.id,
            staff_id=row.staff_id,
            first=first,
            second=second,
            by_act=by_act,
        )
    )
    return _view(row)


async def find(db: AsyncSession, matter_id: int) -> MatterView | None:
    row = await db.get(Matter, matter_id)
    return _view(row) if row else None


async def of(db: AsyncSession, interaction_id: int) -> Sequence[MatterView]:
    """The matters of a contact, in order."""
    query = select(Matter).where(Matter.interaction_id == interaction_id).order_by(Matter.ordinal)
    return [_view(row) for row in (await db.execute(query)).scalars()]


async def unfinished(db: AsyncSession, staff_id: int) -> Sequence[MatterView]:
    """This operator's matters without a disposition, oldest first."""
    query = select(Matter).where(Matter.staff_id == staff_id, Matter.closed_at.is_(None)).order_by(Matter.id)
    return [_view(row) for row in (await db.execute(query)).scalars()]


async def before(db: AsyncSession, staff_id: int, interaction_id: int | None) -> Sequence[MatterView]:
    """What an operator has before them: what is left of earlier contacts, then all of this one."""
    mine = (Matter.staff_id == staff_id) & Matter.closed_at.is_(None)
    which = mine if interaction_id is None else mine | (Matter.interaction_id == interaction_id)
    rows = await db.execute(select(Matter).where(which).order_by(Matter.interaction_id, Matter.ordinal))
    found = [_view(row) for row in rows.scalars()]
    return sorted(found, key=lambda one: one.interaction_id == interaction_id)


async def untidy(work: Work, staff_id: int) -> int:
    """Close what somebody left without a disposition, as 未整理; return how many. For a forced sign-out."""
    left = await unfinished(work.db, staff_id)
    for one in left:
        await dispose(work, one.matter_id, "untidy", "system")
    return len(left)


async def count(db: AsyncSession, interaction_id: int) -> int:
    query = select(func.count()).select_from(Matter).where(Matter.interaction_id == interaction_id)
    return (await db.execute(query)).scalar_one()
