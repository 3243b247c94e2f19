"""One look at each line a second for everybody who asks: thousands read their place from memory."""

import asyncio
from datetime import datetime, timedelta

from core.release.look import Look, look
from core.work import Hotline

# How old what people are told may be. Whoever acts is answered by the database, never by this.
FRESH = timedelta(seconds=1)
# A look that took long is kept so many times longer: in a crowd there is other work than looking.
REST = 4
# Lines that are remembered.
KEPT = 500


class Board:
    """Looks at lines for one process; a line nobody asks for is not looked at."""

    def __init__(self, hotline: Hotline, *, fresh: timedelta = FRESH) -> None:
        self._hotline = hotline
        self._fresh = fresh
        self._looks: dict[int, tuple[Look, datetime]] = {}
        self._asking: dict[int, asyncio.Task[Look]] = {}

    async def look(self, session_id: int) -> Look:
        """The line as it was a moment ago. Raises NotFound."""
        known = self._looks.get(session_id)
        if known is not None and known[0].at <= self._hotline.clock.now() < known[1]:
            return known[0]
        asking = self._asking.get(session_id)
        if asking is None:
            asking = self._asking[session_id] = asyncio.create_task(
                self._ask(session_id), name=f"line {session_id}"
            )
        # One of those who wait for the same answer may go away; the others still want it.
        return await asyncio.shield(asking)

    def forget(self, session_id: int) -> None:
        """Something was done here: whoever did it wants to see it."""
        self._looks.pop(session_id, None)
        self._asking.pop(session_id, None)  # it may have looked before

    async def _ask(self, session_id: int) -> Look:
        now = self._hotline.clock.now()
        try:
            async with self._hotline.read() as db:
                found = await look(db, self._hotline.sealer, session_id, now=now)
        finally:
            latest = self._asking.get(session_id) is asyncio.current_task()
            if latest:
                del self._asking[session_id]
        if latest:
            self._looks.pop(session_id, None)
            while len(self._looks) >= KEPT:
                del self._looks[next(iter(self._looks))]
            done = self._hotline.clock.now()
            self._looks[session_id] = found, done + max(self._fresh, REST * (done - now))
        return found
