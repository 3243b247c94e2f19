"""Kill a PostgreSQL of a test's own, and let it come back."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.postgres import Cluster


async def killed(own: Cluster) -> None:
    """Its immediate stop: connections are cut, and nothing is tidied up."""
    await asyncio.to_thread(own.stop, signal.SIGQUIT)


async def back(own: Cluster) -> None:
    await asyncio.to_thread(own.start)


@asynccontextmanager
async def down(own: Cluster) -> AsyncIterator[None]:
    """No server for as long as the block lasts."""
    await killed(own)
    try:
        yield
    finally:
        await back(own)
