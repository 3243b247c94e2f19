"""A domestic aggregator as docs/texts.md describes it, written from that page and without our code."""

import asyncio
import hashlib
import hmac
import itertools
import json
from dataclasses import dataclass, field
from typing import Any

from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from core.ports import Clock
from sms.gateways.http_signed import Aggregator
from tests.sms.boxes import PUBLIC

KEY, SECRET = "house-1", b"the secret by which the house signs"
THEIR_KEY, THEIR_SECRET = "carrier-1", b"the secret by which the carrier signs"
WITHIN_S = 300


def signature(secret: bytes, method: str, path: str, seconds: str, nonce: str, body: bytes) -> str:
    text = f"{method}\n{path}\n{seconds}\n{nonce}\n{hashlib.sha256(body).hexdigest()}"
    return hmac.digest(secret, text.encode(), "sha256").hex()


def agreed(address: str = "https://carrier.example/v1/texts") -> Aggregator:
    """What the house and the carrier have told each other."""
    return Aggregator("http", address, "12320", KEY, SECRET, {THEIR_KEY: THEIR_SECRET}, PUBLIC)


@dataclass
class Carrier:
    """plan: what becomes of the next texts, as with tests.sms.twilio_server."""

    clock: Clock
    plan: list[Any] = field(default_factory=list)
    texts: dict[str, dict[str, Any]] = field(default_factory=dict)
    nonces: set[str] = field(default_factory=set)
    calls: int = 0

    def __post_init__(self) -> None:
        app = web.Application()
        app.router.add_post("/v1/texts", self.take)
        self.server = TestServer(app)

    @property
    def aggregator(self) -> Aggregator:
        return agreed(str(self.server.make_url("/v1/texts?tenant=12320")))

    def _refused(self, request: web.Request, body: bytes) -> str:
        sent = request.headers
        seconds, nonce = sent["X-Signature-Time"], sent["X-Signature-Nonce"]
        right = signature(SECRET, request.method, request.raw_path, seconds, nonce, body)
        if sent["X-Signature-Key"] != KEY or not hmac.compare_digest(right, sent["X-Signature"]):
            return "wrong-signature"
        if abs(self.clock.now().timestamp() - int(seconds)) > WITHIN_S:
            return "out-of-time"
        if nonce in self.nonces:
            return "replayed"
        self.nonces.add(nonce)
        return ""

    async def take(self, request: web.Request) -> web.StreamResponse:
        self.calls += 1
        body = await request.read()
        if refused := self._refused(request, body):
            return web.json_response({"code": refused}, status=401)
        text = json.loads(body)
        step = self.plan.pop(0) if self.plan else "ok"
        if isinstance(step, tuple):
            return web.json_response({"code": step[1]}, status=step[0])
        if step != "drop":
            parts = -(-len(text["body"]) // 67)
            known = self.texts.setdefault(
                text["key"], {**text, "ids": [f"{text['key'][:12]}-{part}" for part in range(parts)]}
            )
        if step in ("cut", "drop"):
            assert request.transport is not None
            request.transport.abort()
        elif step == "silent":
            await asyncio.sleep(3600)
        elif step == "garbage":
            return web.Response(status=200, text="OK")
        return web.json_response({"ids": known["ids"]}, status=202)


@dataclass
class Webhooks:
    """What the carrier posts to the house; every call has a nonce of its own, unless one is given."""

    house: TestServer
    session: ClientSession
    clock: Clock
    key: str = THEIR_KEY
    secret: bytes = THEIR_SECRET
    _nonces: "itertools.count[int]" = field(default_factory=itertools.count)

    def signed(self, path: str, body: bytes, *, nonce: str | None = None, ahead_s: int = 0) -> dict[str, str]:
        seconds = str(int(self.clock.now().timestamp()) + ahead_s)
        nonce = nonce or f"nonce-of-carrier-{next(self._nonces):06d}"
        return {
            "X-Signature-Key": self.key,
            "X-Signature-Time": seconds,
            "X-Signature-Nonce": nonce,
            "X-Signature": signature(self.secret, "POST", path, seconds, nonce, body),
        }

    async def send(self, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
        async with self.session.post(self.house.make_url(path), data=body, headers=headers) as answer:
            return answer.status, await answer.text()

    async def post(self, path: str, words: dict[str, str]) -> tuple[int, str]:
        body = json.dumps(words).encode()
        return await self.send(path, body, self.signed(path, body))

    async def incoming(self, name: str, sender: str, body: str) -> tuple[int, str]:
        return await self.post(
            "/texts/http/incoming", {"id": name, "from": sender, "to": "12320", "body": body}
        )

    async def receipt(self, name: str, state: str, why: str = "") -> tuple[int, str]:
        return await self.post("/texts/http/receipts", {"id": name, "state": state, "why": why})
