"""What the public reads of departments and doctors: what is open in live hospitals; read-only."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.catalogue.browse import LIVE
from core.catalogue.tables import Department, Doctor, Hospital, Post
from core.errors import NotFound

# A post can be booked when it is open itself, and so is whoever holds it.
OPEN_POST: ColumnElement[bool] = Post.open & or_(Doctor.id.is_(None), Doctor.open)


@dataclass(frozen=True)
class DepartmentLine:
    id: int
    name: str
    where: str
    special: bool


@dataclass(frozen=True)
class DepartmentFacts:
    """One department and whose it is. standard_code: of 诊疗科目, by which rules name it."""

    id: int
    name: str
    standard_code: str
    where: str
    introduction: str
    special: bool
    hospital_id: int
    hospital: str
    hospital_short: str


@dataclass(frozen=True)
class PostLine:
    """Who can be booked as what, for what fee. doctor_id, doctor, title: None for the department's own."""

    post_id: int
    kind: str
    fee_fen: int
    department_id: int
    department: str
    standard_code: str
    where: str
    doctor_id: int | None
    doctor: str | None
    title: str | None


@dataclass(frozen=True)
class DoctorFacts:
    id: int
    name: str
    title: str
    speciality: str
    introduction: str
    hospital_id: int
    hospital: str
    hospital_short: str


@dataclass(frozen=True)
class Expert:
    """A doctor in the column of experts, with the first department they see patients in."""

    id: int
    name: str
    title: str
    speciality: str
    hospital_short: str
    department: str


async def departments(db: AsyncSession, hospital_id: int) -> list[DepartmentLine]:
    """A hospital's open departments, the most asked for first."""
    rows = await db.execute(
        select(Department.id, Department.name, Department.where, Department.special)
        .where(Department.hospital_id == hospital_id, Department.open)
        .order_by(Department.menu_order, Department.id)
    )
    return [DepartmentLine(*row) for row in rows.all()]


async def department(db: AsyncSession, department_id: int) -> DepartmentFacts:
    """Raises NotFound, also for one that is closed or whose hospital is not live (R-027)."""
    row = (
        await db.execute(
            select(
                Department.id, Department.name, Department.standard_code, Department.where,
                Department.introduction, Department.special, Hospital.id, Hospital.name,
                Hospital.short_name,
            )
            .join(Hospital, Hospital.id == Department.hospital_id)
            .where(LIVE, Department.open, Department.id == department_id)
        )
    ).one_or_none()  # fmt: skip
    if row is None:
        raise NotFound(facts={"what": "department"})
    return DepartmentFacts(*row)


async def posts(
    db: AsyncSession, *, department_id: int | None = None, doctor_id: int | None = None
) -> list[PostLine]:
    """The open posts of a department or of a doctor, in the order they were made."""
    mine = Post.department_id == department_id if doctor_id is None else Post.doctor_id == doctor_id
    query: Select[*tuple[Any, ...]] = (
        select(
            Post.id, Post.kind, Post.fee_fen, Department.id, Department.name, Department.standard_code,
            Department.where, Doctor.id, Doctor.name, Doctor.title,
        )
        .join(Department, Department.id == Post.department_id)
        .outerjoin(Doctor, Doctor.id == Post.doctor_id)
        .where(mine, OPEN_POST, Department.open)
        .order_by(Post.id)
    )  # fmt: skip
    return [PostLine(*row) for row in (await db.execute(query)).all()]


async def doctor(db: AsyncSession, doctor_id: int) -> DoctorFacts:
    """Raises NotFound, also for one who is not open for booking or whose hospital is not live."""
    row = (
        await db.execute(
            select(
                Doctor.id, Doctor.name, Doctor.title, Doctor.speciality, Doctor.introduction,
                Hospital.id, Hospital.name, Hospital.short_name,
            )
            .join(Hospital, Hospital.id == Doctor.hospital_id)
            .where(LIVE, Doctor.open, Doctor.id == doctor_id)
        )
    ).one_or_none()  # fmt: skip
    if row is None:
        raise NotFound(facts={"what": "doctor"})
    return DoctorFacts(*row)


async def experts(db: AsyncSession, *, today: date, most: int) -> list[Expert]:
    """Who is recommended to the home page (R-154); where they are more, another part of them each day."""
    ids = list(
        (
            await db.execute(
                select(Doctor.id)
                .join(Hospital, Hospital.id == Doctor.hospital_id)
                .where(LIVE, Doctor.open, Doctor.recommended)
                .order_by(Hospital.menu_order, Hospital.id, Doctor.id)
            )
        ).scalars()
    )
    start = today.toordinal() * most % len(ids) if len(ids) > most else 0
    shown = (ids[start:] + ids[:start])[:most]
    rows = await db.execute(
        select(
            Doctor.id, Doctor.name, Doctor.title, Doctor.speciality, Hospital.short_name, Department.name,
        )
        .join(Hospital, Hospital.id == Doctor.hospital_id)
        .join(Post, Post.doctor_id == Doctor.id)
        .join(Department, Department.id == Post.department_id)
        .where(Doctor.id.in_(shown), Post.open, Department.open)
        .order_by(Department.menu_order, Department.id)
    )  # fmt: skip
    found: dict[int, Expert] = {}
    for row in rows.all():
        found.setdefault(row[0], Expert(*row))
    return [found[key] for key in shown if key in found]


async def specialities(db: AsyncSession, most: int) -> list[tuple[str, int]]:
    """What departments are called and in how many hospitals; those that most hospitals have come first."""
    many = func.count(func.distinct(Department.hospital_id))
    rows = await db.execute(
        select(Department.name, many)
        .join(Hospital, Hospital.id == Department.hospital_id)
        .where(LIVE, Department.open)
        .group_by(Department.name)
        .order_by(many.desc(), func.min(Department.menu_order), Department.name)
        .limit(most)
    )
    return [(row[0], row[1]) for row in rows.all()]
