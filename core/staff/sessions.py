"""Sessions of staff: begun, found by their cookie, touched, listed and ended.

A session's stage says how far its login has come: `code` (the second factor is due), `change` (the
password is a one-time one), `enrol` (a second factor must be set up), `full`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import NotFound
from core.events import SessionBegun, SessionEnded
from core.sealing import Sealer
from core.staff.tables import Staff, StaffSession
from core.work import Work

PURPOSE = "staff-session"
# A login that is not finished is soon forgotten.
UNFINISHED = timedelta(minutes=10)
# Ended sessions are kept so long, for whoever asks who was logged in.
KEPT = timedelta(days=180)
# Not every request is worth a write.
TOUCHED = timedelta(seconds=60)


class Stage(StrEnum):
    CODE = "code"
    CHANGE = "change"
    ENROL = "enrol"
    FULL = "full"


@dataclass(frozen=True)
class Lives:
    """How long a session lives: idle, without a request; longest, whatever happens."""

    idle: timedelta = timedelta(minutes=30)
    longest: timedelta = timedelta(hours=12)


@dataclass(frozen=True)
class Begun:
    """token: the cookie's value, which is stored nowhere."""

    session_id: int
    staff_id: int
    stage: Stage
    token: str


@dataclass(frozen=True)
class SessionView:
    """One session as pages show it."""

    session_id: int
    staff_id: int
    login: str
    name: str
    stage: Stage
    address: str
    browser: str
    created_at: datetime
    seen_at: datetime


async def begin(
    work: Work, staff_id: int, stage: Stage, *, lives: Lives, address: str = "", browser: str = ""
) -> Begun:
    """A new session under a new name (a name known from before the login would be fixation)."""
    token = work.chance.token() + work.chance.token()
    life = lives.longest if stage is Stage.FULL else UNFINISHED
    made = StaffSession(
        print=work.sealer.fingerprint(token, PURPOSE),
        staff_id=staff_id,
        stage=stage,
        address=address[:45],
        browser=browser[:60],
        created_at=work.now,
        seen_at=work.now,
        ends_at=work.now + life,
    )
    work.db.add(made)
    await work.db.flush()
    work.record(SessionBegun(staff_id=staff_id, staff_session_id=made.id))
    return Begun(made.id, staff_id, stage, token)


async def find(
    db: AsyncSession, sealer: Sealer, token: str, *, now: datetime, lives: Lives
) -> StaffSession | None:
    """The session of a cookie, if it lives and its account does."""
    query = (
        select(StaffSession)
        .join(Staff, Staff.id == StaffSession.staff_id)
        .where(
            StaffSession.print == sealer.fingerprint(token, PURPOSE),
            Staff.state == "active",
            *_alive(now, lives),
        )
    )
    return (await db.execute(query)).scalar_one_or_none()


def _alive(now: datetime, lives: Lives) -> Sequence[ColumnElement[bool]]:
    return (
        StaffSession.ended_at.is_(None),
        StaffSession.ends_at > now,
        StaffSession.seen_at > now - lives.idle,
    )


async def touch(work: Work, session_id: int) -> None:
    """Somebody has asked for something in it."""
    await work.db.execute(
        update(StaffSession)
        .where(StaffSession.id == session_id, StaffSession.seen_at < work.now)
        .values(seen_at=work.now)
    )


async def end(work: Work, session_id: int, why: str) -> None:
    """End one; one that has ended already stays as it is."""
    await _end(work, why, StaffSession.id == session_id)


async def end_all(work: Work, staff_id: int, why: str, *, but: int | None = None) -> None:
    """End every session of an account, but perhaps the one in which this is done."""
    wanted = [StaffSession.staff_id == staff_id]
    if but is not None:
        wanted.append(StaffSession.id != but)
    await _end(work, why, *wanted)


async def _end(work: Work, why: str, *wanted: ColumnElement[bool]) -> None:
    gone = await work.db.execute(
        update(StaffSession)
        .where(StaffSession.ended_at.is_(None), *wanted)
        .values(ended_at=work.now, ended_why=why)
        .returning(StaffSession.id, StaffSession.staff_id)
        .execution_options(synchronize_session=False)
    )
    for session_id, staff_id in gone.all():
        work.record(SessionEnded(staff_id=staff_id, staff_session_id=session_id, why=why))


async def living(
    db: AsyncSession,
    *,
    now: datetime,
    lives: Lives,
    staff_id: int | None = None,
    hospital_id: int | None = None,
) -> list[SessionView]:
    """The sessions that live, of one account or of all (of one hospital), the latest seen first."""
    query = (
        select(StaffSession, Staff.login, Staff.name)
        .join(Staff, Staff.id == StaffSession.staff_id)
        .where(Staff.state == "active", *_alive(now, lives))
        .order_by(StaffSession.seen_at.desc(), StaffSession.id.desc())
        .limit(500)
    )
    if staff_id is not None:
        query = query.where(StaffSession.staff_id == staff_id)
    if hospital_id is not None:
        query = query.where(Staff.hospital_id == hospital_id)
    return [
        SessionView(
            row.id, row.staff_id, login, name, Stage(row.stage), row.address, row.browser,
            row.created_at, row.seen_at,
        )
        for row, login, name in (await db.execute(query)).all()
    ]  # fmt: skip


async def owner(db: AsyncSession, session_id: int) -> int:
    """Whose session it is. Raises NotFound."""
    query = select(StaffSession.staff_id).where(StaffSession.id == session_id)
    found = (await db.execute(query)).scalar_one_or_none()
    if found is None:
        raise NotFound(facts={"what": "session"})
    return found


async def forget_old(work: Work, limit: int = 500) -> int:
    """Drop sessions that ended long ago."""
    old = select(StaffSession.id).where(StaffSession.ends_at < work.now - KEPT).limit(limit)
    gone = await work.db.execute(
        delete(StaffSession)
        .where(StaffSession.id.in_(old))
        .returning(StaffSession.id)
        .execution_options(synchronize_session=False)
    )
    return len(gone.all())
