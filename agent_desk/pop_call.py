"""The call of a desk: who rings, how long they waited, who is in the room."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from agent_desk.house import AgentHouse
from core.contact import stays
from core.contact.agent_rules import ENGAGED, AgentState
from core.contact.agent_tables import QueueEntry
from core.contact.agents import AgentView
from core.contact.distribution import QUEUE_CLASS_WORDS, QueueClass
from core.contact.stay_rules import Stay, times
from core.contact.tables import Interaction
from core.http.call_words import reached
from core.values import Phone


@dataclass(frozen=True)
class Contact:
    """The interaction of a desk, and its newest wait for a person."""

    interaction: Interaction
    entry: QueueEntry | None

    @property
    def interaction_id(self) -> int:
        return self.interaction.id


async def contact(db: AsyncSession, interaction_id: int) -> Contact:
    """Raises sqlalchemy's NoResultFound."""
    query = (
        select(Interaction, QueueEntry)
        .outerjoin(QueueEntry, QueueEntry.interaction_id == Interaction.id)
        .where(Interaction.id == interaction_id)
        .order_by(QueueEntry.id.desc())
        .limit(1)
    )
    row = (await db.execute(query)).one()
    return Contact(row[0], row[1])


async def call(
    house: AgentHouse, db: AsyncSession, agent: AgentView, seen: Contact, now: datetime, *, gapped: bool
) -> dict[str, Any]:
    """The part `call`; durations in whole seconds as they are now."""
    row, entry = seen.interaction, seen.entry
    # While it only rings, nobody has been in a room yet: one look less before the pop.
    there: Sequence[Stay] = () if agent.state is AgentState.RINGING else await stays.of(db, row.id)
    present = any(one.staff_id == agent.staff_id and one.left_at is None for one in there)
    return {
        "interaction_id": row.id,
        "direction": row.direction,
        "number_masked": number_of(house, row),
        "state": agent.state,
        "since": agent.since,
        "began": row.started_at,
        "waited_s": _waited(entry, now),
        "dnis": row.dnis,
        "klass_words": QUEUE_CLASS_WORDS[QueueClass(entry.klass)] if entry else None,
        "came_words": reached(row.reached) if row.direction == "in" else None,
        "third": third(agent),
        "leg_present": present,
        "hold_since": _held_since(agent, there),
        "talk_s": int(times(there, now).talk.total_seconds()),
        "over": row.closed_at is not None,
        "recording": {"on": house.recording and agent.state in ENGAGED, "gap": gapped},
    }


def number_of(house: AgentHouse, row: Interaction) -> str | None:
    """The caller's number as the desk shows it; None when it was withheld."""
    return Phone(house.hotline.sealer.open(row.ani_sealed, "phone")).masked if row.ani_sealed else None


def third(agent: AgentView) -> dict[str, Any] | None:
    """Whom the operator called beside the caller; never the leg's name in the switch."""
    if agent.third is None:
        return None
    return {name: agent.third.get(name) for name in ("kind", "label", "state")}


def _waited(entry: QueueEntry | None, now: datetime) -> int:
    if entry is None:
        return 0
    until = entry.offered_at or entry.ended_at or now
    return max(0, round((until - entry.entered_at).total_seconds()))


def _held_since(agent: AgentView, there: Sequence[Stay]) -> datetime | None:
    """Since when the caller hears music: all operators have left the room."""
    legs = [one for one in there if one.role in ("agent", "supervisor")]
    if agent.state not in (AgentState.TALKING, AgentState.HOLDING, AgentState.CONSULTING) or not legs:
        return None
    if any(one.left_at is None for one in legs):
        return None
    return max(one.left_at for one in legs if one.left_at is not None)
