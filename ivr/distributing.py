"""Give waiting callers to free operators: at once when something changed, and every second to be sure."""

import asyncio

import structlog

from core.contact import queue_view
from core.contact.distribution import Policy, assign
from core.errors import Refusal
from core.work import Hotline
from ivr.switchboard import Switchboard

log = structlog.get_logger()

TICK_S = 1.0


class Distributor:
    """One for a hotline. `nudge` asks it to look now."""

    def __init__(self, hotline: Hotline, switchboard: Switchboard, *, policy: Policy) -> None:
        self._hotline = hotline
        self._switchboard = switchboard
        self._policy = policy
        self._wake = asyncio.Event()
        switchboard.woken = self.nudge

    def nudge(self) -> None:
        self._wake.set()

    async def run(self) -> None:
        """For ever."""
        while True:
            try:
                await self.round()
            except Exception:  # a border: whoever waits must not wait for the next restart
                log.exception("distributing calls failed")
            try:
                async with asyncio.timeout(TICK_S):
                    await self._wake.wait()
            except TimeoutError:
                pass
            self._wake.clear()

    async def round(self) -> int:
        """Offer what can be offered now; returns how many phones ring for it."""
        async with self._hotline.read() as db:
            now = await queue_view.standing(db)
        if not now.waiting or not now.free:
            return 0
        chosen = assign(
            now.waiting, now.free, self._hotline.clock.now(), skilled=now.skilled, policy=self._policy
        )
        rung = await asyncio.gather(*(self._switchboard.offer(one) for one in chosen), return_exceptions=True)
        for failed in rung:
            if isinstance(failed, Exception) and not isinstance(failed, Refusal):
                log.error("an operator could not be rung", exc_info=failed)
        return sum(one is True for one in rung)
