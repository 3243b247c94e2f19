"""A link by which a provisional person gives their identity number: asked once, good once, for three days."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import LinkOver
from core.people.tables import CompletionLink, Person
from core.sealing import Sealer
from core.work import Hotline, Work

LASTS = timedelta(days=3)
# Wrong numbers that a link bears; after that a person at the telephone must look at it.
TRIES = 5
_LETTERS = str.maketrans("-_", "xy")


@dataclass(frozen=True)
class Linked:
    """Whom a link is for."""

    person_id: int
    name: str


def token_of(sealer: Sealer, person_id: int) -> str:
    """The same for a person each time, so that a text that is tried again says the same; 24 letters and
    figures of a keyed hash, which nobody can guess or reckon. No marks: a telephone may end a link at one."""
    return sealer.fingerprint(str(person_id), "completion-link").translate(_LETTERS)[:24]


def _print(sealer: Sealer, token: str) -> str:
    return sealer.fingerprint(token, "completion-token")


async def offer(work: Work, person_id: int) -> str | None:
    """The token of a person's link, made if there is none; None when it is over: they are asked only once."""
    maker = sqlite.insert if work.house.database.sqlite else postgresql.insert
    token = token_of(work.sealer, person_id)
    row = {
        "person_id": person_id,
        "token_print": _print(work.sealer, token),
        "tries": 0,
        "expires_at": work.now + LASTS,
    }
    await work.db.execute(maker(CompletionLink).values(row).on_conflict_do_nothing())
    kept = await work.db.get_one(CompletionLink, person_id)
    return token if kept.used_at is None and kept.expires_at > work.now and kept.tries < TRIES else None


async def whose(hotline: Hotline, token: str) -> Linked:
    """Raises LinkOver for a link that was used, is too old, or never was."""
    async with hotline.read() as db:
        return await _whose(db, hotline, token)


async def _whose(db: AsyncSession, hotline: Hotline, token: str) -> Linked:
    query = (
        select(Person.id, Person.name)
        .join(CompletionLink, CompletionLink.person_id == Person.id)
        .where(
            CompletionLink.token_print == _print(hotline.sealer, token),
            CompletionLink.used_at.is_(None),
            CompletionLink.expires_at > hotline.clock.now(),
            CompletionLink.tries < TRIES,
        )
    )
    row = (await db.execute(query)).one_or_none()
    if row is None:
        raise LinkOver
    return Linked(*row)


async def try_once(work: Work, token: str) -> int:
    """Count a try before it is known whether it is good; returns whose link it is. Raises LinkOver."""
    counted = await work.db.execute(
        update(CompletionLink)
        .where(
            CompletionLink.token_print == _print(work.sealer, token),
            CompletionLink.used_at.is_(None),
            CompletionLink.expires_at > work.now,
            CompletionLink.tries < TRIES,
        )
        .values(tries=CompletionLink.tries + 1)
        .returning(CompletionLink.person_id)
    )
    person_id = counted.scalar_one_or_none()
    if person_id is None:
        raise LinkOver
    return person_id


async def use_up(work: Work, person_id: int) -> None:
    """The link has done its work. Raises LinkOver when another was as quick."""
    used = await work.db.execute(
        update(CompletionLink)
        .where(CompletionLink.person_id == person_id, CompletionLink.used_at.is_(None))
        .values(used_at=work.now)
        .returning(CompletionLink.person_id)
    )
    if used.first() is None:
        raise LinkOver
