"""The switch's scripts on loopback: a dialogue for each, and a way on for whoever met an error of ours.

One of panoramisk's doors.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import structlog
from panoramisk import fast_agi

from ivr.agi_call import AgiCall, Answered, Sounds
from ivr.agi_request import AgiError, Request
from ivr.call import HungUp

log = structlog.get_logger()

Route = Callable[[AgiCall], Awaitable[None]]
HEADERS_S = 5.0


class AgiServer(fast_agi.Application):  # type: ignore[misc]  # the library has no types
    """Takes the switch's scripts on loopback: one coroutine of `routes` for each call.

    sounds: a prompt to the paths of its sound files, without extension. messages: the folder of
    recordings. languages: of the numbers that do not speak Mandarin. answered: told the seconds from a key to
    the sound that follows it, all that was decided and written between them included. A caller never pays for
    an exception of ours: it is logged, and the call goes to the queue.
    """

    def __init__(
        self,
        host: str,
        port: int,
        routes: Mapping[str, Route],
        *,
        sounds: Sounds,
        messages: Path,
        languages: Mapping[str, str] | None = None,
        answered: Answered = lambda _seconds: None,
    ) -> None:
        super().__init__(loop=asyncio.get_running_loop())
        self._route.update(routes)  # the library's add_route wants a decorator that is gone
        self._where = (host, port)
        self._sounds = sounds
        self._messages = messages
        self._languages = languages or {}
        self._answered = answered
        self._server: asyncio.Server | None = None
        self._calls: set[asyncio.Task[Any]] = set()

    @property
    def port(self) -> int:
        assert self._server
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def calls(self) -> int:
        """How many scripts run now."""
        return len(self._calls)

    async def start(self) -> None:
        self._server = await asyncio.start_server(self.handler, *self._where)

    async def stop(self) -> None:
        """Take no more calls and end the running dialogues; the dialplan takes their callers over."""
        if self._server:
            self._server.close()
        for task in self._calls:
            task.cancel()
        await asyncio.gather(*self._calls, return_exceptions=True)

    async def handler(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of the switch, or of whoever else knocks."""
        task = asyncio.current_task()
        assert task
        self._calls.add(task)
        try:
            async with asyncio.timeout(HEADERS_S):
                raw = await reader.readuntil(b"\n\n")
            headers = dict(
                line.split(": ", 1) for line in raw.decode("utf-8", "replace").split("\n") if ": " in line
            )
            request = Request(self, headers, reader, writer)
            try:
                await self._serve(headers, request)
            finally:
                request.done()
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError, ConnectionError):
            log.info("a connection that is no script was closed")
        finally:
            self._calls.discard(task)
            if writer.transport.get_write_buffer_size():  # closed politely, a peer that reads nothing stays
                writer.transport.abort()
            else:
                writer.close()

    async def _serve(self, headers: Mapping[str, str], request: Request) -> None:
        path = headers.get("agi_network_script", "").partition("?")[0]
        route = self._route.get(path)
        if route is None:
            log.error("the dialplan asks for a script that does not exist", route=path[:40])
            return
        call = AgiCall(request, headers, self._sounds, self._messages, self._answered)
        call.language = self._languages.get(call.dnis, call.language)
        try:
            await route(call)
            await call.finish()
        except HungUp:
            pass
        except Exception:  # a border: what failed is ours, the call is the caller's
            log.exception("a dialogue failed; its caller goes to the queue", route=path, call_id=call.id)
            with contextlib.suppress(HungUp, AgiError):
                await call.transfer("queue")
