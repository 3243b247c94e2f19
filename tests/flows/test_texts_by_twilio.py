"""Book, confirm and cancel by text over Twilio's webhooks and API, which do their worst.

Webhooks, signed by Twilio's own library, come twice, out of order, late, and once to a house that cannot
keep them or cuts the line; the API answers late, refuses, breaks off before and after it took a text; its
word of what became of a text comes in disorder, twice, and before the API's own answer.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from urllib.parse import urlencode

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer
from twilio.request_validator import RequestValidator

from core.ports import IncomingText, Receipt
from core.work import Hotline
from sms.gateways.twilio import INCOMING, open_twilio, routes
from sms.inbound import Inbox
from tests.clocks import FrozenClock
from tests.flows.matter import BOOKING, NUMBER, Matter, matter
from tests.ivr.town import Town, town
from tests.sms.boxes import PUBLIC
from tests.sms.twilio_server import SID, TOKEN, TwilioServer, Webhooks
from tests.waiting import until
from web.app import make_app
from web.house import WebHouse


@dataclass
class Weak:
    """The house's inbox on a bad day. plan: what becomes of the next texts, else they are kept.

    lost: there is no database. told-lost: it is kept, and whoever kept it breaks down before saying so.
    """

    inbox: Inbox
    plan: list[str] = field(default_factory=list)

    async def received(self, text: IncomingText) -> None:
        step = self.plan.pop(0) if self.plan else ""
        if step == "lost":
            raise ConnectionError("no database")
        await self.inbox.received(text)
        if step == "told-lost":
            raise ConnectionError("no answer")

    async def reported(self, receipt: Receipt) -> None:
        await self.inbox.reported(receipt)


@dataclass
class Wire:
    """Twilio on both sides of the house, and the matter that is settled over it."""

    far: TwilioServer
    hooks: Webhooks
    box: Weak
    matter: Matter

    async def brings(self, sid: str, body: str) -> int:
        """The status by which the house answers a webhook with a text."""
        return (await self.hooks.incoming(sid, NUMBER, body))[0]

    async def cut_off(self, sid: str, body: str) -> None:
        """A webhook whose line breaks when all of it has been written, and before any answer."""
        form = {"MessageSid": sid, "AccountSid": SID, "From": NUMBER, "To": "+8612320", "Body": body}
        words = urlencode(form).encode()
        signature = RequestValidator(TOKEN).compute_signature(PUBLIC + INCOMING, form)
        url = self.hooks.house.make_url(INCOMING)
        _, writer = await asyncio.open_connection(url.host, url.port)
        head = (
            f"POST {INCOMING} HTTP/1.1\r\nHost: hotline.example\r\nX-Twilio-Signature: {signature}\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(words)}\r\n\r\n"
        )
        writer.write(head.encode() + words)
        await writer.drain()
        writer.transport.abort()

    async def told(self, message: int, *states: str) -> None:
        """What became of one of our texts, by its place among those that were taken."""
        for state in states:
            assert (await self.hooks.status(self.far.messages[message]["sid"], state))[0] == 200


@pytest.fixture
async def here(hotline: Hotline, clock: FrozenClock) -> Town:
    return await town(hotline, clock)


@pytest.fixture
async def wire(hotline: Hotline, here: Town, clock: FrozenClock, house: WebHouse) -> AsyncIterator[Wire]:
    far = TwilioServer(clock)
    inbox = Inbox(hotline, here.clinic.store)
    box = Weak(inbox)

    async def arrived() -> list[str]:
        return [one["body"] for one in far.messages]

    async with (
        far.server,
        ClientSession() as session,
        open_twilio(far.account, clock, answer_within_s=1.0) as gateway,
    ):
        app = make_app(house)
        app.add_routes(routes(far.account, box))
        async with TestServer(app) as pages:
            made = matter(here.clinic, inbox, gateway, clock, arrived)
            yield Wire(far, Webhooks(pages, session), box, made)


@pytest.mark.req("R-096", "R-097", "I-011")
async def test_a_visit_is_booked_and_given_up_over_webhooks_that_do_their_worst(wire: Wire) -> None:
    far, answered = wire.far, wire.matter.answered
    # We cannot keep the first text, then we keep it and do not say so: Twilio brings it again under its name.
    wire.box.plan = ["lost", "told-lost"]
    assert [await wire.brings("SM1", BOOKING) for _ in range(4)] == [500, 500, 200, 200]
    # Our question is not taken, then taken without an answer; its receipt is here before the look-up.
    far.plan = [(503, 20503), "silent"]
    asking = asyncio.create_task(answered(1))
    await until(lambda: len(far.messages) == 1)
    await wire.told(0, "delivered", "sent", "delivered")
    assert "回1预约" in await asking
    # The yes comes twice at once, and the wish once more behind it. The booking's text breaks off in between.
    far.plan = ["drop", (500, 20500)]
    both = await asyncio.gather(wire.brings("SM2", "1"), wire.brings("SM2", "1"))
    assert [*both, await wire.brings("SM1", BOOKING)] == [200, 200, 200]
    assert "陈建国" in await answered(2)
    # The yes to the cancelling overtakes what asks for it: it answers nothing, and is written again.
    assert await wire.brings("SM4", "1") == 200
    assert "没有等您答复的事" in await answered(3)
    await wire.cut_off("SM3", "取消")
    assert await wire.brings("SM3", "取消") == 200
    assert "回1" in await answered(4)
    far.plan = ["cut"]
    assert await wire.brings("SM5", "1") == 200
    assert "已取消" in await answered(5)
    # What was told last of each text is told first, and all of it twice.
    for message in reversed(range(5)):
        await wire.told(message, "delivered", "sent", "queued", "delivered")
    await wire.matter.is_over("cancelled")
    assert await wire.matter.written() == 5


@pytest.mark.req("I-011")
async def test_a_text_that_somebody_else_signed_changes_nothing(wire: Wire) -> None:
    await wire.brings("SM1", BOOKING)
    await wire.matter.answered(1)
    form = {"MessageSid": "SM2", "AccountSid": SID, "From": NUMBER, "To": "+8612320", "Body": "1"}
    assert (await wire.hooks.post(INCOMING, form, token="another account's"))[0] == 403
    assert (await wire.hooks.post(INCOMING, form, signed={**form, "Body": "0"}))[0] == 403
    assert await wire.matter.written() == 1
    await wire.brings("SM3", "0")
    assert "号已放回" in await wire.matter.answered(2)
