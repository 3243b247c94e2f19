"""A child process that answers one request a line with one answer a line, and may be killed at any time."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import structlog

from core import precedence

log = structlog.get_logger()


class EngineError(Exception):
    """The voice did not speak: it is missing, it hangs, or too many wait for it."""


class Child:
    """Started when it is first asked; one request at a time; what hangs or dies is started anew, once.

    within_s: for an answer. starting_s: for the first one, which loads everything. most_waiting:
    requests beyond it are refused at once.
    """

    def __init__(
        self, command: tuple[str, ...], *, within_s: float, starting_s: float, most_waiting: int
    ) -> None:
        self._command = command
        self.within_s, self.starting_s, self.most_waiting = within_s, starting_s, most_waiting
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()
        self._waiting = 0

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Hold it for one request and for the files of its answer. Raises EngineError when too many wait."""
        if self._waiting >= self.most_waiting:
            raise EngineError("too many wait for the voice")
        self._waiting += 1
        try:
            async with self._turn:
                yield
        finally:
            self._waiting -= 1

    async def ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """The answer, asked a second time of a fresh process; inside a `turn`. Raises EngineError."""
        line = json.dumps(request)
        for last in (False, True):
            try:
                process, within_s = await self._running()
                return await self._answer(process, line, within_s)
            except asyncio.CancelledError:
                await self.kill()  # its answer would be taken for the next one's
                raise
            except (OSError, EOFError, TimeoutError, ValueError) as error:
                await self.kill()
                log.warning("the voice was started anew", why=type(error).__name__)
                if last:
                    raise EngineError(f"the voice does not answer: {type(error).__name__}") from None
        raise AssertionError  # the second failure has been raised

    async def _running(self) -> tuple[asyncio.subprocess.Process, float]:
        if self._process is not None and self._process.returncode is None:
            return self._process, self.within_s
        self._process = await asyncio.create_subprocess_exec(
            *precedence.plainly(*self._command),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is ours to handle
        )
        return self._process, self.starting_s

    @staticmethod
    async def _answer(process: asyncio.subprocess.Process, line: str, within_s: float) -> dict[str, Any]:
        assert process.stdin
        assert process.stdout
        async with asyncio.timeout(within_s):
            process.stdin.write(line.encode() + b"\n")
            await process.stdin.drain()
            told = await process.stdout.readline()
        if not told:
            raise EOFError
        answer = json.loads(told)
        if not isinstance(answer, dict):
            raise ValueError("not an answer")
        return answer

    async def kill(self) -> None:
        """End the process; the next request starts another."""
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
