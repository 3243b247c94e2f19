"""Wake-ups after a commit: between the tasks of this process, and between processes on PostgreSQL.

A wake-up says "look at the journal", never what is in it, so a lost one costs time and nothing else:
every reader looks by itself too, each second or so.
"""

import asyncio
from contextlib import suppress
from typing import Any

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from core import journal
from core.database import Database

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

    def __init__(
        self, database: Database, wake: Wake, *, every_s: float = NOTIFY_EVERY_S, look_s: float = LOOK_S
    ) -> None:
        """wake: rung for our own commits and for the neighbours'."""
        if database.sqlite:
            raise ValueError("processes on one SQLite file find each other by looking")
        self._database = database
        self._wake = wake
        self._every_s = every_s
        self._look_s = look_s
        self._ours = Wake()
        self._told = 0
        self.listening = asyncio.Event()

    def committed(self) -> None:
        """Never blocks; made to be `Hotline.committed`."""
        self._ours.ring()
        self._wake.ring()

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
                except Exception as error:  # a border: the server may be away for a while
                    self.listening.clear()
                    log.warning("neighbours lost", error=type(error).__name__)
                    await asyncio.sleep(self._every_s * 4)
        finally:
            self.listening.clear()
            await engine.dispose()

    async def _listen(self, connection: AsyncConnection) -> None:
        raw: Any = (await connection.get_raw_connection()).driver_connection
        us = raw.get_server_pid()

        def notified(_connection: object, pid: int, _channel: str, _cursor: str) -> None:
            if pid != us:
                self._wake.ring()

        await raw.add_listener(CHANNEL, notified)
        raw.add_termination_listener(lambda _connection: self._ours.ring())
        self.listening.set()
        self._wake.ring()  # for whatever was said while we were deaf

    async def _tell(self, connection: AsyncConnection) -> None:
        while True:
            await self._ours.after(self._told, within_s=self._look_s)
            rings = self._ours.rings
            if rings == self._told:
                await connection.execute(text("select 1"))  # a dead connection is noticed
                continue
            async with self._database.read() as db:
                newest = await journal.newest(db)
            news = {"channel": CHANNEL, "cursor": str(newest)}
            await connection.execute(text("select pg_notify(:channel, :cursor)"), news)
            self._told = rings
            await asyncio.sleep(self._every_s)
