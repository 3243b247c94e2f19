"""The two databases as the batch writer sees them: questions, rows to write, one transaction around all."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, date, datetime
from functools import partial
from typing import Any, NamedTuple, Protocol

from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection

from core.booking.group.texts import (
    ALONE,
    FREE_OF_MANY,
    WORDED,
    Questions,
    for_postgresql,
    for_sqlite,
    together,
)
from core.database import Database
from core.sqlite import BUSY_MS, SQLITE_CACHE

Row = Sequence[Any]


class Want(NamedTuple):
    """Slots that may be taken: `most` of a session, for a channel (own None: of every pool)."""

    session_id: int
    period_id: int | None
    slot_id: int | None
    resting: bool
    own: str | None
    most: int


class Door(Protocol):
    """One connection that writes. Raises the driver's errors."""

    sqlite: bool
    q: Questions

    def transaction(self, locks: Sequence[int]) -> AbstractAsyncContextManager[None]:
        """One transaction, with these keys locked as by Database.lock and a savepoint `batch` before all."""

    async def ask(self, text: str, *arguments: Any) -> Sequence[Row]:
        """Rows of one of the questions."""

    async def lock(self, keys: Sequence[int]) -> None:
        """As Database.lock."""

    async def free(self, wants: Sequence[Want], now: datetime) -> list[list[Row]]:
        """Each want's candidates: id, session, period, sequence, pool. Nobody else gets them now."""

    async def ids(self, appointments: int, events: int) -> tuple[Sequence[int], Sequence[int]]:
        """Ids that nobody else will give to a row of these tables."""

    async def write(self, rows: Mapping[str, Sequence[Row]]) -> dict[str, int]:
        """Write rows by the names of texts, in this order; return how many of each there were to write."""

    async def say(self, statement: str) -> None:
        """savepoint, rollback to, release."""

    def instant(self, value: Any) -> datetime: ...

    def day(self, value: Any) -> date: ...

    def body(self, value: Any) -> dict[str, Any]: ...

    async def close(self) -> None: ...


class SqliteDoor:
    """A connection of our own on the house's file, used in the turn of the house's only writer.

    Statements take microseconds and are done on the loop; what may wait for another process or for the disk
    goes to the thread.
    """

    sqlite = True

    def __init__(self, database: Database) -> None:
        self.q, self._writes = for_sqlite()
        self._turn = database.turn
        self._path = make_url(database.url).database or ":memory:"
        self._thread = ThreadPoolExecutor(1, "booking-writer")
        self._open: sqlite3.Connection | None = None

    @property
    def _connection(self) -> sqlite3.Connection:
        assert self._open is not None, "no transaction is open"
        return self._open

    def _made(self) -> None:
        """On the thread: one that closes just now locks the file while it sees whether it is the last."""
        made = sqlite3.connect(
            self._path,
            timeout=BUSY_MS / 1000,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
        )
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", SQLITE_CACHE):
            made.execute(f"PRAGMA {pragma}")
        made.execute("PRAGMA busy_timeout=0")
        self._open = made

    async def _there(self, act: Any) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, act)

    @asynccontextmanager
    async def transaction(self, locks: Sequence[int]) -> AsyncIterator[None]:
        async with self._turn.held(urgent=True):
            if self._open is None:
                await self._there(self._made)
            connection = self._connection
            try:
                await self._begin(connection)
                connection.execute("savepoint batch")
                yield
                await asyncio.shield(self._there(connection.commit))
            except BaseException:
                self._end()
                raise

    async def _begin(self, connection: sqlite3.Connection) -> None:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            await self._there(partial(_begin_patiently, connection))

    def _end(self) -> None:
        """Nothing of it is kept, and the connection is a new one next time."""
        connection, self._open = self._open, None
        if connection is not None:
            # After whatever the thread is still doing for somebody who was cancelled.
            self._thread.submit(_let_go, connection)

    async def ask(self, text: str, *arguments: Any) -> Sequence[Row]:
        return self._connection.execute(text, tuple(map(_told, arguments))).fetchall()

    async def lock(self, keys: Sequence[int]) -> None:
        """There is one writer at a time."""

    async def free(self, wants: Sequence[Want], now: datetime) -> list[list[Row]]:
        execute, at = self._connection.execute, _told(now)
        return [execute(self.q.free, (*want[:4], at, *want[4:])).fetchall() for want in wants]

    async def ids(self, appointments: int, events: int) -> tuple[Sequence[int], Sequence[int]]:
        newest = """select (select coalesce(max(id), 0) from appointment),
            (select coalesce(max(id), 0) from journal)"""
        made, told = self._connection.execute(newest).fetchone()
        return range(made + 1, made + appointments + 1), range(told + 1, told + events + 1)

    async def write(self, rows: Mapping[str, Sequence[Row]]) -> dict[str, int]:
        many, writes = self._connection.executemany, self._writes
        return {name: many(writes[name], _worded(some, WORDED[name])).rowcount for name, some in rows.items()}

    async def say(self, statement: str) -> None:
        self._connection.execute(statement)

    def instant(self, value: str) -> datetime:
        return datetime.fromisoformat(value).replace(tzinfo=UTC)

    def day(self, value: str) -> date:
        return date.fromisoformat(value)

    def body(self, value: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(value)
        return found

    async def close(self) -> None:
        self._end()
        self._thread.shutdown(wait=False)


def _begin_patiently(connection: sqlite3.Connection) -> None:
    connection.execute(f"PRAGMA busy_timeout={BUSY_MS}")
    try:
        connection.execute("BEGIN IMMEDIATE")
    finally:
        connection.execute("PRAGMA busy_timeout=0")


def _let_go(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:
        connection.rollback()
    connection.close()


def _worded(rows: Sequence[Row], places: Sequence[int]) -> list[list[Any]]:
    """The rows with what stands at these places as words."""
    worded = [list(row) for row in rows]
    for row in worded:
        for place in places:
            if row[place] is not None:
                row[place] = _told(row[place])
    return worded


def _told(value: Any) -> Any:
    """As SQLAlchemy writes it."""
    kind = type(value)
    if kind is datetime:
        return value.astimezone(UTC).isoformat(" ", "microseconds")[:26]
    if kind is date:
        return value.isoformat()
    if kind is list:
        return json.dumps(value)
    return value


def _locking(keys: Sequence[int]) -> list[str]:
    # One order everywhere, or two of us wait for each other.
    return [f"select pg_advisory_xact_lock({key})" for key in sorted(set(keys))]


class PostgresDoor:
    """One connection of the house's pool, held for good; made anew when it broke."""

    sqlite = False

    def __init__(self, database: Database) -> None:
        self.q, self._writes = for_postgresql()
        self._engine = database.writer
        self._held: AsyncConnection | None = None
        self._raw: Any = None

    @asynccontextmanager
    async def transaction(self, locks: Sequence[int]) -> AsyncIterator[None]:
        try:
            if self._held is None:
                self._held = await self._engine.connect()
                self._raw = (await self._held.get_raw_connection()).driver_connection
            await self._raw.execute(";".join(["begin", *_locking(locks), "savepoint batch"]))
            yield
            await self._raw.execute("commit")
        except BaseException:
            await self._drop()
            raise

    async def _drop(self) -> None:
        """Whatever was begun ends with its connection."""
        held, self._held, self._raw = self._held, None, None
        if held is not None:
            await asyncio.shield(held.invalidate())
            await asyncio.shield(held.close())

    async def ask(self, text: str, *arguments: Any) -> Sequence[Row]:
        found: Sequence[Row] = await self._raw.fetch(text, *arguments)
        return found

    async def lock(self, keys: Sequence[int]) -> None:
        # One order everywhere, or two of us wait for each other.
        if keys:
            await self._raw.execute(
                ";".join(f"select pg_advisory_xact_lock({key})" for key in sorted(set(keys)))
            )

    async def free(self, wants: Sequence[Want], now: datetime) -> list[list[Row]]:
        found: list[list[Row]] = [[] for _ in wants]
        columns = [list(column) for column in zip(*wants, strict=True)]
        for place, *slot in await self._raw.fetch(FREE_OF_MANY, *columns, now):
            found[place - 1].append(slot)
        return found

    async def ids(self, appointments: int, events: int) -> tuple[Sequence[int], Sequence[int]]:
        series = """select array(select nextval('appointment_id_seq') from generate_series(1, $1)),
            array(select nextval('journal_id_seq') from generate_series(1, $2))"""
        made, told = await self._raw.fetchrow(series, appointments, events)
        return made, told

    async def write(self, rows: Mapping[str, Sequence[Row]]) -> dict[str, int]:
        if not rows.keys() & ALONE:
            return await self._write(rows)
        done: dict[str, int] = {}
        for name, some in rows.items():
            done |= await self._write({name: some})
        return done

    async def _write(self, rows: Mapping[str, Sequence[Row]]) -> dict[str, int]:
        """All in one statement, one round trip: none of them touches a row of another."""
        columns = [list(column) for some in rows.values() for column in zip(*some, strict=True)]
        statement = together(self._writes, tuple((name, len(some[0])) for name, some in rows.items()))
        return dict(zip(rows, await self._raw.fetchrow(statement, *columns), strict=True))

    async def say(self, statement: str) -> None:
        await self._raw.execute(statement)

    def instant(self, value: datetime) -> datetime:
        return value

    def day(self, value: date) -> date:
        return value

    def body(self, value: dict[str, Any]) -> dict[str, Any]:
        return value  # as SQLAlchemy has its connections read it

    async def close(self) -> None:
        held, self._held = self._held, None
        if held is not None:
            await held.close()
