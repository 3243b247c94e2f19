"""The guarded statements by which a slot changes hands; the database decides every race here.

Each function is one UPDATE that names the state it expects. None of them looks first and writes
later. What they return tells whether they won.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, case, func, or_, select, update

from core.schedule.rules import COMMON, SLOT_FHIR, SlotState, sellable
from core.schedule.tables import Hold, Session, Slot
from core.values import Channel
from core.work import Work

# How often a taker waits for others who are just selling the last slots, before it hears "full".
PATIENCE = 3


@dataclass(frozen=True)
class Claimed:
    """A slot that is ours now."""

    slot_id: int
    session_id: int
    period_id: int
    sequence: int
    pool: str


def _to(state: SlotState, **more: object) -> dict[str, object]:
    return {"state": state.value, "fhir": SLOT_FHIR[state], **more}


def _sellable(
    channel: Channel, now: datetime, recycle_at: datetime | None, *, resting: bool
) -> list[ColumnElement[bool]]:
    rested = [] if resting else [or_(Slot.rests_until.is_(None), Slot.rests_until <= now)]
    pools = sellable(channel, now=now, recycle_at=recycle_at)
    return rested if pools is None else [*rested, Slot.pool.in_(pools)]


async def claim(
    work: Work,
    *,
    session_id: int,
    hold_id: str,
    channel: Channel,
    recycle_at: datetime | None,
    period_id: int | None = None,
    slot_id: int | None = None,
    resting: bool = False,
) -> Claimed | None:
    """Take the first sellable slot of a session, of one of its periods, or one named slot.

    A channel's own share goes first, then the common pool, lowest number first. resting: also one
    that rests, which only who is offered it may have. None: there is none left for this channel.
    """
    wanted = [Slot.session_id == session_id, Slot.state == SlotState.FREE]
    wanted += _sellable(channel, work.now, recycle_at, resting=resting)
    if period_id is not None:
        wanted.append(Slot.period_id == period_id)
    if slot_id is not None:
        wanted.append(Slot.id == slot_id)
    first = (
        select(Slot.id)
        .where(*wanted)
        .order_by(case((Slot.pool == COMMON, 1), else_=0), Slot.sequence)
        .limit(1)
    )
    for attempt in range(PATIENCE + 1):
        # PostgreSQL: step over slots that others are just taking; SQLite ignores the clause. When
        # only such slots are left, wait for one of them: its taker may yet roll back.
        chosen = first.with_for_update(skip_locked=attempt == 0).scalar_subquery()
        took = await work.db.execute(
            update(Slot)
            .where(Slot.id == chosen, Slot.state == SlotState.FREE)
            .values(_to(SlotState.HELD, hold_id=hold_id))
            .returning(Slot.id, Slot.session_id, Slot.period_id, Slot.sequence, Slot.pool)
        )
        row = took.one_or_none()
        if row is not None:
            return Claimed(*row)
        if work.house.database.sqlite:
            return None
        if not (await work.db.execute(select(func.count()).select_from(Slot).where(*wanted))).scalar_one():
            return None
    return None


async def left_for_others(work: Work, session_id: int, period_id: int | None = None) -> bool:
    """Whether slots are free that this channel may not sell: another channel's share.

    A slot that only rests after a cancellation is nobody's share.
    """
    rested = or_(Slot.rests_until.is_(None), Slot.rests_until <= work.now)
    free = [Slot.session_id == session_id, Slot.state == SlotState.FREE, rested]
    if period_id is not None:
        free.append(Slot.period_id == period_id)
    return (await work.db.execute(select(Slot.id).where(*free).limit(1))).first() is not None


async def occupy(work: Work, *, slot_id: int, hold_id: str) -> bool:
    """Turn a hold into a booking; also when the hold lapsed but nobody took the slot since."""
    mine = (Slot.state == SlotState.HELD) & (Slot.hold_id == hold_id)
    still_free = (Slot.state == SlotState.FREE) & (
        Slot.rests_until.is_(None) | (Slot.rests_until <= work.now)
    )
    took = await work.db.execute(
        update(Slot)
        .where(Slot.id == slot_id, or_(mine, still_free))
        .values(_to(SlotState.BOOKED, hold_id=None, rests_until=None))
        .returning(Slot.id)
    )
    return took.one_or_none() is not None


async def retake(work: Work, *, slot_id: int) -> bool:
    """Take a free slot straight into a booking: a payment that came late, an offer accepted."""
    took = await work.db.execute(
        update(Slot)
        .where(Slot.id == slot_id, Slot.state == SlotState.FREE)
        .values(_to(SlotState.BOOKED, rests_until=None))
        .returning(Slot.id)
    )
    return took.one_or_none() is not None


async def let_go(work: Work, *, slot_id: int, hold_id: str, rests_until: datetime | None = None) -> bool:
    """Give a held slot back; to general sale at once, or not before `rests_until`."""
    freed = await work.db.execute(
        update(Slot)
        .where(Slot.id == slot_id, Slot.state == SlotState.HELD, Slot.hold_id == hold_id)
        .values(_to(SlotState.FREE, hold_id=None, rests_until=rests_until))
        .returning(Slot.id)
    )
    return freed.one_or_none() is not None


async def free_booked(work: Work, *, slot_id: int, rests_until: datetime | None) -> None:
    """Give a booked slot back; one that was stopped meanwhile stays stopped, and restores as free.

    rests_until: a freed slot may rest before it is offered again, so that nobody can hand a place
    to an accomplice (anti-scalping, rule rerelease.delay), and that the waiting list has it first.
    """
    await work.db.execute(
        update(Slot)
        .where(Slot.id == slot_id, Slot.state.in_([SlotState.BOOKED, SlotState.TAKEN]))
        .values(_to(SlotState.FREE, hold_id=None, rests_until=rests_until))
    )
    await work.db.execute(
        update(Slot)
        .where(Slot.id == slot_id, Slot.state == SlotState.STOPPED)
        .values(stopped_from=SlotState.FREE.value, hold_id=None)
    )


async def rest(work: Work, *, slot_id: int, until: datetime | None) -> bool:
    """Let a free slot rest until then, or rest no more; False when it is not free."""
    rested = await work.db.execute(
        update(Slot)
        .where(Slot.id == slot_id, Slot.state == SlotState.FREE)
        .values(rests_until=until)
        .returning(Slot.id)
    )
    return rested.one_or_none() is not None


async def move_on(work: Work, *, slot_id: int, expected: SlotState, to: SlotState) -> bool:
    """Booked to taken to used: the visit's own steps."""
    moved = await work.db.execute(
        update(Slot).where(Slot.id == slot_id, Slot.state == expected).values(_to(to)).returning(Slot.id)
    )
    return moved.one_or_none() is not None


async def stop(work: Work, session_id: int, only: Sequence[int] | None = None) -> None:
    """No slot of this session can be held or booked any more; each remembers what it was.

    only: these slots of it.
    """
    stoppable = [SlotState.FREE, SlotState.HELD, SlotState.BOOKED]
    await work.db.execute(
        update(Slot)
        .where(*_these(session_id, only), Slot.state.in_(stoppable))
        .values(
            _to(
                SlotState.STOPPED,
                # A hold does not survive a leave: its slot comes back as free.
                stopped_from=case((Slot.state == SlotState.BOOKED, "booked"), else_="free"),
                hold_id=None,
            )
        )
    )
    held = [Hold.session_id == session_id, Hold.state == "live"]
    if only is not None:
        held.append(Hold.slot_id.in_(only))
    await work.db.execute(update(Hold).where(*held).values(state="released"))


async def resume(work: Work, session_id: int, only: Sequence[int] | None = None) -> None:
    """The leave is withdrawn: every slot, or each of these, is again what it was."""
    for was in (SlotState.FREE, SlotState.BOOKED):
        await work.db.execute(
            update(Slot)
            .where(
                *_these(session_id, only),
                Slot.state == SlotState.STOPPED,
                Slot.stopped_from == was.value,
            )
            .values(_to(was, stopped_from=None))
        )


def _these(session_id: int, only: Sequence[int] | None) -> list[ColumnElement[bool]]:
    whole = Slot.session_id == session_id
    return [whole] if only is None else [whole, Slot.id.in_(only)]


async def close_unsold(work: Work, session_id: int) -> int:
    """Close what is still free in a session that is over; return how many."""
    closed = await work.db.execute(
        update(Slot)
        .where(Slot.session_id == session_id, Slot.state == SlotState.FREE)
        .values(_to(SlotState.CLOSED))
        .returning(Slot.id)
    )
    return len(closed.all())


async def counts(work: Work, session_id: int) -> dict[SlotState, int]:
    """How many slots of a session are in each state; they always add up to its total."""
    rows = await work.db.execute(
        select(Slot.state, func.count()).where(Slot.session_id == session_id).group_by(Slot.state)
    )
    return {SlotState(state): number for state, number in rows.all()}


async def total(work: Work, session_id: int) -> int:
    return (await work.db.execute(select(Session.total).where(Session.id == session_id))).scalar_one()
