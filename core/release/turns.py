"""Give turns in order, pass over who lets theirs go by, end lines that are over: in small steps."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update

from core.booking.loading import lock_key
from core.events import LineEnded, LineSoldOut, TurnGiven, TurnPassed
from core.release import rules, view
from core.release.rules import LIVE, Numbers, PlaceState
from core.release.tables import Line, Place
from core.release.view import Left
from core.schedule.rules import SessionState
from core.schedule.tables import Session
from core.work import Work

# Turns in one step: a unit of work stays short, and the next step follows at once.
MOST = 50
# Lines in one unit of work.
LINES = 20


@dataclass(frozen=True)
class _Next:
    place_id: int
    channel: str
    position: int
    ticket: str


@dataclass(frozen=True)
class _Standing:
    """A line whose session has been released."""

    session_id: int
    turn: timedelta
    until: datetime
    recycle_at: datetime | None
    published: bool

    def recycles(self, now: datetime) -> bool:
        """Whether all shares become common while it still stands."""
        return self.recycle_at is not None and now < self.recycle_at < self.until


class Turns:
    """Every line that stands, a few in each unit of work, over and over."""

    def __init__(self) -> None:
        self._after = 0  # the session that was looked at last

    async def give(self, work: Work) -> int:
        """Look at the next lines; returns how many were looked at, 0 when all have been."""
        query = (
            select(Line.session_id)
            .join(Session, Session.id == Line.session_id)
            .where(Line.over_at.is_(None), Line.session_id > self._after, Session.release_at <= work.now)
            .order_by(Line.session_id)
            .limit(LINES)
        )
        ids = list((await work.db.execute(query)).scalars())
        for session_id in ids:
            await advance(work, session_id)
        self._after = ids[-1] if ids else 0
        return len(ids)


async def advance(work: Work, session_id: int) -> int:
    """One step of one line; returns how many places changed.

    Never more turns than free numbers, and no channel's turns at the cost of another's share: two processes
    do it one after the other, and whoever holds a number ends their turn by the same commit.
    """
    await work.lock(lock_key("line", session_id))
    line = await _line(work, session_id)
    if line is None:
        return 0
    if work.now >= line.until or not line.published:
        return await _end(work, session_id)
    changed = await _pass_over(work, session_id)
    # Turns first, numbers after: a hold in between makes the numbers look fewer than they are, never more.
    turns = await view.promised(work.db, session_id)
    left = await view.left(work.db, session_id, now=work.now, recycle_at=line.recycle_at)
    waiting = await _waiting(work, session_id)
    changed += await _give(work, line, waiting, left.free.without(turns))
    if line.recycles(work.now):
        return changed  # what other channels do not need will be everybody's while the line stands
    return changed + await _sold_out(work, session_id, waiting, left)


async def _line(work: Work, session_id: int) -> _Standing | None:
    row = (
        await work.db.execute(
            select(Line.turn_s, Line.window_s, Session.release_at, Session.recycle_at, Session.state)
            .join(Session, Session.id == Line.session_id)
            .where(Line.session_id == session_id, Line.over_at.is_(None), Session.release_at <= work.now)
        )
    ).one_or_none()
    if row is None:
        return None
    until = row[2] + timedelta(seconds=row[1])
    return _Standing(session_id, timedelta(seconds=row[0]), until, row[3], row[4] == SessionState.PUBLISHED)


async def _pass_over(work: Work, session_id: int) -> int:
    passed = await work.db.execute(
        update(Place)
        .where(Place.session_id == session_id, Place.state == PlaceState.TURN, Place.turn_until <= work.now)
        .values(state=PlaceState.PASSED.value, turn_until=None)
        .returning(Place.id)
    )
    ids = passed.scalars().all()
    for place_id in ids:
        work.record(TurnPassed(session_id=session_id, place_id=place_id))
    return len(ids)


async def _waiting(work: Work, session_id: int) -> Sequence[str]:
    """The channels by which people wait."""
    channels = await work.db.execute(
        select(Place.channel)
        .where(Place.session_id == session_id, Place.state == PlaceState.WAITING)
        .distinct()
    )
    return sorted(channels.scalars())


async def _give(work: Work, line: _Standing, waiting: Sequence[str], numbers: Numbers) -> int:
    chosen = rules.allotted(await _foremost(work, line.session_id, waiting, numbers), numbers)[:MOST]
    if not chosen:
        return 0
    until = work.now + line.turn
    given = await work.db.execute(
        update(Place)
        .where(Place.id.in_([one.place_id for one in chosen]), Place.state == PlaceState.WAITING)
        .values(state=PlaceState.TURN.value, turn_until=until)
        .returning(Place.id)
    )
    ids = given.scalars().all()
    for place_id in ids:
        work.record(TurnGiven(session_id=line.session_id, place_id=place_id, until=until))
    return len(ids)


async def _foremost(work: Work, session_id: int, waiting: Sequence[str], numbers: Numbers) -> list[_Next]:
    """The first of each channel, as many as it may have numbers, in the order of the one line."""
    found: list[_Next] = []
    for channel in waiting:
        most = min(MOST, numbers.for_channel(channel))
        if most:
            rows = await work.db.execute(
                select(Place.id, Place.channel, Place.position, Place.ticket)
                .where(
                    Place.session_id == session_id,
                    Place.state == PlaceState.WAITING,
                    Place.channel == channel,
                )
                .order_by(Place.position, Place.ticket)
                .limit(most)
            )
            found += [_Next(*row) for row in rows]
    return sorted(found, key=lambda one: (one.position, one.ticket))


async def _sold_out(work: Work, session_id: int, waiting: Sequence[str], left: Left) -> int:
    """Send home whose channel has nothing left that is free or could come back: nobody waits for nothing."""
    without = [
        channel
        for channel in waiting
        if not left.free.for_channel(channel) and not left.held.for_channel(channel)
    ]
    if not without:
        return 0
    closed = await work.db.execute(
        update(Place)
        .where(
            Place.session_id == session_id,
            Place.state == PlaceState.WAITING,
            Place.channel.in_(without),
        )
        .values(state=PlaceState.CLOSED.value)
        .returning(Place.id)
    )
    sent = len(closed.scalars().all())
    if sent:
        work.record(LineSoldOut(session_id=session_id, channels=without, waiting=sent))
    return sent


async def _end(work: Work, session_id: int) -> int:
    """The window is over, or the session is not held: who still waits may go on as at any other time."""
    ended = await work.db.execute(
        update(Line)
        .where(Line.session_id == session_id, Line.over_at.is_(None))
        .values(over_at=work.now)
        .returning(Line.session_id)
    )
    if ended.one_or_none() is None:
        return 0
    closed = await work.db.execute(
        update(Place)
        .where(Place.session_id == session_id, Place.state.in_(LIVE))
        .values(state=PlaceState.CLOSED.value, turn_until=None)
        .returning(Place.id)
    )
    waiting = len(closed.scalars().all())
    work.record(LineEnded(session_id=session_id, waiting=waiting))
    return waiting + 1
