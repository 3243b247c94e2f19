"""Pages and bookings a second of the house as it is run, beside a bare aiohttp handler in the same run.

One client on bare sockets, 32 connections, without TLS; client, servers and PostgreSQL share the machine.
Two processes are two houses on one PostgreSQL, each on a port of its own; SQLite has one.
"""

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from bench import raw
from bench.asking import Connection, Rate, rate
from bench.bare_house import BYTES
from bench.release_town import fresh
from bench.web_town import MASTER, Booker, Town, town
from tests.houses import serving

SECONDS, BARE_SECONDS, BOOKING_SECONDS = 5.0, 3.0, 10.0
RUNS = (("SQLite", 1), ("PostgreSQL", 1), ("PostgreSQL", 2))
HEADS = ("what", "database", "processes", "a second", "p50 / p99", "bare handler", "ratio")


async def run() -> None:
    rows: list[tuple[str, ...]] = []
    found: list[dict[str, Any]] = []
    for kind, processes in RUNS:
        for one in await _measured(kind, processes):
            found.append({"database": kind, "processes": processes, **one})
            rows.append(_row(found[-1]))
    raw.markdown("web: pages and bookings through the house's own HTTP, 32 connections", HEADS, rows)
    print(f"\nraw figures: {raw.keep('web', {'web': found})}")


def _row(one: dict[str, Any]) -> tuple[str, ...]:
    return (
        str(one["what"]),
        str(one["database"]),
        str(one["processes"]),
        f"{one['a_second']:.0f}",
        f"{one['p50']:.0f} / {one['p99']:.0f} ms",
        f"{one['bare']:.0f}",
        f"{one['a_second'] / one['bare']:.3f}",
    )


async def _measured(kind: str, processes: int) -> list[dict[str, Any]]:
    async with fresh(kind, empty=True) as url, AsyncExitStack() as stack:
        here = await town(url)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        addresses = []
        for number in range(processes):
            (folder / str(number)).mkdir()
            house = serving(
                folder / str(number),
                HOTLINE_DEMO="no",
                HOTLINE_SWITCH="no",
                HOTLINE_DATABASE_URL=url,
                HOTLINE_MASTER_SECRET=MASTER,
                HOTLINE_LOG_LEVEL="ERROR",
            )
            addresses.append((await stack.enter_async_context(house)).web)
        return [*await _pages(addresses, here), await _bookings(addresses, here)]


async def _pages(addresses: Sequence[str], here: Town) -> list[dict[str, Any]]:
    found = []
    for name, path in here.pages.items():
        connection = await Connection.to(addresses[0])
        size = len((await connection.ask(path)).body)
        connection.close()
        ours = await rate(addresses, partial(_look, path), seconds=SECONDS)
        limit = await _bare(len(addresses), size, form=None)
        found.append(_told(f"{name} page ({size / 1024:.0f} KB)", ours, limit.a_second))
    return found


async def _look(path: str, connection: Connection) -> bool:
    answer = await connection.ask(path)
    if answer.status != 200:
        raise AssertionError(f"{path}: {answer.status}")
    return True


async def _bookings(addresses: Sequence[str], here: Town) -> dict[str, Any]:
    """Each booking is two forms, as a browser sends them: the number kept, then the appointment made."""
    waiting = list(reversed(here.bookers))
    ours = await rate(addresses, partial(_book, waiting), seconds=BOOKING_SECONDS)
    limit = await _bare(len(addresses), 0, form=here.bookers[0].choice())
    return _told("bookings (hold and book)", ours, limit.a_second / 2)


async def _book(waiting: list[Booker], connection: Connection) -> bool:
    if not waiting:
        return False
    one = waiting.pop()
    held = await connection.ask(f"/book/{one.session_id}", cookie=one.cookie, form=one.choice())
    there = held.headers.get("location", "")
    if not there.startswith("/book/held/"):
        raise AssertionError(f"no hold: {held.status} {there}")
    made = await connection.ask(there, cookie=one.cookie, form=one.agreement())
    if not made.headers.get("location", "").startswith("/book/done/"):
        raise AssertionError(f"no booking: {made.status}")
    return True


async def _bare(processes: int, size: int, *, form: str | None) -> Rate:
    """The bare handler in as many processes, with answers of this size."""

    async def ask(connection: Connection) -> bool:
        await connection.ask("/", form=form)
        return True

    async with AsyncExitStack() as stack:
        addresses = [await stack.enter_async_context(_bare_house(size)) for _ in range(processes)]
        return await rate(addresses, ask, seconds=BARE_SECONDS)


@asynccontextmanager
async def _bare_house(size: int) -> AsyncIterator[str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.bare_house", f"{BYTES}{size}", stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout
        line = (await process.stdout.readline()).decode()
        yield f"http://127.0.0.1:{line.removeprefix('port ').strip()}"
    finally:
        process.terminate()
        await process.wait()


def _told(what: str, ours: Rate, bare: float) -> dict[str, Any]:
    p50, p99 = ours.spread()
    return {
        "what": what,
        "a_second": ours.a_second,
        "p50": p50,
        "p99": p99,
        "bare": bare,
        "done": len(ours.ms),
    }
