"""The same with a slow disk: 2 ms more for every flush, of SQLite's process and of the PostgreSQL server.

A preloaded library sleeps after fsync and fdatasync. It is compiled here; without a compiler there is no slow
disk, and the bench says so. Everything runs in a process of its own, which its PostgreSQL inherits it from.
"""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench.engine_callers import FAST
from bench.engine_ground import KINDS, ground
from bench.engine_rounds import LIMIT, MOST, Cell, Found, best_clients, rounds
from bench.engine_seen import PLACES

SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>

static int slow(const char *name, int fd) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    struct timespec two_ms = {0, 2000000};
    int done = real(fd);
    nanosleep(&two_ms, 0);
    return done;
}

int fsync(int fd) { return slow("fsync", fd); }
int fdatasync(int fd) { return slow("fdatasync", fd); }
"""


def shim(folder: Path) -> Path | None:
    """The library, compiled; None where there is no C compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    source, library = folder / "slow.c", folder / "slow.so"
    source.write_text(SHIM)
    subprocess.run([compiler, "-shared", "-fPIC", "-o", str(library), str(source), "-ldl"], check=True)
    library.chmod(0o755)
    return library


async def slow(folder: Path, *, seconds: float) -> dict[str, Found] | None:
    """By kind of database; None where there is no C compiler. The towns stand in this folder."""
    library = await asyncio.to_thread(shim, folder)
    if library is None:
        return None
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.engine_slow", str(folder), str(seconds),
        env={**os.environ, "LD_PRELOAD": str(library)}, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError("the runs with a slow disk have failed")
    return {kind: Found.read(told) for kind, told in json.loads(out).items()}


async def _measured(folder: Path, seconds: float) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for kind in KINDS:
        async with ground(kind, folder) as here:
            clients = best_clients(kind)
            cells = [Cell(LIMIT, place, clients) for place in PLACES]
            cells += [Cell(FAST, place, MOST) for place in PLACES]
            found[kind] = (await rounds(here, [cells], seconds=seconds)).told()
    return found


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_measured(Path(sys.argv[1]), float(sys.argv[2])))))
