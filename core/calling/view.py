"""Questions about outbound calls and the proof of each try; read-only."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.calling.rules import Answer, Kind, Outcome, State
from core.calling.tables import IS_OPEN, OutboundAttempt, OutboundCall


@dataclass(frozen=True)
class CallView:
    """A call as it is now. sealed: the number."""

    call_id: int
    kind: Kind
    subject: str
    person_id: int
    appointment_id: int | None
    sealed: bytes = field(repr=False)
    state: State
    answer: Answer | None
    tries: int
    visit_at: datetime | None
    due_at: datetime
    until: datetime
    ended_at: datetime | None

    @property
    def about(self) -> int:
        """The id in its subject: 12 of 'offer/12'."""
        return int(self.subject.rpartition("/")[2])


@dataclass(frozen=True)
class AttemptView:
    """One try. Only one with a key was heard; outcome: None while it lasts."""

    number: int
    interaction_id: int | None
    began_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    outcome: Outcome | None
    key: str | None


async def of_subject(db: AsyncSession, subject: str) -> CallView | None:
    """The call about this; None when none was ever asked for."""
    return await _one(db, select(OutboundCall).where(OutboundCall.subject == subject))


async def of_leg(db: AsyncSession, leg: str) -> tuple[CallView, int] | None:
    """The call and the contact that a leg of ours belongs to; None for any other leg."""
    query = select(OutboundAttempt.call_id, OutboundAttempt.interaction_id).where(
        OutboundAttempt.linked_id == leg
    )
    row = (await db.execute(query)).one_or_none()
    if row is None or row.interaction_id is None:
        return None
    seen = await _one(db, select(OutboundCall).where(OutboundCall.id == row.call_id))
    return (seen, row.interaction_id) if seen else None


async def attempts(db: AsyncSession, call_id: int) -> Sequence[AttemptView]:
    """Every try of a call, the first first: the proof of notice."""
    query = select(OutboundAttempt).where(OutboundAttempt.call_id == call_id)
    rows = (await db.execute(query.order_by(OutboundAttempt.number))).scalars()
    return [
        AttemptView(
            row.number,
            row.interaction_id,
            row.began_at,
            row.answered_at,
            row.ended_at,
            Outcome(row.outcome) if row.outcome else None,
            row.key,
        )
        for row in rows
    ]


async def any_due(db: AsyncSession, now: datetime) -> bool:
    """Whether a call waits whose time has come."""
    due = select(OutboundCall.id).where(OutboundCall.state == State.WAITING, OutboundCall.due_at <= now)
    return (await db.execute(due.limit(1))).first() is not None


async def was_answered(db: AsyncSession, leg: str) -> bool:
    """Whether somebody took the telephone in this try."""
    query = select(OutboundAttempt.id).where(
        OutboundAttempt.linked_id == leg, OutboundAttempt.answered_at.is_not(None)
    )
    return (await db.execute(query)).first() is not None


async def tries_among(db: AsyncSession, legs: Sequence[str]) -> set[str]:
    """Those of these legs that were begun for a try of ours; an operator's call has such a name, too."""
    query = select(OutboundAttempt.linked_id).where(OutboundAttempt.linked_id.in_(legs))
    return set((await db.execute(query)).scalars())


async def count(db: AsyncSession, state: State) -> int:
    """How many calls are in this state now. state: one that is not the end."""
    query = select(func.count()).select_from(OutboundCall).where(OutboundCall.state == state, IS_OPEN)
    return (await db.execute(query)).scalar_one()


async def _one(db: AsyncSession, query: Select[OutboundCall]) -> CallView | None:
    row = (await db.execute(query)).scalar_one_or_none()
    return _view(row) if row else None


def _view(row: OutboundCall) -> CallView:
    return CallView(
        row.id,
        Kind(row.kind),
        row.subject,
        row.person_id,
        row.appointment_id,
        row.phone_sealed,
        State(row.state),
        Answer(row.answer) if row.answer else None,
        row.tries,
        row.visit_at,
        row.due_at,
        row.until,
        row.ended_at,
    )
