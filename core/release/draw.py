"""The draw's secret and tickets, and the proof of it for whoever checks; read-only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.release import rules
from core.release.tables import Line, Place
from core.schedule.tables import Session
from core.sealing import Sealer


def secret_of(sealer: Sealer, session_id: int, announced_at: datetime) -> str:
    """The secret of a draw: fixed by our key from the beginning, so that nobody chooses or keeps it."""
    return sealer.fingerprint(f"{session_id}|{announced_at.timestamp():.0f}", "release-draw")


def ticket_of(sealer: Sealer, session_id: int, whose: str) -> str:
    """What stands for somebody in a draw: the same however often they come, another one in each line."""
    return sealer.fingerprint(f"{session_id}|{whose}", "release-ticket")[:16]


@dataclass(frozen=True)
class Proof:
    """A draw that is over, with all it takes to do it again. tickets: in its order, with their channels."""

    session_id: int
    announced_at: datetime
    commitment: str
    secret: str
    seed: str
    tickets: Sequence[tuple[str, str]]


async def proof(db: AsyncSession, sealer: Sealer, session_id: int, *, now: datetime) -> Proof | None:
    """None before the release, and where there was no draw."""
    line = await db.get(Line, session_id)
    release_at = await db.scalar(select(Session.release_at).where(Session.id == session_id))
    if line is None or release_at is None or now < release_at:
        return None
    rows = await db.execute(
        select(Place.ticket, Place.channel)
        .where(Place.session_id == session_id, Place.drawn.is_not(None))
        .order_by(Place.drawn, Place.ticket)
    )
    secret = secret_of(sealer, session_id, line.announced_at)
    return Proof(
        session_id,
        line.announced_at,
        line.commitment,
        secret,
        rules.seed(session_id, line.announced_at, secret),
        [(ticket, channel) for ticket, channel in rows],
    )
