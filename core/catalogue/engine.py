"""Hospitals, departments, doctors and posts: look-ups for every face."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.catalogue.tables import Department, Doctor, Hospital, Post
from core.errors import NotFound

T = TypeVar("T")


@dataclass(frozen=True)
class PostFacts:
    """Who sees patients as what, for what fee."""

    post_id: int
    hospital_id: int
    department_id: int
    department_code: str  # standard code of 诊疗科目
    doctor_id: int | None
    kind: str
    fee_fen: int


@dataclass(frozen=True)
class Named:
    """Something a caller chooses from a list: its id, its name, how it is read."""

    id: int
    name: str
    pinyin: str
    note: str = ""
    whole: str = ""  # of a hospital that is called by its short name: the long one, which pinyin may read


async def posts_of_hospital(db: AsyncSession, hospital_id: int) -> list[PostFacts]:
    """Every post of a hospital, open or not."""
    rows = await db.execute(
        select(
            Post.id, Department.hospital_id, Post.department_id, Department.standard_code,
            Post.doctor_id, Post.kind, Post.fee_fen,
        )
        .join(Department, Department.id == Post.department_id)
        .where(Department.hospital_id == hospital_id)
        .order_by(Post.id)
    )  # fmt: skip
    return [PostFacts(*row) for row in rows.all()]


async def live_hospitals(db: AsyncSession) -> Sequence[Named]:
    """Hospitals that take bookings, the most asked for first; name is the short one."""
    rows = await db.execute(
        select(Hospital.id, Hospital.short_name, Hospital.pinyin, Hospital.grade, Hospital.name)
        .where(Hospital.state == "live")
        .order_by(Hospital.menu_order, Hospital.id)
    )
    return [Named(*row) for row in rows.all()]


async def hospital_names(db: AsyncSession) -> dict[int, str]:
    """Every hospital's short name by id, live or not, in the order of menus."""
    rows = await db.execute(
        select(Hospital.id, Hospital.short_name).order_by(Hospital.menu_order, Hospital.id)
    )
    return dict(rows.all())


async def open_departments(db: AsyncSession, hospital_id: int) -> Sequence[Named]:
    """A hospital's departments that are open for booking, the most asked for first."""
    rows = await db.execute(
        select(Department.id, Department.name, Department.pinyin, Department.where)
        .where(Department.hospital_id == hospital_id, Department.open)
        .order_by(Department.menu_order, Department.id)
    )
    return [Named(*row) for row in rows.all()]


async def doctors_of(db: AsyncSession, department_id: int) -> Sequence[Named]:
    """Doctors who see patients in a department, with their title as the note."""
    rows = await db.execute(
        select(Doctor.id, Doctor.name, Doctor.pinyin, Doctor.title)
        .join(Post, Post.doctor_id == Doctor.id)
        .where(Post.department_id == department_id, Post.open, Doctor.open)
        .distinct()
        .order_by(Doctor.id)
    )
    return [Named(*row) for row in rows.all()]


@dataclass(frozen=True)
class Called:
    """Everybody's names with their readings: hospitals as short name, pinyin, whole name; departments
    as name, pinyin; doctors who see patients as name, pinyin, title."""

    hospitals: Sequence[tuple[str, str, str]]
    departments: Sequence[tuple[str, str]]
    doctors: Sequence[tuple[str, str, str]]


async def called(db: AsyncSession) -> Called:
    """What a caller may be told of, hospitals in the order of the menu."""
    hospitals = select(Hospital.short_name, Hospital.pinyin, Hospital.name)
    departments = select(Department.name, Department.pinyin).distinct()
    doctors = select(Doctor.name, Doctor.pinyin, Doctor.title).where(Doctor.open)
    return Called(
        [(*row,) for row in await db.execute(hospitals.order_by(Hospital.menu_order, Hospital.id))],
        [(*row,) for row in await db.execute(departments)],
        [(*row,) for row in await db.execute(doctors.order_by(Doctor.id))],
    )


async def hospital(db: AsyncSession, hospital_id: int) -> Hospital:
    """Raises NotFound."""
    return await _get(db, Hospital, hospital_id)


async def department(db: AsyncSession, department_id: int) -> Department:
    """Raises NotFound."""
    return await _get(db, Department, department_id)


async def doctor(db: AsyncSession, doctor_id: int) -> Doctor:
    """Raises NotFound."""
    return await _get(db, Doctor, doctor_id)


async def _get(db: AsyncSession, kind: type[T], key: int) -> T:
    row = await db.get(kind, key)
    if row is None:
        raise NotFound(facts={"what": kind.__name__.lower()})
    return row
