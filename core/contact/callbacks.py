"""Calls we owe: whose they are, how often we tried, how each was settled."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.contact.tables import IS_OWED, Callback, Interaction
from core.errors import ChangedMeanwhile, NotFound, WrongInput
from core.events import CallbackSettled, CallbackTaken
from core.work import Work

# How a call that was owed may end.
SETTLED = frozenset({"done", "given-up"})
# So many are shown at once; who owes more than this sees the most urgent.
SHOWN = 50
# How far a contact got that only stands for a call of ours handed to the operators (core.calling.handed):
# its callback has a list of its own, with what it is about.
HANDED = "handed"


@dataclass(frozen=True)
class Owed:
    """A call we owe. staff_id: whose it is; None: anybody's. sealed: the number, None when none was left."""

    callback_id: int
    interaction_id: int
    staff_id: int | None
    person_id: int | None
    sealed: bytes | None = field(repr=False)
    promised_for: datetime
    recording: str | None
    recording_s: int
    tries: int
    tried_at: datetime | None

    def late(self, now: datetime) -> bool:
        return self.promised_for <= now


def _owed(row: Callback) -> Owed:
    return Owed(
        row.id,
        row.interaction_id,
        row.staff_id,
        row.person_id,
        row.phone_sealed,
        row.promised_for,
        row.recording,
        row.recording_s,
        row.tries,
        row.tried_at,
    )


async def owed(db: AsyncSession, staff_id: int | None = None, limit: int = SHOWN) -> Sequence[Owed]:
    """Somebody's own calls, or (None) those that anybody may take; the most urgent first."""
    whose = Callback.staff_id.is_(None) if staff_id is None else Callback.staff_id == staff_id
    query = (
        select(Callback)
        .join(Interaction, Interaction.id == Callback.interaction_id)
        .where(IS_OWED, whose, Interaction.reached != HANDED)
    )
    rows = await db.execute(query.order_by(Callback.promised_for, Callback.id).limit(limit))
    return [_owed(row) for row in rows.scalars()]


async def find(db: AsyncSession, callback_id: int) -> Owed:
    """One that is still owed. Raises NotFound."""
    row = await db.get(Callback, callback_id)
    if row is None or row.state != "owed":
        raise NotFound(facts={"what": "callback"})
    return _owed(row)


async def take(work: Work, callback_id: int, staff_id: int) -> None:
    """Make a shared call one's own; a repeat does no harm.

    Raises NotFound when it is not owed any more, ChangedMeanwhile when a colleague was quicker.
    """
    taken = await work.db.execute(
        update(Callback)
        .where(Callback.id == callback_id, Callback.state == "owed", Callback.staff_id.is_(None))
        .values(staff_id=staff_id)
        .returning(Callback.interaction_id)
    )
    row = taken.one_or_none()
    if row is None:
        await _mine(work, callback_id, staff_id)
        return
    work.record(CallbackTaken(interaction_id=row[0], callback_id=callback_id, staff_id=staff_id))


async def give_back(work: Work, callback_id: int, staff_id: int) -> None:
    """Leave one's own call to anybody. Raises NotFound, ChangedMeanwhile."""
    row = await _mine(work, callback_id, staff_id)
    await work.db.execute(update(Callback).where(Callback.id == callback_id).values(staff_id=None))
    work.record(CallbackTaken(interaction_id=row.interaction_id, callback_id=callback_id, staff_id=None))


async def settle(work: Work, callback_id: int, staff_id: int, state: str) -> None:
    """The call was made ('done'), or cannot be ('given-up'). A colleague's only by who may supervise.

    Raises WrongInput, NotFound when it is settled already, ChangedMeanwhile.
    """
    if state not in SETTLED:
        raise WrongInput(facts={"field": "state"})
    if work.by.may("supervise") and work.by.sees(None):
        row = await find(work.db, callback_id)
    else:
        row = await _mine(work, callback_id, staff_id, shared=True)
    ended = await work.db.execute(
        update(Callback)
        .where(Callback.id == callback_id, Callback.state == "owed")
        .values(state=state, settled_at=work.now, settled_by=staff_id)
        .returning(Callback.id)
    )
    if ended.one_or_none() is None:
        raise NotFound(facts={"what": "callback"})
    work.record(
        CallbackSettled(
            interaction_id=row.interaction_id, callback_id=callback_id, staff_id=staff_id, state=state
        )
    )


async def _mine(work: Work, callback_id: int, staff_id: int, *, shared: bool = False) -> Owed:
    query = select(Callback).where(Callback.id == callback_id, Callback.state == "owed")
    row = (await work.db.execute(query.execution_options(populate_existing=True))).scalar_one_or_none()
    if row is None:
        raise NotFound(facts={"what": "callback"})
    if row.staff_id != staff_id and not (shared and row.staff_id is None):
        raise ChangedMeanwhile(facts={"what": "callback"})
    return _owed(row)
