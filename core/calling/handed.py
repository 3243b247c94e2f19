"""Calls of ours that an operator makes: whose they are, each try, and how they were settled.

The machine has used all its tries, or a person was asked for. While an operator has one, it is a callback
that they owe (core.contact.callbacks), so that it is taken and dialled as every other call we owe. That
callback hangs on a contact of its own, named after the call: the handing over. No voice was heard in it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Select, String, and_, cast, literal, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from core.calling import owing
from core.calling.engine import Ask
from core.calling.rules import Answer, Kind, Outcome, State
from core.calling.tables import IS_OPEN, OutboundAttempt, OutboundCall
from core.contact import callbacks
from core.contact.tables import Callback, Interaction
from core.errors import NotFound
from core.events import CallHanded, HandedSettled, HandedTaken, HandedTried
from core.work import Work

# So many are shown at once; who owes more than this sees those whose visit is soonest.
SHOWN = 50


@dataclass(frozen=True)
class Handed:
    """A call that waits for an operator. staff_id: who has taken it; subject: 'offer/12'."""

    call_id: int
    kind: Kind
    subject: str
    person_id: int
    appointment_id: int | None
    sealed: bytes = field(repr=False)
    visit_at: datetime | None
    until: datetime
    tries: int
    callback_id: int | None
    staff_id: int | None


@dataclass(frozen=True)
class Try:
    """One try, by the machine or by an operator. key: what was pressed."""

    call_id: int
    number: int
    began_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    outcome: Outcome | None
    key: str | None
    by_operator: bool


async def waiting(db: AsyncSession, limit: int = SHOWN) -> Sequence[Handed]:
    """Those that wait for an operator, taken or not; whose visit is soonest stands first."""
    query = _handed().order_by(
        OutboundCall.visit_at.is_(None), OutboundCall.visit_at, OutboundCall.until, OutboundCall.id
    )
    return [_view(row) for row in (await db.execute(query.limit(limit))).all()]


async def find(db: AsyncSession, call_id: int) -> Handed:
    """One that still waits. Raises NotFound."""
    row = (await db.execute(_handed().where(OutboundCall.id == call_id))).one_or_none()
    if row is None:
        raise NotFound(facts={"what": "call"})
    return _view(row)


async def tries_of(db: AsyncSession, call_ids: Iterable[int]) -> Mapping[int, Sequence[Try]]:
    """Every try of these calls, the first first."""
    query = (
        select(
            OutboundAttempt.call_id, OutboundAttempt.number, OutboundAttempt.began_at,
            OutboundAttempt.answered_at, OutboundAttempt.ended_at, OutboundAttempt.outcome,
            OutboundAttempt.key, OutboundAttempt.linked_id,
        )
        .where(OutboundAttempt.call_id.in_(list(call_ids)))
        .order_by(OutboundAttempt.call_id, OutboundAttempt.number)
    )  # fmt: skip
    found: dict[int, list[Try]] = {}
    for row in (await db.execute(query)).all():
        values: list[Any] = list(row)
        values[5] = Outcome(values[5]) if values[5] else None
        values[7] = values[7].startswith("desk-")
        found.setdefault(row[0], []).append(Try(*values))
    return found


# --- from the machine to a person ---------------------------------------------------------------------


async def hand(work: Work, asked: Ask) -> None:
    """Owe a call that only a person can make; one that waits for its time is handed over.

    Asked twice for one subject it is still one call. `asked.due` means nothing: an operator calls when
    there is one.
    """
    maker = sqlite.insert if work.house.database.sqlite else postgresql.insert
    row = {
        "kind": asked.kind.value,
        "subject": asked.subject,
        "person_id": asked.person_id,
        "appointment_id": asked.appointment_id,
        "phone_print": work.sealer.fingerprint(asked.phone.digits, "phone"),
        "phone_sealed": work.sealer.seal(asked.phone.digits, "phone"),
        "state": State.HANDED.value,
        "tries": 0,
        "visit_at": asked.visit_at,
        "due_at": asked.due,
        "until": asked.until,
        "made_at": work.now,
    }
    made = await work.db.execute(
        maker(OutboundCall)
        .values(row)
        .on_conflict_do_update(
            index_elements=["subject"],
            set_={"state": State.HANDED.value},
            where=OutboundCall.state == State.WAITING.value,
        )
        .returning(OutboundCall.id)
    )
    call_id = made.scalar_one_or_none()
    if call_id is not None:
        work.record(
            CallHanded(
                call_id=call_id,
                subject=asked.subject,
                person_id=asked.person_id,
                appointment_id=asked.appointment_id,
            )
        )


# --- what an operator does with it --------------------------------------------------------------------


async def take(work: Work, call_id: int, staff_id: int) -> int:
    """Make it one's own; a repeat does no harm. Returns the callback that is owed now, for dialling.

    Raises NotFound when it does not wait any more, ChangedMeanwhile when a colleague was quicker.
    """
    row = await _locked(work, call_id)
    callback_id = await owing.owed(work, call_id)
    if callback_id is None:
        callback_id = await owing.owe(work, row)
    before = await callbacks.find(work.db, callback_id)
    await callbacks.take(work, callback_id, staff_id)
    if before.staff_id != staff_id:
        work.record(HandedTaken(call_id=call_id, staff_id=staff_id))
    return callback_id


async def give_back(work: Work, call_id: int, staff_id: int, outcome: Outcome | None = None) -> None:
    """Leave one's own to anybody. outcome: of the last try, where the operator has said it.

    Raises NotFound, ChangedMeanwhile when it is not theirs.
    """
    await _locked(work, call_id)
    await callbacks.give_back(work, await _mine(work, call_id), staff_id)
    await owing.ended(work, call_id, outcome)
    work.record(HandedTaken(call_id=call_id, staff_id=None))


async def tried(work: Work, call_id: int, interaction_id: int) -> None:
    """The operator's call is made: a try like the machine's, with its contact as the proof."""
    row = await _locked(work, call_id)
    await owing.ended(work, call_id, Outcome.NO_ANSWER)  # an earlier one that they dialled again after
    contact = await work.db.get_one(Interaction, interaction_id)
    row.tries += 1
    work.db.add(
        OutboundAttempt(
            call_id=call_id,
            number=row.tries,
            linked_id=f"desk-{contact.linked_id}",  # the switch's own name of the leg is the machine's
            interaction_id=interaction_id,
            began_at=work.now,
        )
    )
    await work.db.flush()
    assert contact.staff_id is not None
    work.record(
        HandedTried(
            call_id=call_id, interaction_id=interaction_id, staff_id=contact.staff_id, number=row.tries
        )
    )


async def settle(
    work: Work, call_id: int, staff_id: int, answer: Answer | None, outcome: Outcome | None = None
) -> None:
    """It is over: with the patient's answer, or (None) nobody calls any more. outcome: of the last try.

    Raises NotFound, ChangedMeanwhile when a colleague has it.
    """
    row = await _locked(work, call_id)
    callback_id = await _mine(work, call_id)
    await callbacks.settle(work, callback_id, staff_id, "done" if answer else "given-up")
    await owing.ended(work, call_id, outcome or (Outcome.TALKED if answer else Outcome.NO_ANSWER))
    row.state = (State.DONE if answer else State.DROPPED).value
    row.answer, row.ended_at = answer.value if answer else None, work.now
    work.record(
        HandedSettled(
            call_id=call_id,
            staff_id=staff_id,
            person_id=row.person_id,
            appointment_id=row.appointment_id,
            answer=row.answer,
        )
    )


# --- the rows -----------------------------------------------------------------------------------------


async def _locked(work: Work, call_id: int) -> OutboundCall:
    """One act at a time for each call. Raises NotFound."""
    query = select(OutboundCall).where(OutboundCall.id == call_id, OutboundCall.state == State.HANDED)
    found = await work.db.execute(query.with_for_update().execution_options(populate_existing=True))
    row = found.scalar_one_or_none()
    if row is None:
        raise NotFound(facts={"what": "call"})
    return row


async def _mine(work: Work, call_id: int) -> int:
    """The callback of a call that somebody has taken. Raises NotFound."""
    callback_id = await owing.owed(work, call_id)
    if callback_id is None:
        raise NotFound(facts={"what": "call"})
    return callback_id


def _handed() -> Select[*tuple[Any, ...]]:
    return (
        select(
            OutboundCall.id, OutboundCall.kind, OutboundCall.subject, OutboundCall.person_id,
            OutboundCall.appointment_id, OutboundCall.phone_sealed, OutboundCall.visit_at, OutboundCall.until,
            OutboundCall.tries, Callback.id, Callback.staff_id,
        )
        .outerjoin(
            Interaction, Interaction.linked_id == literal("handed-") + cast(OutboundCall.id, String(20))
        )
        .outerjoin(Callback, and_(Callback.interaction_id == Interaction.id, Callback.state == "owed"))
        .where(OutboundCall.state == State.HANDED, IS_OPEN)
    )  # fmt: skip


def _view(row: Sequence[Any]) -> Handed:
    values = list(row)
    values[1] = Kind(values[1])
    return Handed(*values)
