"""The ground every verb stands on: data folder, database, engine, journal bell, the demo province."""

import asyncio
import fcntl
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass

import structlog

from core.booking.group.store import GroupStore, group_store
from core.chance import SystemChance, SystemClock
from core.database import open_database
from core.links import cashiers
from core.migrations import upgrade
from core.observing import Metrics
from core.sealing import AesSealer
from core.settings import Settings
from core.wake import Neighbours, Wake
from core.work import Hotline
from hotline import aftermath, demo
from hotline.booking_writer import into
from sms import inbound, outbound

log = structlog.get_logger()


class AlreadyRunning(ValueError):
    """Another process serves this data folder."""


@dataclass(frozen=True)
class Foundation:
    """neighbours: the other processes on our PostgreSQL; None on SQLite."""

    settings: Settings
    hotline: Hotline
    store: GroupStore
    wake: Wake
    neighbours: Neighbours | None
    metrics: Metrics


@asynccontextmanager
async def foundation(settings: Settings) -> AsyncIterator[Foundation]:
    """Open the database at the newest schema, with the demo province in it where it is wanted.

    Raises ValueError, with what to do, for settings that cannot work.
    """
    settings.data.mkdir(parents=True, exist_ok=True)
    database = open_database(settings.url)
    try:
        await upgrade(database)
        wake = Wake()
        neighbours = None if database.sqlite else Neighbours(database, wake)
        hotline = Hotline(
            database,
            SystemClock(),
            SystemChance(),
            AesSealer(settings.master()),
            demo=settings.demo,
            routes=aftermath.merged(outbound.ROUTES, inbound.ROUTES, cashiers.ROUTES, aftermath.ROUTES),
            chosen=aftermath.CHOSEN,
            committed=neighbours.committed if neighbours else wake.ring,
        )
        if settings.demo:
            await seeded(hotline, settings.demo_size)
        metrics = Metrics()
        async with group_store(hotline, measure=into(metrics)) as store:
            yield Foundation(settings, hotline, store, wake, neighbours, metrics)
    finally:
        await database.close()


async def seeded(hotline: Hotline, size: str) -> None:
    """Write the fictional province into an empty database; bring one of days ago up to date."""
    if await demo.is_empty(hotline):
        print("writing the demo province, once: this takes a little while", file=sys.stderr, flush=True)
        began = asyncio.get_running_loop().time()
        await demo.seed(hotline, size)
        log.info("demo province written", took_s=round(asyncio.get_running_loop().time() - began, 1))
    else:
        await demo.renew(hotline)


@contextmanager
def alone(settings: Settings) -> Iterator[None]:
    """Serve this data folder alone: two switches in one folder would end each other.

    Raises AlreadyRunning. The lock goes with the process, however it ends.
    """
    settings.data.mkdir(parents=True, exist_ok=True)
    handle = os.open(settings.data / "serving.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(f"another hotline serves {settings.data}; end it, or set --data") from None
        yield
    finally:
        with suppress(OSError):
            os.close(handle)
