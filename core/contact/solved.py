"""首次解决: whether people had to call again for what they had called for; read-only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.contact.agent_tables import Matter
from core.contact.tables import Interaction

# A matter is solved when its person does not come back with the like of it for so long (ux.md 4.2, FCR):
# that is known of the matters of a day which ended so long ago.
WITHIN = timedelta(hours=72)
OVER = timedelta(hours=24)


@dataclass(frozen=True)
class Ended:
    """A matter of that day. again: the contact in which the person came back with the like of it."""

    interaction_id: int
    again: int | None


async def ended(db: AsyncSession, now: datetime) -> Sequence[Ended]:
    """The matters of known people that were opened from 96 to 72 hours ago, in their order.

    A matter is like another when both ended with the same disposition of the first level. Who is not
    known by name cannot be known to have called again, and is left out.
    """
    person = func.coalesce(Matter.person_id, Interaction.person_id)
    rows = await db.execute(
        select(person, Matter.first, Matter.opened_at, Matter.interaction_id)
        .join(Interaction, Interaction.id == Matter.interaction_id)
        .where(
            Matter.opened_at >= now - WITHIN - OVER,
            Matter.opened_at < now,
            Matter.closed_at.is_not(None),
            Matter.first.is_not(None),
            person.is_not(None),
        )
        .order_by(Matter.opened_at, Matter.id)
    )
    found: list[Ended] = []
    waiting: dict[
        tuple[int, str | None], list[tuple[datetime, int]]
    ] = {}  # when, and their place among the found
    for who, first, opened_at, interaction_id in rows.all():
        of_this_call = []
        for at, place in waiting.get((who, first), []):
            if found[place].interaction_id == interaction_id:
                of_this_call.append((at, place))
            elif opened_at - at <= WITHIN:
                found[place] = Ended(found[place].interaction_id, interaction_id)
        if opened_at < now - WITHIN:
            of_this_call.append((opened_at, len(found)))
            found.append(Ended(interaction_id, None))
        waiting[who, first] = of_this_call
    return found
