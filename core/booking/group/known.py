"""Commands that memory would refuse, but that bring a key: what was done before is answered as then."""

import asyncio
import json

from sqlalchemy import text

from core.booking.group.line import Asking, Line
from core.errors import Busy
from core.work import Hotline

# One text however many keys: a list of hundreds written out takes longer than its answer.
DONE = text("select key from command_key where key = any(:keys)")
DONE_ON_SQLITE = text("select key from command_key where key in (select value from json_each(:keys))")
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
        keys: list[str] | str = [asking.command.key or "" for asking in taken]
        question = DONE
        if self._hotline.database.sqlite:
            question, keys = DONE_ON_SQLITE, json.dumps(keys)
        async with self._hotline.read() as db:
            done = set((await db.execute(question, {"keys": keys})).scalars())
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
