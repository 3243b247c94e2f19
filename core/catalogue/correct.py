"""How hospitals, departments and doctors are read: the list for those who correct it, and the correction."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Select, String, func, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.catalogue.readings import checked
from core.catalogue.tables import Department, Doctor, Hospital
from core.errors import ChangedMeanwhile, NotAllowed, NotFound, WrongInput
from core.events import ReadingCorrected
from core.pinyin import name_syllables, syllables
from core.work import Work


class What(StrEnum):
    HOSPITAL = "hospital"
    DEPARTMENT = "department"
    DOCTOR = "doctor"


@dataclass(frozen=True)
class Readable:
    """name: what callers hear. whole: a hospital's long name, else empty. note: where it belongs."""

    what: What
    id: int
    name: str
    whole: str
    pinyin: str
    note: str


@dataclass(frozen=True)
class Page:
    """rows: one page of them; found: how many there are in all."""

    rows: Sequence[Readable]
    found: int


_TABLE: dict[What, type[Hospital] | type[Department] | type[Doctor]] = {
    What.HOSPITAL: Hospital,
    What.DEPARTMENT: Department,
    What.DOCTOR: Doctor,
}


async def readable(db: AsyncSession, what: What, *, search: str = "", first: int = 0, most: int = 50) -> Page:
    """Those whose name, initials or saved reading hold what is searched for, as callers hear them listed."""
    table = _TABLE[what]
    query = _query(what)
    for word in search.split():
        like = [table.name.contains(word, autoescape=True), table.pinyin.contains(word, autoescape=True)]
        like.append(func.lower(table.initials).contains(word.lower(), autoescape=True))
        if what is What.HOSPITAL:
            like.append(Hospital.short_name.contains(word, autoescape=True))
        query = query.where(or_(*like))
    found = (await db.execute(select(func.count()).select_from(query.order_by(None).subquery()))).scalar_one()
    rows = await db.execute(query.offset(first).limit(most))
    return Page([Readable(what, *row) for row in rows.all()], found)


async def one_readable(db: AsyncSession, what: What, key: int) -> Readable:
    """Raises NotFound."""
    row = (await db.execute(_query(what).where(_TABLE[what].id == key))).one_or_none()
    if row is None:
        raise NotFound(facts={"what": what.value})
    return Readable(what, *row)


async def correct_reading(
    work: Work, what: What, key: int, *, pinyin: str, before: str, said: Sequence[int] = ()
) -> str:
    """Save how a name is read, and find it by that; returns what was saved. Empty: as the dictionary has it.

    before: what was saved when the page was opened: whoever has changed it since is not overwritten.
    said: how many syllables it may have, where not each character of the name is one (CT室).
    Raises WrongInput, ChangedMeanwhile, NotFound, NotAllowed.
    """
    if not work.by.may("catalogue"):
        raise NotAllowed(facts={"function": "catalogue"})
    table = _TABLE[what]
    row = await one_readable(work.db, what, key)
    work.by.must_see(await _hospital_of(work.db, what, key))
    saved = checked(pinyin, said or [len(row.name)]) if pinyin.strip() else ""
    column = table.__table__.c.pinyin.type
    if isinstance(column, String) and column.length and len(saved) > column.length:
        raise WrongInput(facts={"field": "pinyin", "why": "long", "most": column.length})
    values = {"pinyin": saved} | _initials(row, saved)
    changed = await work.db.execute(
        update(table).where(table.id == key, table.pinyin == before).values(**values).returning(table.id)
    )
    if changed.one_or_none() is None:
        raise ChangedMeanwhile(facts={"what": what.value})
    if saved != before:
        work.record(ReadingCorrected(what=what.value, id=key))
    return saved


async def _hospital_of(db: AsyncSession, what: What, key: int) -> int:
    if what is What.HOSPITAL:
        return key
    table = Department if what is What.DEPARTMENT else Doctor
    return (await db.execute(select(table.hospital_id).where(table.id == key))).scalar_one()


def _query(what: What) -> Select[int, str, str, str, str]:
    if what is What.HOSPITAL:
        return select(
            Hospital.id, Hospital.short_name, Hospital.name, Hospital.pinyin, Hospital.grade
        ).order_by(Hospital.menu_order, Hospital.id)
    where = Hospital.short_name
    if what is What.DEPARTMENT:
        return (
            select(Department.id, Department.name, literal(""), Department.pinyin, where)
            .join(Hospital, Hospital.id == Department.hospital_id)
            .order_by(Hospital.menu_order, Hospital.id, Department.menu_order, Department.id)
        )
    note = where + " " + Doctor.title
    return (
        select(Doctor.id, Doctor.name, literal(""), Doctor.pinyin, note)
        .join(Hospital, Hospital.id == Doctor.hospital_id)
        .order_by(Hospital.menu_order, Hospital.id, Doctor.id)
    )


def _initials(row: Readable, saved: str) -> dict[str, str]:
    """What an operator types to find it; a hospital is found by its long name."""
    found = saved.split()
    if not found:
        read = name_syllables(row.name) if row.what is What.DOCTOR else syllables(row.whole or row.name)
        found = list(read)
    if len(found) != len(row.whole or row.name):
        return {}
    return {"initials": "".join(one[0] for one in found)[:20]}
