"""Await a condition instead of sleeping."""

import asyncio
from collections.abc import Callable


async def until(condition: Callable[[], bool], *, within_s: float = 60) -> None:
    """Return when the condition holds. Raises TimeoutError when it never does."""
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110 the condition may be anybody's
            await asyncio.sleep(0.005)
