"""Announcements as pages show them: those that everybody reads now, and all of them for who writes them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.catalogue.tables import Hospital
from core.errors import NotFound
from core.site.rules import Kind, State
from core.site.tables import Announcement
from core.values import Actor, day_of

ON_A_PAGE = 10


@dataclass(frozen=True)
class Headline:
    """One line of a list. hospital: its short name; '' of the whole hotline."""

    announcement_id: int
    kind: Kind
    title: str
    hospital_id: int | None
    hospital: str
    pinned: bool
    published: date | None


@dataclass(frozen=True)
class Whole:
    """One announcement with its words and its life."""

    announcement_id: int
    kind: Kind
    title: str
    body: str
    hospital_id: int | None
    hospital: str
    pinned: bool
    state: State
    first_day: date
    last_day: date | None
    author: str
    version: int
    changed_at: datetime
    published: date | None

    def shown(self, today: date) -> bool:
        """Whether everybody reads it on this day."""
        days = self.first_day <= today and (self.last_day is None or self.last_day >= today)
        return self.state is State.PUBLISHED and days


def _shown(today: date) -> ColumnElement[bool]:
    return and_(
        Announcement.state == State.PUBLISHED,
        Announcement.first_day <= today,
        or_(Announcement.last_day.is_(None), Announcement.last_day >= today),
        # What a hospital says is read while the hospital is there for everybody.
        or_(Announcement.hospital_id.is_(None), Hospital.state == "live"),
    )


def _with_hospital(*columns: Any) -> Select[Any]:
    return select(*columns).outerjoin(Hospital, Hospital.id == Announcement.hospital_id)


_HEADLINE = (
    Announcement.id,
    Announcement.kind,
    Announcement.title,
    Announcement.hospital_id,
    func.coalesce(Hospital.short_name, ""),
    Announcement.pinned,
    Announcement.published_at,
)
_NEWEST = (Announcement.published_at.desc(), Announcement.id.desc())


async def newest(
    db: AsyncSession, today: date, *, hospital_id: int | None = None, most: int = 5
) -> Sequence[Headline]:
    """The pinned ones and the newest of the whole hotline, or of one hospital, for the first page."""
    query = (
        _with_hospital(*_HEADLINE)
        .where(_shown(today), Announcement.hospital_id == hospital_id)
        .order_by(Announcement.pinned.desc(), *_NEWEST)
        .limit(most)
    )
    return [_headline(row) for row in (await db.execute(query)).all()]


async def listed(
    db: AsyncSession,
    today: date,
    *,
    kind: str = "",
    hospital_id: int | None = None,
    page: int = 1,
    on_a_page: int = ON_A_PAGE,
) -> tuple[Sequence[Headline], int]:
    """One page of what everybody reads now, and how many there are. hospital_id: None for all.

    What a hospital pins stays on top among its own, the hotline's among all.
    """
    chosen = [_shown(today)]
    on_top = and_(Announcement.pinned, Announcement.hospital_id.is_(None))
    if kind:
        chosen.append(Announcement.kind == kind)
    if hospital_id is not None:
        chosen.append(Announcement.hospital_id == hospital_id)
        on_top = and_(Announcement.pinned)
    count = _with_hospital(func.count()).select_from(Announcement).where(*chosen)
    query = (
        _with_hospital(*_HEADLINE)
        .where(*chosen)
        .order_by(on_top.desc(), *_NEWEST)
        .limit(on_a_page)
        .offset((page - 1) * on_a_page)
    )
    rows = (await db.execute(query)).all()
    return [_headline(row) for row in rows], (await db.execute(count)).scalar_one()


async def read(db: AsyncSession, today: date, announcement_id: int) -> Whole:
    """One that everybody may read now. Raises NotFound."""
    return await _one(db, announcement_id, _shown(today))


# --- for who writes them ------------------------------------------------------------------------------


async def written(db: AsyncSession, by: Actor, page: int = 1) -> tuple[Sequence[Whole], int]:
    """One page of all of them, the newest change first; staff of a hospital see its own and no other's."""
    mine = [Announcement.hospital_id == by.hospital_id] if by.hospital_id is not None else []
    query = (
        _with_hospital(Announcement, func.coalesce(Hospital.short_name, ""))
        .where(*mine)
        .order_by(Announcement.changed_at.desc(), Announcement.id.desc())
        .limit(ON_A_PAGE)
        .offset((page - 1) * ON_A_PAGE)
    )
    count = select(func.count()).select_from(Announcement).where(*mine)
    rows = (await db.execute(query)).all()
    return [_whole(*row) for row in rows], (await db.execute(count)).scalar_one()


async def one(db: AsyncSession, by: Actor, announcement_id: int) -> Whole:
    """One in whatever state. Raises NotFound, NotAllowed."""
    found = await _one(db, announcement_id)
    by.must_see(found.hospital_id)
    return found


async def _one(db: AsyncSession, announcement_id: int, *which: ColumnElement[bool]) -> Whole:
    query = _with_hospital(Announcement, func.coalesce(Hospital.short_name, "")).where(
        Announcement.id == announcement_id, *which
    )
    row = (await db.execute(query)).one_or_none()
    if row is None:
        raise NotFound(facts={"what": "announcement"})
    return _whole(*row)


def _headline(row: Any) -> Headline:
    key, kind, title, hospital_id, hospital, pinned, published_at = row
    return Headline(key, Kind(kind), title, hospital_id, hospital, pinned, _day(published_at))


def _day(instant: datetime | None) -> date | None:
    return None if instant is None else day_of(instant)


def _whole(row: Announcement, hospital: str) -> Whole:
    return Whole(
        row.id,
        Kind(row.kind),
        row.title,
        row.body,
        row.hospital_id,
        hospital,
        row.pinned,
        State(row.state),
        row.first_day,
        row.last_day,
        row.author,
        row.version,
        row.changed_at,
        _day(row.published_at),
    )
