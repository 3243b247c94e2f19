"""A text gateway over a signed JSON call, for domestic aggregators; docs/texts.md is the interface.

The key of a text goes with it, and the aggregator answers a repeat with what it answered at first.
"""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Annotated, Literal, TypeVar
from urllib.parse import urlsplit

import aiohttp
import structlog
from aiohttp import web
from pydantic import BaseModel, Field, ValidationError
from yarl import URL

from core.http.access import everybody
from core.ports import Chance, Clock, IncomingText, OutgoingText, OutsideError, Receipt, TextInbox
from sms.gateways.limits import check
from sms.gateways.signing import Forged, Nonces, Request, headers
from sms.gateways.signing import check as check_signature
from sms.gateways.written import call, watched

# The aggregator refuses the text itself: its number, its words, a person who wants none.
REFUSED = 422
# Answers by which the text was certainly not taken; after any other nobody knows.
NOT_TAKEN = frozenset({400, 401, 403, 404, 405, 413, 415, 429, 503})
MOST_ANSWER = 64 * 1024

M = TypeVar("M", bound=BaseModel)
log = structlog.get_logger()


@dataclass(frozen=True)
class Aggregator:
    """name: of the gateway, and a word in the paths of its webhooks. address: where texts are posted.

    key, secret: how we sign. their_keys: the secrets by which we believe what it brings, by key; two while
    one replaces the other. public: the address by which it reaches this house.
    """

    name: str
    address: str
    sender: str
    key: str
    secret: bytes = field(repr=False)
    their_keys: Mapping[str, bytes] = field(repr=False)
    public: str


@asynccontextmanager
async def open_http_signed(
    aggregator: Aggregator, clock: Clock, chance: Chance, *, answer_within_s: float = 10.0
) -> AsyncIterator["HttpSignedGateway"]:
    """The gateway, for as long as its connections are open."""
    async with aiohttp.ClientSession(trace_configs=[watched()]) as session:
        yield HttpSignedGateway(aggregator, session, clock, chance, answer_within_s)


PartId = Annotated[str, Field(min_length=1, max_length=80)]


class _Answer(BaseModel):
    ids: list[PartId] = Field(min_length=1, max_length=20)


class HttpSignedGateway:
    def __init__(
        self,
        aggregator: Aggregator,
        session: aiohttp.ClientSession,
        clock: Clock,
        chance: Chance,
        answer_within_s: float,
    ) -> None:
        """session: made with `watched()`."""
        self.name = aggregator.name
        self._aggregator = aggregator
        self._url = URL(aggregator.address)
        self._session = session
        self._clock = clock
        self._chance = chance
        self._within_s = answer_within_s

    async def send(self, text: OutgoingText) -> tuple[str, ...]:
        """Raises OutsideError; unsure when it was written and no certain answer came."""
        check(text)
        words = {
            "key": hashlib.sha256(text.key.encode()).hexdigest()[:32],
            "from": self._aggregator.sender,
            "to": text.to,
            "body": text.body,
            "kind": text.kind,
        }
        body = json.dumps(words, ensure_ascii=False).encode()
        status, answer = await self._post(body)
        if status == REFUSED:
            raise OutsideError(_told(status, answer), permanent=True)
        if status not in (200, 202):
            certain = 300 <= status < 400 or status in NOT_TAKEN
            raise OutsideError(_told(status, answer), unsure=not certain)
        try:
            return tuple(_Answer.model_validate_json(answer).ids)
        except ValidationError:
            raise OutsideError("an answer nobody understands", unsure=True) from None

    async def _post(self, body: bytes) -> tuple[int, bytes]:
        request = Request("POST", self._url.raw_path_qs, body)
        signed = headers(
            self._aggregator.key,
            self._aggregator.secret,
            request,
            now=self._clock.now(),
            nonce=self._chance.token(),
        )
        with call() as made:
            try:
                async with asyncio.timeout(self._within_s):
                    async with self._session.post(
                        self._url,
                        data=body,
                        headers={**signed, "Content-Type": "application/json"},
                        allow_redirects=False,
                    ) as answer:
                        return answer.status, await _beginning(answer.content)
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                raise OutsideError(type(error).__name__, unsure=made.written) from None


async def _beginning(content: aiohttp.StreamReader) -> bytes:
    read = b""
    while len(read) < MOST_ANSWER and (more := await content.read(MOST_ANSWER - len(read))):
        read += more
    return read


def _told(status: int, answer: bytes) -> str:
    """The status, and the aggregator's code if it is one: a word, never a sentence that may quote."""
    try:
        code = json.loads(answer)["code"]
    except (ValueError, KeyError, TypeError):
        code = ""
    is_word = isinstance(code, str) and len(code) <= 40 and code.isascii() and code.replace("-", "").isalpha()
    return f"aggregator {status} {code if is_word else ''}".strip()


# --- what the aggregator brings -----------------------------------------------------------------------


class _Incoming(BaseModel):
    id: PartId
    sender: str = Field(alias="from", min_length=1, max_length=20)
    to: str = Field(default="", max_length=20)
    body: str = Field(max_length=2000)


class _Reported(BaseModel):
    id: PartId
    state: Literal["delivered", "failed"]
    why: str = Field(default="", max_length=80)


def routes(aggregator: Aggregator, inbox: TextInbox, clock: Clock) -> list[web.RouteDef]:
    """Where the aggregator posts texts and receipts. Answered when they are durable; a repeat is harmless.

    Each try needs a nonce of its own, but for one that was answered with a failure of ours.
    """
    name = aggregator.name
    guard = _Guard(aggregator, Nonces(), clock)

    @everybody
    async def incoming(request: web.Request) -> web.Response:
        async def take(text: _Incoming) -> None:
            await inbox.received(IncomingText(name, text.id, text.sender, text.to, text.body))

        return await guard.let_in(request, _Incoming, take)

    @everybody
    async def receipts(request: web.Request) -> web.Response:
        async def take(told: _Reported) -> None:
            await inbox.reported(Receipt(name, told.id, told.state == "delivered", told.why))

        return await guard.let_in(request, _Reported, take)

    return [
        web.post(f"/texts/{name}/incoming", incoming, name=f"texts-{name}-incoming"),
        web.post(f"/texts/{name}/receipts", receipts, name=f"texts-{name}-receipts"),
    ]


@dataclass(frozen=True)
class _Guard:
    aggregator: Aggregator
    nonces: Nonces
    clock: Clock

    async def let_in(
        self, request: web.Request, shape: type[M], take: Callable[[M], Awaitable[None]]
    ) -> web.Response:
        body, now = await request.read(), self.clock.now()
        # The path as the aggregator wrote it, before a proxy of ours took its own beginning away.
        path = urlsplit(self.aggregator.public).path.rstrip("/") + request.raw_path
        signed = Request(request.method, path, body)
        try:
            nonce = check_signature(request.headers, self.aggregator.their_keys, signed, now)
            self.nonces.take(nonce, now)
        except Forged as forged:
            log.warning("webhook refused", gateway=self.aggregator.name, why=forged.why)
            return web.Response(status=503 if forged.why == "no-room" else 403, text=forged.why)
        try:
            brought = shape.model_validate_json(body)
        except ValidationError:
            return web.Response(status=400, text="not as docs/texts.md says")
        try:
            await take(brought)
        except BaseException:
            self.nonces.give_back(nonce)
            raise
        return web.json_response({"taken": True})
