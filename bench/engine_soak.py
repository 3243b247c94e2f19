"""A soak: bookings for minutes, each cancelled again, so that there is always something free. What grows?"""

import asyncio
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import make_url

from bench.engine_callers import BOOKER, FAST, STORES, unwatched
from bench.engine_ground import Ground
from bench.engine_rounds import MOST, opened
from bench.engine_town import Town
from core.booking.commands import Book, Cancel, Hold
from core.booking.store import Store
from core.errors import Refusal
from core.values import Phone

EVERY_S = 10.0
HEADS = ("after", "bookings/s", "log (WAL)", "memory of this process")


@dataclass(frozen=True)
class Look:
    """bookings: since the look before; each was cancelled again."""

    at_s: float
    a_second: float
    wal_mb: float
    rss_mb: float


@dataclass
class Soakers:
    town: Town
    store: Store
    booked: int = 0
    refused: int = 0
    number: int = 0

    async def run(self, ends: float) -> None:
        while time.perf_counter() < ends:
            self.number += 1
            number = self.number
            person = self.town.first_person + number * 7919 % self.town.people
            session = self.town.sessions[number * 389 % len(self.town.sessions)]
            hold = Hold(session, f"web:{person}", person_id=person, key=f"soak-h-{number}")
            try:
                held = await self.store.submit(hold, BOOKER)
                book = Book(held.hold_id, person, Phone(f"10{person:09d}"), key=f"soak-b-{number}")
                made = await self.store.submit(book, BOOKER)
                self.booked += 1
                await self.store.submit(Cancel(made.appointment_id, key=f"soak-c-{number}"), BOOKER)
            except Refusal:
                self.refused += 1


async def soak(ground: Ground, *, seconds: float) -> list[Look]:
    found: list[Look] = []
    async with ground.copy() as url, opened(url) as hotline, STORES[FAST](hotline, unwatched) as store:
        soakers, began = Soakers(ground.town, store), time.perf_counter()
        running = asyncio.gather(*(soakers.run(began + seconds) for _ in range(MOST)))
        seen, looked = 0, began
        while (now := time.perf_counter()) < began + seconds:
            await asyncio.sleep(min(EVERY_S, began + seconds - now))
            now, wal = time.perf_counter(), await _wal(ground, url)
            found.append(Look(now - began, (soakers.booked - seen) / (now - looked), wal, _rss()))
            seen, looked = soakers.booked, now
        await running
    return found


async def _wal(ground: Ground, url: str) -> float:
    if ground.server is not None:
        return float(await ground.server.sql("select sum(size) from pg_ls_waldir()")) / 1e6
    path = make_url(url).database
    assert path
    return await asyncio.to_thread(lambda: os.path.getsize(f"{path}-wal")) / 1e6


def _rss() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def rows(looks: Sequence[Look]) -> list[tuple[str, ...]]:
    return [
        (f"{one.at_s:.0f} s", f"{one.a_second:.0f}", f"{one.wal_mb:.0f} MB", f"{one.rss_mb:.0f} MB")
        for one in looks
    ]
