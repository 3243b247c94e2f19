"""One caller over bare UDP: the instant at which its INVITE leaves is known to the microsecond."""

import asyncio
import time
from typing import Any


class Caller(asyncio.DatagramProtocol):
    """Calls a number, answers nothing but what it must, and hangs up. No sound."""

    def __init__(self, number: str, dialled: str, port: int, place: int) -> None:
        self.sent_at = 0.0
        self.answered: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._number, self._dialled, self._port = number, dialled, port
        self._id = f"bench-{place}-{time.time_ns()}"
        self._transport: Any = None
        self._own = 0
        self._to = ""
        self._contact = ""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._own = transport.get_extra_info("sockname")[1]

    def invite(self) -> None:
        body = (
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
            f"m=audio {self._own} RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\n"
            "a=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n"
        )
        text = self._request("INVITE", 1, f"sip:{self._dialled}@127.0.0.1:{self._port}", body)
        self.sent_at = time.time()
        self._transport.sendto(text.encode())

    def hang_up(self) -> None:
        if self.answered.done() and not self.ended.done():
            self._transport.sendto(self._request("BYE", 2, self._contact).encode())
        self._transport.close()

    def datagram_received(self, data: bytes, address: Any) -> None:
        text = data.decode(errors="replace")
        first = text.split("\r\n", 1)[0]
        if first.startswith("SIP/2.0 2") and "INVITE" in _header(text, "CSeq"):
            self._to = _header(text, "To")
            self._contact = _header(text, "Contact").strip("<>").split(">")[0]
            self._transport.sendto(self._request("ACK", 1, self._contact).encode())
            if not self.answered.done():
                self.answered.set_result(self._to)
        elif not first.startswith("SIP/2.0"):  # BYE, OPTIONS: yes, whatever it is
            keep = [
                line
                for line in text.split("\r\n")
                if line.split(":")[0] in ("Via", "From", "To", "Call-ID", "CSeq")
            ]
            yes = "\r\n".join(["SIP/2.0 200 OK", *keep, "Content-Length: 0", "", ""])
            self._transport.sendto(yes.encode())
            if first.startswith("BYE") and not self.ended.done():
                self.ended.set_result(None)

    def _request(self, method: str, sequence: int, uri: str, body: str = "") -> str:
        to = self._to or f"<sip:{self._dialled}@127.0.0.1:{self._port}>"
        lines = [
            f"{method} {uri} SIP/2.0",
            f"Via: SIP/2.0/UDP 127.0.0.1:{self._own};rport;branch=z9hG4bK-{self._id}-{method}-{sequence}",
            "Max-Forwards: 70",
            f"From: <sip:{self._number}@127.0.0.1>;tag={self._id}",
            f"To: {to}",
            f"Call-ID: {self._id}",
            f"CSeq: {sequence} {method}",
            f"Contact: <sip:{self._number}@127.0.0.1:{self._own}>",
            *(["Content-Type: application/sdp"] if body else []),
            f"Content-Length: {len(body)}",
        ]
        return "\r\n".join(lines) + "\r\n\r\n" + body


def _header(text: str, name: str) -> str:
    for line in text.split("\r\n"):
        if line.lower().startswith(f"{name.lower()}:"):
            return line.partition(":")[2].strip()
    return ""


async def caller(number: str, dialled: str, port: int, place: int) -> Caller:
    """A caller that is ready to dial."""
    loop = asyncio.get_running_loop()
    _, made = await loop.create_datagram_endpoint(
        lambda: Caller(number, dialled, port, place),
        remote_addr=("127.0.0.1", port),
        local_addr=("127.0.0.1", 0),
    )
    return made
