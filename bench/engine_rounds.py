"""The runs of the engine bench on one kind of database: limit and stores in shuffled rounds."""

import asyncio
import random
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from bench import engine_limit, engine_limit_pg
from bench.engine_audit import Audit, audit
from bench.engine_callers import FAST, REFERENCE, STORES, Crowd, answered_again, unwatched
from bench.engine_ground import Ground
from bench.engine_seen import HOT, PLACES, SPREAD, Seen, median_of
from bench.engine_town import open_town
from core.work import Hotline
from hotline import garbage

LIMIT = "limit"
CALLERS = (1, 8, 64)
MOST = CALLERS[-1]
WARM_UP_S = 0.5


@dataclass(frozen=True, order=True)
class Cell:
    """One thing to be measured. who: a store's name or LIMIT. callers: of a store; clients of the limit."""

    who: str
    place: str
    callers: int


@dataclass
class Found:
    """runs: the figures of each run of a cell. wrong: what an audit did not find as it was told."""

    runs: dict[Cell, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    wrong: list[str] = field(default_factory=list)
    audits: int = 0

    def limit(self, place: str) -> float:
        """Bookings a second of the bare driver at its best there."""
        runs = [runs for cell, runs in self.runs.items() if (cell.who, cell.place) == (LIMIT, place)]
        return max(median_of(one, "a_second") for one in runs)

    def told(self) -> dict[str, Any]:
        """As JSON keeps it."""
        runs = [{**vars(cell), "runs": runs} for cell, runs in sorted(self.runs.items())]
        return {"cells": runs, "wrong": self.wrong, "audits": self.audits}

    @classmethod
    def read(cls, told: dict[str, Any]) -> "Found":
        cells = {Cell(one["who"], one["place"], one["callers"]): one["runs"] for one in told["cells"]}
        return cls(cells, told["wrong"], told["audits"])

    def of_limit(self, cell: Cell) -> float:
        return median_of(self.runs[cell], "a_second") / self.limit(cell.place)


def best_clients(kind: str) -> int:
    """Of the bare driver: SQLite has one writer."""
    return 1 if kind == "SQLite" else engine_limit_pg.CLIENTS


def plan_of(kind: str, number: int) -> list[list[Cell]]:
    """The cells of each of so many rounds: what the goals are about in all, the few callers in the first two,
    the reference store in the first."""
    clients = best_clients(kind)
    main = [Cell(LIMIT, place, clients) for place in PLACES] + [Cell(FAST, place, MOST) for place in PLACES]
    few = [Cell(FAST, place, callers) for place in PLACES for callers in CALLERS[:-1]]
    few += [Cell(LIMIT, SPREAD, 1)] if clients > 1 else []
    once = [Cell(REFERENCE, SPREAD, callers) for callers in CALLERS] + [Cell(REFERENCE, HOT, MOST)]
    return [[*main, *(few if place < 2 else []), *(once if place < 1 else [])] for place in range(number)]


async def rounds(ground: Ground, plan: Sequence[Sequence[Cell]], *, seconds: float) -> Found:
    """Do the cells of each round, in another order each time."""
    found, dice = Found(), random.Random(12320)
    for number, cells_ in enumerate(plan, 1):
        print(
            f"{ground.kind}: round {number} of {len(plan)}, {len(cells_)} runs", file=sys.stderr, flush=True
        )
        for cell in dice.sample(cells_, len(cells_)):
            async with ground.copy() as url:
                seen, checked = await measured(ground, url, cell, seconds=seconds)
            found.runs[cell].append(seen.told())
            found.audits += 1
            found.wrong += [f"{ground.kind}, {cell}: {word}" for word in checked.differences]
    return found


async def measured(ground: Ground, url: str, cell: Cell, *, seconds: float) -> tuple[Seen, Audit]:
    """One run and its audit."""
    town = ground.town
    if cell.who == LIMIT:
        seen = await _limit(ground, url, cell, seconds=seconds)
        async with opened(url) as hotline:
            return seen, await audit(hotline, seen, persons=False)
    async with opened(url) as hotline, STORES[cell.who](hotline, unwatched) as store:
        garbage.settled()  # as the house, whose memory has no 200,000 people in it
        seen = await Crowd(town, store, cell.place).run(cell.callers, seconds=seconds, warm_up=WARM_UP_S)
        again = await answered_again(store, seen.sample)
        checked = await audit(hotline, seen)
    if again:
        checked = Audit(checked.appointments, (*checked.differences, f"{again} keys answered otherwise"))
    return seen, checked


async def _limit(ground: Ground, url: str, cell: Cell, *, seconds: float) -> Seen:
    if ground.server is None:
        return await asyncio.to_thread(
            engine_limit.limit, url, ground.town, cell.place, seconds=seconds, warm_up=WARM_UP_S
        )
    return await engine_limit_pg.limit(
        ground.server, url, ground.town, cell.place, cell.callers, seconds=seconds, warm_up=WARM_UP_S
    )


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Hotline]:
    hotline = open_town(url)
    try:
        yield hotline
    finally:
        await hotline.database.close()
