"""Where somebody is logged in to their account, as they see it, and how they end it there."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.accounts import sessions
from core.accounts.sessions import LIVES
from core.accounts.tables import AccountSession
from core.errors import NotFound
from core.work import Work


@dataclass(frozen=True)
class Login:
    """kind: web or app. browser: in words that somebody recognises."""

    session_id: int
    kind: str
    browser: str
    address: str
    begun_at: datetime
    seen_at: datetime


async def living(db: AsyncSession, account_id: int, *, now: datetime) -> list[Login]:
    """What has neither ended nor gone idle, newest first."""
    awake = [
        and_(AccountSession.kind == kind, AccountSession.seen_at > now - life.idle)
        for kind, life in LIVES.items()
    ]
    query = (
        select(AccountSession)
        .where(
            AccountSession.account_id == account_id,
            AccountSession.ended_at.is_(None),
            AccountSession.ends_at > now,
            or_(*awake),
        )
        .order_by(AccountSession.id.desc())
    )
    rows = (await db.execute(query)).scalars()
    return [Login(row.id, row.kind, row.browser, row.address, row.created_at, row.seen_at) for row in rows]


async def end(work: Work, account_id: int, session_id: int) -> None:
    """End one of an account's own. Raises NotFound for another account's."""
    row = await work.db.get(AccountSession, session_id)
    if row is None or row.account_id != account_id:
        raise NotFound(facts={"what": "session"})
    await sessions.end(work, session_id, "revoked")
