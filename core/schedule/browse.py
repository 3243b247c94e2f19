"""Sessions as the public sees them: what each channel may sell now, and why there is nothing; read-only."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Select, and_, case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.catalogue.browse_posts import OPEN_POST
from core.catalogue.tables import Doctor, Post
from core.schedule.rules import SessionState, SlotState
from core.schedule.tables import Period, Session, Slot
from core.schedule.view import sellable_now
from core.values import Channel, day_of

SEEN = (SessionState.PUBLISHED, SessionState.STOPPED)


class Standing(StrEnum):
    """What a session is to somebody who wants to book it on the web now."""

    FREE = "free"
    FULL = "full"
    SOON = "soon"  # published, and opens later
    STOPPED = "stopped"  # the doctor is away
    CLOSED = "closed"  # too late to book it
    OVER = "over"


@dataclass(frozen=True)
class Places:
    """Slots that may be sold now, by the channel that asks; a common slot is counted for each."""

    web: int = 0
    phone: int = 0
    sms: int = 0


@dataclass(frozen=True)
class Shown:
    """One session. total: what the hospital set for it (R-096), whoever may sell it."""

    session_id: int
    post_id: int
    number_kind: str
    day: date
    half: str
    starts_at: datetime
    ends_at: datetime
    fee_fen: int
    total: int
    stopped: bool
    release_at: datetime
    stop_at: datetime
    places: Places = Places()

    def standing(self, now: datetime) -> Standing:
        if self.ends_at <= now:
            return Standing.OVER
        if self.stopped:
            return Standing.STOPPED
        if self.stop_at <= now:
            return Standing.CLOSED
        if self.release_at > now:
            return Standing.SOON
        return Standing.FREE if self.places.web else Standing.FULL


COLUMNS: tuple[Any, ...] = (
    Session.id,
    Session.post_id,
    Session.number_kind,
    Session.day,
    Session.half,
    Session.starts_at,
    Session.ends_at,
    Session.fee_fen,
    Session.total,
    Session.state == SessionState.STOPPED,
    Session.release_at,
    Session.stop_at,
)


@dataclass(frozen=True)
class Span:
    """A period of a session. free: what the web may sell in it now."""

    starts_at: datetime
    ends_at: datetime
    free: int


@dataclass(frozen=True)
class Room:
    """What is left in a department for the web. opens: its next release, if one is to come."""

    free: int = 0
    opens: datetime | None = None


async def sessions(
    db: AsyncSession, posts: Collection[int], *, now: datetime, first_day: date, last_day: date
) -> list[Shown]:
    """These posts' sessions on these days with what is left, soonest first; full and stopped ones too."""
    query: Select[*tuple[Any, ...]] = (
        select(*COLUMNS)
        .where(Session.post_id.in_(posts), Session.day.between(first_day, last_day), Session.state.in_(SEEN))
        .order_by(Session.starts_at, Session.id)
    )
    return await counted(db, [Shown(*row) for row in (await db.execute(query)).all()], now)


async def last_day(db: AsyncSession, posts: Collection[int], today: date) -> date | None:
    """The furthest day on which one of these posts has a session; None: there is none from today on."""
    # By post: the furthest day of all would be looked for among everybody's sessions, from the last one back.
    query = (
        select(func.max(Session.day))
        .where(Session.post_id.in_(posts), Session.day >= today, Session.state.in_(SEEN))
        .group_by(Session.post_id)
    )
    return max((await db.execute(query)).scalars(), default=None)


async def furthest_day(db: AsyncSession) -> date | None:
    """The furthest day on which anybody has a session."""
    return (await db.execute(select(func.max(Session.day)))).scalar_one()


async def spans(db: AsyncSession, ids: Collection[int], *, now: datetime) -> Mapping[int, Sequence[Span]]:
    """Session → its periods in order of time, those with nothing left too."""
    ours = and_(*sellable_now(Channel.WEB, now))
    rows = await db.execute(
        select(Period.session_id, Period.starts_at, Period.ends_at, func.count(Slot.id).filter(ours))
        .join(Session, Session.id == Period.session_id)
        .outerjoin(Slot, (Slot.period_id == Period.id) & (Slot.state == SlotState.FREE))
        .where(Period.session_id.in_(ids))
        .group_by(Period.id)
        .order_by(Period.starts_at, Period.id)
    )
    found: defaultdict[int, list[Span]] = defaultdict(list)
    for session_id, starts_at, ends_at, free in rows.all():
        found[session_id].append(Span(starts_at, ends_at, free))
    return found


async def rooms(db: AsyncSession, hospital_id: int, *, now: datetime) -> Mapping[int, Room]:
    """Department → what is left in all its open days; departments without sessions are not in it."""
    free = func.count(Slot.id).filter(and_(*sellable_now(Channel.WEB, now)))
    opens = func.min(case((Session.release_at > now, Session.release_at), else_=None))
    rows = await db.execute(
        select(Session.department_id, free, opens)
        .join(Post, Post.id == Session.post_id)
        .outerjoin(Doctor, Doctor.id == Post.doctor_id)
        .outerjoin(Slot, (Slot.session_id == Session.id) & (Slot.state == SlotState.FREE))
        .where(
            Session.hospital_id == hospital_id,
            Session.day >= day_of(now),
            Session.state == SessionState.PUBLISHED,
            Session.stop_at > now,
            OPEN_POST,
        )
        .group_by(Session.department_id)
    )
    return {department_id: Room(*room) for department_id, *room in rows.all()}


async def left_with(
    db: AsyncSession, doctors: Collection[int], *, now: datetime, last_day: date
) -> Mapping[int, tuple[int, date]]:
    """Doctor → slots that the web may sell now up to this day, and the first day that has one."""
    rows = await db.execute(
        select(Session.doctor_id, func.count(Slot.id), func.min(Session.day))
        .join(Slot, Slot.session_id == Session.id)
        .join(Post, Post.id == Session.post_id)
        .where(
            Session.doctor_id.in_(doctors),
            Session.day <= last_day,
            Post.open,
            *sellable_now(Channel.WEB, now),
        )
        .group_by(Session.doctor_id)
    )
    return {doctor_id: (free, day) for doctor_id, free, day in rows.all() if doctor_id is not None}


async def counted(db: AsyncSession, shown: Sequence[Shown], now: datetime) -> list[Shown]:
    """With what is left of them: one statement, which reads the slots at this moment."""
    if not shown:
        return []
    channels = (Channel.WEB, Channel.PHONE, Channel.SMS)
    rows = await db.execute(
        select(
            Slot.session_id, *(func.count().filter(and_(*sellable_now(channel, now))) for channel in channels)
        )
        .join(Session, Session.id == Slot.session_id)
        .where(Session.id.in_([one.session_id for one in shown]), Slot.state == SlotState.FREE)
        .group_by(Slot.session_id)
    )
    left = {session_id: Places(*places) for session_id, *places in rows.all()}
    return [replace(one, places=left.get(one.session_id, Places())) for one in shown]
