"""Work of different calls side by side; that of one call in the order in which it came."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

import structlog

log = structlog.get_logger()

Act = Callable[[], Awaitable[None]]


class Lanes:
    """A lane for each key, there only while it has something to do. What fails stops none of the next."""

    def __init__(self) -> None:
        self._due: dict[str, deque[Act]] = {}
        self._running: set[asyncio.Task[None]] = set()

    def put(self, key: str, act: Act) -> None:
        """Do this after all that was put under the same key before."""
        due = self._due.get(key)
        if due is not None:
            due.append(act)
            return
        self._due[key] = deque((act,))
        task = asyncio.create_task(self._run(key), name="a lane")
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    def busy(self, key: str) -> bool:
        """Whether something of this key is still to be done."""
        return key in self._due

    async def idle(self) -> None:
        """Return when all that has been put is done."""
        while self._running:
            await asyncio.gather(*self._running, return_exceptions=True)

    async def stop(self) -> None:
        """Give up what is left."""
        for task in list(self._running):
            task.cancel()
        await self.idle()

    async def _run(self, key: str) -> None:
        due = self._due[key]
        try:
            while due:
                try:
                    await due.popleft()()
                except Exception:  # a border: the next of this call is another matter
                    log.exception("work on a call failed")
        finally:
            del self._due[key]
