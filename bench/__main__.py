"""bin/bench [NAME...]: run the benches named, or all."""

import asyncio
import logging
import os
import platform
import sys

from bench import availability, calls, engine, floor, pop, release, speech, web
from core.observing import set_up_logs

BENCHES = {
    "speech": speech.run,
    "pop": pop.run,
    "calls": calls.run,
    "engine": engine.run,
    "availability": availability.run,
    "floor": floor.run,
    "web": web.run,
    "release": release.run,
}


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in BENCHES]
    if unknown:
        print(f"no bench is called {', '.join(unknown)}; there is: {', '.join(BENCHES)}", file=sys.stderr)
        return 2
    set_up_logs(sys.stderr, level=logging.ERROR)
    load = os.getloadavg()[0]
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, load {load:.1f} at the start")
    for name in names or BENCHES:
        asyncio.run(BENCHES[name]())
    return 0


sys.exit(main(sys.argv[1:]))
