"""Wake-ups after a commit: between the tasks of this process, and between processes on PostgreSQL.

A wake-up says "look at the journal", never what is in it, so a lost one costs time and nothing else:
every reader looks by itself too, each second or so.
"""

import asyncio
from contextlib import suppress
from typing import Any

import structlog
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from core import journal
from core.database import Database
from core.journal import Cursor

log = structlog.get_logger()

CHANNEL = "hotline_journal"
# A notifying transaction holds a lock of the whole server while it commits: a few a second are enough.
NOTIFY_EVERY_S = 0.25
# How long a quiet connection goes unchecked.
LOOK_S = 15


class Wake:
    """A bell that counts its rings: who knows the count it last saw cannot miss one."""

    def __init__(self) -> None:
        self.rings = 0
        self._next = asyncio.Event()

    def ring(self) -> None:
        """Never blocks; made to be `Hotline.committed`."""
        self.rings += 1
        rung, self._next = self._next, asyncio.Event()
        rung.set()

    async def after(self, seen: int, within_s: float) -> None:
        """Return when the bell has rung since `seen`, or after within_s, whichever comes first."""
        if self.rings == seen:
            with suppress(TimeoutError):
                async with asyncio.timeout(within_s):
                    await self._next.wait()


class Neighbours:
    """The other processes on our PostgreSQL: told after our commits, heard after theirs.

    NOTIFY runs on a connection of its own, after the commit, and many commits share one: inside
    the booking's transaction it would put all bookings in one line.
    """

    def __init__(self, database: Database, wake: Wake, *, every_s: float = NOTIFY_EVERY_S) -> None:
        if database.sqlite:
            raise ValueError("processes on one SQLite file find each other by looking")
        self._database = database
        self._wake = wake
        self._every_s = every_s
        self._known = journal.START  # as far as all of us have been told
        self.listening = asyncio.Event()

    async def run(self) -> None:
        """Listen and tell until cancelled; a lost connection is made again."""
        engine = create_async_engine(
            self._database.writer.url, poolclass=NullPool, isolation_level="AUTOCOMMIT"
        )
        try:
            while True:
                try:
                    async with engine.connect() as connection:
                        await self._listen(connection)
                        await self._tell(connection)
                except (DBAPIError, OSError) as error:
                    self.listening.clear()
                    log.warning("neighbours lost", error=type(error).__name__)
                    await asyncio.sleep(self._every_s * 4)
        finally:
            self.listening.clear()
            await engine.dispose()

    async def _listen(self, connection: AsyncConnection) -> None:
        raw: Any = (await connection.get_raw_connection()).driver_connection
        us = raw.get_server_pid()

        def notified(_connection: object, pid: int, _channel: str, cursor: str) -> None:
            if pid == us:
                return
            with suppress(ValueError):  # anybody may write to a channel
                self._known = max(self._known, Cursor.read(cursor))  # so that nobody echoes it
            self._wake.ring()

        await raw.add_listener(CHANNEL, notified)
        self.listening.set()
        self._wake.ring()  # for whatever was said while we were deaf

    async def _tell(self, connection: AsyncConnection) -> None:
        while True:
            seen = self._wake.rings
            async with self._database.read() as db:
                newest = await journal.newest(db)
            if newest > self._known:
                self._known = newest
                await connection.execute(
                    text("select pg_notify(:channel, :cursor)"), {"channel": CHANNEL, "cursor": str(newest)}
                )
            await asyncio.sleep(self._every_s)
            await self._wake.after(seen, within_s=LOOK_S)
            if self._wake.rings == seen:
                await connection.execute(text("select 1"))  # a dead connection is noticed
