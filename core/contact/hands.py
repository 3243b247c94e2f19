"""An operator asks a supervisor for help: a line to oneself that supervisors see."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.contact import agents
from core.contact.agent_tables import DeskMessage
from core.errors import WrongInput
from core.events import HandRaised
from core.work import Work

MOST = 200


@dataclass(frozen=True)
class Hand:
    """A raised hand. The text is the operator's own: shown to supervisors, never logged."""

    message_id: int
    staff_id: int
    text: str
    at: datetime


async def raise_hand(work: Work, staff_id: int, text: str) -> int:
    """Ask for help; returns the line's id. Raises NotSignedIn, WrongInput."""
    text = text.strip()
    if not 1 <= len(text) <= MOST:
        raise WrongInput(facts={"field": "text"})
    agent = await agents.live(work, staff_id)
    line = DeskMessage(from_staff_id=staff_id, to_staff_id=staff_id, text=text, sent_at=work.now)
    work.db.add(line)
    await work.db.flush()
    work.record(HandRaised(staff_id=staff_id, message_id=line.id, interaction_id=agent.interaction_id))
    return line.id


async def raised(db: AsyncSession, since: datetime) -> Sequence[Hand]:
    """Hands raised since then, newest first."""
    query = (
        select(DeskMessage)
        .where(DeskMessage.from_staff_id == DeskMessage.to_staff_id, DeskMessage.sent_at > since)
        .order_by(DeskMessage.id.desc())
        .limit(50)
    )
    return [
        Hand(row.id, row.from_staff_id, row.text, row.sent_at) for row in (await db.execute(query)).scalars()
    ]
