"""Texts that need a person: given up by the outbox, tried again or left by somebody; the figures of a day.

What a text says tells who is ill: its words are opened for a chosen reason, which is written down.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core import owed
from core.errors import ChangedMeanwhile, NotAllowed, NotFound, WrongInput
from core.events import TextLeft, TextRevived
from core.journal import JournalRow
from core.outbox_table import DEAD, OutboxRow
from core.staff import audit
from core.work import Work
from sms import inbound, outbound
from sms.states import TextState
from sms.tables import TextMessage

# Why somebody may have to read a text; chosen, never typed, so that it can be counted.
READ_REASONS: Mapping[str, str] = {
    "failed": "查明为什么没有发出去",
    "patient": "患者来电询问",
    "complaint": "处理投诉",
}
CARRIERS = (outbound.CARRIER, inbound.CARRIER)
HOURS = 24


@dataclass(frozen=True)
class DeadText:
    """A text that was given up. kind: of sms.texts or of an event where nothing was written yet.

    state: a key of core.http.words.TEXT; '' before it was written. retry: whether another try would do
    anything: what may have gone is not sent twice.
    """

    outbox_id: int
    text_id: int | None
    incoming: bool
    kind: str
    phone_masked: str
    why: str
    tries: int
    state: str
    since: datetime
    readable: bool

    @property
    def retry(self) -> bool:
        return self.state != TextState.UNKNOWN


@dataclass(frozen=True)
class Hour:
    """Texts that were written in one hour, by what has become of them since."""

    begins: datetime
    delivered: int = 0
    sent: int = 0
    failed: int = 0
    unknown: int = 0

    @property
    def total(self) -> int:
        return self.delivered + self.sent + self.failed + self.unknown


@dataclass(frozen=True)
class Notice:
    """A text about a visit, without its words. state: a key of core.http.words.TEXT; at: as `state` says."""

    kind: str
    at: datetime
    state: str


class TextRoom:
    """gateways: the name of each, and whether it can be reached now."""

    reasons = READ_REASONS

    def __init__(self, gateways: Callable[[], Sequence[tuple[str, bool]]]) -> None:
        self.gateways = gateways

    async def dead(self, db: AsyncSession, limit: int = 200) -> Sequence[DeadText]:
        """Newest first."""
        query = (
            select(OutboxRow, JournalRow.kind, JournalRow.body)
            .join(JournalRow, JournalRow.id == OutboxRow.journal_id)
            .where(OutboxRow.state == DEAD, OutboxRow.carrier.in_(CARRIERS))
            .order_by(OutboxRow.created_at.desc(), OutboxRow.id.desc())
            .limit(limit)
        )
        rows = (await db.execute(query)).all()
        texts = await _texts(db, [(row, body) for row, _, body in rows])
        return [_dead(row, kind, texts.get(row.id)) for row, kind, _ in rows]

    async def again(self, work: Work, outbox_id: int) -> None:
        """It is tried at once, as if for the first time. Raises ChangedMeanwhile, NotAllowed."""
        text = await _text_of(work, outbox_id)
        if text is not None and text.state == TextState.UNKNOWN:
            raise ChangedMeanwhile
        try:
            await owed.revive(work, outbox_id)
        except NotFound:
            raise ChangedMeanwhile from None
        text_id = text.id if text else None
        work.record(TextRevived(outbox_id=outbox_id, text_id=text_id))
        await audit.note(work, "text-sent-again", what="短信", subject_id=text_id or outbox_id)

    async def leave(self, work: Work, outbox_id: int, reason: str) -> None:
        """It is not tried any more. Raises WrongInput without a reason, ChangedMeanwhile, NotAllowed."""
        reason = reason.strip()
        if not reason:
            raise WrongInput(facts={"field": "reason", "why": "empty"})
        text = await _text_of(work, outbox_id)
        await owed.leave(work, outbox_id)
        text_id = text.id if text else None
        if text is not None and text.direction == "in":
            await work.db.execute(
                update(TextMessage)
                .where(TextMessage.id == text_id, TextMessage.state == TextState.RECEIVED)
                .values(state=TextState.FAILED.value, why="left", settled_at=work.now)
            )
        work.record(TextLeft(outbox_id=outbox_id, text_id=text_id))
        await audit.note(work, "text-given-up", what="短信", subject_id=text_id or outbox_id, reason=reason)

    async def read(self, work: Work, outbox_id: int, reason: str) -> str:
        """What a text says, for a reason chosen of READ_REASONS. Raises WrongInput, NotFound, NotAllowed."""
        if reason not in READ_REASONS:
            raise WrongInput(facts={"field": "reason", "why": "empty"})
        if not work.by.may("reveal"):
            raise NotAllowed(facts={"function": "reveal"})
        text = await _text_of(work, outbox_id)
        if text is None or text.body_sealed is None:
            raise NotFound(facts={"what": "text"})
        words = work.sealer.open(text.body_sealed, "text")
        await audit.note(work, "text-read", what="短信", subject_id=text.id, reason=READ_REASONS[reason])
        return words

    async def about(self, db: AsyncSession, appointment_ids: Sequence[int]) -> Mapping[int, Sequence[Notice]]:
        """The texts sent about visits, by appointment, the oldest first."""
        query = (
            select(TextMessage)
            .where(TextMessage.appointment_id.in_(appointment_ids), TextMessage.direction == "out")
            .order_by(TextMessage.id)
        )
        found: dict[int, list[Notice]] = {}
        for row in (await db.execute(query)).scalars():
            at = row.settled_at or row.sent_at or row.created_at
            found.setdefault(row.appointment_id or 0, []).append(Notice(row.kind, at, row.state))
        return found

    async def figures(self, db: AsyncSession, now: datetime) -> Sequence[Hour]:
        """The last day hour by hour, the oldest first; what is still to be sent is not counted."""
        this_hour = now.replace(minute=0, second=0, microsecond=0)
        begins = [this_hour - timedelta(hours=back) for back in range(HOURS - 1, -1, -1)]
        hour = case(
            *((TextMessage.created_at < after, place) for place, after in enumerate(begins[1:])),
            else_=HOURS - 1,
        )
        query = (
            select(hour, TextMessage.state, func.count())
            .where(TextMessage.created_at >= begins[0], TextMessage.direction == "out")
            .group_by(hour, TextMessage.state)
        )
        counted: dict[int, dict[str, int]] = {}
        for place, state, count in (await db.execute(query)).all():
            counted.setdefault(place, {})[state] = count
        return [_hour(start, counted.get(place, {})) for place, start in enumerate(begins)]


def _hour(begins: datetime, of_state: Mapping[str, int]) -> Hour:
    told = (TextState.DELIVERED, TextState.SENT, TextState.FAILED, TextState.UNKNOWN)
    return Hour(begins, *(of_state.get(state.value, 0) for state in told))


def _dead(row: OutboxRow, event: str, text: TextMessage | None) -> DeadText:
    return DeadText(
        row.id,
        text.id if text else None,
        row.carrier == inbound.CARRIER,
        text.kind if text else event,
        text.phone_masked if text else "",
        row.last_error or (text.why if text else None) or "",
        row.attempts,
        text.state if text else "",
        row.created_at,
        text is not None and text.body_sealed is not None,
    )


async def _texts(
    db: AsyncSession, rows: Sequence[tuple[OutboxRow, Mapping[str, object]]]
) -> dict[int, TextMessage]:
    """Outbox row to its text: the event names it, or it was written for the event."""
    named = {row.id: body["text_id"] for row, body in rows if "text_id" in body}
    by_event = {row.journal_id: row.id for row, _ in rows}
    query = select(TextMessage).where(
        TextMessage.id.in_(list(named.values())) | TextMessage.journal_id.in_(list(by_event))
    )
    found = (await db.execute(query)).scalars().all()
    by_id = {text.id: text for text in found}
    texts = {by_event[one.journal_id]: one for one in found if one.journal_id in by_event}
    texts |= {row_id: by_id[key] for row_id, key in named.items() if key in by_id}
    return texts


async def _text_of(work: Work, outbox_id: int) -> TextMessage | None:
    """Raises NotFound, NotAllowed: texts are the hotline's, whichever hospital they are about."""
    work.by.must_see(None)
    query = (
        select(OutboxRow, JournalRow.body)
        .join(JournalRow, JournalRow.id == OutboxRow.journal_id)
        .where(OutboxRow.id == outbox_id, OutboxRow.carrier.in_(CARRIERS))
    )
    row = (await work.db.execute(query)).one_or_none()
    if row is None:
        raise NotFound(facts={"what": "text"})
    return (await _texts(work.db, [(row[0], row[1])])).get(outbox_id)
