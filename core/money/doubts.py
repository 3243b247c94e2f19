"""Ask cashiers how things ended that nobody has told, send again what is due, and reconcile the days."""

import asyncio
from collections.abc import Awaitable
from datetime import timedelta
from functools import partial

import structlog

from core.money import attempts, refunds
from core.money.attempts import Attempt
from core.money.reconcile import Reconciler
from core.money.refunding import Refunding
from core.money.till import Till
from core.ports import OutsideError
from core.values import system
from core.work import Hotline

log = structlog.get_logger()

BY = system("doubts")
LEASE = timedelta(minutes=2)
AT_ONCE = 8
# Cashiers end their own waiting well before; whatever hangs all the same is left, and holds up nobody.
WITHIN_S = 60.0


class Doubts:
    """What is due stands in the database; several processes may look at once, each takes its own.

    A cashier is never asked within a transaction: it may take its time.
    """

    def __init__(
        self,
        hotline: Hotline,
        till: Till,
        refunding: Refunding,
        reconciler: Reconciler,
        *,
        every_s: float = 10.0,
    ) -> None:
        self._hotline = hotline
        self._till = till
        self._refunding = refunding
        self._reconciler = reconciler
        self._every_s = every_s
        self.last_error: str | None = None
        self.unreached = False  # in the last batch that asked anything, a cashier did not answer

    async def run(self) -> None:
        """Look now and then until cancelled."""
        while True:
            try:
                while await self.look_due():
                    pass
                await self._reconciler.reconcile_due()
                self.last_error = None
            except Exception as error:  # a border: the database may be away for a while
                self.last_error = type(error).__name__
                log.exception("cannot look at doubts")
            await asyncio.sleep(self._every_s)

    async def look_due(self) -> int:
        """One bounded batch of what is due; returns how much of it there was."""
        tries = await self._hotline.run(partial(attempts.take_due, lease=LEASE, limit=AT_ONCE), BY)
        backs = await self._hotline.run(partial(refunds.take_due, lease=LEASE, limit=AT_ONCE), BY)
        asked: list[Awaitable[object]] = [self._look(attempt) for attempt in tries]
        sent: list[Awaitable[object]] = [self._refunding.send(refund_id) for refund_id in backs]
        ended = await asyncio.gather(*map(_bounded, (*asked, *sent)), return_exceptions=True)
        for result in ended:
            if isinstance(result, OutsideError | TimeoutError):
                log.warning("cashier not reached", why=type(result.__cause__ or result).__name__)
            elif isinstance(result, BaseException):  # a border: the lease runs out, and it is looked at again
                log.error("doubt not cleared", exc_info=result)
        if ended:
            self.unreached = any(isinstance(result, OutsideError | TimeoutError) for result in ended)
        return len(ended)

    async def _look(self, attempt: Attempt) -> None:
        try:
            await self._till.look(attempt)
        except OutsideError:
            await self._till.look_later(attempt)
            raise


async def _bounded(act: Awaitable[object]) -> object:
    async with asyncio.timeout(WITHIN_S):
        return await act
