"""Through a session's line to the engine: the turn is taken in the same unit of work as the hold."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import exists, func, select, update

from core.booking.loading import lock_key
from core.errors import LineFirst, SlotFull
from core.events import TurnUsed
from core.release import view
from core.release.line import whose
from core.release.rules import LIVE, PlaceState
from core.release.tables import Line, Place
from core.schedule.rules import COMMON
from core.schedule.tables import Hold, Session, Slot
from core.values import Channel
from core.work import Work


@asynccontextmanager
async def through(
    work: Work, session_id: int, *, owner: str, person_id: int | None = None
) -> AsyncIterator[None]:
    """Hold a number of the session inside of it, by this owner.

    While numbers are given out in order it takes the turn that was given by the actor's channel, once; a hold
    that is refused gives it back, for then nothing of this unit of work is left. Who holds a number of the
    session already may choose another one instead of it, unless somebody has been promised that one: a turn
    is for a number. Otherwise it does nothing.

    Raises LineFirst, and SlotFull after a hold of what is promised.
    """
    had = await _enter(work, session_id, owner, person_id)
    yield
    # Only who gives a number of their channel's own back for one of everybody's leaves less for the others.
    if had not in (None, COMMON) and await _choice_of(work, session_id, owner) == COMMON:
        await _refuse_what_is_promised(work, session_id)


async def _enter(work: Work, session_id: int, owner: str, person_id: int | None) -> str | None:
    """The pool of the number that another is to be chosen for; None: a turn was taken, or none is needed.

    Who has a turn goes on beside others who have one. Who chooses another number does it while nobody takes
    one and nobody gives turns: PostgreSQL steps over a number that is only locked for a moment, and the one
    that is taken instead may be promised.
    """
    if not await standing(work, session_id):
        return None
    alone = await _choice_of(work, session_id, owner) is not None
    await work.lock(lock_key("line", session_id), shared=not alone)
    if await _takes_turn(work, session_id, owner, person_id):
        return None
    had = await _choice_of(work, session_id, owner, lock=True) if alone else None
    if had is None:
        raise LineFirst(facts={"session_id": session_id})
    return had


async def standing(work: Work, session_id: int) -> bool:
    """Whether a hold of this session needs a turn now."""
    somebody = exists().where(Place.session_id == session_id, Place.state.in_(LIVE))
    row = (
        await work.db.execute(
            select(Session.release_at, Line.window_s)
            .join(Line, Line.session_id == Session.id)
            .where(Session.id == session_id, Line.over_at.is_(None), somebody)
        )
    ).one_or_none()
    return row is not None and 0 <= (work.now - row[0]).total_seconds() < row[1]


async def _takes_turn(work: Work, session_id: int, owner: str, person_id: int | None) -> bool:
    used = await work.db.execute(
        update(Place)
        .where(
            Place.session_id == session_id,
            Place.whose == whose(owner, person_id),
            # A turn is a promise of a number of that channel's; another one's may all be promised away.
            Place.channel == (work.by.channel or Channel.WINDOW),
            Place.state == PlaceState.TURN,
            Place.turn_until > work.now,
        )
        .values(state=PlaceState.USED.value, turn_until=None)
        .returning(Place.id)
    )
    place_id = used.scalar_one_or_none()
    if place_id is None:
        return False
    work.record(TurnUsed(session_id=session_id, place_id=place_id))
    return True


async def _choice_of(work: Work, session_id: int, owner: str, *, lock: bool = False) -> str | None:
    """Of which pool the number is that the owner has chosen, None for none. lock: so that none books it."""
    # Coalesced: no planner is to read all live holds of a quiet moment instead of the owner's own.
    live = func.coalesce(Hold.state == "live", False)
    held = (
        select(Slot.pool)
        .join(Hold, Hold.slot_id == Slot.id)
        .where(Hold.session_id == session_id, Hold.owner == owner, live, Hold.reason == "choice")
    )
    return (await work.db.execute(held.with_for_update(of=Hold) if lock else held)).scalars().first()


async def _refuse_what_is_promised(work: Work, session_id: int) -> None:
    # Turns first, numbers after: a hold in between makes the numbers look fewer than they are, never more.
    turns = await view.promised(work.db, session_id)
    recycle_at = (
        await work.db.execute(select(Session.recycle_at).where(Session.id == session_id))
    ).scalar_one()
    left = await view.left(work.db, session_id, now=work.now, recycle_at=recycle_at)
    if not left.free.cover(turns):
        raise SlotFull(facts={"session_id": session_id})
