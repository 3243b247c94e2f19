"""Hospitals and doctors an account wants to find again (I-009), with what is left at each."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from core.accounts.tables import Account, Favourite
from core.catalogue import browse, browse_posts
from core.catalogue.browse import LIVE
from core.catalogue.tables import Department, Doctor, Hospital, Post
from core.errors import FavouritesFull
from core.events import FavouriteAdded, FavouriteRemoved
from core.schedule.browse import left_with
from core.values import day_of
from core.work import Work

HOSPITAL, DOCTOR = "hospital", "doctor"
# More than anybody looks through.
MOST = 50
# Further ahead than any hospital opens.
HORIZON = timedelta(days=120)


@dataclass(frozen=True)
class DoctorKept:
    """free: slots that the web may sell now. day: the first that has one. open: can be booked at all."""

    doctor_id: int
    name: str
    title: str
    hospital_id: int
    hospital: str
    department: str
    open: bool
    free: int = 0
    day: date | None = None


@dataclass(frozen=True)
class HospitalKept:
    hospital_id: int
    name: str
    grade: str
    open: bool


@dataclass(frozen=True)
class Kept:
    """Newest first."""

    doctors: Sequence[DoctorKept]
    hospitals: Sequence[HospitalKept]


async def has(db: AsyncSession, account_id: int, what: str, what_id: int) -> bool:
    query = select(Favourite.id).where(
        Favourite.account_id == account_id, Favourite.what == what, Favourite.what_id == what_id
    )
    return (await db.execute(query)).first() is not None


async def add(work: Work, account_id: int, what: str, what_id: int) -> None:
    """Keep one more; a repeat does no harm. Raises NotFound for what nobody can see, FavouritesFull."""
    if what == HOSPITAL:
        await browse.hospital(work.db, what_id)
    else:
        await browse_posts.doctor(work.db, what_id)
    # One row that every adder of this account waits for: two at once must not both be the last.
    await work.db.execute(select(Account.id).where(Account.id == account_id).with_for_update())
    maker = sqlite.insert if work.house.database.sqlite else postgresql.insert
    row = {"account_id": account_id, "what": what, "what_id": what_id, "added_at": work.now}
    added = await work.db.execute(
        maker(Favourite).values(row).on_conflict_do_nothing().returning(Favourite.id)
    )
    if added.first() is None:
        return
    number = await work.db.scalar(select(func.count()).where(Favourite.account_id == account_id))
    if (number or 0) > MOST:
        raise FavouritesFull(facts={"most": MOST})
    work.record(FavouriteAdded(account_id=account_id, what=what, what_id=what_id))


async def remove(work: Work, account_id: int, what: str, what_id: int) -> None:
    """Keep it no longer; a repeat does no harm."""
    gone = await work.db.execute(
        delete(Favourite)
        .where(Favourite.account_id == account_id, Favourite.what == what, Favourite.what_id == what_id)
        .returning(Favourite.id)
        .execution_options(synchronize_session=False)
    )
    if gone.first() is not None:
        work.record(FavouriteRemoved(account_id=account_id, what=what, what_id=what_id))


async def kept(db: AsyncSession, account_id: int, *, now: datetime) -> Kept:
    """All of them, those that cannot be booked any more too: whoever keeps one must be able to let it go."""
    query = select(Favourite.what, Favourite.what_id).where(Favourite.account_id == account_id)
    rows = (await db.execute(query.order_by(Favourite.id.desc()))).all()
    ids = {what: [one for kind, one in rows if kind == what] for what in (HOSPITAL, DOCTOR)}
    return Kept(await _doctors(db, ids[DOCTOR], now), await _hospitals(db, ids[HOSPITAL]))


async def _doctors(db: AsyncSession, ids: Sequence[int], now: datetime) -> list[DoctorKept]:
    left = await left_with(db, ids, now=now, last_day=day_of(now) + HORIZON)
    query = (
        select(
            Doctor.id, Doctor.name, Doctor.title, Hospital.id, Hospital.short_name,
            LIVE & Doctor.open,
        )
        .join(Hospital, Hospital.id == Doctor.hospital_id)
        .where(Doctor.id.in_(ids))
    )  # fmt: skip
    found = {row[0]: row for row in (await db.execute(query)).all()}
    where = await _departments(db, ids)
    return [
        DoctorKept(*found[one][:5], where.get(one, ""), bool(found[one][5]), *left.get(one, (0, None)))
        for one in ids
        if one in found
    ]


async def _departments(db: AsyncSession, ids: Collection[int]) -> dict[int, str]:
    """Doctor → the first department they see patients in."""
    rows = await db.execute(
        select(Post.doctor_id, Department.name)
        .join(Department, Department.id == Post.department_id)
        .where(Post.doctor_id.in_(ids), Post.open, Department.open)
        .order_by(Department.menu_order.desc(), Department.id.desc())
    )
    return {doctor_id: name for doctor_id, name in rows.all() if doctor_id is not None}


async def _hospitals(db: AsyncSession, ids: Sequence[int]) -> list[HospitalKept]:
    query = select(Hospital.id, Hospital.name, Hospital.grade, LIVE).where(Hospital.id.in_(ids))
    found = {row[0]: row for row in (await db.execute(query)).all()}
    return [HospitalKept(*found[one][:3], bool(found[one][3])) for one in ids if one in found]
