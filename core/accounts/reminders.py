"""放号提醒 (I-009): an account wants one text when the next numbers of a post open for booking.

Asked for once, told once; whoever wants to hear of the release after that asks anew.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from core.accounts.tables import Account, ReleaseReminder
from core.catalogue.browse import LIVE
from core.catalogue.browse_posts import OPEN_POST
from core.catalogue.tables import Department, Doctor, Hospital, Post
from core.errors import NotFound, RemindersFull
from core.events import NumbersOpened, ReminderAsked, ReminderDropped
from core.schedule.rules import SessionState
from core.schedule.tables import Session, Slot
from core.schedule.view import sellable_now
from core.sealing import Sealer
from core.values import Channel, Phone, day_of
from core.work import Work

# Waiting at a time: whoever wants more has no particular doctor in mind.
MOST = 20
_WAITING = ReleaseReminder.told_at.is_(None)


@dataclass(frozen=True)
class PostKept:
    """A post, and whether its release is waited for. doctor_id, doctor: None for a department's own."""

    post_id: int
    department_id: int
    department: str
    doctor_id: int | None
    doctor: str | None
    hospital: str
    kind: str
    waiting: bool


@dataclass(frozen=True)
class Release:
    """What a text tells of. phone: the account's."""

    phone: Phone = field(repr=False)
    post_id: int
    department_id: int
    doctor_id: int | None
    hospital: str
    department: str
    doctor: str | None
    kind: str
    half: str
    starts_at: datetime


# --- asked for ----------------------------------------------------------------------------------------


async def ask(work: Work, account_id: int, post_id: int) -> None:
    """Want to hear of the next release; a repeat does no harm. Raises NotFound, RemindersFull."""
    if (await work.db.execute(_posts().where(Post.id == post_id, _BOOKABLE))).first() is None:
        raise NotFound(facts={"what": "post"})
    await _alone(work, account_id)
    maker = sqlite.insert if work.house.database.sqlite else postgresql.insert
    row = {
        "account_id": account_id,
        "post_id": post_id,
        "after_day": await _last_open_day(work, post_id),
        "asked_at": work.now,
    }
    added = await work.db.execute(
        maker(ReleaseReminder).values(row).on_conflict_do_nothing().returning(ReleaseReminder.id)
    )
    if added.first() is None:
        return
    count = select(func.count()).where(ReleaseReminder.account_id == account_id, _WAITING)
    if (await work.db.scalar(count) or 0) > MOST:
        raise RemindersFull(facts={"most": MOST})
    work.record(ReminderAsked(account_id=account_id, post_id=post_id))


async def _alone(work: Work, account_id: int) -> None:
    """One row that every asker of this account waits for: two at once must not both be the last."""
    await work.db.execute(select(Account.id).where(Account.id == account_id).with_for_update())


async def _last_open_day(work: Work, post_id: int) -> date:
    """The last day that can be booked now; yesterday where there is none."""
    yesterday = day_of(work.now) - timedelta(days=1)
    query = select(func.max(Session.day)).where(
        Session.post_id == post_id,
        Session.state == SessionState.PUBLISHED,
        Session.release_at <= work.now,
        Session.day > yesterday,
    )
    return await work.db.scalar(query) or yesterday


async def drop(work: Work, account_id: int, post_id: int) -> None:
    """Want to hear of it no longer; a repeat does no harm."""
    gone = await work.db.execute(
        delete(ReleaseReminder)
        .where(ReleaseReminder.account_id == account_id, ReleaseReminder.post_id == post_id, _WAITING)
        .returning(ReleaseReminder.id)
        .execution_options(synchronize_session=False)
    )
    if gone.first() is not None:
        work.record(ReminderDropped(account_id=account_id, post_id=post_id))


async def of_doctor(db: AsyncSession, account_id: int, doctor_id: int) -> Sequence[PostKept]:
    """A doctor's open posts."""
    query = _posts().where(Post.doctor_id == doctor_id, _BOOKABLE).order_by(Post.id)
    waiting = await _waited(db, account_id)
    return [_kept(row, row[0] in waiting) for row in (await db.execute(query)).all()]


async def waited_for(db: AsyncSession, account_id: int) -> Sequence[PostKept]:
    """The posts whose release the account waits for, the newest wish first."""
    query = (
        _posts()
        .join(ReleaseReminder, ReleaseReminder.post_id == Post.id)
        .where(ReleaseReminder.account_id == account_id, _WAITING)
        .order_by(ReleaseReminder.id.desc())
    )
    return [_kept(row, True) for row in (await db.execute(query)).all()]


def _kept(row: Sequence[Any], waiting: bool) -> PostKept:
    return PostKept(*[*row, waiting])


async def _waited(db: AsyncSession, account_id: int) -> frozenset[int]:
    query = select(ReleaseReminder.post_id).where(ReleaseReminder.account_id == account_id, _WAITING)
    return frozenset((await db.execute(query)).scalars())


_BOOKABLE: ColumnElement[bool] = and_(OPEN_POST, Department.open, LIVE)


def _posts() -> Select[*tuple[Any, ...]]:
    return (
        select(
            Post.id, Department.id, Department.name, Doctor.id, Doctor.name, Hospital.short_name, Post.kind
        )
        .join(Department, Department.id == Post.department_id)
        .join(Hospital, Hospital.id == Department.hospital_id)
        .outerjoin(Doctor, Doctor.id == Post.doctor_id)
    )


# --- told ---------------------------------------------------------------------------------------------


async def tell_due(work: Work, limit: int = 100) -> int:
    """Have a batch told of what has opened since they asked; return how many. Each is told once.

    What has opened and is sold out already is no news: those wait on.
    """
    opened = _first_new(work.now)
    chosen = (
        select(ReleaseReminder.id, opened.label("opened"))
        .where(_WAITING, opened.is_not(None))
        .order_by(ReleaseReminder.id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=ReleaseReminder)
        .cte("chosen")
    )
    told = await work.db.execute(
        update(ReleaseReminder)
        .where(ReleaseReminder.id == chosen.c.id, _WAITING)
        .values(told_at=work.now, session_id=chosen.c.opened)
        .returning(ReleaseReminder.id, ReleaseReminder.account_id, ReleaseReminder.session_id)
        .execution_options(synchronize_session=False)
    )
    rows = told.all()
    for reminder_id, account_id, session_id in rows:
        work.record(NumbersOpened(reminder_id=reminder_id, account_id=account_id, session_id=session_id))
    return len(rows)


def _first_new(now: datetime) -> ScalarSelect[int]:
    """The soonest session of a reminder's post that was not open yet when it was asked for, and has slots."""
    return (
        select(Session.id)
        .join(Slot, Slot.session_id == Session.id)
        .join(Post, Post.id == Session.post_id)
        .join(Department, Department.id == Post.department_id)
        .join(Hospital, Hospital.id == Department.hospital_id)
        .outerjoin(Doctor, Doctor.id == Post.doctor_id)
        .where(
            Session.post_id == ReleaseReminder.post_id,
            Session.day >= day_of(now),  # by index: a post has years of sessions behind it
            or_(
                Session.day > ReleaseReminder.after_day, Session.release_at > ReleaseReminder.asked_at
            ),
            *sellable_now(Channel.WEB, now),
            _BOOKABLE,
        )
        .order_by(Session.starts_at, Session.id)
        .limit(1)
        .correlate(ReleaseReminder)
        .scalar_subquery()
    )  # fmt: skip


async def release(
    db: AsyncSession, sealer: Sealer, reminder_id: int, session_id: int, *, now: datetime
) -> Release | None:
    """What a reminder has to tell of this session now; None when nothing of it is left."""
    free = (
        select(Slot.id)
        .where(Slot.session_id == Session.id, *sellable_now(Channel.WEB, now))
        .correlate(Session)
        .exists()
    )
    query = (
        select(
            Account.phone_sealed, Session.post_id, Session.department_id, Session.doctor_id,
            Hospital.short_name, Department.name, Doctor.name, Session.number_kind, Session.half,
            Session.starts_at,
        )
        .select_from(ReleaseReminder)
        .join(Account, Account.id == ReleaseReminder.account_id)
        .join(Session, Session.id == ReleaseReminder.session_id)
        .join(Department, Department.id == Session.department_id)
        .join(Hospital, Hospital.id == Session.hospital_id)
        .outerjoin(Doctor, Doctor.id == Session.doctor_id)
        .where(
            ReleaseReminder.id == reminder_id,
            Session.id == session_id,
            Account.state == "active",
            free,
        )
    )  # fmt: skip
    row = (await db.execute(query)).one_or_none()
    if row is None:
        return None
    number, *what = row
    return Release(Phone(sealer.open(number, "phone")), *what)


async def put_back(work: Work, reminder_id: int, session_id: int) -> None:
    """Nothing was told after all: it waits on, unless the account has asked anew meanwhile."""
    row = await work.db.get(ReleaseReminder, reminder_id)
    if row is None or row.session_id != session_id:
        return
    await _alone(work, row.account_id)
    again = select(ReleaseReminder.id).where(
        ReleaseReminder.account_id == row.account_id, ReleaseReminder.post_id == row.post_id, _WAITING
    )
    if (await work.db.execute(again)).first() is None:
        row.told_at = row.session_id = None
