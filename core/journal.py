"""The journal: one append-only row for each event, read in the order of commit.

A sequence is not in the order of commit. On PostgreSQL a row with a small id may become visible
after a row with a larger one, and a reader that goes by id alone would skip it for ever. Reading
only below `pg_snapshot_xmin` is not enough either: of two transactions the older may hold the
larger id. So a cursor is a pair (transaction, id), and only transactions older than every running
one are read. SQLite has one writer at a time, so there the transaction is always 0.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnElement,
    ForeignKey,
    Index,
    Integer,
    Select,
    String,
    bindparam,
    func,
    select,
    text,
    true,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Instant, Key, table_of
from core.events import Event, read_event

E = TypeVar("E", bound=Event)


class Cursor(NamedTuple):
    """A place in the journal; ordered. START lies before the first row."""

    transaction: int
    id: int

    def __str__(self) -> str:
        return f"{self.transaction}.{self.id}"

    @classmethod
    def read(cls, written: str) -> "Cursor":
        """Raises ValueError for anything that str(cursor) does not give."""
        transaction, _, row = written.partition(".")
        return cls(int(transaction), int(row))


START = Cursor(0, 0)
# Entries that are read at once.
PAGE = 500
# So many are read before others on the loop have a turn.
BREATH = 50


class JournalRow(Base):
    __tablename__ = "journal"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    # pg_current_xact_id() on PostgreSQL, 0 on SQLite; see the module's docstring.
    transaction: Mapped[int] = mapped_column(BigInteger, default=0)
    at: Mapped[datetime] = mapped_column(Instant)
    kind: Mapped[str] = mapped_column(String(48))
    actor: Mapped[str] = mapped_column(String(64))
    channel: Mapped[str | None] = mapped_column(String(16))
    interaction_id: Mapped[int | None] = mapped_column(ForeignKey("interaction.id"))
    appointment_id: Mapped[int | None] = mapped_column(BigInteger)
    person_id: Mapped[int | None] = mapped_column(BigInteger)
    session_id: Mapped[int | None] = mapped_column(BigInteger)
    body: Mapped[dict[str, Any]] = mapped_column(JSON)

    __table_args__ = (
        Index("ix_journal_order", "transaction", "id"),
        Index("ix_journal_interaction", "interaction_id", "id"),
        Index("ix_journal_appointment", "appointment_id", "id"),
        Index("ix_journal_kind", "kind", "at"),
    )


def of_kind(*kinds: str) -> ColumnElement[bool]:
    """Events of these kinds among those about somebody or something.

    In words that no planner takes for the index by kind: with it all that was ever told of the kind is read.
    """
    return func.coalesce(JournalRow.kind, "").in_(kinds)


@dataclass(frozen=True)
class Entry:
    """One journalled event as readers get it."""

    cursor: Cursor
    at: datetime
    actor: str
    channel: str | None
    interaction_id: int | None
    event: Event

    @property
    def id(self) -> int:
        return self.cursor.id


class Reading(NamedTuple):
    """held_back: more is committed, but an older transaction still runs and might come before it."""

    entries: Sequence[Entry]
    held_back: bool


# Whether a row's place in the order is final: no transaction older than its own still runs.
_SETTLED = JournalRow.transaction < text("pg_snapshot_xmin(pg_current_snapshot())::text::bigint")


def _settled(db: AsyncSession) -> ColumnElement[bool]:
    return _SETTLED if db.get_bind().dialect.name == "postgresql" else true()


def _reading_on(*, postgresql: bool) -> Select[Any]:
    """Built once for each kind of database.

    SQLite looks up only the first column of a pair and would read the whole journal at each look; the
    second is enough there.
    """
    row = table_of(JournalRow).c
    told = (row.transaction, row.id, row.at, row.actor, row.channel, row.interaction_id, row.kind, row.body)
    query = select(*told, _SETTLED if postgresql else true()).limit(bindparam("most", type_=Integer()))
    since_id = bindparam("id", type_=BigInteger())
    if not postgresql:
        return query.where(row.id > since_id).order_by(row.id)
    since = tuple_(bindparam("transaction", type_=BigInteger()), since_id)
    return query.where(tuple_(row.transaction, row.id) > since).order_by(row.transaction, row.id)


_READ_ON = {kind: _reading_on(postgresql=kind == "postgresql") for kind in ("sqlite", "postgresql")}


async def _newest(db: AsyncSession, which: ColumnElement[bool]) -> Cursor:
    order = (JournalRow.transaction.desc(), JournalRow.id.desc())
    query = select(JournalRow.transaction, JournalRow.id).where(which).order_by(*order).limit(1)
    row = (await db.execute(query)).one_or_none()
    return Cursor(row[0], row[1]) if row else START


def entry_of(row: JournalRow) -> Entry:
    """What a row tells. Raises for an event that this version cannot read."""
    return Entry(
        Cursor(row.transaction, row.id),
        row.at,
        row.actor,
        row.channel,
        row.interaction_id,
        read_event(row.kind, row.body),
    )


async def entries(db: AsyncSession, since: Cursor, limit: int = 500) -> Sequence[Entry]:
    """Up to `limit` entries after `since`, oldest first; none is ever skipped or told twice."""
    return (await read_on(db, since, limit)).entries


async def read_on(db: AsyncSession, since: Cursor, limit: int = PAGE) -> Reading:
    """As `entries`, and whether committed entries had to be left for a moment."""
    database = db.get_bind().dialect.name
    after = {"id": since.id, "most": limit}
    if database == "postgresql":
        after["transaction"] = since.transaction
    told: list[Entry] = []
    # Plain columns: all day long nobody asks for anything else as often, and objects cost more than the rows.
    for transaction, row_id, at, actor, channel, call, kind, body, settled in await db.execute(
        _READ_ON[database], after
    ):
        if not settled:
            return Reading(told, held_back=True)
        cursor = Cursor(transaction, row_id)
        if len(told) % BREATH == BREATH - 1:
            await asyncio.sleep(0)
        told.append(Entry(cursor, at, actor, channel, call, read_event(kind, body)))
    return Reading(told, held_back=False)


async def latest(db: AsyncSession, kind: type[E], limit: int) -> Sequence[E]:
    """The newest events of one kind, newest first, wherever they belong."""
    query = select(JournalRow.body).where(JournalRow.kind == kind.kind)
    bodies = await db.scalars(query.order_by(JournalRow.id.desc()).limit(limit))
    return [kind.model_validate(body) for body in bodies]


async def end(db: AsyncSession) -> Cursor:
    """The cursor after the newest readable entry."""
    return await _newest(db, _settled(db))


async def newest(db: AsyncSession) -> Cursor:
    """The cursor after the newest committed entry, readable yet or not: a hint for other processes."""
    return await _newest(db, true())


_BY_ID = select(JournalRow).where(JournalRow.id.in_(bindparam("journal_ids", expanding=True)))


async def rows_of(db: AsyncSession, journal_ids: Sequence[int]) -> Mapping[int, JournalRow]:
    """The rows of these ids, by id, in one look; `entry_of` reads each."""
    found = await db.execute(_BY_ID, {"journal_ids": list(journal_ids)})
    return {row.id: row for row in found.scalars()}


async def story(
    db: AsyncSession, *, interaction_id: int | None = None, appointment_id: int | None = None
) -> Sequence[Entry]:
    """All that happened in one interaction, or to one appointment, oldest first."""
    query = select(JournalRow).order_by(JournalRow.id)
    if interaction_id is not None:
        query = query.where(JournalRow.interaction_id == interaction_id)
    if appointment_id is not None:
        query = query.where(JournalRow.appointment_id == appointment_id)
    return [entry_of(row) for row in (await db.execute(query)).scalars()]


async def count(db: AsyncSession) -> int:
    return (await db.execute(select(func.count()).select_from(JournalRow))).scalar_one()
