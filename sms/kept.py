"""The texts we keep: queued before they leave, dropped or failed by guarded updates, read by the pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, insert, or_, select, union_all, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.database import table_of
from core.events import TextDropped, TextFailed
from core.ports import OutgoingText
from core.sealing import Sealer
from core.values import Phone
from core.work import Work
from sms.segments import segments
from sms.states import TextState, before
from sms.tables import TextMessage, TextStop
from sms.texts import Kind


@dataclass(frozen=True)
class Draft:
    """A text about to be queued; without a body it is dropped, and `why` says why.

    starts_at: of the visit it is about. kept: what stands in our books instead of the body, where that
    holds a secret.
    """

    kind: Kind
    subject: str
    version: int
    appointment_id: int | None
    phone: Phone
    body: str | None
    why: str | None = None
    starts_at: datetime | None = None
    kept: str | None = None

    @property
    def outgoing(self) -> OutgoingText:
        """As the gateway gets it; key: TextMessage.key of its row. Raises ValueError without a body."""
        if self.body is None:
            raise ValueError("a text without words does not go out")
        key = f"{self.subject}/{self.version}/{self.kind.value}"
        return OutgoingText(key, self.phone.digits, self.body, self.kind.value)


@dataclass(frozen=True)
class KeptText:
    """One text for a page: words in full, number masked."""

    text_id: int
    at: datetime
    direction: str
    phone_masked: str
    kind: str
    body: str | None
    segments: int
    state: TextState
    why: str | None
    appointment_id: int | None
    gateway: str | None


# Every text asks these: built once.
_TABLE = table_of(TextMessage)
_OF_SUBJECT = select(TextMessage).where(
    TextMessage.subject == bindparam("subject"),
    or_(
        and_(TextMessage.version == bindparam("version"), TextMessage.kind == bindparam("kind")),
        and_(TextMessage.version < bindparam("version"), TextMessage.state == TextState.QUEUED.value),
    ),
)
_ASKED = (
    update(_TABLE)
    .where(_TABLE.c.id == bindparam("text_id"), _TABLE.c.state == TextState.QUEUED.value)
    .values(gateway=bindparam("asked"))
)
_STOPPED = select(TextStop.phone_print).where(TextStop.phone_print == bindparam("phone_print"))
# What is to be looked at before a text of this number, of this subject, may be queued.
_IN_THE_WAY = union_all(
    select(TextStop.phone_print).where(TextStop.phone_print.in_(bindparam("phone_prints", expanding=True))),
    select(TextMessage.subject).where(TextMessage.subject.in_(bindparam("subjects", expanding=True))),
)
_QUEUED = insert(_TABLE).returning(_TABLE.c.id, _TABLE.c.subject)


async def keep(work: Work, draft: Draft, journal_id: int) -> TextMessage:
    """The row of a draft: a new one, or the one that an earlier try has left.

    What an older version of its subject still had to say is not said any more.
    """
    wanted = {"subject": draft.subject, "version": draft.version, "kind": draft.kind.value}
    found = (await work.db.execute(_OF_SUBJECT, wanted)).scalars().all()
    row = next((one for one in found if one.version == draft.version), None)
    if any(one is not row for one in found):
        await _drop_older(work, draft.subject, draft.version)
    if row is None:
        row = TextMessage(**_columns(work, draft, journal_id))
        work.db.add(row)
        await work.db.flush()
    if draft.body is None:
        # An earlier try of the same event may have begun a text of another kind, and died with it.
        begun = or_(TextMessage.id == row.id, TextMessage.journal_id == journal_id)
        waiting = select(TextMessage).where(begun, TextMessage.state == TextState.QUEUED.value)
        for one in (await work.db.execute(waiting.with_for_update())).scalars():
            drop(work, one, draft.why or "")
    return row


async def keep_first(work: Work, drafts: Mapping[int, Draft]) -> dict[int, int]:
    """The ids of new rows, by journal id; of drafts that are the first of their subject, and whose number has
    asked for nothing. The others are left for `keep`.

    drafts: by journal id, each of another subject and with a body.
    """
    rows = {journal_id: _columns(work, draft, journal_id) for journal_id, draft in drafts.items()}
    prints = [row["phone_print"] for row in rows.values()]
    subjects = [row["subject"] for row in rows.values()]
    asked = {"phone_prints": prints, "subjects": subjects}
    in_the_way = set((await work.db.execute(_IN_THE_WAY, asked)).scalars())
    first = [row for row in rows.values() if in_the_way.isdisjoint((row["phone_print"], row["subject"]))]
    if not first:
        return {}
    made = {subject: row_id for row_id, subject in (await work.db.execute(_QUEUED, first)).all()}
    return {row["journal_id"]: made[row["subject"]] for row in first}


def _columns(work: Work, draft: Draft, journal_id: int) -> dict[str, Any]:
    """The row of a draft, by column."""
    words = draft.kept or draft.body if draft.body else None
    return {
        "kind": draft.kind.value,
        "subject": draft.subject,
        "version": draft.version,
        "appointment_id": draft.appointment_id,
        "journal_id": journal_id,
        "phone_print": work.sealer.fingerprint(draft.phone.digits, "phone"),
        "phone_sealed": work.sealer.seal(draft.phone.digits, "phone"),
        "phone_masked": draft.phone.masked,
        "body_sealed": work.sealer.seal(words, "text") if words else None,
        "segments": segments(draft.body) if draft.body else 0,
        "state": TextState.QUEUED.value,
        "created_at": work.now,
    }


async def _drop_older(work: Work, subject: str, version: int) -> None:
    older = (
        select(TextMessage)
        .where(
            TextMessage.subject == subject,
            TextMessage.version < version,
            TextMessage.state == TextState.QUEUED.value,
        )
        .with_for_update()
    )
    for row in (await work.db.execute(older)).scalars():
        drop(work, row, "overtaken")


def drop(work: Work, row: TextMessage, why: str) -> None:
    """It is not sent, and why."""
    row.state, row.why, row.settled_at = TextState.DROPPED.value, why, work.now
    work.record(TextDropped(text_id=row.id, text_kind=row.kind, appointment_id=row.appointment_id, why=why))


async def untold(work: Work, subject: str, version: int) -> bool:
    """Whether no text of this was begun; what was begun and has not left is dropped."""
    query = select(TextMessage).where(TextMessage.subject == subject, TextMessage.version == version)
    rows = (await work.db.execute(query.with_for_update())).scalars().all()
    for row in rows:
        if row.state == TextState.QUEUED and row.gateway is None:
            drop(work, row, "overtaken")
    return not rows


async def asked(db: AsyncSession, texts: Sequence[tuple[int, str | None]]) -> None:
    """Each text is about to leave for its gateway; None: the one that was asked surely has it not."""
    one_order = sorted(texts, key=lambda text: text[0])  # or two of us wait for each other
    await db.execute(_ASKED, [{"text_id": text_id, "asked": gateway} for text_id, gateway in one_order])


async def failed(work: Work, text_id: int, to: TextState, why: str) -> bool:
    """It did not go (FAILED), or nobody knows (UNKNOWN). False when it was settled meanwhile."""
    done = await work.db.execute(
        update(TextMessage)
        .where(TextMessage.id == text_id, TextMessage.state.in_(before(to)))
        .values(state=to.value, why=why, settled_at=work.now)
        .returning(TextMessage.kind, TextMessage.appointment_id)
    )
    row = done.one_or_none()
    if row is not None:
        permanent = to is TextState.FAILED
        work.record(TextFailed(text_id=text_id, text_kind=row[0], appointment_id=row[1], permanent=permanent))
    return row is not None


async def stopped(work: Work, phone: Phone) -> bool:
    """Whether a number has asked for no reminders."""
    asked = {"phone_print": work.sealer.fingerprint(phone.digits, "phone")}
    return (await work.db.execute(_STOPPED, asked)).first() is not None


async def recent(
    db: AsyncSession, sealer: Sealer, limit: int = 20, *, appointment_id: int | None = None
) -> Sequence[KeptText]:
    """The newest texts, or one appointment's, newest first."""
    query = select(TextMessage).order_by(TextMessage.id.desc()).limit(limit)
    if appointment_id is not None:
        query = query.where(TextMessage.appointment_id == appointment_id)
    return [
        KeptText(
            row.id,
            row.sent_at or row.created_at,
            row.direction,
            row.phone_masked,
            row.kind,
            sealer.open(row.body_sealed, "text") if row.body_sealed else None,
            row.segments,
            TextState(row.state),
            row.why,
            row.appointment_id,
            row.gateway,
        )
        for row in (await db.execute(query)).scalars()
    ]
