"""What a desk sees of sessions: free for the phone, held by others and until when, booked; read-only."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.catalogue.engine import open_departments
from core.catalogue.tables import Department, Doctor, Hospital
from core.schedule import view
from core.schedule.rules import SessionState, SlotState
from core.schedule.tables import Hold, Period, Session, Slot
from core.values import Channel, day_of

# Further than any hospital opens; each session says by itself whether it is open.
HORIZON = timedelta(days=120)
MOST = 200

# By whose face a slot is held: never by whom.
FACES = {"draft": "坐席", "call": "语音", "web": "网站", "sms": "短信"}


@dataclass(frozen=True)
class HeldUntil:
    """A slot somebody else is just choosing. face: in Chinese."""

    until: datetime
    face: str


@dataclass(frozen=True)
class DeskPeriod:
    period_id: int
    starts_at: datetime
    ends_at: datetime
    free: int


@dataclass(frozen=True)
class DeskSession:
    """One session. free: for the channel that asks; others: free, but another channel's share.

    opens: when it can be booked, if it is published and not yet released. stopped: the doctor is away.
    """

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
    stopped: bool
    opens: datetime | None
    over: bool
    free: int = 0
    others: int = 0
    booked: int = 0
    held: tuple[HeldUntil, ...] = ()
    periods: tuple[DeskPeriod, ...] = ()


@dataclass(frozen=True)
class DepartmentRoom:
    """A department with what is left in it; opens: the next release, where nothing is."""

    department_id: int
    name: str
    free: int
    opens: datetime | None


async def departments(
    db: AsyncSession, hospital_id: int, *, now: datetime, channel: Channel = Channel.PHONE
) -> list[DepartmentRoom]:
    """A hospital's open departments in its own order, each with what is left."""
    last = day_of(now + HORIZON)
    room = await view.departments_with_room(
        db, hospital_id=hospital_id, channel=channel, now=now, last_day=last
    )
    query = (
        select(Session.department_id, func.min(Session.release_at))
        .where(
            Session.hospital_id == hospital_id,
            Session.day >= day_of(now),
            Session.state == SessionState.PUBLISHED,
            Session.release_at > now,
        )
        .group_by(Session.department_id)
    )
    opens = {row[0]: row[1] for row in (await db.execute(query)).all()}
    return [
        DepartmentRoom(one.id, one.name, room.get(one.id, 0), opens.get(one.id))
        for one in await open_departments(db, hospital_id)
    ]


async def sessions(
    db: AsyncSession,
    *,
    now: datetime,
    channel: Channel = Channel.PHONE,
    hospital_id: int | None = None,
    department_id: int | None = None,
    doctor_id: int | None = None,
    session_id: int | None = None,
    day: date | None = None,
) -> list[DeskSession]:
    """The sessions asked for, with live counts, soonest first; at most MOST. Full ones are among them.

    At least one of hospital, department, doctor or session must be given.
    """
    wanted: list[ColumnElement[bool]] = []
    for column, value in (
        (Session.hospital_id, hospital_id),
        (Session.department_id, department_id),
        (Session.doctor_id, doctor_id),
        (Session.id, session_id),
    ):
        if value is not None:
            wanted.append(column == value)
    if not wanted:
        raise ValueError("which sessions?")
    if day is not None:
        wanted.append(Session.day == day)
    elif session_id is None:
        wanted.append(Session.day.between(day_of(now), day_of(now + HORIZON)))
    found = await _plain(db, wanted, now)
    ids = [one.session_id for one in found]
    counts = await _counts(db, ids, channel, now)
    held = await held_until(db, ids, now)
    periods = await _periods(db, ids, channel, now)
    return [
        replace(
            one,
            free=counts[one.session_id].free,
            others=counts[one.session_id].others,
            booked=counts[one.session_id].booked,
            held=tuple(held[one.session_id]),
            periods=tuple(periods[one.session_id]),
        )
        for one in found
    ]


async def _plain(db: AsyncSession, wanted: Sequence[ColumnElement[bool]], now: datetime) -> list[DeskSession]:
    query: Select[*tuple[Any, ...]] = (
        select(
            Session.id,
            Session.hospital_id,
            Hospital.short_name,
            Session.department_id,
            Department.name,
            Session.doctor_id,
            Doctor.name,
            Doctor.title,
            Session.number_kind,
            Session.day,
            Session.half,
            Session.starts_at,
            Session.ends_at,
            Session.fee_fen,
            Session.total,
            Session.state == SessionState.STOPPED,
            case((Session.release_at > now, Session.release_at), else_=None),
            Session.stop_at <= now,
        )
        .join(Hospital, Hospital.id == Session.hospital_id)
        .join(Department, Department.id == Session.department_id)
        .outerjoin(Doctor, Doctor.id == Session.doctor_id)
        .where(*wanted, Session.state.in_([SessionState.PUBLISHED, SessionState.STOPPED]))
        .order_by(Session.starts_at, Session.id)
        .limit(MOST)
    )
    return [DeskSession(*row) for row in (await db.execute(query)).all()]


@dataclass
class _Counts:
    free: int = 0
    others: int = 0
    booked: int = 0


async def _counts(
    db: AsyncSession, ids: Sequence[int], channel: Channel, now: datetime
) -> Mapping[int, _Counts]:
    ours = and_(*view.sellable_now(channel, now))
    query = (
        select(
            Slot.session_id,
            func.count().filter(ours),
            func.count().filter(Slot.state == SlotState.FREE),
            func.count().filter(Slot.state.in_([SlotState.BOOKED, SlotState.TAKEN, SlotState.USED])),
        )
        .join(Session, Session.id == Slot.session_id)
        .where(Session.id.in_(ids))
        .group_by(Slot.session_id)
    )
    found: defaultdict[int, _Counts] = defaultdict(_Counts)
    for session_id, free, any_free, booked in (await db.execute(query)).all():
        found[session_id] = _Counts(free, any_free - free, booked)
    return found


async def held_until(db: AsyncSession, ids: Sequence[int], now: datetime) -> Mapping[int, list[HeldUntil]]:
    """What is just being chosen in each of these sessions, soonest free again first."""
    query = (
        select(Hold.session_id, Hold.expires_at, Hold.owner, Hold.channel)
        .where(Hold.session_id.in_(ids), Hold.state == "live", Hold.expires_at > now)
        .order_by(Hold.expires_at)
    )
    found: defaultdict[int, list[HeldUntil]] = defaultdict(list)
    for session_id, until, owner, channel in (await db.execute(query)).all():
        face = FACES.get(owner.partition(":")[0]) or FACES.get(channel, "其他渠道")
        found[session_id].append(HeldUntil(until, face))
    return found


async def _periods(
    db: AsyncSession, ids: Sequence[int], channel: Channel, now: datetime
) -> Mapping[int, list[DeskPeriod]]:
    """Every period, also those with nothing left."""
    ours = and_(*view.sellable_now(channel, now))
    query = (
        select(
            Period.session_id, Period.id, Period.starts_at, Period.ends_at, func.count(Slot.id).filter(ours)
        )
        .join(Session, Session.id == Period.session_id)
        .outerjoin(Slot, Slot.period_id == Period.id)
        .where(Session.id.in_(ids))
        .group_by(Period.id)
        .order_by(Period.starts_at)
    )
    found: defaultdict[int, list[DeskPeriod]] = defaultdict(list)
    for session_id, period_id, starts_at, ends_at, free in (await db.execute(query)).all():
        found[session_id].append(DeskPeriod(period_id, starts_at, ends_at, free))
    return found
