"""Commands that memory would refuse, but that bring a key: what was done before is answered as then."""

import asyncio

from sqlalchemy import select

from core.booking.group.line import Asking, Line
from core.booking.tables import CommandKey
from core.errors import Busy
from core.work import Hotline

AT_ONCE = 256
MOST = 20_000


class Known:
    """Looks many keys up in one question, without the writer."""

    def __init__(self, hotline: Hotline, line: Line) -> None:
        self._hotline, self._line = hotline, line
        self._waiting: list[Asking] = []
        self._task: asyncio.Task[None] | None = None

    def put(self, asking: Asking) -> None:
        """Raises Busy."""
        if len(self._waiting) >= MOST:
            raise Busy
        self._waiting.append(asking)
        if self._task is None:
            self._task = asyncio.create_task(self._look())

    async def _look(self) -> None:
        try:
            while self._waiting:
                taken, self._waiting = self._waiting[:AT_ONCE], self._waiting[AT_ONCE:]
                try:
                    await self._answer(taken)
                except Exception as error:
                    for asking in taken:
                        asking.settle(error)
        finally:
            self._task = None

    async def _answer(self, taken: list[Asking]) -> None:
        keys = [asking.command.key for asking in taken]
        async with self._hotline.read() as db:
            done = set((await db.execute(select(CommandKey.key).where(CommandKey.key.in_(keys)))).scalars())
        for asking in taken:
            if asking.command.key in done:
                asking.refused = None
                try:
                    self._line.put(asking)
                except Busy as busy:
                    asking.settle(busy)
            elif asking.refused is not None:
                asking.settle(asking.refused)

    async def close(self) -> None:
        for asking in self._waiting:
            asking.settle(Busy())
        self._waiting = []
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)
