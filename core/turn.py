"""Whose turn it is to write: in the order in which they came, but first those whom somebody waits for."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

# So many in a row go before those who came earlier; then one of these has its turn.
FIRST_IN_A_ROW = 4


class Turn:
    """A lock with two lines in front of it. urgent: a person waits for it, on the telephone or at a page."""

    def __init__(self) -> None:
        self._taken = False
        self._urgent: deque[asyncio.Future[None]] = deque()
        self._others: deque[asyncio.Future[None]] = deque()
        self._in_a_row = 0

    @asynccontextmanager
    async def held(self, *, urgent: bool = False) -> AsyncIterator[None]:
        """Nobody else has it meanwhile."""
        await self._take(self._urgent if urgent else self._others)
        try:
            yield
        finally:
            self._pass_on()

    async def _take(self, line: deque[asyncio.Future[None]]) -> None:
        if not self._taken:
            self._taken = True
            return
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        line.append(mine)
        try:
            await mine
        except BaseException:
            if mine.done() and not mine.cancelled():  # it became ours in the moment in which we left
                self._pass_on()
            elif mine in line:
                line.remove(mine)
            raise

    def _pass_on(self) -> None:
        while line := self._next():
            other = line.popleft()
            if not other.done():
                other.set_result(None)
                return
        self._taken = False

    def _next(self) -> deque[asyncio.Future[None]]:
        """The line whose first one is next; empty when nobody waits."""
        if self._urgent and (self._in_a_row < FIRST_IN_A_ROW or not self._others):
            self._in_a_row += 1
            return self._urgent
        self._in_a_row = 0
        return self._others
