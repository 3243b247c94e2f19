"""Texts over Twilio: what its answers mean, what is done in doubt, and whose webhooks are believed."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer
from twilio.request_validator import RequestValidator

from core.ports import OutgoingText, OutsideError
from sms.gateways.twilio import INCOMING, STATUS, TwilioAccount, TwilioGateway, open_twilio, routes
from tests.clocks import FrozenClock
from tests.sms.boxes import PUBLIC, Box, pages
from tests.sms.twilio_server import SENDER, TOKEN, TwilioServer, Webhooks

NUMBER = "13812345678"


@dataclass
class Stage:
    clock: FrozenClock
    far: TwilioServer
    gateway: TwilioGateway
    session: ClientSession

    async def doubt(self, outgoing: OutgoingText) -> None:
        with pytest.raises(OutsideError) as failure:
            await self.gateway.send(outgoing)
        assert (failure.value.unsure, failure.value.permanent) == (True, False)


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    clock = FrozenClock.at("2026-11-23 10:00")
    far = TwilioServer(clock)
    async with far.server, ClientSession() as session:
        async with open_twilio(far.account, clock, answer_within_s=2.0) as gateway:
            yield Stage(clock, far, gateway, session)


def text(body: str = "【12320】您好", key: str = "appointment/1/1/booked") -> OutgoingText:
    return OutgoingText(key, NUMBER, body, "booked")


# --- out ----------------------------------------------------------------------------------------------


async def test_a_text_goes_to_the_international_number_and_asks_for_its_status(stage: Stage) -> None:
    (sid,) = await stage.gateway.send(text())
    (message,) = stage.far.messages
    assert (message["sid"], message["to"], message["from"]) == (sid, f"+86{NUMBER}", SENDER)
    assert message["status_callback"] == f"{PUBLIC}{STATUS}"


async def test_a_messaging_service_may_be_the_sender(stage: Stage) -> None:
    account = replace(stage.far.account, sender="MG0123")
    async with open_twilio(account, stage.clock) as gateway:
        await gateway.send(text())
    assert stage.far.messages[0]["messaging_service_sid"] == "MG0123"
    assert stage.far.messages[0]["from"] is None


async def test_a_wrong_token_is_our_failure_and_not_the_texts(stage: Stage) -> None:
    async with open_twilio(replace(stage.far.account, auth_token="guessed"), stage.clock) as gateway:
        with pytest.raises(OutsideError, match="twilio 401 code 20003") as failure:
            await gateway.send(text())
    assert (failure.value.permanent, failure.value.unsure) == (False, False)


@pytest.mark.parametrize(
    ("status", "code", "permanent", "unsure"),
    [
        (400, 21211, True, False),  # no number
        (400, 21610, True, False),  # unsubscribed
        (400, 21614, True, False),  # no mobile
        (400, 21617, True, False),  # too long
        (400, 21606, False, False),  # our own number cannot send
        (400, 21612, False, False),  # no way from here to there
        (429, 20429, False, False),
        (503, 20503, False, False),
        (500, 20500, False, True),  # "it is possible for a customer to receive multiple messages"
        (502, 502, False, True),
        (504, 504, False, True),
    ],
)
async def test_what_a_refusal_means(
    stage: Stage, status: int, code: int, permanent: bool, unsure: bool
) -> None:
    stage.far.plan = [(status, code)]
    with pytest.raises(OutsideError) as failure:
        await stage.gateway.send(text())
    assert (failure.value.permanent, failure.value.unsure) == (permanent, unsure)
    assert NUMBER not in str(failure.value)
    assert "您好" not in str(failure.value)
    await stage.gateway.send(text())
    assert stage.far.asked == ["create", *(["list"] if unsure else []), "create"]


async def test_without_a_connection_a_text_has_certainly_not_gone(stage: Stage) -> None:
    await stage.far.server.close()
    with pytest.raises(OutsideError) as failure:
        await stage.gateway.send(text())
    assert (failure.value.permanent, failure.value.unsure) == (False, False)


@pytest.mark.parametrize("step", ["silent", "cut", "proxy", "garbage", "noid"])
async def test_a_text_that_went_in_doubt_is_found_and_not_sent_again(stage: Stage, step: str) -> None:
    stage.far.plan = [step]
    await stage.doubt(text())
    (sid,) = await stage.gateway.send(text())
    assert [message["sid"] for message in stage.far.messages] == [sid]
    assert stage.far.asked == ["create", "list"]


async def test_a_text_that_was_lost_in_doubt_is_sent_again(stage: Stage) -> None:
    stage.far.plan = ["drop"]
    await stage.doubt(text())
    (sid,) = await stage.gateway.send(text())
    assert [message["sid"] for message in stage.far.messages] == [sid]
    assert stage.far.asked == ["create", "list", "create"]


async def test_while_a_text_cannot_be_looked_up_it_is_not_sent(stage: Stage) -> None:
    stage.far.plan = ["cut", "no list"]
    await stage.doubt(text())
    await stage.doubt(text())
    assert stage.far.asked == ["create", "list"]
    await stage.gateway.send(text())
    assert len(stage.far.messages) == 1


async def test_who_gives_up_waiting_leaves_a_doubt_that_is_looked_up(stage: Stage) -> None:
    stage.far.plan = ["silent"]
    sending = asyncio.create_task(stage.gateway.send(text()))
    while not stage.far.messages:  # noqa: ASYNC110
        await asyncio.sleep(0.005)
    sending.cancel()
    await asyncio.wait({sending})
    await stage.gateway.send(text())
    assert len(stage.far.messages) == 1


async def test_the_same_words_of_an_earlier_day_are_not_taken_for_this_text(stage: Stage) -> None:
    await stage.gateway.send(text(key="yesterday's"))
    stage.clock.advance(days=1)
    stage.far.plan = ["drop"]
    await stage.doubt(text(key="today's"))
    await stage.gateway.send(text(key="today's"))
    assert len(stage.far.messages) == 2


async def test_its_own_log_says_nothing(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    stage.far.plan = ["cut"]
    await stage.doubt(text())
    await stage.gateway.send(text())
    assert [one for one in caplog.records if one.name != "aiohttp.access"] == []  # that is the far side's


# --- back ---------------------------------------------------------------------------------------------


@dataclass
class Back:
    box: Box
    house: TestServer
    session: ClientSession
    hooks: Webhooks


ACCOUNT = TwilioAccount("AC0", TOKEN, SENDER, PUBLIC)


@pytest.fixture
async def back() -> AsyncIterator[Back]:
    box = Box()
    house = pages(routes(ACCOUNT, box))
    async with house, ClientSession() as session:
        yield Back(box, house, session, Webhooks(house, session))


async def test_a_text_is_answered_with_nothing_to_say(back: Back) -> None:
    assert await back.hooks.incoming("SM1", f"+86{NUMBER}", "预约 心内科") == (200, "<Response/>")
    (came,) = back.box.texts
    assert (came.gateway, came.gateway_id, came.sender) == ("twilio", "SM1", f"+86{NUMBER}")
    assert (came.to, came.body) == (SENDER, "预约 心内科")


async def test_a_text_without_words_comes_in_empty(back: Back) -> None:
    assert (await back.hooks.incoming("SM1", f"+86{NUMBER}", ""))[0] == 200
    assert back.box.texts[0].body == ""


async def test_a_repeat_is_the_same_text(back: Back) -> None:
    for _ in range(2):
        await back.hooks.incoming("SM1", f"+86{NUMBER}", "1")
    assert len(back.box.texts) == 1


@pytest.mark.parametrize(
    ("state", "delivered", "why"),
    [
        ("delivered", True, ""),
        ("read", True, ""),
        ("undelivered", False, "undelivered 30003"),
        ("failed", False, "failed 30003"),
        ("canceled", False, "canceled 30003"),
    ],
)
async def test_a_last_word_is_reported(back: Back, state: str, delivered: bool, why: str) -> None:
    assert (await back.hooks.status("SM1", state, "30003"))[0] == 200
    (receipt,) = back.box.receipts
    assert (receipt.gateway, receipt.part_id, receipt.delivered, receipt.why) == (
        "twilio",
        "SM1",
        delivered,
        why,
    )


@pytest.mark.parametrize("state", ["queued", "sending", "sent", "accepted", "scheduled", ""])
async def test_what_is_no_last_word_is_thanked_for_and_left(back: Back, state: str) -> None:
    assert (await back.hooks.status("SM1", state))[0] == 200
    assert back.box.receipts == []


async def test_an_error_code_that_is_none_is_not_repeated(back: Back) -> None:
    await back.hooks.status("SM1", "failed", f"王建国 {NUMBER}")
    assert back.box.receipts[0].why == "failed"


FORM = {"MessageSid": "SM1", "From": f"+86{NUMBER}", "To": SENDER, "Body": "取消"}


@pytest.mark.parametrize(
    "forged",
    [
        {"token": "another account's"},
        {"signed": {**FORM, "Body": "预约"}},
        {"signed": {**FORM, "From": "+8613900000000"}},
        {"signed": {key: value for key, value in FORM.items() if key != "To"}},
    ],
    ids=["token", "body", "sender", "field-added"],
)
async def test_a_forged_text_is_refused_in_plain_words(back: Back, forged: dict[str, Any]) -> None:
    status, words = await back.hooks.post(INCOMING, FORM, **forged)
    assert (status, words) == (403, "not signed by Twilio for this address")
    assert back.box.tried == []


@pytest.mark.parametrize(
    "signed_for",
    ["https://elsewhere.example" + INCOMING, PUBLIC + STATUS, PUBLIC + INCOMING + "?more=1", "http" + PUBLIC[5:] + INCOMING],
    ids=["house", "path", "query", "no-tls"],
)  # fmt: skip
async def test_a_signature_for_another_address_is_refused(back: Back, signed_for: str) -> None:
    signature = RequestValidator(TOKEN).compute_signature(signed_for, FORM)
    headers = {"X-Twilio-Signature": signature}
    async with back.session.post(back.house.make_url(INCOMING), data=FORM, headers=headers) as answer:
        assert answer.status == 403
    assert back.box.tried == []


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"From=%2B86138&Body=\xff\xfe", "application/x-www-form-urlencoded"),
        (b'{"MessageSid": "SM1"}', "application/json"),
        (b"&".join(b"a%d=1" % number for number in range(300)), "application/x-www-form-urlencoded"),
        (b"", "application/x-www-form-urlencoded; charset=nonsense"),
    ],
    ids=["not-utf8", "json", "too-many-fields", "charset"],
)
async def test_what_is_no_form_is_refused(back: Back, body: bytes, kind: str) -> None:
    for headers in ({}, {"X-Twilio-Signature": "forged"}):
        sent = {**headers, "Content-Type": kind}
        async with back.session.post(back.house.make_url(INCOMING), data=body, headers=sent) as answer:
            assert answer.status == 403
    assert back.box.tried == []


async def test_a_page_of_another_site_cannot_post_here(back: Back) -> None:
    signature = RequestValidator(TOKEN).compute_signature(PUBLIC + INCOMING, FORM)
    headers = {"X-Twilio-Signature": signature, "Origin": "https://elsewhere.example"}
    async with back.session.post(back.house.make_url(INCOMING), data=FORM, headers=headers) as answer:
        assert answer.status == 403
    assert back.box.tried == []


async def test_a_signed_text_without_a_name_is_no_text(back: Back) -> None:
    assert (await back.hooks.post(INCOMING, {"From": f"+86{NUMBER}", "Body": "1"}))[0] == 400
    assert back.box.tried == []


async def test_a_failure_of_ours_is_told_so_that_it_comes_again(back: Back) -> None:
    back.box.broken = True
    assert (await back.hooks.incoming("SM1", f"+86{NUMBER}", "1"))[0] == 500
    assert (await back.hooks.status("SM1", "delivered"))[0] == 500


async def test_the_house_may_be_known_by_a_port_and_a_path(back: Back) -> None:
    """A proxy takes the path's beginning away; Twilio signs what it called."""
    account = replace(ACCOUNT, public="https://hotline.example:8443/hotline/")
    url = f"https://hotline.example:8443/hotline{INCOMING}"
    house = pages(routes(account, back.box))
    async with house:
        signature = RequestValidator(TOKEN).compute_signature(url, FORM)
        headers = {"X-Twilio-Signature": signature}
        async with back.session.post(house.make_url(INCOMING), data=FORM, headers=headers) as answer:
            assert answer.status == 200
    assert len(back.box.texts) == 1
