"""What the departments that people wait for still have: asked once for all who wait, not once for each."""

import asyncio
from datetime import datetime, timedelta

from core.errors import StorageAway
from core.schedule.outlook import Outlook, outlook
from core.values import Channel
from core.work import Hotline

# Whoever waits hears within ten seconds that the last slot is gone.
FRESH = timedelta(seconds=3)


class Outlooks:
    """One for a hotline."""

    def __init__(self, hotline: Hotline) -> None:
        self._hotline = hotline
        self._seen: dict[int, tuple[datetime, Outlook | None]] = {}
        self._looking: dict[int, asyncio.Lock] = {}

    async def of(self, department_id: int | None) -> Outlook | None:
        """As it was three seconds ago at the most, or as it was last while the storage is away; None: nobody
        knows what is wanted, or what there is."""
        if department_id is None:
            return None
        async with self._looking.setdefault(department_id, asyncio.Lock()):
            now = self._hotline.clock.now()
            at, seen = self._seen.get(department_id, (None, None))
            if at is not None and abs(now - at) < FRESH:  # a clock may be set back
                return seen
            try:
                async with self._hotline.read() as db:
                    found = await outlook(db, department_id, channel=Channel.PHONE, now=now)
            except StorageAway:
                return seen
            self._seen[department_id] = (now, found)
            return found
