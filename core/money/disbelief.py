"""Notices that are not believed: into the journal and the audit, a flood of them as one line."""

from datetime import datetime, timedelta

import structlog

from core.events import NoticeRefused
from core.staff import audit
from core.values import system
from core.work import Hotline, Work

log = structlog.get_logger()

CASHIER = system("cashier")
# Anybody may post to the address for notices, and the audit's writers wait for one another.
ONE_LINE = timedelta(seconds=10)


class Disbelief:
    """Remembers what it has not told yet."""

    def __init__(self, hotline: Hotline) -> None:
        self._hotline = hotline
        self._told_at: dict[tuple[str, str], datetime] = {}
        self._untold: dict[tuple[str, str], int] = {}

    async def tell(self, provider: str, why: str, appointment_id: int | None = None) -> None:
        """why: a short code (core.events.NoticeRefused), never what the notice said."""
        now, key = self._hotline.clock.now(), (provider, why)
        self._untold[key] = self._untold.get(key, 0) + 1
        log.warning("notice not believed", provider=provider, why=why)
        if timedelta() <= now - self._told_at.get(key, now - ONE_LINE) < ONE_LINE:  # a clock may be set back
            return
        times, self._told_at[key] = self._untold.pop(key), now

        async def act(work: Work) -> None:
            work.record(NoticeRefused(provider=provider, why=why, times=times, appointment_id=appointment_id))
            await audit.note(work, "notice-refused", what=f"{provider}: {why}", subject_id=appointment_id)

        await self._hotline.run(act, CASHIER)
