"""PostgreSQL dies and comes back in the middle of the rush: refused with a clear word, nothing lost or doubled."""

import asyncio

import pytest
from sqlalchemy import text

from core.booking.commands import Hold
from core.errors import StorageAway
from core.events import SessionResumed
from core.feed import Feed
from core.outbox import Backoff, Outbox, Parcel, Route
from core.timers import Job, Timers
from core.wake import Neighbours, Wake
from core.work import Hotline, Work
from tests.builders import CALLER, SEED
from tests.clocks import FrozenClock
from tests.faults.storage_rush import STORES, enough, rush
from tests.faults.storage_server import down
from tests.postgres import Cluster
from tests.waiting import until


@pytest.fixture
def database_url(own_url: str) -> str:
    """Every other fixture stands on this one."""
    return own_url


@pytest.mark.parametrize("store", STORES)
async def test_in_the_middle_of_the_rush_nothing_is_lost_and_nothing_doubled(
    hotline: Hotline, own: Cluster, store: str
) -> None:
    async with rush(hotline, STORES[store]) as them:
        running = asyncio.create_task(them.run())
        try:
            for _ in range(2):
                await until(enough(them), within_s=60)
                refused_before = them.away
                async with down(own):
                    await until(lambda before=refused_before: them.away > before, within_s=60)  # type: ignore[misc]
                await until(enough(them), within_s=60)  # by itself
        finally:
            them.over = True
            await running
        await them.audited()


@pytest.mark.parametrize("store", STORES)
async def test_while_it_is_away_everybody_is_told_so_and_the_same_command_works_afterwards(
    hotline: Hotline, own: Cluster, store: str
) -> None:
    async with rush(hotline, STORES[store], people=1) as them:
        hold = Hold(session_id=them.sessions[0], owner="call:1", key="once")
        held = await them.store.submit(hold, CALLER)
        other = Hold(session_id=them.sessions[1], owner="call:2", key="again")
        async with down(own):
            for command in (hold, other):
                with pytest.raises(StorageAway):
                    await them.store.submit(command, CALLER)
            with pytest.raises(StorageAway):
                async with hotline.read() as db:
                    await db.execute(text("select 1"))
            with pytest.raises(StorageAway):
                async with hotline.work(CALLER) as work:
                    work.record(SessionResumed(session_id=1))
        assert await them.store.submit(hold, CALLER) == held
        assert (await them.store.submit(other, CALLER)).session_id == them.sessions[1]


# --- what runs by itself ------------------------------------------------------------------------------


class Carrier:
    """Brings everything outside."""

    def __init__(self) -> None:
        self.brought: set[str] = set()

    async def carry(self, parcel: Parcel) -> None:
        self.brought.add(parcel.key)


async def said(hotline: Hotline) -> None:
    async with hotline.work(SEED) as work:
        work.record(SessionResumed(session_id=1))


async def test_what_runs_by_itself_goes_on_by_itself(
    hotline: Hotline, own: Cluster, clock: FrozenClock
) -> None:
    wake, carrier, runs = Wake(), Carrier(), 0

    async def job(work: Work) -> int:
        nonlocal runs
        await work.db.execute(text("select 1"))
        runs += 1
        return 0

    neighbours = Neighbours(hotline.database, wake, every_s=0.02, look_s=0.1)
    hotline.committed, hotline.routes = neighbours.committed, {SessionResumed.kind: ("out",)}
    feed = Feed(hotline, wake, poll_s=0.1)
    timers = Timers(hotline, [Job("job", 0.05, job)])
    outbox = Outbox(hotline, {"out": Route(carrier)}, wake, backoff=Backoff(0.1, 0.2), poll_s=0.1)
    parts = [asyncio.create_task(part.run()) for part in (neighbours, feed, outbox, timers)]
    try:
        await asyncio.wait_for(neighbours.listening.wait(), 20)
        async with feed.subscribe() as heard:
            await said(hotline)
            await asyncio.wait_for(anext(heard), 20)
            async with down(own):
                await until(lambda: not neighbours.listening.is_set())
                await until(lambda: bool(feed.last_error and outbox.last_error))
                await until(lambda: timers.health["job"].failures > 0)
            before = runs
            await asyncio.wait_for(neighbours.listening.wait(), 20)
            await said(hotline)
            await asyncio.wait_for(anext(heard), 20)
            await until(lambda: runs > before and timers.health["job"].last_error is None)
            async with asyncio.timeout(20):
                while len(carrier.brought) < 2:
                    clock.advance(seconds=10)  # a lease that was taken before runs out
                    await asyncio.sleep(0.05)
        assert not any(part.done() for part in parts)
    finally:
        for part in parts:
            part.cancel()
        await asyncio.gather(*parts, return_exceptions=True)
