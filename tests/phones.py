"""Real SIP telephones for the tests: each a process, driven over its pipes."""

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests import ports

PROGRAM = Path(__file__).parent / "phone_process.py"
_RTP = ports.media()
WITHIN_S = 30.0
FINGER_S = 0.22


class Phone:
    """One telephone. Everything it has told is in `told`, newest last."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.told: list[dict[str, Any]] = []
        self._news = asyncio.Condition()
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self._process.stdout
        async for line in self._process.stdout:
            if line.startswith(b"{"):
                async with self._news:
                    self.told.append(json.loads(line))
                    self._news.notify_all()
        async with self._news:
            self.told.append({"event": "ended", "code": -1})
            self._news.notify_all()

    async def until(self, *events: str, within_s: float = WITHIN_S) -> dict[str, Any]:
        """Return the first of these that has happened, or happens now. Raises TimeoutError."""
        async with asyncio.timeout(within_s), self._news:
            while True:
                for one in self.told:
                    if one["event"] in events:
                        return one
                await self._news.wait()

    async def do(self, what: str, **more: object) -> None:
        assert self._process.stdin
        with contextlib.suppress(ConnectionError):
            self._process.stdin.write(json.dumps({"do": what, **more}).encode() + b"\n")
            await self._process.stdin.drain()

    async def call(
        self, number: str, wav: Path | None = None, headers: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """Dial, and return when it is answered or refused. headers: more ones for the INVITE."""
        await self.do("call", number=number, wav=str(wav or ""), headers=dict(headers or {}))
        return await self.until("answered", "ended", "error")

    async def press(self, keys: str, how: str = "rfc4733") -> None:
        """One key after the other, as quickly as a finger: sent at once, two of a kind may run together."""
        for place, key in enumerate(keys):
            if place:
                await asyncio.sleep(FINGER_S)
            await self.do("press", keys=key, how=how)

    async def answer(self, wav: Path | None = None) -> None:
        await self.until("ringing")
        self.told.clear()
        await self.do("answer", wav=str(wav or ""))
        await self.until("answered")

    async def play(self, wav: Path) -> None:
        """Speak what is in this file, over and over."""
        await self.do("play", wav=str(wav))

    async def refuse(self) -> None:
        """Say that it is busy, as soon as it rings."""
        await self.until("ringing")
        self.told.clear()
        await self.do("refuse")

    async def hang_up(self) -> None:
        await self.do("hang-up")

    def die(self) -> None:
        """Lose its power: no good-bye, and no more sound."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def close(self) -> None:
        await self.do("end")
        try:
            async with asyncio.timeout(5):
                await self._process.wait()
        except TimeoutError:
            self.die()
            await self._process.wait()
        await self._reader


@asynccontextmanager
async def phone(
    sip_port: int, number: str, password: str | None = None, *, own_port: int = 0
) -> AsyncIterator[Phone]:
    """A telephone that calls from `number`; with a password it registers as that name.

    own_port: where it listens, so that it can be called without registering; 0 takes a free one.
    """
    words = [str(sip_port), str(next(_RTP)), number, str(own_port)]
    if password is not None:
        words.append(password)
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(PROGRAM), *words,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    made = Phone(process)
    try:
        await made.until("up")
        yield made
    finally:
        await made.close()
