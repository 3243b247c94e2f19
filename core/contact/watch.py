"""The watchman of the queue: a caller beside a free operator who could serve is a fault of ours (L15)."""

import asyncio

import structlog

from core.contact import queue_view
from core.contact.distribution import Offer, Policy, neglected
from core.events import QueueAlarm
from core.values import Actor, system
from core.work import Hotline

log = structlog.get_logger()

WATCHMAN = system("watch")


class Watch:
    """Looks once a second; each caller is told of once, and again only after they were served or alone."""

    def __init__(self, hotline: Hotline, *, by: Actor = WATCHMAN, policy: Policy | None = None) -> None:
        self._hotline, self._by, self._policy = hotline, by, policy
        self._told: frozenset[int] = frozenset()

    async def run(self, *, every_s: float = 1.0) -> None:
        """Look again and again, until cancelled; a database that is away is waited for."""
        while True:
            try:
                await self.look()
            except Exception:  # a border: the next look tells the same
                log.exception("the queue cannot be watched")
            await asyncio.sleep(every_s)

    async def look(self) -> list[Offer]:
        """Pairs of callers who are new since the last look; each leaves a QueueAlarm in the journal."""
        async with self._hotline.read() as db:
            now = await queue_view.standing(db)
        seen = neglected(
            now.waiting, now.free, self._hotline.clock.now(), skilled=now.skilled, policy=self._policy
        )
        fresh = [pair for pair in seen if pair.interaction_id not in self._told]
        if fresh:
            async with self._hotline.work(self._by) as work:
                for pair in fresh:
                    work.record(QueueAlarm(interaction_id=pair.interaction_id, staff_id=pair.staff_id))
        self._told = frozenset(pair.interaction_id for pair in seen)
        return fresh
