"""The least of a SIP switch over a WebSocket: it registers a page's phone, and calls it."""

import asyncio
import re
from collections.abc import Mapping

from aiohttp import web

_HEADER = re.compile(r"^([\w-]+):\s*(.*)$")


class Heard:
    """One SIP message. first: its request or status line; headers by small name."""

    def __init__(self, text: str) -> None:
        head, _, self.body = text.partition("\r\n\r\n")
        self.first, *lines = head.split("\r\n")
        self.headers = {found[1].lower(): found[2] for line in lines if (found := _HEADER.match(line))}

    @property
    def method(self) -> str:
        return self.headers["cseq"].split()[1]


class Switch:
    """registered: set while a phone is; answered: the SDP of the page that took the call."""

    def __init__(self) -> None:
        self.registered = asyncio.Event()
        self.ended = asyncio.Event()
        self.rings = asyncio.Event()  # the page has said that it does
        self.answered: asyncio.Queue[str] = asyncio.Queue()
        self.refuses = False
        self.leaves = 0  # so many of the next lines are taken, and nothing is ever said on them
        self.starting: list[str | None] = []  # what the next registrations get instead; None: no answer
        self._socket: web.WebSocketResponse | None = None
        self._contact = ""
        self._calls = 0
        self._dialogue: Mapping[str, str] = {}

    async def serve(self, request: web.Request) -> web.StreamResponse:
        if self.refuses:
            raise web.HTTPServiceUnavailable
        if self.leaves:
            self.leaves -= 1
            await asyncio.Event().wait()
        socket = self._socket = web.WebSocketResponse(protocols=("sip",))
        await socket.prepare(request)
        async for message in socket:
            if message.data.strip():
                await self._take(Heard(message.data))
        self.registered.clear()
        return socket

    async def go(self) -> None:
        """The switch is gone, and stays away until `refuses` is taken back."""
        self.refuses = True
        if self._socket:
            await self._socket.close()

    async def invite(self, offer: str) -> str:
        """Call the page with this SDP; return the SDP of its answer."""
        await self.ring(offer)
        return await asyncio.wait_for(self.answered.get(), 30)

    async def ring(self, offer: str) -> None:
        self._calls += 1
        self.ended.clear()
        self.rings.clear()
        self._dialogue = {"Call-ID": f"call-{self._calls}", "From": f"<sip:caller@test>;tag=t{self._calls}"}
        await self._request("INVITE", 1, offer, To=f"<{self._contact}>")

    async def hang_up(self) -> None:
        await self._request("BYE", 2)

    async def _take(self, heard: Heard) -> None:
        if heard.first.startswith("SIP/2.0"):
            if heard.method == "INVITE" and heard.first.split()[1] == "200":
                self._dialogue = {**self._dialogue, "To": heard.headers["to"]}
                await self._request("ACK", 1)
                self.answered.put_nowait(heard.body)
            if heard.first.split()[1] == "180":
                self.rings.set()
            return
        if heard.method == "REGISTER" and self.starting:
            if status := self.starting.pop(0):
                await self._answer(heard, status)
        elif heard.method == "REGISTER":
            self._contact = heard.headers["contact"].partition("<")[2].partition(">")[0]
            expires = heard.headers.get("expires", "60")
            await self._answer(heard, Contact=f"<{self._contact}>;expires={expires}")
            (self.registered.set if expires != "0" else self.registered.clear)()
        elif heard.method != "ACK":
            await self._answer(heard)
            if heard.method == "BYE":
                self.ended.set()

    async def _answer(self, heard: Heard, status: str = "200 OK", **more: str) -> None:
        same = {name: heard.headers[name.lower()] for name in ("Via", "From", "Call-ID", "CSeq")}
        to = heard.headers["to"]
        await self._send(
            f"SIP/2.0 {status}", {**same, "To": to if ";tag=" in to else f"{to};tag=switch", **more}, ""
        )

    async def _request(self, method: str, number: int, body: str = "", **more: str) -> None:
        headers = {
            "Via": f"SIP/2.0/WS test;branch=z9hG4bK{method}{self._calls}",
            "Max-Forwards": "70",
            "CSeq": f"{number} {method}",
            "Contact": "<sip:switch@test;transport=ws>",
            **self._dialogue,
            **more,
        }
        if body:
            headers["Content-Type"] = "application/sdp"
        await self._send(f"{method} {self._contact} SIP/2.0", headers, body)

    async def _send(self, first: str, headers: Mapping[str, str], body: str) -> None:
        lines = [first, *(f"{name}: {value}" for name, value in headers.items())]
        lines.append(f"Content-Length: {len(body.encode())}")
        if self._socket and not self._socket.closed:
            await self._socket.send_str("\r\n".join(lines) + "\r\n\r\n" + body)
