"""Hold a slot for somebody who is still choosing; extend, give up, lapse."""

from datetime import datetime, timedelta

from sqlalchemy import bindparam, case, func, select, update

from core.booking.commands import HeldSlot, Hold
from core.booking.loading import Asked, asked, facts_for
from core.booking.may import may_ask, may_book, ruled
from core.database import Instant
from core.errors import HoldLapsed, HoldUnknown, Refusal, ShareUsedUp, SlotFull, SlotTaken
from core.events import HoldReleased, SlotHeld
from core.schedule import freed, slots
from core.schedule.tables import LIVE_HOLD
from core.schedule.tables import Hold as HoldRow
from core.values import Channel
from core.work import Work

# Holds that we make ourselves, for whom a slot is kept until they answer.
OFFERED = frozenset({"leave-offer", "waiting-offer"})

_UNTIL = bindparam("until", type_=Instant)
_EXTEND = (
    update(HoldRow)
    .where(HoldRow.id == bindparam("hold_id"), HoldRow.state == "live")
    .values(
        heartbeat_at=bindparam("now"),
        expires_at=case((HoldRow.expires_at < _UNTIL, _UNTIL), else_=HoldRow.expires_at),
    )
    .returning(HoldRow.expires_at)
    .execution_options(synchronize_session=False)
)


async def hold(work: Work, command: Hold) -> HeldSlot:
    """Take a slot out of sale for a while (lesson of every peer: hold at the choice, not after).

    Raises the refusals of `may_ask` and, where the person is known, of `may_book`; SlotFull when
    the session has none left, ShareUsedUp when only other channels' shares are left, SlotTaken
    when the one named slot is gone. None of these leaves anything behind.
    """
    channel = work.by.channel or Channel.WINDOW
    wanted = await asked(work, session_id=command.session_id, period_id=command.period_id)
    offered = command.reason != "choice"
    may_ask(wanted.slot, wanted.book, channel=channel, now=work.now, offered=offered)
    hold_id = work.chance.token()
    claimed = await slots.claim(
        work,
        session_id=command.session_id,
        hold_id=hold_id,
        channel=channel,
        recycle_at=wanted.recycle_at,
        period_id=command.period_id,
        slot_id=command.slot_id,
        resting=command.reason in OFFERED,
    )
    if claimed is None:
        raise await _full(work, command, wanted)
    if command.person_id is not None:
        # Asked of the slot that was taken, whose period is known now; a no rolls the taking back.
        wanted = await asked(work, session_id=claimed.session_id, period_id=claimed.period_id)
        facts = await facts_for(
            work, wanted.slot, person_id=command.person_id, contact_print=None, channel=channel
        )
        may_book(facts, wanted.book, reason=command.reason)
    if command.reason == "choice":
        await let_older_choice_go(work, command.owner)
    minutes = command.minutes or int(
        ruled(wanted.book, wanted.slot, "hold.minutes", channel=channel, now=work.now).value
    )
    until = work.now + timedelta(minutes=minutes)
    work.db.add(
        HoldRow(
            id=hold_id,
            slot_id=claimed.slot_id,
            session_id=claimed.session_id,
            owner=command.owner,
            reason=command.reason,
            person_id=command.person_id,
            interaction_id=work.interaction_id,
            channel=channel.value,
            state="live",
            made_at=work.now,
            expires_at=until,
            heartbeat_at=work.now,
        )
    )
    work.record(
        SlotHeld(
            hold_id=hold_id,
            slot_id=claimed.slot_id,
            session_id=claimed.session_id,
            person_id=command.person_id,
            reason=command.reason,
            until=until,
        )
    )
    return HeldSlot(hold_id, claimed.slot_id, claimed.session_id, claimed.period_id, claimed.sequence, until)


async def _full(work: Work, command: Hold, wanted: Asked) -> Refusal:
    facts = {"session_id": command.session_id}
    if command.slot_id is not None:
        return SlotTaken(facts=facts)
    if await slots.left_for_others(work, command.session_id, command.period_id):
        return ShareUsedUp(ruled(wanted.book, wanted.slot, "recycle.time").ref, facts)
    return SlotFull(facts=facts)


async def let_older_choice_go(work: Work, owner: str) -> None:
    """An owner has one choice at a time."""
    # Coalesced: no planner is to read all live holds of a quiet moment instead of the owner's own.
    live = func.coalesce(HoldRow.state == "live", False)
    older = await work.db.execute(
        select(HoldRow).where(HoldRow.owner == owner, live, HoldRow.reason == "choice")
    )
    for row in older.scalars():
        await release(work, row.id, why="moved")


async def live_hold(work: Work, hold_id: str) -> HoldRow:
    """A hold that may still become a booking. Raises HoldUnknown, HoldLapsed."""
    row = await work.db.get(HoldRow, hold_id, with_for_update=not work.house.database.sqlite)
    if row is None:
        raise HoldUnknown
    if row.state not in ("live", "lapsed"):
        raise HoldLapsed(facts={"state": row.state})
    return row


async def extend(work: Work, hold_id: str, *, until: datetime) -> datetime:
    """A heartbeat: the call lives, so its hold lives at least until then. Never shortens it.

    Raises HoldLapsed when the hold has already ended.
    """
    kept = await work.db.execute(_EXTEND, {"hold_id": hold_id, "now": work.now, "until": until})
    expires_at = kept.scalar_one_or_none()
    if expires_at is None:
        raise HoldLapsed
    return expires_at


async def release(work: Work, hold_id: str, *, why: str = "given-up") -> bool:
    """Give a hold up; False when it had already ended (a repeat does no harm)."""
    ended = await work.db.execute(
        update(HoldRow)
        .where(HoldRow.id == hold_id, HoldRow.state == "live")
        .values(state="lapsed" if why == "lapsed" else "released")
        .returning(HoldRow.slot_id, HoldRow.session_id, HoldRow.reason)
    )
    row = ended.one_or_none()
    if row is None:
        return False
    # What a shopper lets go is on sale again; what somebody was offered goes on to the next who waits.
    rests_until = await _next_in_line(work, row[0], row[1]) if row[2] in OFFERED else None
    if await slots.let_go(work, slot_id=row[0], hold_id=hold_id, rests_until=rests_until):
        work.record(HoldReleased(hold_id=hold_id, slot_id=row[0], session_id=row[1], why=why))
    return True


async def _next_in_line(work: Work, slot_id: int, session_id: int) -> datetime | None:
    wanted = await asked(work, session_id=session_id)
    return await freed.rest(work, wanted.book, wanted.slot, [slot_id])


async def lapse_due(work: Work, limit: int = 100) -> int:
    """Free the slots of holds whose time is over; return how many."""
    due = await work.db.execute(
        select(HoldRow.id)
        .where(LIVE_HOLD, HoldRow.expires_at <= work.now)
        .order_by(HoldRow.expires_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    number = 0
    for hold_id in due.scalars().all():
        number += await release(work, hold_id, why="lapsed")
    return number
