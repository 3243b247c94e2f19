"""Sessions of patients: begun, found by their token, touched and ended; browsers and applications alike."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.accounts.tables import Account, AccountSession
from core.events import AccountSessionBegun, AccountSessionEnded
from core.people.tables import Person
from core.sealing import Sealer
from core.work import Work

PURPOSE = "account-session"
FULL, CHANGE = "full", "change"
WEB, APP = "web", "app"
# A forgotten password that was proved must be followed by a new one soon.
UNFINISHED = timedelta(minutes=10)
# Ended sessions are kept so long, for whoever asks who was logged in.
KEPT = timedelta(days=180)
# Not every request is worth a write.
TOUCHED = timedelta(seconds=60)


@dataclass(frozen=True)
class Life:
    """How long a session lives: idle, without a request; longest, whatever happens."""

    idle: timedelta
    longest: timedelta


# A browser may be anybody's next; an application's telephone is its owner's.
LIVES = {
    WEB: Life(timedelta(hours=2), timedelta(hours=12)),
    APP: Life(timedelta(days=30), timedelta(days=90)),
}


@dataclass(frozen=True)
class Begun:
    """token: the cookie's value, or the application's; it is stored nowhere."""

    session_id: int
    account_id: int
    token: str
    ends_at: datetime


@dataclass(frozen=True)
class Known:
    """Whom a token stands for."""

    session_id: int
    account_id: int
    person_id: int
    name: str
    stage: str
    seen_at: datetime


async def begin(
    work: Work, account_id: int, *, kind: str = WEB, stage: str = FULL, address: str = "", browser: str = ""
) -> Begun:
    """A new session under a new name (a name known from before the login would be fixation)."""
    token = work.chance.token() + work.chance.token()
    ends_at = work.now + (LIVES[kind].longest if stage == FULL else UNFINISHED)
    made = AccountSession(
        print=work.sealer.fingerprint(token, PURPOSE),
        account_id=account_id,
        kind=kind,
        stage=stage,
        address=address[:45],
        browser=browser[:60],
        created_at=work.now,
        seen_at=work.now,
        ends_at=ends_at,
    )
    work.db.add(made)
    await work.db.flush()
    work.record(AccountSessionBegun(account_id=account_id, account_session_id=made.id))
    return Begun(made.id, account_id, token, ends_at)


async def find(db: AsyncSession, sealer: Sealer, token: str, *, kind: str, now: datetime) -> Known | None:
    """Whom a token of this kind stands for, if its session lives and its account does."""
    query = (
        select(AccountSession, Account.person_id, Person.name)
        .join(Account, Account.id == AccountSession.account_id)
        .join(Person, Person.id == Account.person_id)
        .where(
            AccountSession.print == sealer.fingerprint(token, PURPOSE),
            AccountSession.kind == kind,
            AccountSession.ended_at.is_(None),
            AccountSession.ends_at > now,
            AccountSession.seen_at > now - LIVES[kind].idle,
            Account.state == "active",
        )
    )
    found = (await db.execute(query)).one_or_none()
    if found is None:
        return None
    row, person_id, name = found
    return Known(row.id, row.account_id, person_id, name, row.stage, row.seen_at)


async def touch(work: Work, session_id: int) -> None:
    """Somebody has asked for something in it."""
    await work.db.execute(
        update(AccountSession)
        .where(AccountSession.id == session_id, AccountSession.seen_at < work.now)
        .values(seen_at=work.now)
    )


async def end(work: Work, session_id: int, why: str) -> None:
    """End one; one that has ended already stays as it is."""
    await _end(work, why, AccountSession.id == session_id)


async def end_all(work: Work, account_id: int, why: str, *, but: int | None = None) -> None:
    """End every session of an account, but perhaps the one in which this is done."""
    wanted = [AccountSession.account_id == account_id]
    if but is not None:
        wanted.append(AccountSession.id != but)
    await _end(work, why, *wanted)


async def _end(work: Work, why: str, *wanted: ColumnElement[bool]) -> None:
    gone = await work.db.execute(
        update(AccountSession)
        .where(AccountSession.ended_at.is_(None), *wanted)
        .values(ended_at=work.now, ended_why=why)
        .returning(AccountSession.id, AccountSession.account_id)
        .execution_options(synchronize_session=False)
    )
    for session_id, account_id in gone.all():
        work.record(AccountSessionEnded(account_id=account_id, account_session_id=session_id, why=why))


async def forget_old(work: Work, limit: int = 500) -> int:
    """Drop sessions that ended long ago."""
    old = select(AccountSession.id).where(AccountSession.ends_at < work.now - KEPT).limit(limit)
    gone = await work.db.execute(
        delete(AccountSession)
        .where(AccountSession.id.in_(old))
        .returning(AccountSession.id)
        .execution_options(synchronize_session=False)
    )
    return len(gone.all())
