"""The named points of a process's life, and the reaper who waits at one of them."""

import os
import re
import signal
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from core.database import Database
from tests.faults.ledger import Ledger

# Whose transaction it is: the store's, until a task says that it is the outbox or a timer.
WHO: ContextVar[str] = ContextVar("who", default="store")
_UNIT: ContextVar["_Unit | None"] = ContextVar("unit", default=None)
_CHANGES = re.compile(r"\s*(insert|update|delete|with\b.*\bupdate) ", re.IGNORECASE | re.DOTALL)

# A life that ends at no named point, after a while.
ANY = "any moment"
_IN_A_TRANSACTION = ("between statements", "before commit", "after commit")
OUTBOX = (*(f"outbox: {one}" for one in _IN_A_TRANSACTION), "outbox: before it is sent", "outbox: sent")
TIMER = tuple(f"timer: {one}" for one in _IN_A_TRANSACTION)
PLAIN = tuple(f"store: {one}" for one in _IN_A_TRANSACTION)
# What GroupStore tells its watch.
GROUP = tuple(f"batch: {one}" for one in ("taken", "loaded", "decided", "applied", "committed", "answered"))
POINTS = {"plain": (*PLAIN, *OUTBOX, *TIMER, ANY), "group": (*GROUP, *OUTBOX, *TIMER, ANY)}


class Reaper:
    """Kills its own process at the `at`-th passing of a point, as kill -9 does: nothing is tidied up."""

    def __init__(self, ledger: Ledger, point: str = "", at: int = 0) -> None:
        self._ledger, self._point, self._left = ledger, point, at
        self.awake = True

    def passing(self, point: str) -> None:
        if point != self._point or not self.awake:
            return
        self._left -= 1
        if not self._left:
            self._kill()

    def within(self, seconds: float) -> None:
        """Kill at whatever is being done then."""
        threading.Timer(seconds, self._kill).start()

    def _kill(self) -> None:
        self._ledger.died(self._point)
        os.kill(os.getpid(), signal.SIGKILL)


class _Unit:
    def __init__(self, reaper: Reaper) -> None:
        self.reaper, self.wrote = reaper, False


class Watched(Database):
    """The product's database, with a reaper beside each transaction that changes something."""

    def __init__(self, writer: AsyncEngine, reader: AsyncEngine, reaper: Reaper) -> None:
        super().__init__(writer, reader)
        self._reaper = reaper

    @asynccontextmanager
    async def write(self, *, fleeting: bool = False, urgent: bool = False) -> AsyncIterator[AsyncSession]:
        unit, who = _Unit(self._reaper), WHO.get()
        within = _UNIT.set(unit)
        try:
            async with super().write(fleeting=fleeting, urgent=urgent) as session:
                yield session
                await session.flush()
                if unit.wrote:
                    self._reaper.passing(f"{who}: before commit")
            if unit.wrote:
                self._reaper.passing(f"{who}: after commit")
        finally:
            _UNIT.reset(within)


def watch_statements(engine: AsyncEngine) -> None:
    """Once for each engine: whoever changes a row in a watched transaction passes a point."""

    @event.listens_for(engine.sync_engine, "after_cursor_execute")
    def done(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        unit = _UNIT.get()
        if unit is not None and _CHANGES.match(statement):
            unit.wrote = True
            unit.reaper.passing(f"{WHO.get()}: between statements")
