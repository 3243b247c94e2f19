"""Wake-ups: none is missed in one process, and commits of one process are heard in another."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import text

from core.database import Database, open_database
from core.events import SessionResumed
from core.sealing import AesSealer
from core.values import system
from core.wake import Neighbours, Wake
from core.work import Hotline
from tests.clocks import FrozenClock, SeededChance

ME = system("test")


async def test_a_ring_between_looking_and_waiting_is_not_missed() -> None:
    wake = Wake()
    seen = wake.rings
    wake.ring()
    await asyncio.wait_for(wake.after(seen, within_s=3600), 10)


async def test_everybody_who_waits_is_woken() -> None:
    wake = Wake()
    waiting = [asyncio.create_task(wake.after(wake.rings, within_s=3600)) for _ in range(5)]
    await asyncio.sleep(0)
    wake.ring()
    await asyncio.wait_for(asyncio.gather(*waiting), 10)


async def test_without_a_ring_the_wait_ends_by_itself() -> None:
    wake = Wake()
    await wake.after(wake.rings, within_s=0.01)


@asynccontextmanager
async def process(url: str) -> AsyncIterator[tuple[Hotline, Wake, Neighbours]]:
    """What one process of an installation has: its own pool, bell and listening connection."""
    database, wake = open_database(url, pool=2), Wake()
    hotline = Hotline(
        database,
        FrozenClock.at("2026-11-23 10:00"),
        SeededChance(1),
        AesSealer(b"0" * 32),
    )
    neighbours = Neighbours(database, wake, every_s=0.02, look_s=3600)
    hotline.committed = neighbours.committed
    running = asyncio.create_task(neighbours.run())
    try:
        await asyncio.wait_for(neighbours.listening.wait(), 20)
        yield hotline, wake, neighbours
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await database.close()


async def test_a_commit_in_one_process_wakes_the_others_and_comes_not_back(database_url: str) -> None:
    if database_url.startswith("sqlite"):
        database = open_database(database_url)
        with pytest.raises(ValueError, match="SQLite"):
            Neighbours(database, Wake())
        await database.close()
        return
    async with process(database_url) as (writer, rung, _), process(database_url) as (_, heard, _):
        first = rung.rings
        for number in range(5):
            before = heard.rings
            async with writer.work(ME) as work:
                work.record(SessionResumed(session_id=number))
            await asyncio.wait_for(heard.after(before, within_s=3600), 20)
            assert heard.rings > before
        assert rung.rings == first + 5


async def test_a_lost_connection_is_made_again_and_rings_for_what_was_missed(
    database_url: str, database: Database
) -> None:
    if database.sqlite:
        pytest.skip("SQLite has no connection to lose")
    async with process(database_url) as (_, wake, neighbours):
        before = wake.rings
        neighbours.listening.clear()
        async with database.write() as db:
            await db.execute(
                text(
                    "select pg_terminate_backend(pid) from pg_stat_activity where query ilike '%listen%'"
                    " and datname = current_database() and pid <> pg_backend_pid()"
                )
            )
        await asyncio.wait_for(neighbours.listening.wait(), 20)
        assert wake.rings > before
