"""What was answered to whom: a command that a page sends again is not done again."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

Said = Mapping[str, Any]

# Answers kept for each page; it asks again at once when it comes back, or never.
KEPT = 32


class Answers:
    """The acts of each operator's newest page, by the number of the command."""

    def __init__(self) -> None:
        self._kept: dict[int, tuple[str, OrderedDict[int, asyncio.Task[Said]]]] = {}
        self._running: set[asyncio.Task[Said]] = set()

    def once(
        self, staff_id: int, page: str, number: int | None, do: Callable[[], Awaitable[Said]]
    ) -> asyncio.Task[Said]:
        """Begin to do it, or what came of it when it was begun before. number None: it may be done again.

        It goes on when the page is gone: who finishes a booking does not care who listens.
        """
        known_page, kept = self._kept.get(staff_id, ("", OrderedDict()))
        if known_page != page:
            kept = OrderedDict()
            self._kept[staff_id] = (page, kept)
        if number is not None and number in kept:
            return kept[number]
        task = asyncio.ensure_future(_awaited(do))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        if number is not None:
            kept[number] = task
            while len(kept) > KEPT:
                kept.popitem(last=False)
        return task

    async def settle(self, within_s: float = 3.0) -> None:
        """At shutdown: let what was begun come to its end."""
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=within_s)
            for task in late:
                task.cancel()


async def _awaited(do: Callable[[], Awaitable[Said]]) -> Said:
    return await do()
