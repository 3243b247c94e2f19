"""Ask a server over bare sockets, as often as it answers: a client that costs as little as Python can."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from bench.raw import part

CONNECTIONS = 32


@dataclass(frozen=True)
class Answer:
    """headers: their names in small letters."""

    status: int
    headers: dict[str, str]
    body: bytes


class Connection:
    """One kept-alive connection. Knows answers with a Content-Length, as every page of ours has."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str) -> None:
        self._reader, self._writer, self._host = reader, writer, host

    @classmethod
    async def to(cls, address: str) -> "Connection":
        there = urlsplit(address)
        reader, writer = await asyncio.open_connection(there.hostname, there.port)
        return cls(reader, writer, there.netloc)

    async def ask(self, path: str, *, cookie: str = "", form: str | None = None) -> Answer:
        """form: what is sent, encoded already; None: GET."""
        method = "GET" if form is None else "POST"
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self._host}"]
        if cookie:
            lines.append(f"Cookie: {cookie}")
        body = (form or "").encode()
        if form is not None:
            lines += ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(body)}"]
        self._writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in head[1:] if line)
        }
        text = await self._reader.readexactly(int(headers.get("content-length", "0")))
        return Answer(int(head[0].split(" ")[1]), headers, text)

    def close(self) -> None:
        self._writer.close()


@dataclass
class Rate:
    """a_second: answers; ms: of each, in order."""

    a_second: float = 0.0
    ms: list[float] = field(default_factory=list)

    def spread(self) -> tuple[float, float]:
        ordered = sorted(self.ms)
        return part(ordered, 0.5), part(ordered, 0.99)


Act = Callable[[Connection], Awaitable[bool]]


async def rate(addresses: Sequence[str], act: Act, *, seconds: float, connections: int = CONNECTIONS) -> Rate:
    """Do an act again and again on so many connections, spread over the servers; False ends a connection.

    act: does one thing and returns whether to go on. Raises OSError when a server is gone.
    """
    found, began = Rate(), time.perf_counter()

    async def one(number: int) -> None:
        connection = await Connection.to(addresses[number % len(addresses)])
        try:
            going = True
            while going and time.perf_counter() - began < seconds:
                asked = time.perf_counter()
                going = await act(connection)
                if going:
                    found.ms.append((time.perf_counter() - asked) * 1000)
        finally:
            connection.close()

    await asyncio.gather(*(one(number) for number in range(connections)))
    found.a_second = len(found.ms) / (time.perf_counter() - began)
    return found
