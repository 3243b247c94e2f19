"""Sessions found by day, kind, state, place, speciality: what the search of the public asks; read-only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.catalogue.browse import LIVE
from core.catalogue.browse_posts import OPEN_POST
from core.catalogue.tables import Department, Doctor, Hospital, Post
from core.schedule.browse import COLUMNS, SEEN, Shown, Standing, counted
from core.schedule.rules import SessionState
from core.schedule.tables import Session, Slot
from core.schedule.view import sellable_now
from core.values import Channel, day_of


@dataclass(frozen=True)
class Meant:
    """What a typed word means: any of these."""

    hospitals: frozenset[int] = frozenset()
    departments: frozenset[int] = frozenset()
    doctors: frozenset[int] = frozenset()
    good_at: str = ""  # what a doctor says of themselves holds these words


@dataclass(frozen=True)
class Wanted:
    """All of this (R-070). kind: of number. Each of `meant` must be met; None in `day`: any day."""

    day: date | None = None
    kind: str = ""
    standing: Standing | None = None
    meant: Sequence[Meant] = ()


@dataclass(frozen=True)
class Found:
    """A session with whose it is."""

    shown: Shown
    hospital: str
    department_id: int
    department: str
    doctor_id: int | None
    doctor: str | None
    title: str | None


async def find(db: AsyncSession, wanted: Wanted, *, now: datetime, first: int, most: int) -> list[Found]:
    """Sessions that are not over, soonest first, `most` of them from `first` on (0 is the first).

    Where no day is wanted, those that are too late to book are left out: they would hide the others.
    """
    conditions = [LIVE, Department.open, OPEN_POST, Session.state.in_(SEEN), Session.ends_at > now]
    if wanted.day:
        conditions.append(Session.day == wanted.day)
    else:
        conditions += [Session.day >= day_of(now), Session.stop_at > now]
    if wanted.kind:
        conditions.append(Session.number_kind == wanted.kind)
    if wanted.standing:
        conditions.append(_stands(wanted.standing, now))
    conditions += [_means(meant) for meant in wanted.meant]
    query: Select[*tuple[Any, ...]] = (
        select(
            *COLUMNS, Hospital.short_name, Department.id, Department.name, Doctor.id,
            Doctor.name, Doctor.title,
        )
        .join(Hospital, Hospital.id == Session.hospital_id)
        .join(Department, Department.id == Session.department_id)
        .join(Post, Post.id == Session.post_id)
        .outerjoin(Doctor, Doctor.id == Session.doctor_id)
        .where(*conditions)
        .order_by(
            Session.day, Session.starts_at, Hospital.menu_order, Hospital.id, Department.menu_order,
            Session.id,
        )
        .offset(first)
        .limit(most)
    )  # fmt: skip
    rows = (await db.execute(query)).all()
    width = len(COLUMNS)
    whole = await counted(db, [Shown(*row[:width]) for row in rows], now)
    return [Found(shown, *row[width:]) for shown, row in zip(whole, rows, strict=True)]


def _stands(standing: Standing, now: datetime) -> ColumnElement[bool]:
    """What Shown.standing says, as a condition."""
    if standing is Standing.STOPPED:
        return Session.state == SessionState.STOPPED
    if standing in (Standing.CLOSED, Standing.OVER):
        return (Session.state == SessionState.PUBLISHED) & (Session.stop_at <= now)
    open_now = (Session.state == SessionState.PUBLISHED) & (Session.stop_at > now)
    if standing is Standing.SOON:
        return open_now & (Session.release_at > now)
    one = (
        select(Slot.id)
        .where(Slot.session_id == Session.id, *sellable_now(Channel.WEB, now))
        .correlate(Session)
        .exists()
    )
    return open_now & (Session.release_at <= now) & (one if standing is Standing.FREE else ~one)


def _means(meant: Meant) -> ColumnElement[bool]:
    ways: list[ColumnElement[bool]] = [
        Session.hospital_id.in_(meant.hospitals),
        Session.department_id.in_(meant.departments),
        Session.doctor_id.in_(meant.doctors),
    ]
    if meant.good_at:
        ways.append(Doctor.speciality.contains(meant.good_at, autoescape=True))
    return or_(*ways)
