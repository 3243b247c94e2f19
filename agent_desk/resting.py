"""Sleep that ends with the house.

Nothing that looks into the database is ever cancelled in the middle of a look: SQLAlchemy then throws
the connection away, and the thread behind it may outlive the house.
"""

import asyncio


async def rest(ended: asyncio.Event, seconds: float) -> bool:
    """Sleep so long; True, at once, when it ended meanwhile."""
    try:
        async with asyncio.timeout(seconds):
            await ended.wait()
    except TimeoutError:
        return False
    return True
