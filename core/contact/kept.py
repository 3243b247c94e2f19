"""A place in the queue that outlives its call: the true place, one call, never without a free operator."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.contact import engine as contact
from core.contact import queue_view, queueing
from core.contact.agent_tables import QueueEntry, RoomStay
from core.contact.distribution import QueueClass
from core.contact.kept_tables import IS_STANDING, IS_WAITING, KeptPlace
from core.contact.tables import Callback, Interaction
from core.errors import CallGone
from core.events import CallbackSettled, PlaceEnded, PlaceKept
from core.values import Phone, local
from core.work import Work

# So long a place is kept; later the call is owed, but in nobody's turn any more.
KEPT = timedelta(hours=3)
# Nobody is called later than this, and no place is kept shortly before.
LATEST = time(21, 30)


@dataclass(frozen=True)
class Returned:
    """Whoever rang again, with the place that was theirs."""

    klass: QueueClass
    arrived_at: datetime


def until(now: datetime) -> datetime:
    """Until when a place that is given up now is kept; `now` itself when nobody would be called any more."""
    here = local(now)
    last = datetime.combine(here.date(), LATEST, here.tzinfo).astimezone(now.tzinfo)
    return max(now, min(now + KEPT, last))


async def keep(work: Work, interaction_id: int, number: Phone, person_id: int | None) -> datetime:
    """The caller may hang up: their place waits for them. Returns until when it does.

    Raises CallGone when they do not wait (any more).
    """
    ends = until(work.now)
    query = select(QueueEntry).where(
        QueueEntry.interaction_id == interaction_id, QueueEntry.state.in_(queue_view.WAITS)
    )
    entry = (await work.db.execute(query)).scalar_one_or_none()
    if entry is None or not await queueing.ended(work, interaction_id, "callback"):
        raise CallGone(facts={"interaction_id": interaction_id})
    callback_id = await contact.promise_callback(
        work, interaction_id, number=number, person_id=person_id, due=ends
    )
    work.db.add(
        KeptPlace(
            callback_id=callback_id,
            interaction_id=interaction_id,
            phone_print=work.sealer.fingerprint(number.digits, "phone"),
            klass=entry.klass,
            skill=entry.skill,
            prefers=entry.prefers,
            department_id=entry.department_id,
            arrived_at=entry.arrived_at,
            made_at=work.now,
            until=ends,
            state="waiting",
        )
    )
    await work.db.flush()
    work.record(PlaceKept(interaction_id=interaction_id, callback_id=callback_id, until=ends))
    return ends


async def begin(work: Work, callback_id: int) -> bool:
    """The one call is begun. False when it was, or they are back, or it is too late."""
    return await _step(work, KeptPlace.callback_id == callback_id, ("waiting",), "calling") is not None


async def may_call(work: Work, callback_id: int) -> bool:
    """Whether a call that is owed may be begun; with a kept place only once at a time."""
    if await begin(work, callback_id):
        return True
    calling = select(KeptPlace.id).where(KeptPlace.callback_id == callback_id, KeptPlace.state == "calling")
    return (await work.db.execute(calling)).first() is None


async def calls(work: Work, callback_id: int, call_id: int) -> None:
    """The contact that was begun for it, where a place was kept."""
    await work.db.execute(
        update(KeptPlace)
        .where(KeptPlace.callback_id == callback_id, KeptPlace.state == "calling")
        .values(call_id=call_id)
    )


async def returned(work: Work, number: Phone) -> Returned | None:
    """Somebody rang again before we did: the place they kept is theirs, and nobody calls them."""
    mark = work.sealer.fingerprint(number.digits, "phone")
    row = await _step(work, KeptPlace.phone_print == mark, ("waiting",), "returned")
    if row is None:
        return None
    await _settle(work, row)
    return Returned(QueueClass(row.klass), row.arrived_at)


async def follow(work: Work, limit: int = 100) -> int:
    """What became of the calls that were begun, and which places are over; a job. Returns how many ended.

    Answered: served, nothing is owed any more. The operator was there and the caller did not answer: the
    place is spent, the call is owed like any other. The operator's telephone was not answered: the place
    waits on, nobody has rung the caller.
    """
    number = 0
    query = (
        select(KeptPlace, Interaction.answered_at, Interaction.closed_at)
        .join(Interaction, Interaction.id == KeptPlace.call_id)
        .where(KeptPlace.state == "calling", IS_STANDING)
        .where(Interaction.answered_at.is_not(None) | Interaction.closed_at.is_not(None))
        .order_by(KeptPlace.id + 0)  # the whole table lies in that order, and is not to be read for it
        .limit(limit)
    )
    for row, answered_at, _ in (await work.db.execute(query)).all():
        if answered_at is not None:
            to = "served"
        elif await _was_rung(work.db, row.call_id):
            to = "unreached"
        else:
            to = "waiting"
        if await _step(work, KeptPlace.id == row.id, ("calling",), to) is not None:
            number += 1
            if to == "served":
                await _settle(work, row)
    over = select(KeptPlace.id).where(IS_WAITING, KeptPlace.until <= work.now).limit(limit)
    for place_id in (await work.db.execute(over)).scalars().all():
        number += await _step(work, KeptPlace.id == place_id, ("waiting",), "lapsed") is not None
    return number


async def _was_rung(db: AsyncSession, call_id: int | None) -> bool:
    """Whether an operator stood in the room of that call: only then is the caller rung."""
    query = select(RoomStay.id).where(RoomStay.interaction_id == call_id, RoomStay.role == "agent")
    return (await db.execute(query.limit(1))).first() is not None


async def _step(work: Work, which: ColumnElement[bool], before: tuple[str, ...], to: str) -> KeptPlace | None:
    ends = to not in ("waiting", "calling")
    changed = await work.db.execute(
        update(KeptPlace)
        .where(which, KeptPlace.state.in_(before), IS_STANDING)
        .values(state=to, ended_at=work.now if ends else None)
        .returning(KeptPlace)
        .execution_options(populate_existing=True)
    )
    row = changed.scalar_one_or_none()
    if row is not None and ends:
        work.record(PlaceEnded(interaction_id=row.interaction_id, callback_id=row.callback_id, how=to))
    return row


async def _settle(work: Work, row: KeptPlace) -> None:
    """Nothing is owed any more."""
    settled = await work.db.execute(
        update(Callback)
        .where(Callback.id == row.callback_id, Callback.state == "owed")
        .values(state="done", settled_at=work.now)
        .returning(Callback.id)
    )
    if settled.one_or_none() is not None:
        work.record(
            CallbackSettled(
                interaction_id=row.interaction_id, callback_id=row.callback_id, staff_id=None, state="done"
            )
        )
