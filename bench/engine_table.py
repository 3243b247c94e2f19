"""The tables of the engine bench, and which of its figures are held against a floor and an aim."""

import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.engine_callers import FAST
from bench.engine_goals import Goal, alone, of_limit, p99, planned, refused
from bench.engine_plans import Plans
from bench.engine_rounds import LIMIT, MOST, Cell, Found
from bench.engine_rush import Rush
from bench.engine_seen import PLACES, SPREAD, median_of, range_of

HEADS = (
    "database", "who", "place", "callers", "bookings/s (range)", "÷ bare driver",
    "a command p50 / p99", "a booking p50 / p99",
)  # fmt: skip
GOAL_HEADS = ("what", "measured", "floor", "aim", "")
RUSH_HEADS = (
    "database", "store", "refusals/s", "database asked, a refusal", "refusals/s with keys",
    "database asked, a refusal", "given back by another process, heard after",
)  # fmt: skip


def rows(kind: str, found: Found) -> list[tuple[str, ...]]:
    return [_row(kind, cell, runs, found) for cell, runs in sorted(found.runs.items())]


def _row(kind: str, cell: Cell, runs: list[dict[str, Any]], found: Found) -> tuple[str, ...]:
    def ms(name: str) -> str:
        if math.isinf(median_of(runs, f"{name}_p50")):
            return "–"  # pgbench tells of bookings only; or nobody was done in time
        return " / ".join(f"{median_of(runs, f'{name}_{share}'):.1f}" for share in ("p50", "p99")) + " ms"

    rate = median_of(runs, "a_second")
    return (
        kind,
        "bare driver" if cell.who == LIMIT else f"{cell.who} store",
        cell.place,
        str(cell.callers),
        f"{rate:.0f} ({range_of(runs, 'a_second', '{:.0f}'.format)})",
        f"{rate / found.limit(cell.place):.2f}",
        ms("command"),
        ms("booking"),
    )


def rushes(found: Mapping[tuple[str, str], Rush]) -> list[tuple[str, ...]]:
    return [
        (
            kind,
            name,
            *(part for keyed in (False, True) for part in _refused(one, keyed)),
            f"{one.elsewhere_s:.2f} s",
        )
        for (kind, name), one in found.items()
    ]


def _refused(one: Rush, keyed: bool) -> tuple[str, str]:
    return f"{one.refused[keyed]:.0f}", f"{one.asked[keyed]:.4f}"


def goals(kind: str, found: Found) -> list[Goal]:
    judged = _at_most(kind, found, slow=False)
    bare = found.runs[Cell(LIMIT, SPREAD, 1)]
    return [*judged, alone(kind, found.runs[Cell(FAST, SPREAD, 1)], bare)]


def slow_goals(kind: str, found: Found) -> list[Goal]:
    return _at_most(kind, found, slow=True)


def _at_most(kind: str, found: Found, *, slow: bool) -> list[Goal]:
    judged = []
    for place in PLACES:
        cell = Cell(FAST, place, MOST)
        judged.append(of_limit(kind, place, found.of_limit(cell), slow=slow))
        judged.append(p99(kind, place, found.runs[cell], slow=slow))
    return judged


def rush_goals(kind: str, one: Rush) -> list[Goal]:
    return [refused(kind, one.refused[keyed], keyed=keyed) for keyed in (False, True)]


def plan_goal(kind: str, found: Plans) -> Goal:
    return planned(kind, found.ratio)


def disk(folder: Path) -> str:
    """The folder's file system; one in memory has no disk to wait for, and makes the figures worthless."""
    where = os.path.realpath(folder)
    mounts = [line.split()[1:3] for line in Path("/proc/mounts").read_text().splitlines()]
    over = [(at, kind) for at, kind in mounts if where == at or where.startswith(f"{at.rstrip('/')}/")]
    kind = max(over, key=lambda one: len(one[0]))[1]
    return f"{kind}: in memory, NOT A DISK" if kind in ("tmpfs", "ramfs") else f"{kind}"
