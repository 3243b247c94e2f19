"""Where a booking's time goes: `python -m bench.engine_profile [SQLite|PostgreSQL] [CALLERS] [SECONDS]`.

The fast store in this process under cProfile, the 40 dearest functions by cumulative and by own time. The
profiler slows calls of Python down, so shares are right and times are not. HOTLINE_BENCH_TOWN=folder keeps
the town for the next time; HOTLINE_BENCH_STORE=plain profiles the reference.
"""

import asyncio
import cProfile
import io
import os
import pstats
import sys

from bench.engine_callers import FAST, STORES, Crowd
from bench.engine_ground import folder, ground
from bench.engine_rounds import opened
from bench.engine_seen import SPREAD

SHOWN = 40


async def profile(kind: str, callers: int, seconds: float) -> None:
    profiler = cProfile.Profile()
    batches = 0

    def watch(point: str) -> None:
        nonlocal batches
        batches += point == "taken"

    name = os.environ.get("HOTLINE_BENCH_STORE", FAST)
    with folder() as path:
        async with ground(kind, path) as here, here.copy() as url:
            async with opened(url) as hotline, STORES[name](hotline, watch) as store:
                await Crowd(here.town, store, SPREAD, first=100_000).run(callers, seconds=0.5, warm_up=0)
                batches = 0
                profiler.enable()
                seen = await Crowd(here.town, store, SPREAD).run(callers, seconds=seconds, warm_up=0)
                profiler.disable()
    told = seen.told()
    print(
        f"{kind}, {name} store, {callers} callers: {told['a_second']:.0f} bookings/s under the profiler, ",
        end="",
    )
    print(f"command p50 {told['command_p50']:.1f} ms, p99 {told['command_p99']:.1f} ms")
    if batches:
        print(f"{batches} batches of {(seen.holds + seen.booked) / batches:.1f} commands")
    for order in ("cumulative", "tottime"):
        out = io.StringIO()
        pstats.Stats(profiler, stream=out).strip_dirs().sort_stats(order).print_stats(SHOWN)
        print(out.getvalue())


def main(kind: str = "SQLite", callers: str = "64", seconds: str = "5") -> None:
    asyncio.run(profile(kind, int(callers), float(seconds)))


if __name__ == "__main__":
    main(*sys.argv[1:])
