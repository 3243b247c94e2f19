"""One command of a script, its own answer, in time; every failure of the wire becomes HungUp or a bug.

One of panoramisk's doors.
"""

import asyncio
import re
from dataclasses import dataclass

import structlog
from panoramisk import fast_agi

from ivr.call import HungUp

log = structlog.get_logger()

ANSWER_S = 20.0  # a command that only asks or sets
_REPLY = re.compile(r"200 result=(\S*)(?: \((.*)\))?(?: endpos=(\d+))?")


class AgiError(Exception):
    """The switch did not understand, or cannot play, what we asked: a bug of ours, never the caller's."""


@dataclass(frozen=True)
class Reply:
    """result: a number, a key's code, '-1'. note: what stood in brackets. endpos: samples heard."""

    result: str
    note: str
    endpos: int


class Request(fast_agi.Request):  # type: ignore[misc]  # the library has no types
    """The library's request behind a reader of ours: one command, its own answer, in time."""

    hung = False
    _late = False
    _until_s: float | None = None  # on the loop's clock: the answer that we wait for is due
    _watch: asyncio.TimerHandle | None = None

    async def send_command(self, command: str, within_s: float = ANSWER_S) -> Reply:
        """Send one command and return its answer, also when the caller hung up meanwhile (`hung`).

        Raises HungUp when there is no line any more, AgiError when Asterisk does not understand,
        ValueError for a line break.
        """
        if any(character in command for character in "\r\n\0"):
            raise ValueError("line break in an AGI command")
        try:
            self._due(within_s)
            self.writer.write(f"{command}\n".encode())
            await self.writer.drain()
            return self._read(command, await self._answer())
        except (ConnectionError, asyncio.IncompleteReadError):
            self.hung = True
            if self._late:
                log.warning("the switch does not answer a script", command=_verb(command))
            raise HungUp from None
        finally:
            self._until_s = None

    def _due(self, within_s: float) -> None:
        """Have an answer that is late end the waiting.

        One timer for all commands of a call: it looks again when it fires. One for each took a quarter of
        what a command costs.
        """
        loop = asyncio.get_running_loop()
        self._until_s = loop.time() + within_s
        if self._watch is None or self._watch.when() > self._until_s:
            self.done()
            self._watch = loop.call_later(min(within_s, ANSWER_S), self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        self._watch = None
        if self._until_s is None:
            return
        left_s = self._until_s - loop.time()
        if left_s <= 0:
            self._late = True
            self.writer.transport.abort()
        else:
            self._watch = loop.call_later(min(left_s, ANSWER_S), self._look, loop)

    def done(self) -> None:
        """No command follows."""
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None

    async def _answer(self) -> str:
        while True:
            line = await self._line()
            if line == "HANGUP":  # news, not an answer
                self.hung = True
            elif line.startswith("520-"):
                while not line.startswith("520 "):
                    line = await self._line()
                return line
            elif not line.startswith("100"):
                return line

    async def _line(self) -> str:
        raw: bytes = await self.reader.readuntil(b"\n")
        return raw.decode("utf-8", "replace").rstrip("\r\n")

    def _read(self, command: str, line: str) -> Reply:
        if line.startswith("511"):  # not permitted on a dead channel
            self.hung = True
            return Reply("-1", "", 0)
        found = _REPLY.fullmatch(line)
        if not found:
            raise AgiError(f"{_verb(command)}: {line[:120]}")
        return Reply(found[1], found[2] or "", int(found[3] or 0))


def _verb(command: str) -> str:
    """The command's name without what it carries."""
    return " ".join(word for word in command.split()[:3] if word.isalpha() and word.isupper())
