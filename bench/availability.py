"""The free slots of a department over seven days, in provinces of 10 k to 10 M slots.

Our own functions, as the telephone, the text messages and the operators' desks ask them, beside the bare
driver asking the first by a prepared statement; all provinces of a database are asked in turn, so that what
else the machine does falls on all of them. HOTLINE_BENCH_SLOTS=100000 leaves the larger ones out.
"""

import os
import random
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench import availability_plans, raw
from bench.availability_asked import QUESTIONS, Bare, Question, bare
from bench.engine_ground import HOME, server
from bench.raw import part
from core.database import Database, open_database
from tests.provinces import EACH, build, departments_of

SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
MOST = int(os.environ.get("HOTLINE_BENCH_SLOTS", SIZES[-1]))
# What a slot takes on the disk with its indexes, its share of all the rest, and the log of its making.
BYTES = {"SQLite": 250, "PostgreSQL": 700}
ROOM = 500_000_000
# Rounds before the clock runs, and measured ones; what is beside the main question is asked in every third.
WARM, ROUNDS, BESIDE = 21, 300, 3
# As many departments are asked in turn: the neighbours' pages push theirs out of no cache, as in life.
ASKED = 64
# The growth of the p50 from the second size to the largest (docs/performance.md).
FLOOR, AIM = 3.0, 1.5
SEED = 12320
OURS, BARE = QUESTIONS[0].name, "the same by the bare driver"
MAIN = (OURS, BARE)


@dataclass
class Province:
    """One database of one size, open for our own and for the bare questions. ms: by what was asked."""

    slots: int
    departments: int
    database: Database
    driver: Bare
    ms: dict[str, list[float]] = field(default_factory=dict)


async def run() -> None:
    sizes = [size for size in SIZES if size <= MOST] or [SIZES[0]]
    found: dict[str, Any] = {}
    for kind in BYTES:
        free, needed = shutil.disk_usage(HOME).free, BYTES[kind] * sum(sizes) + ROOM
        if free < needed:
            print(
                f"availability on {kind}: not run, {sizes[-1]:,} slots need {needed / 1e9:.1f} GB on {HOME},"
                f" which has {free / 1e9:.1f} GB; HOTLINE_BENCH_SLOTS takes less"
            )
            continue
        async with _provinces(kind, sizes) as (provinces, seconds):
            await _measured(provinces)
            found[kind] = [_figures(one) for one in provinces]
        print(f"{kind}: {sizes[-1]:,} slots and fewer were written in {seconds:.0f} s", flush=True)
        _tables(kind, found[kind])
    found["plans"] = await availability_plans.measured()
    print(f"\nraw figures: {raw.keep('availability', found)}")


@asynccontextmanager
async def _provinces(kind: str, sizes: list[int]) -> AsyncIterator[tuple[list[Province], float]]:
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hotline-bench-", dir=HOME)))
        os.chmod(folder, 0o711)  # PostgreSQL is another user
        running = (
            await stack.enter_async_context(server(folder / "postgres")) if kind == "PostgreSQL" else None
        )
        provinces, began = [], time.monotonic()
        for size in sizes:
            url = f"sqlite+aiosqlite:///{folder / f'{size}.db'}"
            if running:
                await running.sql(f"create database slots_{size}")
                url = running.url(f"slots_{size}")
            departments = departments_of(size)
            await build(url, departments)
            database = open_database(url)
            stack.push_async_callback(database.close)
            driver = await stack.enter_async_context(bare(url))
            provinces.append(Province(departments * EACH, departments, database, driver))
        yield provinces, time.monotonic() - began


async def _measured(provinces: list[Province]) -> None:
    """Every question to every province in turn, in an order drawn anew for each round."""
    dice = random.Random(SEED)
    asked: list[tuple[Province, str, Callable[[int], Awaitable[Any]]]] = []
    for one in provinces:
        asked.append((one, BARE, one.driver.ask))
        asked += [(one, question.name, _ours(one, question)) for question in QUESTIONS]
        await _agree(one)
    for turn in range(WARM + ROUNDS):
        dice.shuffle(asked)
        for one, name, ask in asked:
            if turn % BESIDE and name not in MAIN:
                continue
            department = 1 + turn % ASKED * max(1, one.departments // ASKED) % one.departments
            began = time.perf_counter()
            await ask(department)
            if turn >= WARM:
                one.ms.setdefault(name, []).append((time.perf_counter() - began) * 1000)


def _ours(one: Province, question: Question) -> Callable[[int], Awaitable[Any]]:
    async def ask(department: int) -> Any:
        async with one.database.read() as db:
            return await question.ask(db, department)

    return ask


async def _agree(one: Province) -> None:
    """Both ways must find the same: sixty sessions with eighteen numbers each."""
    ours = {found.session_id: found.left for found in await _ours(one, QUESTIONS[0])(1)}
    theirs = {row[0]: row[-1] for row in await one.driver.ask(1)}
    assert ours == theirs == dict.fromkeys(ours, 18)
    assert len(ours) == 60


def _figures(one: Province) -> Mapping[str, Any]:
    def spread(name: str) -> dict[str, float]:
        ordered = sorted(one.ms[name])
        return {"p50": part(ordered, 0.5), "p99": part(ordered, 0.99)}

    return {"slots": one.slots, "departments": one.departments, **{name: spread(name) for name in one.ms}}


def _tables(kind: str, found: list[Mapping[str, Any]]) -> None:
    beside = [question.name for question in QUESTIONS[1:]]
    rows = [
        (
            f"{one['slots']:,}",
            f"{one['departments']:,}",
            *(_ms(one[name]) for name in MAIN),
            f"{one[OURS]['p50'] / one[BARE]['p50']:.1f}",
            *(f"{one[name]['p50']:.2f}" for name in beside),
        )
        for one in found
    ]
    heads = ("slots", "departments", *MAIN, "ratio", *beside)
    raw.markdown(f"availability on {kind}: ms, p50 / p99 or p50, warm", heads, rows)
    if len(found) < 3:
        return
    least, most = found[1], found[-1]
    grown = [(name, most[name]["p50"] / least[name]["p50"]) for name in (*MAIN, *beside)]
    raw.markdown(
        f"availability on {kind}: p50 at {most['slots']:,} slots by that at {least['slots']:,}"
        f" (floor {FLOOR}, aim {AIM})",
        ("what", "times", ""),
        [(name, f"{times:.2f}", _judged(times)) for name, times in grown],
    )


def _ms(spread: Mapping[str, float]) -> str:
    return f"{spread['p50']:.2f} / {spread['p99']:.2f}"


def _judged(times: float) -> str:
    return "meets the aim" if times <= AIM else "meets the floor" if times <= FLOOR else "misses the floor"
