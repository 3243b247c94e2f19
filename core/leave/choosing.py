"""What a page needs to choose from: whose leave, who stands in, which days it closes, where all may move."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.booking.tables import Appointment
from core.catalogue.tables import Department, Doctor, Hospital, Post
from core.errors import NotFound
from core.leave import closing, finding, view
from core.leave.plan import in_order, rung_of
from core.leave.rules import OPEN
from core.leave.tables import Leave, LeaveCase
from core.schedule.tables import Session
from core.values import Actor


@dataclass(frozen=True)
class PostShown:
    """A kind of number that is given for a doctor, or for a department alone."""

    post_id: int
    department_id: int
    department: str
    number_kind: str


@dataclass(frozen=True)
class Whose:
    """Who is away. doctor_id: None where a department's own number is. stand_ins: (id, name and title)."""

    hospital_id: int
    hospital: str
    doctor_id: int | None
    name: str
    title: str
    posts: Sequence[PostShown]
    stand_ins: Sequence[tuple[int, str]]


async def whose(
    db: AsyncSession, by: Actor, *, doctor_id: int | None = None, post_id: int | None = None
) -> Whose:
    """A doctor, or one post. Raises NotFound, also for another hospital's."""
    query = (
        select(Post, Department, Hospital, Doctor)
        .join(Department, Department.id == Post.department_id)
        .join(Hospital, Hospital.id == Department.hospital_id)
        .outerjoin(Doctor, Doctor.id == Post.doctor_id)
        .where(Post.doctor_id == doctor_id if doctor_id is not None else Post.id == post_id)
        .order_by(Post.id)
    )
    rows = (await db.execute(query)).all()
    if not rows or not by.sees(rows[0][2].id):
        raise NotFound(facts={"what": "doctor"})
    _, department, hospital, doctor = rows[0]
    posts = [PostShown(post.id, place.id, place.name, post.kind) for post, place, _, _ in rows]
    colleagues = (
        select(Doctor.id, Doctor.name, Doctor.title)
        .join(Post, Post.doctor_id == Doctor.id)
        .where(Post.department_id.in_({one.department_id for one in posts}), Doctor.open, Post.open)
        .order_by(Doctor.name)
        .distinct()
    )
    others = [row for row in (await db.execute(colleagues)).all() if doctor is None or row[0] != doctor.id]
    return Whose(
        hospital.id,
        hospital.short_name,
        doctor.id if doctor else None,
        doctor.name if doctor else department.name,
        doctor.title if doctor else "",
        posts,
        [(key, f"{name} {title}") for key, name, title in others],
    )


async def own_numbers(db: AsyncSession, department_ids: Sequence[int]) -> dict[int, int]:
    """The post of each department's own number, which names no doctor."""
    query = select(Post.department_id, Post.id).where(
        Post.department_id.in_(department_ids), Post.doctor_id.is_(None), Post.open
    )
    return {row[0]: row[1] for row in (await db.execute(query)).all()}


@dataclass(frozen=True)
class HalfDay:
    """A session that the leave would close. booked: visits that it would displace."""

    session_id: int
    day: date
    half: str
    department: str
    number_kind: str
    starts_at: datetime
    ends_at: datetime
    booked: int
    total: int


async def half_days(db: AsyncSession, leave_id: int, now: datetime) -> Sequence[HalfDay]:
    """What approving would close now, in order of time."""
    query = (
        select(
            Session.id, Session.day, Session.half, Department.name, Session.number_kind, Session.starts_at,
            Session.ends_at, Session.total,
        )
        .select_from(Session)
        .join(Leave, Leave.id == leave_id)
        .join(Department, Department.id == Session.department_id)
        .where(*closing.to_close(now))
        .order_by(Session.starts_at, Session.id)
    )  # fmt: skip
    rows = (await db.execute(query)).all()
    leave = await db.get_one(Leave, leave_id)
    ids = await view.would_stop(db, leave, [row[0] for row in rows])
    counted = select(Appointment.session_id, func.count()).where(Appointment.id.in_(ids))
    found = (await db.execute(counted.group_by(Appointment.session_id))).all()
    booked = {row[0]: row[1] for row in found}
    return [HalfDay(*row[:7], booked.get(row[0], 0), row[7]) for row in rows]


@dataclass(frozen=True)
class Target:
    """A session into which a leave's patients may be moved together. free: numbers left."""

    session_id: int
    hospital: str
    department: str
    doctor: str | None
    title: str | None
    number_kind: str
    day: date
    half: str
    starts_at: datetime
    ends_at: datetime
    fee_fen: int
    free: int


async def targets(db: AsyncSession, leave_id: int, by: Actor, now: datetime) -> Sequence[Target]:
    """Sessions with free numbers that come near what was stopped, the nearest first; of by's hospitals."""
    query = select(LeaveCase.id).where(LeaveCase.leave_id == leave_id, LeaveCase.state.in_(OPEN))
    ids = (await db.execute(query.order_by(LeaveCase.visit_at, LeaveCase.id))).scalars().all()
    cases = in_order(await finding.displaced(db, ids, now))
    free: dict[int, int] = {}
    near: dict[int, int] = {}
    for room in await finding.rooms(db, cases, now):
        rungs = [rung for case in cases if (rung := rung_of(case, room)) is not None]
        if rungs and by.sees(room.place.hospital_id):
            free[room.session_id] = free.get(room.session_id, 0) + room.free
            near[room.session_id] = min(*rungs, near.get(room.session_id, 9), 9)
    shown = (
        select(
            Session.id, Hospital.short_name, Department.name, Doctor.name, Doctor.title, Session.number_kind,
            Session.day, Session.half, Session.starts_at, Session.ends_at, Session.fee_fen,
        )
        .join(Hospital, Hospital.id == Session.hospital_id)
        .join(Department, Department.id == Session.department_id)
        .outerjoin(Doctor, Doctor.id == Session.doctor_id)
        .where(Session.id.in_(free))
    )  # fmt: skip
    rows = [Target(*row, free[row[0]]) for row in (await db.execute(shown)).all()]
    return sorted(rows, key=lambda one: (near[one.session_id], one.starts_at, one.session_id))
