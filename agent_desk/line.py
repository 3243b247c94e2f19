"""One page's end of a desk socket: a bounded queue out, and a reader that does not wait for ever."""

import asyncio
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, time
from enum import Enum

import structlog
from aiohttp import WSMsgType, web

from agent_desk.house import DeskManners

log = structlog.get_logger()

# A page asks little at once: a form's fields, a search. Larger messages are somebody else's.
MOST_BYTES = 16 * 1024


def written(message: Mapping[str, object]) -> str:
    """A message as it goes over the wire; instants in UTC with Z."""
    return json.dumps(message, ensure_ascii=False, separators=(",", ":"), default=_plain)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, frozenset | set):
        return sorted(value)
    if isinstance(value, tuple):
        return list(value)
    return str(value)


class Line:
    """Say things to a page without ever waiting for it; hear what it says until it is gone."""

    def __init__(self, request: web.Request, ws: web.WebSocketResponse, manners: DeskManners) -> None:
        self._request = request
        self._ws = ws
        self._manners = manners
        self._out: asyncio.Queue[str | None] = asyncio.Queue(manners.behind)
        self.cut_for: str | None = None

    def say(self, text: str) -> None:
        """Queue one message; a page that is too far behind is cut, and comes back for a snapshot."""
        try:
            self._out.put_nowait(text)
        except asyncio.QueueFull:
            self.cut("behind")

    def say_bye(self, why: str) -> None:
        """Tell the page that this was all, and close."""
        self.say(written({"bye": why}))
        with suppress(asyncio.QueueFull):
            self._out.put_nowait(None)

    def cut(self, why: str) -> None:
        """End at once, without waiting for a page that may not be there."""
        if self.cut_for is None:
            self.cut_for = why
            if self._request.transport is not None:
                self._request.transport.abort()

    async def write(self) -> None:
        """Send what is queued; returns when the last word was said, or the page is cut or gone."""
        while True:
            text = await self._out.get()
            if text is None:
                return
            try:
                async with asyncio.timeout(self._manners.stuck_s):
                    await self._ws.send_str(text)
            except TimeoutError:
                self.cut("stuck")
                return
            except ConnectionError:
                return

    async def listen(self, hear: Callable[[str], None]) -> None:
        """Hear each text until the page is gone."""
        while True:
            try:
                message = await self._ws.receive(timeout=self._manners.silent_s)
            except TimeoutError:
                self.cut("silent")
                return
            if message.type is WSMsgType.TEXT:
                hear(message.data)
            else:  # closed, broken, or not text: none of it goes on
                return
