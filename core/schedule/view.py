"""Questions about sessions and free slots, joined for the faces; read-only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, case, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.catalogue.tables import Department, Doctor, Hospital, Post
from core.schedule.facts import SlotFacts
from core.schedule.rules import COMMON, SessionState, SlotState
from core.schedule.tables import Period, Session, Slot
from core.values import Channel, day_of


@dataclass(frozen=True)
class OpenSession:
    """A session as a caller chooses it: who, when, what it costs, how many are left."""

    session_id: int
    hospital_id: int
    department_id: int
    doctor_id: int | None
    doctor: str | None  # None: the department's own number
    doctor_pinyin: str | None
    title: str | None
    number_kind: str
    day: date
    half: str
    starts_at: datetime
    ends_at: datetime
    fee_fen: int
    left: int


@dataclass(frozen=True)
class OpenPeriod:
    period_id: int
    session_id: int
    starts_at: datetime
    ends_at: datetime
    left: int


def sellable_now(channel: Channel, now: datetime) -> list[ColumnElement[bool]]:
    """The conditions, over Session and Slot, under which this channel may sell a slot now.

    No session closes later than it begins (schedule.opening): those of past days are left out by index.
    """
    return _sellable(channel.value, now, day_of(now))


def _sellable(channel: Any, now: Any, today: Any) -> list[ColumnElement[bool]]:
    """Of values, or of parameters."""
    recycled = Session.recycle_at.is_not(None) & (Session.recycle_at <= now)
    return [
        Session.day >= today,
        Session.state == SessionState.PUBLISHED,
        Session.release_at <= now,
        Session.stop_at > now,
        Slot.state == SlotState.FREE,
        or_(Slot.rests_until.is_(None), Slot.rests_until <= now),
        or_(Slot.pool.in_([channel, COMMON]), recycled),
    ]


async def open_sessions(
    db: AsyncSession,
    *,
    department_id: int,
    channel: Channel,
    now: datetime,
    first_day: date,
    last_day: date,
    doctor_id: int | None = None,
) -> Sequence[OpenSession]:
    """Sessions of a department in which this channel can sell something now, soonest first."""
    query = _OF_DEPARTMENT
    if doctor_id is not None:
        query = query.where(Session.doctor_id == doctor_id)
    asked = {"department_id": department_id, "first_day": first_day, "last_day": last_day}
    rows = await db.execute(query, {**asked, "channel": channel.value, "now": now, "today": day_of(now)})
    return [OpenSession(*row) for row in rows.all()]


async def open_session(
    db: AsyncSession, session_id: int, channel: Channel, now: datetime
) -> OpenSession | None:
    """One session, or None when nothing in it can be sold by this channel now."""
    query = _open(*sellable_now(channel, now)).where(Session.id == session_id)
    row = (await db.execute(query)).one_or_none()
    return OpenSession(*row) if row else None


_SESSION = (
    Session.id,
    Session.hospital_id,
    Session.department_id,
    Session.doctor_id,
    Doctor.name,
    Doctor.pinyin,
    Doctor.title,
    Session.number_kind,
    Session.day,
    Session.half,
    Session.starts_at,
    Session.ends_at,
    Session.fee_fen,
)


def _open(*conditions: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    left = func.count(Slot.id).label("left")
    return (
        select(*_SESSION, left)
        .join(Slot, Slot.session_id == Session.id)
        .outerjoin(Doctor, Doctor.id == Session.doctor_id)
        .where(*conditions)
        .group_by(Session.id, Doctor.id)
        .order_by(Session.starts_at, Session.id)
    )


# Built once: every caller and every text asks them, and building one takes longer than answering it.
_SELLABLE = _sellable(bindparam("channel"), bindparam("now"), bindparam("today"))
_OF_DEPARTMENT = _open(
    *_SELLABLE,
    Session.department_id == bindparam("department_id"),
    Session.day.between(bindparam("first_day"), bindparam("last_day")),
)
_PERIODS = (
    select(Period.id, Period.session_id, Period.starts_at, Period.ends_at, func.count(Slot.id))
    .join(Session, Session.id == Period.session_id)
    .join(Slot, Slot.period_id == Period.id)
    .where(Period.session_id == bindparam("session_id"), *_SELLABLE)
    .group_by(Period.id)
    .order_by(Period.starts_at)
)
_ROOM = (
    select(Session.department_id, func.count(Slot.id))
    .join(Slot, Slot.session_id == Session.id)
    .where(Session.hospital_id == bindparam("hospital_id"), Session.day <= bindparam("last_day"), *_SELLABLE)
    .group_by(Session.department_id)
)


async def chosen_session(db: AsyncSession, session_id: int) -> OpenSession:
    """One session as it was chosen, whatever is left of it. Raises sqlalchemy's NoResultFound."""
    query: Select[*tuple[Any, ...]] = select(*_SESSION, literal(0))
    found = await db.execute(
        query.outerjoin(Doctor, Doctor.id == Session.doctor_id).where(Session.id == session_id)
    )
    return OpenSession(*found.one())


async def open_periods(
    db: AsyncSession, *, session_id: int, channel: Channel, now: datetime
) -> Sequence[OpenPeriod]:
    """The periods of a session with something left for this channel, in order of time."""
    asked = {"session_id": session_id, "channel": channel.value, "now": now, "today": day_of(now)}
    return [OpenPeriod(*row) for row in (await db.execute(_PERIODS, asked)).all()]


async def period_times(db: AsyncSession, session_id: int) -> dict[int, tuple[datetime, datetime]]:
    """When each period of a session begins and ends, by its id."""
    rows = await db.execute(
        select(Period.id, Period.starts_at, Period.ends_at).where(Period.session_id == session_id)
    )
    return {row[0]: (row[1], row[2]) for row in rows.all()}


async def departments_with_room(
    db: AsyncSession, *, hospital_id: int, channel: Channel, now: datetime, last_day: date
) -> dict[int, int]:
    """Department id to slots left: so that "sold out" is said before a minute is spent."""
    asked = {"hospital_id": hospital_id, "last_day": last_day}
    rows = await db.execute(_ROOM, {**asked, "channel": channel.value, "now": now, "today": day_of(now)})
    return {row[0]: row[1] for row in rows.all()}


async def next_release(db: AsyncSession, department_id: int, now: datetime) -> datetime | None:
    """When the next session of a department opens, if one is published and still closed."""
    query = select(func.min(Session.release_at)).where(
        Session.department_id == department_id,
        Session.day >= day_of(now),
        Session.state == SessionState.PUBLISHED,
        Session.release_at > now,
    )
    return (await db.execute(query)).scalar_one_or_none()


async def next_session(
    db: AsyncSession, department_id: int, doctor_id: int | None, now: datetime
) -> int | None:
    """The soonest session still ahead, full or stopped as it may be: what others may stand in for."""
    query = select(Session.id).where(
        Session.department_id == department_id,
        Session.day >= day_of(now),
        Session.state.in_([SessionState.PUBLISHED, SessionState.STOPPED]),
        Session.starts_at > now,
    )
    if doctor_id is not None:
        query = query.where(Session.doctor_id == doctor_id)
    return await db.scalar(query.order_by(Session.starts_at, Session.id).limit(1))


async def slot_facts(
    db: AsyncSession, *, session_id: int, period_id: int | None = None
) -> tuple[SlotFacts, datetime | None] | None:
    """What the rules look at, and the session's recycle instant. None: there is no such session.

    The times are the period's where one is given, else the session's.
    """
    closed = case(
        (or_(~Department.open, ~Post.open, Doctor.open.is_(False)), 1),
        else_=0,
    )
    query = (
        select(Session, Hospital.state, Department.standard_code, closed)
        .join(Hospital, Hospital.id == Session.hospital_id)
        .join(Department, Department.id == Session.department_id)
        .join(Post, Post.id == Session.post_id)
        .outerjoin(Doctor, Doctor.id == Session.doctor_id)
        .where(Session.id == session_id)
    )
    row = (await db.execute(query)).one_or_none()
    if row is None:
        return None
    session, hospital_state, standard_code, is_closed = row
    starts_at, ends_at = session.starts_at, session.ends_at
    if period_id is not None:
        period = await db.get(Period, period_id)
        if period is None or period.session_id != session_id:
            return None
        starts_at, ends_at = period.starts_at, period.ends_at
    facts = SlotFacts(
        session_id=session.id,
        hospital_id=session.hospital_id,
        department_id=session.department_id,
        department_code=standard_code,
        doctor_id=session.doctor_id,
        number_kind=session.number_kind,
        day=session.day,
        half=session.half,
        starts_at=starts_at,
        ends_at=ends_at,
        release_at=session.release_at,
        stop_at=session.stop_at,
        hospital_live=hospital_state == "live",
        open=not is_closed,
        session_state=session.state,
        fee_fen=session.fee_fen,
        room=session.room,
    )
    return facts, session.recycle_at
