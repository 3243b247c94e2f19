"""Twilio as the house meets it: its REST resource for messages, and webhooks that its own library signs."""

import asyncio
import base64
import itertools
from dataclasses import dataclass, field
from email.utils import format_datetime
from typing import Any

from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
from twilio.request_validator import RequestValidator

from core.ports import Clock
from sms.gateways.twilio import INCOMING, STATUS, TwilioAccount
from tests.sms.boxes import PUBLIC

SID, TOKEN, SENDER = "AC00000000000000000000000000000000", "a token of the tests", "+8612320"


@dataclass
class TwilioServer:
    """plan: what becomes of the next messages, else they are taken.

    (status, code): refused so. silent, cut: taken, and not answered or the line cut. drop: the line cut and
    nothing taken. proxy, garbage: taken, and answered by a page. noid: taken, answered without an id.
    """

    clock: Clock
    plan: list[Any] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    _sids: "itertools.count[int]" = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        app = web.Application()
        app.router.add_post("/2010-04-01/Accounts/{sid}/Messages.json", self.create)
        app.router.add_get("/2010-04-01/Accounts/{sid}/Messages.json", self.list)
        self.server = TestServer(app)

    @property
    def account(self) -> TwilioAccount:
        return TwilioAccount(SID, TOKEN, SENDER, PUBLIC, base=str(self.server.make_url("")).rstrip("/"))

    def _known(self, request: web.Request) -> bool:
        right = base64.b64encode(f"{SID}:{TOKEN}".encode()).decode()
        return request.headers.get("Authorization") == f"Basic {right}"

    async def create(self, request: web.Request) -> web.StreamResponse:
        self.asked.append("create")
        if not self._known(request):
            return web.json_response({"code": 20003, "message": "Authenticate", "status": 401}, status=401)
        form = await request.post()
        step = self.plan.pop(0) if self.plan else "ok"
        if isinstance(step, tuple):
            words = f"The 'To' number {form['To']} cannot be sent: {form['Body']}"
            return web.json_response(
                {"code": step[1], "message": words, "more_info": "", "status": step[0]}, status=step[0]
            )
        if step == "drop":
            return self._cut(request)
        message = self._taken({key: str(value) for key, value in form.items()})
        if step == "cut":
            return self._cut(request)
        if step == "silent":
            await asyncio.sleep(3600)
        if step == "proxy":
            return web.Response(status=502, text="<html>Bad Gateway</html>", content_type="text/html")
        if step == "garbage":
            return web.Response(status=201, text="<html>Welcome</html>", content_type="text/html")
        if step == "noid":
            return web.json_response({}, status=201)
        return web.json_response(message, status=201)

    def _cut(self, request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()  # nobody reads it

    def _taken(self, form: dict[str, str]) -> dict[str, Any]:
        message = {
            "sid": f"SM{next(self._sids):032x}",
            "account_sid": SID,
            "to": form["To"],
            "from": form.get("From"),
            "messaging_service_sid": form.get("MessagingServiceSid"),
            "body": form["Body"],
            "status": "queued",
            "direction": "outbound-api",
            "date_created": format_datetime(self.clock.now()),
            "status_callback": form["StatusCallback"],
        }
        self.messages.append(message)
        return message

    async def list(self, request: web.Request) -> web.Response:
        self.asked.append("list")
        if self.plan and self.plan[0] == "no list":
            del self.plan[0]
            return web.Response(status=500, text="{}")
        found = [one for one in reversed(self.messages) if one["to"] == request.query["To"]]
        return web.json_response({"messages": found[:20], "next_page_uri": None, "page": 0, "page_size": 20})


@dataclass
class Webhooks:
    """What Twilio posts to the house. house: where it really is, behind its public address."""

    house: TestServer
    session: ClientSession

    async def post(
        self, path: str, form: dict[str, str], *, token: str = TOKEN, signed: dict[str, str] | None = None
    ) -> tuple[int, str]:
        """signed: what the signature is made of, when that is not what is posted."""
        signature = RequestValidator(token).compute_signature(PUBLIC + path, signed or form)
        url = self.house.make_url(path)
        async with self.session.post(url, data=form, headers={"X-Twilio-Signature": signature}) as answer:
            return answer.status, await answer.text()

    async def incoming(self, sid: str, sender: str, body: str) -> tuple[int, str]:
        form = {"MessageSid": sid, "AccountSid": SID, "From": sender, "To": SENDER, "Body": body}
        return await self.post(INCOMING, {**form, "NumMedia": "0", "FromCountry": ""})

    async def status(self, sid: str, state: str, code: str = "") -> tuple[int, str]:
        form = {"MessageSid": sid, "MessageStatus": state, "AccountSid": SID}
        return await self.post(STATUS, form | ({"ErrorCode": code} if code else {}))
