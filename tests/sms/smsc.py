"""The message centre of smsc_process.py, as a test holds it: its process, its orders, what it has told."""

import asyncio
import atexit
import contextlib
import itertools
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PROGRAM = Path(__file__).with_name("smsc_process.py")
SOON_S = 30.0


class Process:
    """One message centre; it ends with us."""

    def __init__(self, port: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(PROGRAM), str(port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert self._process.stdout is not None
        self.port, self.control = map(int, self._process.stdout.readline().split())
        atexit.register(self.kill)

    @property
    def lives(self) -> bool:
        return self._process.poll() is None

    def kill(self) -> None:
        atexit.unregister(self.kill)
        self._process.kill()
        self._process.communicate()


_shared: list[Process] = []


@dataclass
class Smsc:
    """told: all that it has said to us, in order."""

    process: Process
    writer: asyncio.StreamWriter
    told: list[dict[str, Any]] = field(default_factory=list)
    orders: int = 0
    _heard: asyncio.Event = field(default_factory=asyncio.Event)
    _tags: "itertools.count[int]" = field(default_factory=itertools.count)
    _listening: "asyncio.Task[None] | None" = None

    @classmethod
    async def held(cls, process: Process) -> "Smsc":
        reader, writer = await asyncio.open_connection("127.0.0.1", process.control)
        smsc = cls(process, writer)
        smsc._listening = asyncio.create_task(smsc._listen(reader))
        await smsc.says("held")
        return smsc

    @property
    def port(self) -> int:
        return self.process.port

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(ConnectionError):
            while line := await reader.readline():
                self.told.append(json.loads(line))
                self._heard.set()

    async def let_go(self) -> None:
        self.writer.close()
        if self._listening is not None:
            await self._listening

    async def kill(self) -> None:
        """As if its power had gone."""
        self.process.kill()
        await self.let_go()

    def tell(self, what: str, **facts: Any) -> None:
        self.orders += 1
        self.writer.write(json.dumps({"do": what, **facts}).encode() + b"\n")

    async def order(self, what: str, **facts: Any) -> dict[str, Any]:
        """Tell, and wait until it is done: then all is told that happened before."""
        self.tell(what, **facts)
        return (await self.says("done", self.orders))[-1]

    async def plan(self, *steps: str) -> None:
        """What becomes of the next parts, one after the other."""
        await self.order("plan", steps=steps)

    async def submitted(self) -> list[dict[str, Any]]:
        """All parts that it has been given."""
        await self.order("nothing")
        return self.of("submitted")

    def of(self, happened: str) -> list[dict[str, Any]]:
        return [one for one in self.told if one["is"] == happened]

    async def says(self, happened: str, count: int = 1) -> list[dict[str, Any]]:
        """Wait until it has said so `count` times; returns all of them. Raises TimeoutError."""
        async with asyncio.timeout(SOON_S):
            while len(self.of(happened)) < count:
                self._heard.clear()
                await self._heard.wait()
        return self.of(happened)

    # --- what it brings --------------------------------------------------------------------------

    def bring(self, sender: str, content: bytes, *, coding: int = 8, **more: Any) -> str:
        """Deliver a message; its answer is told by the tag that is returned."""
        tag = f"d{next(self._tags)}"
        self.tell(
            "deliver", tag=tag, to="12320", hex=content.hex(), coding=coding, **{"from": sender}, **more
        )
        return tag

    def write(self, sender: str, body: str) -> str:
        """A text in one part, as a telephone writes it."""
        return self.bring(sender, body.encode("utf-16-be"))

    def parts(self, sender: str, body: str, reference: int = 7, size: int = 67) -> list[dict[str, Any]]:
        """A long text cut into what `bring` takes, header and all."""
        cut = [body[at : at + size] for at in range(0, len(body), size)]
        return [
            {
                "sender": sender,
                "content": bytes((5, 0, 3, reference, len(cut), number)) + words.encode("utf-16-be"),
                "udhi": True,
            }
            for number, words in enumerate(cut, start=1)
        ]

    def receipt(self, part_id: str, state: str = "DELIVRD", **more: Any) -> str:
        words = (
            f"id:{part_id} sub:001 dlvrd:001 submit date:2611231000 done date:2611231001"
            f" stat:{state} err:000 text:id:99 stat:UNDELIV"
        )
        return self.bring(
            "8613812345678", words.encode(), coding=0, **{"kind": "SMSC_DELIVERY_RECEIPT", **more}
        )

    async def answer(self, tag: str) -> str:
        """The status with which we answered a message."""
        async with asyncio.timeout(SOON_S):
            while not (found := [one for one in self.of("answered") if one["tag"] == tag]):
                self._heard.clear()
                await self._heard.wait()
        return str(found[0]["status"])

    def answered(self, tag: str) -> bool:
        return any(one["tag"] == tag for one in self.of("answered"))

    # --- what it took ----------------------------------------------------------------------------

    async def arrived(self) -> list[str]:
        """The texts on the telephones: whole ones, the words of each; a part that comes twice is one."""
        shown: dict[tuple[Any, ...], dict[int, str]] = {}
        for count, part in enumerate(await self.submitted()):
            if not part["id"]:
                continue
            if "reference" in part:
                long = (part["to"], part["reference"], part["total"])
                shown.setdefault(long, {})[part["number"]] = part["words"]
            else:
                shown[(count,)] = {1: part["words"]}
        return [
            "".join(parts[number] for number in sorted(parts))
            for key, parts in shown.items()
            if len(parts) == (key[2] if len(key) == 3 else 1)
        ]


@asynccontextmanager
async def centre(port: int | None = None) -> AsyncIterator[Smsc]:
    """A centre as new; one of its own where a port is named, else the one that many tests share."""
    if port is not None:
        process = Process(port)
    else:
        if not _shared or not _shared[0].lives:
            _shared[:] = [Process(0)]
        process = _shared[0]
    smsc = await Smsc.held(process)
    try:
        yield smsc
    finally:
        if port is not None:
            await smsc.kill()
        else:
            await smsc.let_go()
