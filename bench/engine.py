"""How fast the engine books, beside the bare driver that writes the same rows in the same minute.

One booking is two durable commands, hold and book, with all rules, events, texts owed and keys. Everything
shares this machine: callers, engine, pgbench and PostgreSQL. Each run has a fresh copy of the town and is
audited; a difference ends the bench. HOTLINE_BENCH_QUICK=1: a small town and short runs, to see whether it
works. HOTLINE_BENCH_SOAK_S=120: two minutes more on each database. HOTLINE_BENCH_TOWN=folder: keep the towns.
"""

import os
from dataclasses import dataclass, field
from typing import Any

from bench import engine_soak, engine_table, raw
from bench.engine_callers import FAST, REFERENCE
from bench.engine_ground import KINDS, Ground, folder, ground
from bench.engine_plans import Plans, plans
from bench.engine_rounds import Found, plan_of, rounds
from bench.engine_rush import Rush, rush
from bench.engine_same import differences
from bench.engine_slow import slow
from bench.engine_soak import Look, soak


@dataclass(frozen=True)
class Size:
    """seconds: of each run. rounds: the whole list of runs so often. people, past: of the town."""

    seconds: float
    rounds: int
    people: int
    past: int


WHOLE = Size(1.5, 3, 200_000, 30_000)
QUICK = Size(0.5, 1, 20_000, 3_000)


@dataclass
class Result:
    """What was found on one kind of database. rushes: by store. plans: of PostgreSQL."""

    found: Found
    same: list[str]
    rushes: dict[str, Rush]
    plans: Plans | None = None
    soak: list[Look] = field(default_factory=list)

    @property
    def wrong(self) -> list[str]:
        return [*self.same, *self.found.wrong, *(word for one in self.rushes.values() for word in one.wrong)]

    def told(self) -> dict[str, Any]:
        return {
            **self.found.told(),
            "wrong": self.wrong,
            "rushes": {name: vars(one) for name, one in self.rushes.items()},
            "plans": vars(self.plans) if self.plans else None,
            "soak": [vars(one) for one in self.soak],
        }


async def run() -> None:
    size = QUICK if os.environ.get("HOTLINE_BENCH_QUICK") else WHOLE
    results: dict[str, Result] = {}
    with folder() as path:
        print(f"databases in {engine_table.disk(path)}, fsync on, synchronous FULL / synchronous_commit on")
        for kind in KINDS:
            async with ground(kind, path, people=size.people, past=size.past) as here:
                results[kind] = await _measured(here, size)
        slowly = await slow(path, seconds=size.seconds)
    _show(results, slowly)
    told = {kind: one.told() for kind, one in results.items()}
    slow_told = {kind: one.told() for kind, one in (slowly or {}).items()}
    print(f"raw figures: {raw.keep('engine', {'size': vars(size), 'engine': told, 'slow': slow_told})}")
    audited = [*(one.found for one in results.values()), *(slowly or {}).values()]
    wrong = [word for one in results.values() for word in one.wrong]
    wrong += [word for found in (slowly or {}).values() for word in found.wrong]
    print(f"{sum(found.audits for found in audited)} runs audited, {len(wrong)} differences")
    if wrong:
        raise AssertionError("; ".join(wrong))


async def _measured(here: Ground, size: Size) -> Result:
    same = await differences(here)
    found = await rounds(here, plan_of(here.kind, size.rounds), seconds=size.seconds)
    result = Result(found, same, {name: await rush(here, name) for name in (FAST, REFERENCE)})
    if here.server is not None:
        result.plans = await plans(here, seconds=size.seconds)
    if seconds := float(os.environ.get("HOTLINE_BENCH_SOAK_S", "0")):
        result.soak = await soak(here, seconds=seconds)
    return result


def _show(results: dict[str, Result], slowly: dict[str, Found] | None) -> None:
    rows = [row for kind, one in results.items() for row in engine_table.rows(kind, one.found)]
    raw.markdown("engine: a booking is two durable commands, hold and book", engine_table.HEADS, rows)
    if slowly is None:
        print("\nno C compiler (cc): the runs with a slow disk are left out")
    else:
        rows = [row for kind, one in slowly.items() for row in engine_table.rows(kind, one)]
        raw.markdown("engine: the same, every flush 2 ms slower", engine_table.HEADS, rows)
    rushes = {(kind, name): rush_ for kind, one in results.items() for name, rush_ in one.rushes.items()}
    raw.markdown(
        "engine: a session that is sold out, 64 callers", engine_table.RUSH_HEADS, engine_table.rushes(rushes)
    )
    for kind, one in results.items():
        if one.plans:
            print(
                f"\n{kind}, rows read for a booking by the plans of release day, most of {one.plans.worst()}"
            )
        if one.soak:
            raw.markdown(
                f"engine: soak on {kind}, each booking cancelled again",
                engine_soak.HEADS,
                engine_soak.rows(one.soak),
            )
    judged = [goal for kind, one in results.items() for goal in engine_table.goals(kind, one.found)]
    for kind, found in (slowly or {}).items():
        judged += engine_table.slow_goals(kind, found)
    judged += [
        goal for kind, one in results.items() for goal in engine_table.rush_goals(kind, one.rushes[FAST])
    ]
    judged += [engine_table.plan_goal(kind, one.plans) for kind, one in results.items() if one.plans]
    raw.markdown("engine: floors and aims", engine_table.GOAL_HEADS, [goal.row() for goal in judged])
    floors = len([goal for goal in judged if goal.passes])
    aims = len([goal for goal in judged if goal.reaches])
    print(f"\n{floors} of {len(judged)} pass the floor, {aims} reach the aim")
