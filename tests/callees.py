"""A crowd of real SIP telephones that are called: one process, one script for each call of each number."""

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests import ports

ROOT = Path(__file__).parent.parent
WITHIN_S = 60.0
_RTP = ports.media()


@dataclass
class Callees:
    """told: all that happened, by 'event' and 'number' (see tests/callees_process.py)."""

    told: list[dict[str, Any]] = field(default_factory=list)
    news: asyncio.Condition = field(default_factory=asyncio.Condition)

    def count(self, event: str, number: str | None = None) -> int:
        return len(
            [one for one in self.told if one["event"] == event and number in (None, one.get("number"))]
        )

    async def until(self, wanted: Callable[["Callees"], bool], within_s: float = WITHIN_S) -> None:
        """Raises TimeoutError with what has happened."""
        try:
            async with asyncio.timeout(within_s), self.news:
                await self.news.wait_for(lambda: wanted(self))
        except TimeoutError:
            raise TimeoutError(str(self.told[-30:])) from None


@asynccontextmanager
async def callees(
    sip_port: int, own_port: int, scripts: Mapping[str, Sequence[str]]
) -> AsyncIterator[Callees]:
    """Telephones behind `own_port`. scripts: of each number, what it does in one call after the other."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.callees_process", str(sip_port), str(next(_RTP)), str(own_port),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        cwd=ROOT,
    )  # fmt: skip
    assert process.stdin
    assert process.stdout
    made = Callees()

    async def read(stream: asyncio.StreamReader) -> None:
        async for line in stream:
            if line.startswith(b"{"):
                async with made.news:
                    made.told.append(json.loads(line))
                    made.news.notify_all()

    reader = asyncio.create_task(read(process.stdout))
    process.stdin.write(json.dumps({number: list(some) for number, some in scripts.items()}).encode() + b"\n")
    try:
        await made.until(lambda crowd: crowd.count("up") == 1)
        yield made
    finally:
        process.stdin.close()
        try:
            async with asyncio.timeout(5):
                await process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        await reader
