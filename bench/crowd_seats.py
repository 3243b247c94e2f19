"""Operators of a crowd: each a real desk socket that signs in, talks, wraps up, and is ready again."""

import asyncio
import json
import random
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import aiohttp

ANSWER_S = 30.0


@dataclass
class Manners:
    """Seconds: how long they talk, and how long they wrap up; drawn evenly.

    210 in the mean, 180 of talk and 30 after it: what a hotline of this kind reckons with. So 250 operators
    end 1.2 calls a second.
    """

    talk_s: tuple[float, float] = (120, 240)
    wrap_s: tuple[float, float] = (20, 40)


@dataclass
class Seen:
    """late_ms: of every ping, how long after the house had sent it the page had it."""

    late_ms: list[tuple[float, float]] = field(default_factory=list)
    served: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    cut: int = 0


class CrowdSeat:
    """One operator. acting: cleared, nobody does anything."""

    def __init__(
        self,
        web: str,
        cookie: dict[str, str],
        place: int,
        seen: Seen,
        manners: Manners,
        acting: asyncio.Event,
    ) -> None:
        self._web, self._cookie, self._place = web, cookie, place
        self._seen, self._manners, self._acting = seen, manners, acting
        self._chance = random.Random(place)
        self._parts: dict[str, Any] = {}
        self._ws: aiohttp.ClientWebSocketResponse | None = None
        self._next = 0
        self._asked: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._news = asyncio.Event()
        self._acted_on: object = None  # the moment of a shift that is behind them, though still shown
        self.deaf = False  # reads nothing any more
        self.snapshots = 0

    async def run(self) -> None:
        """Work until cancelled; a socket that is cut is opened again."""
        async with aiohttp.ClientSession(cookies=self._cookie) as http:
            working = asyncio.create_task(self._work())
            try:
                while True:
                    with suppress(aiohttp.ClientError, ConnectionError):
                        await self._talk(http)
                    self._seen.cut += 1
                    await asyncio.sleep(0.5)
            finally:
                working.cancel()

    async def _talk(self, http: aiohttp.ClientSession) -> None:
        address = f"{self._web.replace('http', 'ws')}desk/socket?page=crowd-{self._place:06}-{self._next}"
        async with http.ws_connect(address, max_msg_size=0) as self._ws:
            async for message in self._ws:
                if message.type is aiohttp.WSMsgType.TEXT:
                    await self._take(json.loads(message.data))
                while self.deaf:
                    await asyncio.sleep(0.2)
                    if self._ws.closed:
                        return

    async def _take(self, message: dict[str, Any]) -> None:
        assert self._ws
        if "ping" in message:
            sent = datetime.fromisoformat(message["ping"]).timestamp()
            self._seen.late_ms.append((sent, (time.time() - sent) * 1000))
            await self._ws.send_str(json.dumps({"pong": message["ping"]}))
        elif "re" in message:
            asked = self._asked.pop(message["re"], None)
            if asked and not asked.done():
                asked.set_result(message)
        else:
            self.snapshots += "snapshot" in message
            self._parts |= message.get("snapshot") or message.get("changed") or {}
            self._news.set()

    async def _ask(self, what: str, **given: object) -> dict[str, Any] | None:
        """What came of a command; None when it was refused or nobody answered."""
        self._next += 1
        self._asked[self._next] = asked = asyncio.get_running_loop().create_future()
        try:
            if self._ws is None or self._ws.closed:
                return None
            await self._ws.send_str(json.dumps({"id": self._next, "do": what, "with": given}))
            async with asyncio.timeout(ANSWER_S):
                answer: dict[str, Any] = await asked
        except (TimeoutError, ConnectionError, aiohttp.ClientError):
            answer = {"no": {"code": "unanswered"}}
        if "no" in answer:
            code = f"{what}: {answer['no']['code']}"
            self._seen.refused[code] = self._seen.refused.get(code, 0) + 1
            asyncio.get_running_loop().call_later(1.0, self._news.set)  # look again: it may be another state
            return None
        return answer

    async def _work(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            await self._acting.wait()
            me, call = self._parts.get("me"), self._parts.get("call")
            if "me" not in self._parts or self.deaf:
                continue
            moment = me and (me["state"], me["since"], call and call["interaction_id"])
            if moment is not None and moment == self._acted_on:
                continue
            if me is None:
                await self._ask("sign-in", device="phone")
            elif call and call["state"] == "talking" and not call["over"]:
                await self._pause(self._manners.talk_s)
                if await self._ask("finish") is not None:
                    self._seen.served += 1
                    self._acted_on = moment
            elif me["state"] == "wrap-up":
                await self._pause(self._manners.wrap_s)
                if await self._tidy():
                    self._acted_on = moment
            elif me["state"] == "paused":
                await self._ask("ready")

    async def _tidy(self) -> bool:
        for matter in self._parts.get("matters") or []:
            if matter["open"]:
                await self._ask("dispose", matter_id=matter["matter_id"], first="enquired", second="schedule")
        return await self._ask("ready") is not None

    async def _pause(self, between: tuple[float, float]) -> None:
        await asyncio.sleep(self._chance.uniform(*between))
        await self._acting.wait()
