"""What we have asked a number of our own accord, and whether an answer would still do anything."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import and_, not_, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.booking.draft_continue import kept_for
from core.errors import NotFound
from core.offers import view as offers
from core.reminding import view as reminders
from core.survey import view as surveys
from sms.meaning import Question, Topic
from sms.sender import Sender
from sms.states import TextState
from sms.tables import TextMessage
from sms.texts import Kind

TOPICS: dict[str, Topic] = {
    Kind.LEAVE_OFFER: Topic.OFFER,
    Kind.WAITING_OFFER: Topic.OFFER,
    Kind.REMINDER: Topic.REMINDER,
    Kind.SLOT_KEPT: Topic.DRAFT,
    Kind.SURVEY: Topic.SURVEY,
}
# Nothing that a text asks is open for longer; nobody is asked more things at once than so many.
OLDEST = timedelta(days=14)
MOST = 12


async def asked(sender: Sender) -> Sequence[Question]:
    """One for each subject: what was asked about it last."""
    async with sender.hotline.read() as db:
        found: dict[tuple[Topic, int], datetime] = {}
        for kind, subject, at in await _texts(db, sender.phone_print, sender.now - OLDEST):
            found.setdefault((TOPICS[kind], int(subject.rpartition("/")[2])), at)
        return [
            Question(topic, key, at, await _open(db, sender, topic, key))
            for (topic, key), at in found.items()
        ]


async def _texts(db: AsyncSession, mark: str, since: datetime) -> Sequence[tuple[str, str, datetime]]:
    """Kind, subject and moment of the texts that stand, or may stand, on the telephone."""
    still_here = and_(TextMessage.state == TextState.QUEUED, TextMessage.gateway.is_(None))
    query = (
        select(TextMessage.kind, TextMessage.subject, TextMessage.sent_at, TextMessage.created_at)
        .where(
            TextMessage.phone_print == mark,
            TextMessage.direction == "out",
            TextMessage.kind.in_(list(TOPICS)),
            TextMessage.state != TextState.DROPPED,
            TextMessage.created_at > since,
            not_(still_here),
        )
        .order_by(TextMessage.id.desc())
        .limit(MOST)
    )
    return [(kind, subject, sent or made) for kind, subject, sent, made in (await db.execute(query)).all()]


async def _open(db: AsyncSession, sender: Sender, topic: Topic, key: int) -> bool:
    """Whether an answer would do something."""
    try:
        if topic is Topic.OFFER:
            return (await offers.load(db, key)).open(sender.now)
        if topic is Topic.REMINDER:
            return (await reminders.load(db, key)).ahead(sender.now)
        if topic is Topic.SURVEY:
            return (await surveys.load(db, key)).open(sender.now)
    except NotFound:
        return False
    kept = await kept_for(db, sender.hotline.sealer, sender.phone_print, sender.now)
    return kept is not None and kept.draft_id == key
