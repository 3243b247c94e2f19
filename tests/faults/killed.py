"""Lives to be killed: one warm process that has everything ready, and forks a child for each life.

Usage: python -m tests.faults.killed URL FOLDER STORE SEED

Prepares the database, says "ready", then takes an order a line (JSON, see Order) and answers each with how the
child ended: an exit status as subprocess gives it, or "late". Nothing is open in it when it forks: no loop, no
connection, no thread.
"""

import asyncio
import gc
import json
import os
import random
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from core.database import open_database
from hotline import schema  # noqa: F401
from tests.faults.ledger import Ledger
from tests.faults.life import STORES, FastClock, House, bookers, found, house
from tests.faults.points import Reaper, watch_statements

# A life that nothing ends in this time has missed its point.
LONGEST_S = 60.0


@dataclass(frozen=True)
class Order:
    """life: its number. point, at: where it dies; after_s: or when it does, wherever it is then. early: also while
    it still repeats what the lives before left unanswered. jump_s: how far the clock has jumped by now; then_s: so far
    it jumps when every booker has been here once. last: it ends by itself when nothing is due."""

    life: int
    point: str = ""
    at: int = 0
    after_s: float | None = None
    early: bool = True
    jump_s: float = 0.0
    then_s: float = 0.0
    last: bool = False


class Lives:
    def __init__(self, url: str, folder: Path, store: str, seed: int) -> None:
        database = open_database(url)
        # Shared by all lives for the statements that they have compiled; a life opens connections of its own.
        self._engines = (database.writer, database.reader)
        watch_statements(database.writer)
        self._ledger, self._opening, self._seed = Ledger(folder), STORES[store], seed
        self._since = time.monotonic()

    def _open(self, order: Order, reaper: Reaper) -> AbstractAsyncContextManager[House]:
        clock = FastClock(self._since, order.jump_s)
        return house(self._engines, self._opening, self._ledger, reaper, clock)

    async def prepare(self) -> None:
        async with self._open(Order(0), Reaper(self._ledger)) as made:
            await found(made.hotline)
            for booker in await bookers(made, 0, self._seed):
                await booker.go_on(3)
            await made.settle()

    async def live(self, order: Order) -> None:
        reaper = Reaper(self._ledger, order.point, order.at)
        dice = random.Random(f"{self._seed} {order.life}")
        async with self._open(order, reaper) as made:
            if order.last:
                await made.repeat(dice)
                await made.settle()
                return
            async with asyncio.TaskGroup() as group:
                group.create_task(made.carry())
                group.create_task(made.wake())
                reaper.awake = order.early
                await made.repeat(dice)
                reaper.awake = True
                if order.after_s is not None:
                    reaper.within(order.after_s)
                mine = await bookers(made, order.life, self._seed)
                if order.then_s:
                    await asyncio.gather(*(booker.go_on(1) for booker in mine))
                    made.clock.jumped_s += order.then_s
                for booker in mine:
                    group.create_task(booker.go_on())

    def run(self, act: Callable[[], Coroutine[Any, Any, None]]) -> int:
        try:
            asyncio.run(act())
        except BaseException:
            self._ledger.wrong(traceback.format_exc())
            return 1
        return 0


def fork(lives: Lives, order: Order) -> int | str:
    """How the child ended: as subprocess says it, or "late"."""
    child = os.fork()
    if not child:
        os._exit(lives.run(lambda: lives.live(order)))
    within = time.monotonic() + LONGEST_S
    while time.monotonic() < within:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.001)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "late"


def alone() -> None:
    """Wait until the threads of closed connections have ended: a fork copies none, and all that they hold."""
    for thread in threading.enumerate():
        if thread is not threading.current_thread():
            thread.join(10)
    assert threading.active_count() == 1, threading.enumerate()
    gc.collect()
    gc.freeze()


def main(url: str, folder: Path, store: str, seed: int) -> None:
    ledger = Ledger(folder)

    def heard(_logger: object, method: str, event: dict[str, Any]) -> str:
        """Nothing that is worth a line in the log should happen to anybody here."""
        if method != "info":
            ledger.wrong(f"{method}: {event}")
        raise structlog.DropEvent

    structlog.configure(processors=[structlog.processors.format_exc_info, heard])
    lives = Lives(url, folder, store, seed)
    if lives.run(lives.prepare):
        sys.exit(1)
    alone()
    print("ready", flush=True)  # noqa: T201
    with suppress(KeyboardInterrupt):
        for line in sys.stdin:
            print(json.dumps(fork(lives, Order(**json.loads(line)))), flush=True)  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
