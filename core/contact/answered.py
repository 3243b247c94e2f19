"""短信三分钟回复率: how soon what patients write is answered; read-only, from the journal."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.events import TextHandled, TextReceived
from core.journal import JournalRow

# GB/T 33358-2016: a text or a message on the web is answered within three minutes.
WITHIN = timedelta(minutes=3)


@dataclass(frozen=True)
class Answered:
    """Texts that were received, and how many of them were handled within three minutes.

    One that still waits counts as soon as its three minutes are over.
    """

    received: int
    soon: int


async def answered(db: AsyncSession, since: datetime, now: datetime) -> Answered:
    """The texts that came in from `since` on."""
    rows = await db.execute(
        select(JournalRow.kind, JournalRow.at, JournalRow.body["text_id"].as_integer())
        .where(JournalRow.kind.in_((TextReceived.kind, TextHandled.kind)), JournalRow.at >= since)
        .order_by(JournalRow.id)
    )
    came: dict[int, datetime] = {}
    took: dict[int, timedelta] = {}
    for kind, at, text_id in rows.all():
        if kind == TextReceived.kind:
            came[text_id] = at
        elif text_id in came:
            took[text_id] = at - came[text_id]
    soon = sum(one <= WITHIN for one in took.values())
    waiting = sum(now - at <= WITHIN for text_id, at in came.items() if text_id not in took)
    return Answered(len(came) - waiting, soon)
