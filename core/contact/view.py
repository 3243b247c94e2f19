"""Questions about interactions for the faces; read-only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.contact.tables import Callback, Interaction
from core.errors import NotFound


@dataclass(frozen=True)
class InteractionView:
    """One contact as it is now."""

    interaction_id: int
    linked_id: str
    channel: str
    direction: str
    ani_sealed: bytes | None
    dnis: str
    person_id: int | None
    staff_id: int | None
    state: str
    reached: str
    disposition: str | None
    started_at: datetime
    answered_at: datetime | None
    closed_at: datetime | None

    @property
    def open(self) -> bool:
        return self.closed_at is None


def _view(row: Interaction) -> InteractionView:
    return InteractionView(
        row.id,
        row.linked_id,
        row.channel,
        row.direction,
        row.ani_sealed,
        row.dnis,
        row.person_id,
        row.staff_id,
        row.state,
        row.reached,
        row.disposition,
        row.started_at,
        row.answered_at,
        row.closed_at,
    )


async def recent(db: AsyncSession, limit: int = 20) -> Sequence[InteractionView]:
    """Those still going on, then the newest of the others; each newest first."""
    going_on = select(Interaction).where(Interaction.closed_at.is_(None))
    over = select(Interaction).where(Interaction.closed_at.is_not(None))
    rows: list[Interaction] = []
    for query, order in ((going_on, Interaction.started_at.desc()), (over, Interaction.id.desc())):
        rows += (await db.execute(query.order_by(order).limit(limit - len(rows)))).scalars()
    return [_view(row) for row in rows]


async def load(db: AsyncSession, interaction_id: int) -> InteractionView:
    """Raises NotFound."""
    row = await db.get(Interaction, interaction_id)
    if row is None:
        raise NotFound
    return _view(row)


async def callback(db: AsyncSession, callback_id: int) -> Callback:
    """A call that we owe, or owed. Raises NotFound."""
    row = await db.get(Callback, callback_id)
    if row is None:
        raise NotFound
    return row


async def in_hand(db: AsyncSession) -> Sequence[InteractionView]:
    """Open calls that wait for a person or talk to one."""
    query = select(Interaction).where(
        Interaction.closed_at.is_(None),
        Interaction.channel == "phone",
        Interaction.state.in_(("queued", "offered", "talking", "held")),
    )
    return [_view(row) for row in (await db.execute(query)).scalars()]
