"""A process is killed at each of its named points, under load: nothing is lost, nothing doubled, nothing stuck."""

import json
import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import pytest

from core.chance import SystemChance, SystemClock
from core.database import open_database
from core.sealing import AesSealer
from core.work import Hotline
from tests.conftest import MASTER
from tests.faults import audit
from tests.faults.audit import Books
from tests.faults.killed import Order
from tests.faults.ledger import Ledger
from tests.faults.life import STORES
from tests.faults.points import ANY, POINTS
from tests.replays import reproduced

ROOT = Path(__file__).parents[2]
# For the fast store on each database, and half as many for the plain one. What is claimed is 200, and more than a usual run of all tests waits for.
KILLS = int(os.environ.get("HOTLINE_KILLS", "30"))
SEED = int(os.environ.get("HOTLINE_KILLS_SEED", "12320"))
# Before a timer is killed, what was left alone must fall due; in the end, everything.
DUE_S, OVER_S = 150.0, 3600.0
# How often a point may be passed before.
MOST = {"store": 5, "batch": 4, "outbox": 4, "timer": 2, ANY: 1}
# The audit of all tables is made so often between the deaths.
LOOKS = 4


class Warm:
    """The process that forks the lives."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        assert self._line() == "ready"

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def live(self, order: Order) -> int | str:
        """How this life ended."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(asdict(order)) + "\n")
        self._process.stdin.flush()
        ended: int | str = json.loads(self._line())
        return ended


@contextmanager
def warm(url: str, folder: Path, store: str) -> Iterator[Warm]:
    arguments = [sys.executable, "-m", "tests.faults.killed", url, str(folder), store, str(SEED)]
    with subprocess.Popen(
        arguments, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        try:
            yield Warm(process)
        finally:
            process.stdin.close()  # type: ignore[union-attr]
            process.wait(30)


def orders(store: str, kills: int) -> Iterator[Order]:
    """Every point as often as every other, in any order; how often it is passed before, by chance."""
    dice = random.Random(SEED)
    points = [POINTS[store][number % len(POINTS[store])] for number in range(kills)]
    dice.shuffle(points)
    jumped = 0.0
    for life, point in enumerate(points, 1):
        most = next(most for start, most in MOST.items() if point.startswith(start))
        after_s = dice.uniform(0.01, 0.2) if point == ANY else None
        then = DUE_S if point.startswith("timer") else 0.0
        yield Order(life, point, dice.randint(1, most), after_s, dice.random() < 0.3, jumped, then)
        jumped += then


async def look(
    url: str, check: Callable[[Books, Ledger], None], ledger: Ledger, *, whole: bool = False
) -> Books:
    """Connections of our own, closed again: who opens the database after a death must find it as it was left."""
    database = open_database(url)
    try:
        kept = await audit.books(Hotline(database, SystemClock(), SystemChance(), AesSealer(MASTER)))
        check(kept, ledger)
        if whole:
            await reproduced(database)
    finally:
        await database.close()
    return kept


@pytest.mark.slow
@pytest.mark.parametrize("store", list(STORES))
async def test_whoever_is_killed_loses_doubles_and_blocks_nothing(
    store: str, database_url: str, tmp_path: Path, tell: Callable[[str], None]
) -> None:
    ledger = Ledger(tmp_path)
    print("HOTLINE_KILLS_SEED:", SEED)  # noqa: T201 shown when it fails
    kills = KILLS if store == "group" else KILLS // 2
    jumped = 0.0
    with warm(database_url, tmp_path, store) as lives:
        for order in orders(store, kills):
            assert lives.live(order) == -9, (order, ledger.wrongs())
            jumped = order.jump_s + order.then_s
            if order.life % (kills // LOOKS) == 0:
                await look(database_url, audit.after_any_death, ledger)
        # The first answers those who still wait, and what it holds for them is over in the second.
        for jump in (jumped, jumped + OVER_S):
            assert lives.live(Order(kills + 1, jump_s=jump, last=True)) == 0, ledger.wrongs()
    kept = await look(database_url, audit.after_the_last, ledger, whole=True)

    deaths = Counter(ledger.deaths())
    assert deaths.keys() == set(POINTS[store])
    worth = audit.worth(kept, ledger)
    assert min(worth.values()) >= kills // 20, worth
    tell(f"{kills} kills, {store} on {database_url.partition('+')[0]}: {worth}")
