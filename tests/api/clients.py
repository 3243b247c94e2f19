"""Who asks the API in tests: a telephone's application, and a partner's program."""

import json
import uuid
from dataclasses import dataclass
from typing import Any

from aiohttp.test_utils import TestClient
from multidict import CIMultiDict

from core.accounts.sessions import APP
from core.partners import engine
from core.partners.engine import Made
from core.partners.rules import FUNCTIONS, State
from core.partners.signing import Request, sign
from core.work import Hotline
from tests import patients
from tests.builders import SEED

BASE = "/api/v1"
Client = TestClient[Any, Any]


@dataclass
class Said:
    """What the API answered."""

    status: int
    body: Any
    headers: CIMultiDict[str]

    @property
    def code(self) -> str:
        assert self.headers["Content-Type"] == "application/problem+json", self.body
        assert self.body["status"] == self.status
        return str(self.body["code"])


async def said(answer: Any) -> Said:
    raw = await answer.read()
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in answer.headers
    return Said(answer.status, json.loads(raw) if raw else None, CIMultiDict(answer.headers))


@dataclass
class App:
    """A telephone's application. token: '' for one where nobody is logged in."""

    client: Client
    token: str = ""

    async def __call__(
        self, method: str, path: str, body: Any = None, *, key: str | None = "", **headers: str
    ) -> Said:
        """key: '' for a new one, None for none."""
        sent = dict(headers)
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        if method == "POST" and key is not None:
            sent["Idempotency-Key"] = key or uuid.uuid4().hex
        more = {} if body is None else {"json": body}
        return await said(await self.client.request(method, BASE + path, headers=sent, **more))


@dataclass
class Program:
    """A partner's program."""

    client: Client
    made: Made
    hotline: Hotline

    def signed(self, method: str, path: str, body: Any = None, *, key: str | None = "") -> Request:
        headers: CIMultiDict[str] = CIMultiDict()
        if method == "POST" and key is not None:
            headers["Idempotency-Key"] = key or uuid.uuid4().hex
        raw = b""
        if body is not None:
            headers["Content-Type"] = "application/json"
            raw = json.dumps(body).encode()
        request = Request(method, BASE + path, headers, raw)
        self.sign(request)
        return request

    def sign(self, request: Request, *, secret: str = "", nonce: str = "") -> None:
        for name in ("Signature", "Signature-Input", "Content-Digest"):
            request.headers.popall(name, None)
        now = self.hotline.clock.now()
        key = (secret or self.made.secret).encode()
        sign(request, self.made.key_id, key, now=now, nonce=nonce or uuid.uuid4().hex)

    async def send(self, request: Request) -> Said:
        answer = await self.client.request(
            request.method, request.target, headers=request.headers, data=request.body or None,
            skip_auto_headers=["Content-Type"],
        )  # fmt: skip
        return await said(answer)

    async def __call__(self, method: str, path: str, body: Any = None, *, key: str | None = "") -> Said:
        return await self.send(self.signed(method, path, body, key=key))


async def app_of(client: Client, hotline: Hotline, person_id: int, phone: str = "10912345678") -> App:
    account_id = await patients.account(hotline, person_id, phone)
    return App(client, await patients.token(hotline, account_id, kind=APP))


async def partner(
    client: Client,
    hotline: Hotline,
    *,
    state: State = State.LIVE,
    quota: int = 100,
    pace: int = 10_000,
    functions: Any = tuple(FUNCTIONS),
) -> Program:
    async with hotline.work(SEED) as work:
        made = await engine.add(work, name="健康网", functions=functions, quota=quota, pace=pace, state=state)
    return Program(client, made, hotline)
