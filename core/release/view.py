"""Questions about a session's line: what it stands for, how many numbers are left, where one stands."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.catalogue.tables import Department, Doctor, Hospital
from core.errors import NotFound
from core.release import rules
from core.release.rules import Chance, Numbers, PlaceState, Terms
from core.release.tables import Line, Place
from core.schedule.rules import COMMON, SessionState, SlotState
from core.schedule.tables import Session, Slot


@dataclass(frozen=True)
class About:
    """The session that people wait for, as a page names it. doctor: None for a department's own number."""

    session_id: int
    hospital_id: int
    hospital: str
    department_id: int
    department: str
    doctor_id: int | None
    doctor: str | None
    title: str | None
    number_kind: str
    day: date
    half: str
    starts_at: datetime
    ends_at: datetime
    fee_fen: int
    total: int
    state: str
    release_at: datetime
    stop_at: datetime
    recycle_at: datetime | None


async def about(db: AsyncSession, session_id: int) -> About:
    """Raises NotFound; a session that was taken back does not exist here."""
    query: Select[*tuple[Any, ...]] = (
        select(
            Session.id, Session.hospital_id, Hospital.short_name, Session.department_id, Department.name,
            Session.doctor_id, Doctor.name, Doctor.title, Session.number_kind, Session.day, Session.half,
            Session.starts_at, Session.ends_at, Session.fee_fen, Session.total, Session.state,
            Session.release_at, Session.stop_at, Session.recycle_at,
        )
        .join(Hospital, Hospital.id == Session.hospital_id)
        .join(Department, Department.id == Session.department_id)
        .outerjoin(Doctor, Doctor.id == Session.doctor_id)
        .where(Session.id == session_id, Session.state != SessionState.WITHDRAWN)
    )  # fmt: skip
    row = (await db.execute(query)).one_or_none()
    if row is None:
        raise NotFound(facts={"what": "session"})
    return About(*row)


async def line_of(db: AsyncSession, session_id: int) -> Line | None:
    return await db.get(Line, session_id, populate_existing=True)


@dataclass(frozen=True)
class Left:
    """Numbers of a session: free ones; those that somebody is just choosing and may give back; all there are.

    shares: of all of them, as the hospital divided them, also when they are divided no more.
    """

    free: Numbers
    held: Numbers
    shares: Numbers


async def promised(db: AsyncSession, session_id: int) -> Mapping[str, int]:
    """How many have their turn, by channel: so many numbers are somebody's already."""
    rows = await db.execute(
        select(Place.channel, func.count())
        .where(Place.session_id == session_id, Place.state == PlaceState.TURN)
        .group_by(Place.channel)
    )
    return {row[0]: row[1] for row in rows}


async def left(db: AsyncSession, session_id: int, *, now: datetime, recycle_at: datetime | None) -> Left:
    """One statement. From the recycle instant on what is left is common, as the engine sells it."""
    rested = or_(Slot.rests_until.is_(None), Slot.rests_until <= now)
    rows = (
        await db.execute(
            select(
                Slot.pool,
                func.count().filter((Slot.state == SlotState.FREE) & rested),
                func.count().filter(Slot.state == SlotState.HELD),
                func.count(),
            )
            .where(Slot.session_id == session_id)
            .group_by(Slot.pool)
        )
    ).all()
    recycled = recycle_at is not None and now >= recycle_at

    free = _numbers({row[0]: row[1] for row in rows}, together=recycled)
    held = _numbers({row[0]: row[2] for row in rows}, together=recycled)
    return Left(free, held, _numbers({row[0]: row[3] for row in rows}, together=False))


def _numbers(by_pool: Mapping[str, int], *, together: bool) -> Numbers:
    if together:
        return Numbers({}, sum(by_pool.values()))
    own = {pool: count for pool, count in by_pool.items() if pool != COMMON}
    return Numbers(own, by_pool.get(COMMON, 0))


@dataclass(frozen=True)
class Told:
    """A place as its owner is told of it. before: of their channel, with their turn or before it.

    others: of other channels before them, who take of the common numbers too. left: numbers that are free and
    that their channel may have. Before the release nobody has been drawn: both are 0 and chance is None.
    """

    state: PlaceState
    channel: str
    ticket: str
    drawn: bool
    before: int
    others: int
    left: int
    chance: Chance | None
    turn_until: datetime | None


@dataclass(frozen=True)
class Stood:
    """Somebody in a line."""

    channel: str
    state: PlaceState
    position: int
    ticket: str
    drawn: bool
    turn_until: datetime | None


def told(stood: Stood, ahead: Mapping[str, int] | None, left: Left) -> Told:
    """ahead: who is before them, by channel; None before the release, when nobody may know."""
    has_turn = stood.state is PlaceState.TURN
    before, others, chance = 0, 0, None
    if has_turn:
        chance = Chance.LIKELY
    elif ahead is not None:
        before = ahead.get(stood.channel, 0)
        others = rules.sharing(stood.channel, ahead, left.free)
        chance = rules.outlook(stood.channel, ahead, left.free, left.held)
    return Told(
        stood.state,
        stood.channel,
        stood.ticket,
        stood.drawn,
        before,
        others,
        left.free.for_channel(stood.channel),
        chance,
        stood.turn_until if has_turn else None,
    )


STOOD: tuple[Any, ...] = (
    Place.channel,
    Place.state,
    Place.position,
    Place.ticket,
    Place.drawn.is_not(None),
    Place.turn_until,
)


async def stood(db: AsyncSession, session_id: int, whose: str) -> Stood | None:
    """One place, ended or not."""
    row = (
        await db.execute(select(*STOOD).where(Place.session_id == session_id, Place.whose == whose))
    ).one_or_none()
    return Stood(row[0], PlaceState(row[1]), *row[2:]) if row else None


def as_announced(found: Terms, line: Line | None) -> Terms:
    """A line keeps the terms under which people came."""
    if line is None:
        return found
    return Terms(True, found.lead, timedelta(seconds=line.window_s), timedelta(seconds=line.turn_s))
