"""What the public reads of hospitals: those that are live; read-only."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.catalogue.tables import Campus, Department, Hospital, Region
from core.errors import NotFound

LIVE = Hospital.state == "live"


@dataclass(frozen=True)
class Area:
    """A city with what lies in it. ids: of the region itself and of all within it."""

    code: str
    name: str
    ids: frozenset[int]


@dataclass(frozen=True)
class Choices:
    """What hospitals can be chosen by: the cities, grades and kinds that live hospitals have."""

    areas: Sequence[Area]
    grades: frozenset[str]
    kinds: frozenset[str]
    hospitals: int


@dataclass(frozen=True)
class HospitalLine:
    """A hospital in a list. departments: how many are open for booking."""

    id: int
    name: str
    short_name: str
    grade: str
    kind: str
    region: str
    address: str
    phone: str
    departments: int


@dataclass(frozen=True)
class HospitalFacts:
    """All that stands about one hospital (R-146). centres: those that belong to it (R-156)."""

    id: int
    name: str
    short_name: str
    grade: str
    kind: str
    region: str
    address: str
    phone: str
    website: str
    introduction: str
    campuses: Sequence[tuple[str, str]]
    parent: tuple[int, str] | None
    centres: Sequence[tuple[int, str]]


async def choices(db: AsyncSession) -> Choices:
    """Two statements; there are as many rows as regions, and as kinds of hospital in each."""
    regions = {row.id: row for row in (await db.execute(select(Region).order_by(Region.code))).scalars()}
    there = (
        await db.execute(
            select(Hospital.region_id, Hospital.grade, Hospital.kind, func.count())
            .where(LIVE)
            .group_by(Hospital.region_id, Hospital.grade, Hospital.kind)
        )
    ).all()
    cities = {key: _city(key, regions) for key in regions}
    used = {cities[row[0]] for row in there}
    areas = [
        Area(row.code, row.name, frozenset(inside for inside, city in cities.items() if city == key))
        for key, row in regions.items()
        if key in used
    ]
    return Choices(
        areas,
        frozenset(row[1] for row in there),
        frozenset(row[2] for row in there),
        sum(row[3] for row in there),
    )


def _city(key: int, regions: Mapping[int, Region]) -> int:
    """The region just below the province that this one lies in; the province itself where it is that."""
    above = regions[key].parent_id
    while above is not None and regions[above].parent_id is not None:
        key, above = above, regions[above].parent_id
    return key


async def hospital_ids(
    db: AsyncSession,
    *,
    regions: Collection[int] | None = None,
    grade: str = "",
    kind: str = "",
    among: Collection[int] | None = None,
) -> list[int]:
    """Live hospitals that are all of this, in the house's own order. among: these at most."""
    wanted = [LIVE]
    if regions is not None:
        wanted.append(Hospital.region_id.in_(regions))
    if among is not None:
        wanted.append(Hospital.id.in_(among))
    if grade:
        wanted.append(Hospital.grade == grade)
    if kind:
        wanted.append(Hospital.kind == kind)
    query = select(Hospital.id).where(*wanted).order_by(Hospital.menu_order, Hospital.id)
    return list((await db.execute(query)).scalars())


async def hospitals(db: AsyncSession, ids: Sequence[int]) -> list[HospitalLine]:
    """These hospitals, in this order."""
    open_departments = (
        select(func.count())
        .where(Department.hospital_id == Hospital.id, Department.open)
        .correlate(Hospital)
        .scalar_subquery()
    )
    rows = await db.execute(
        select(
            Hospital.id, Hospital.name, Hospital.short_name, Hospital.grade, Hospital.kind, Region.name,
            Hospital.address, Hospital.phone, open_departments,
        )
        .join(Region, Region.id == Hospital.region_id)
        .where(LIVE, Hospital.id.in_(ids))
    )  # fmt: skip
    found = {row[0]: HospitalLine(*row) for row in rows.all()}
    return [found[key] for key in ids if key in found]


async def hospital(db: AsyncSession, hospital_id: int) -> HospitalFacts:
    """Raises NotFound, also for a hospital that is not live (R-152)."""
    row = (
        await db.execute(
            select(Hospital, Region.name)
            .join(Region, Region.id == Hospital.region_id)
            .where(LIVE, Hospital.id == hospital_id)
        )
    ).one_or_none()
    if row is None:
        raise NotFound(facts={"what": "hospital"})
    it, region = row
    campuses = await db.execute(
        select(Campus.name, Campus.address).where(Campus.hospital_id == it.id).order_by(Campus.id)
    )
    kin = (
        await db.execute(
            select(Hospital.id, Hospital.name)
            .where(LIVE, or_(Hospital.parent_id == it.id, Hospital.id == it.parent_id))
            .order_by(Hospital.menu_order, Hospital.id)
        )
    ).all()
    return HospitalFacts(
        it.id, it.name, it.short_name, it.grade, it.kind, region, it.address, it.phone, it.website,
        it.introduction,
        [(name, address) for name, address in campuses.all()],
        next(((key, name) for key, name in kin if key == it.parent_id), None),
        [(key, name) for key, name in kin if key != it.parent_id],
    )  # fmt: skip
