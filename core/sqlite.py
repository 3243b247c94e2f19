"""A way to SQLite that crosses to the connection's thread only where something may take long.

aiosqlite crosses four times for each statement (cursor, statement, rows, closing), and each time the
database's only writer waits for its turn on a busy loop, with everybody who wants to write behind it: with
250 desks a unit of work of some 15 statements held the lock for 90 ms. Here a statement is done in one go.
What has to wait for another process's lock, what ends a transaction, and so waits for the disk, and what
took long before goes to the thread; the rest, some 50 us each, is done where it is asked for.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from time import thread_time
from typing import Any

import aiosqlite
from sqlalchemy.engine import make_url

Parameters = Any  # as sqlite3 takes them: a tuple for each ?, or a mapping
Rows = Sequence[Any]


# Another process may hold SQLite's only write lock for this long before we give up.
BUSY_MS = 30_000
# KiB of each connection, six in a house. With 64 MB each the process grew as its file did, by up to 400 MB;
# what is not found here the operating system has.
SQLITE_CACHE = "cache_size=-16384"
# Begins a unit of work whose end waits for no disk (Database.write). So many of them are written before one
# waits for all: what a power cut takes is bounded, and so is the log that nobody has moved to its place.
FLEETING = "BEGIN IMMEDIATE /* fleeting */"
UNSYNCED_MOST = 200
# Longer than this nobody waits on the loop for a statement; and so many rows are put there at a time.
QUICK_S = 0.002
FEW_ROWS = 32
# After so many statements on the loop everybody else there has a turn: callers hear a long unit of work. One
# who only reads holds nobody up meanwhile; readers come one after the other, and are counted together.
BREATH, READERS_BREATH = 12, 4
# Statements whose time is remembered; lists in them make many of one.
TEXTS_KEPT = 4096


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a statement. rows: all of them; None when it gives none."""

    description: Any = None
    rows: Rows | None = None
    rowcount: int = -1
    lastrowid: int | None = None


class Pace:
    """How long statements take, by their text: who was quick is expected to be quick again."""

    def __init__(self) -> None:
        self._took: dict[str, float] = {}
        self.read = 0  # statements on the loop since the last breath of one who reads

    def quick(self, sql: str) -> bool:
        """Whether this one may be waited for on the loop; one that was never seen may not."""
        return self._took.get(sql, QUICK_S) < QUICK_S

    def note(self, sql: str, seconds: float) -> None:
        before = self._took.get(sql)
        if before is None:
            if len(self._took) >= TEXTS_KEPT:
                del self._took[next(iter(self._took))]
            before = seconds
        self._took[sql] = before + (seconds - before) * 0.3


class WholeCursor:
    """The part of aiosqlite's cursor that SQLAlchemy uses, its result in memory."""

    def __init__(self, connection: "WholeConnection") -> None:
        self._connection = connection
        self._done = Done()
        self._at = 0
        self.arraysize = 1

    async def __aenter__(self) -> "WholeCursor":
        return self

    async def __aexit__(self, *_raised: object) -> None:
        await self.close()

    async def execute(self, sql: str, parameters: Parameters = ()) -> "WholeCursor":
        """Raises sqlite3.Error."""
        return await self._take(lambda cursor: cursor.execute(sql, parameters), sql)

    async def executemany(self, sql: str, parameters: Iterable[Parameters]) -> "WholeCursor":
        """Raises sqlite3.Error."""
        rows = list(parameters)
        return await self._take(lambda cursor: cursor.executemany(sql, rows), sql, few=len(rows) <= FEW_ROWS)

    async def _take(
        self, act: Callable[[sqlite3.Cursor], object], sql: str, *, few: bool = True
    ) -> "WholeCursor":
        self._done, self._at = await self._connection.whole(act, sql, few=few), 0
        return self

    async def fetchone(self) -> Any:
        rows = await self.fetchmany(1)
        return rows[0] if rows else None

    async def fetchmany(self, size: int | None = None) -> Rows:
        rows = (self._done.rows or ())[self._at : self._at + (size or self.arraysize)]
        self._at += len(rows)
        return rows

    async def fetchall(self) -> Rows:
        rows = (self._done.rows or ())[self._at :]
        self._at += len(rows)
        return rows

    async def close(self) -> None:
        """The statement's own cursor was closed when it was done."""
        self._done = Done(self._done.description, None, self._done.rowcount, self._done.lastrowid)

    @property
    def description(self) -> Any:
        return self._done.description

    @property
    def rowcount(self) -> int:
        return self._done.rowcount

    @property
    def lastrowid(self) -> int | None:
        return self._done.lastrowid


class WholeConnection(aiosqlite.Connection):
    """A connection whose statements are each done in one go, the transaction's beginning with its first.

    On the loop it waits for no lock: who finds one taken goes to the thread, and waits there.
    """

    def __init__(self, connect: Callable[[], sqlite3.Connection], pace: Pace) -> None:
        super().__init__(connect, iter_chunk_size=64)
        self._thread.daemon = True  # a process that ends waits for no statement
        self._pace = pace
        self._here_since = 0  # statements of this transaction on the loop since the last breath
        self._reads = False  # this transaction, and keeps nobody from writing
        self._begin: str | None = None
        self._changes = 0  # rows that had been changed when the transaction began
        self._fleeting = self._lazy = False  # this transaction's end waits for no disk; so is it set
        self._unsynced = 0
        self._at_work = False  # the thread is, perhaps for somebody who was cancelled meanwhile

    def cursor(self) -> WholeCursor:  # type: ignore[override]
        return WholeCursor(self)

    def begins(self, begin: str) -> None:
        """A transaction begins, with its first statement. begin: what it begins with."""
        self._here_since, self._reads = 0, "IMMEDIATE" not in begin
        self._begin, self._changes = begin, self._conn.total_changes
        self._fleeting = begin == FLEETING and self._unsynced < UNSYNCED_MOST

    async def whole(self, act: Callable[[sqlite3.Cursor], object], sql: str, *, few: bool) -> Done:
        """Do one statement. few: of few rows. Raises sqlite3.Error."""
        begin, self._begin = self._begin, None
        if few and not self._at_work and self._pace.quick(sql):
            await self._breathe()
            try:
                return self._here(act, sql, begin)
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                    raise
                if begin is not None and self._conn.in_transaction:
                    self._conn.rollback()
        self._at_work = True
        return await self._execute(partial(self._there, act, sql, begin))  # type: ignore

    async def _breathe(self) -> None:
        if self._reads:
            self._pace.read += 1
            if self._pace.read >= READERS_BREATH:
                self._pace.read = 0
                await asyncio.sleep(0)
            return
        self._here_since += 1
        if self._here_since >= BREATH:
            self._here_since = 0
            await asyncio.sleep(0)

    def _here(self, act: Callable[[sqlite3.Cursor], object], sql: str, begin: str | None) -> Done:
        """On the loop. Nobody else has this connection, whose thread has nothing to do.

        Only its own time says anything: on a busy machine we may be set aside in the middle of it.
        """
        began = thread_time()
        try:
            return self._act(act, begin)
        finally:
            self._pace.note(sql, thread_time() - began)

    def _there(self, act: Callable[[sqlite3.Cursor], object], sql: str, begin: str | None) -> Done:
        """On the thread, which waits for the interpreter as well: only its own time says anything."""
        began = thread_time()
        try:
            self._conn.execute(f"PRAGMA busy_timeout={BUSY_MS}")
            return self._act(act, begin)
        finally:
            self._pace.note(sql, thread_time() - began)
            self._conn.execute("PRAGMA busy_timeout=0")
            self._at_work = False

    def _act(self, act: Callable[[sqlite3.Cursor], object], begin: str | None) -> Done:
        cursor = self._conn.cursor()
        try:
            if begin is not None:
                self._hasten(cursor)
                cursor.execute(begin)
            act(cursor)
            rows = cursor.fetchall() if cursor.description else None
            return Done(cursor.description, rows, cursor.rowcount, cursor.lastrowid)
        finally:
            cursor.close()

    def _hasten(self, cursor: sqlite3.Cursor) -> None:
        """Wait for the disk at the end of this transaction, or not."""
        if self._lazy != self._fleeting:
            cursor.execute(f"PRAGMA synchronous={'NORMAL' if self._fleeting else 'FULL'}")
            cursor.execute(f"PRAGMA wal_autocheckpoint={0 if self._fleeting else 1000}")
            self._lazy = self._fleeting

    async def commit(self) -> None:
        begin, self._begin = self._begin, None
        if begin is not None:
            return
        if self._fleeting and not self._at_work:
            self._unsynced += 1
            self._conn.commit()
        else:
            await super().commit()
            self._unsynced = 0

    async def rollback(self) -> None:
        """Also asked for when all is over: whoever gives a connection back makes sure."""
        begin, self._begin = self._begin, None
        if begin is not None:
            return
        over = not self._at_work and not self._conn.in_transaction
        looked = not self._at_work and self._conn.total_changes == self._changes
        if looked and not over:
            self._conn.rollback()
        elif not over:
            await super().rollback()


class _LettingGo(sqlite3.Connection):
    """A connection that ends its transaction when it is closed.

    A task cancelled inside a statement closes its connection while the thread may still be in the middle
    of it. SQLite keeps a closed connection, and its write lock, until Python collects the last cursor.
    """

    def close(self) -> None:
        if self.in_transaction:
            self.rollback()
        super().close()


def connector(url: str) -> Callable[[], WholeConnection]:
    """Makes connections to the file of a `sqlite+aiosqlite:///path` URL, each to be awaited once."""
    path, pace = make_url(url).database or ":memory:", Pace()

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(path, timeout=0, check_same_thread=False, factory=_LettingGo)

    return lambda: WholeConnection(connect, pace)
