"""Texts over a signed call: who is believed, what an answer means, and that nothing is taken twice."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer
from hypothesis import given
from hypothesis import strategies as st

from core.ports import OutgoingText, OutsideError
from sms.gateways.http_signed import HttpSignedGateway, open_http_signed, routes
from sms.gateways.signing import WINDOW, Forged, Nonces, Request, check, headers, signature
from tests.clocks import FrozenClock, SeededChance
from tests.sms import aggregator
from tests.sms.aggregator import THEIR_KEY, THEIR_SECRET, Carrier, Webhooks, agreed
from tests.sms.boxes import Box, pages

NUMBER = "13812345678"
NOW = FrozenClock.at("2026-11-23 10:00").now()
SECRETS = {"a": b"secret of a", "b": b"secret of b"}
REQUEST = Request("POST", "/texts/http/incoming?x=1", b'{"id": "1"}')


# --- the signature ------------------------------------------------------------------------------------


def test_the_example_of_the_interface_is_right() -> None:
    """docs/texts.md prints it."""
    request = Request("POST", "/texts/http/receipts", b'{"id": "a1", "state": "delivered"}')
    signed = signature(b"an example, not a secret", request, "1795399200", "nonce-0123456789ab")
    assert signed in Path("docs/texts.md").read_text()


@given(
    method=st.sampled_from(["GET", "POST", "PUT"]),
    path=st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=50),
    body=st.binary(max_size=200),
    nonce=st.from_regex(r"[A-Za-z0-9_-]{16,64}", fullmatch=True),
    seconds=st.integers(0, 4_000_000_000),
)
def test_another_hand_writes_the_same_signature(
    method: str, path: str, body: bytes, nonce: str, seconds: int
) -> None:
    request = Request(method, path, body)
    now = datetime.fromtimestamp(seconds, UTC)
    sent = headers("a", SECRETS["a"], request, now=now, nonce=nonce)
    assert sent["X-Signature"] == aggregator.signature(SECRETS["a"], method, path, str(seconds), nonce, body)
    assert check(sent, SECRETS, request, now) == nonce


def signed(**more: str) -> dict[str, str]:
    return headers("a", SECRETS["a"], REQUEST, now=NOW, nonce="nonce-0123456789") | more


@pytest.mark.parametrize(
    ("request_seen", "sent", "why"),
    [
        (replace(REQUEST, method="PUT"), signed(), "wrong-signature"),
        (replace(REQUEST, path="/texts/http/incoming?x=2"), signed(), "wrong-signature"),
        (replace(REQUEST, body=b'{"id": "2"}'), signed(), "wrong-signature"),
        (REQUEST, signed(**{"X-Signature-Key": "b"}), "wrong-signature"),
        (REQUEST, signed(**{"X-Signature-Key": "c"}), "unknown-key"),
        (REQUEST, signed(**{"X-Signature-Time": str(int(NOW.timestamp()) + 1)}), "wrong-signature"),
        (REQUEST, signed(**{"X-Signature-Nonce": "nonce-of-another-"}), "wrong-signature"),
        (REQUEST, signed(**{"X-Signature-Nonce": "short"}), "unsigned"),
        (REQUEST, signed(**{"X-Signature-Nonce": "n" * 65}), "unsigned"),
        (REQUEST, signed(**{"X-Signature-Time": "now"}), "unsigned"),
        (REQUEST, signed(**{"X-Signature-Time": "9" * 12}), "unsigned"),
        (REQUEST, signed(**{"X-Signature-Time": "١٧٩٥٣٩٩٢٠٠"}), "unsigned"),
        (REQUEST, signed(**{"X-Signature": "签名"}), "wrong-signature"),
        (REQUEST, signed(**{"X-Signature": ""}), "wrong-signature"),
        (REQUEST, signed(**{"X-Signature": signed()["X-Signature"].upper()}), "wrong-signature"),
        (REQUEST, {}, "unsigned"),
    ],
)
def test_whatever_is_changed_is_not_believed(request_seen: Request, sent: dict[str, str], why: str) -> None:
    with pytest.raises(Forged) as forged:
        check(sent, SECRETS, request_seen, NOW)
    assert forged.value.why == why


@pytest.mark.parametrize("sign", [1, -1])
def test_a_request_is_good_for_five_minutes_either_way(sign: int) -> None:
    assert check(signed(), SECRETS, REQUEST, NOW + sign * WINDOW)
    with pytest.raises(Forged, match="out-of-time"):
        check(signed(), SECRETS, REQUEST, NOW + sign * (WINDOW + timedelta(seconds=1)))


def test_a_nonce_is_known_for_as_long_as_its_request_could_be_good() -> None:
    """Signed with a clock that is one window ahead, it is good for two."""
    nonces = Nonces()
    nonces.take("n", NOW)
    with pytest.raises(Forged, match="replayed"):
        nonces.take("n", NOW + 2 * WINDOW)
    nonces.take("n", NOW + 2 * WINDOW + timedelta(seconds=1))


def test_the_memory_has_an_end_and_what_it_cannot_know_it_refuses() -> None:
    nonces = Nonces(most=2)
    nonces.take("a", NOW)
    nonces.take("b", NOW)
    with pytest.raises(Forged, match="no-room"):
        nonces.take("c", NOW)
    with pytest.raises(Forged, match="replayed"):
        nonces.take("a", NOW)
    nonces.take("c", NOW + 2 * WINDOW + timedelta(seconds=1))


def test_a_nonce_that_is_given_back_may_come_again() -> None:
    nonces = Nonces()
    nonces.take("n", NOW)
    nonces.give_back("n")
    nonces.take("n", NOW)


# --- out ----------------------------------------------------------------------------------------------


@dataclass
class Stage:
    clock: FrozenClock
    far: Carrier
    gateway: HttpSignedGateway


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    clock = FrozenClock.at("2026-11-23 10:00")
    far = Carrier(clock)
    async with far.server:
        async with open_http_signed(far.aggregator, clock, SeededChance(1), answer_within_s=2.0) as gateway:
            yield Stage(clock, far, gateway)


def text(body: str = "【12320】您好", key: str = "appointment/1/1/booked") -> OutgoingText:
    return OutgoingText(key, NUMBER, body, "booked")


async def test_a_text_says_all_that_the_interface_says(stage: Stage) -> None:
    ids = await stage.gateway.send(text())
    (taken,) = stage.far.texts.values()
    assert ids == tuple(taken["ids"])
    assert {key: taken[key] for key in ("from", "to", "body", "kind")} == {
        "from": "12320", "to": NUMBER, "body": "【12320】您好", "kind": "booked",
    }  # fmt: skip
    assert "appointment" not in taken["key"]


async def test_every_call_has_a_nonce_of_its_own(stage: Stage) -> None:
    for _ in range(3):
        await stage.gateway.send(text())
    assert len(stage.far.nonces) == 3
    assert len(stage.far.texts) == 1


async def test_a_secret_that_is_not_theirs_is_our_failure(stage: Stage) -> None:
    ours = replace(stage.far.aggregator, secret=b"guessed")
    async with open_http_signed(ours, stage.clock, SeededChance(1)) as gateway:
        with pytest.raises(OutsideError, match="aggregator 401 wrong-signature") as failure:
            await gateway.send(text())
    assert (failure.value.permanent, failure.value.unsure) == (False, False)


@pytest.mark.parametrize(
    ("status", "permanent", "unsure"),
    [
        (422, True, False), (400, False, False), (403, False, False), (404, False, False),
        (429, False, False), (503, False, False), (302, False, False),
        (409, False, True), (500, False, True), (502, False, True), (504, False, True), (204, False, True),
    ],
)  # fmt: skip
async def test_what_an_answer_means(stage: Stage, status: int, permanent: bool, unsure: bool) -> None:
    stage.far.plan = [(status, "number-blocked")]
    with pytest.raises(OutsideError) as failure:
        await stage.gateway.send(text())
    assert (failure.value.permanent, failure.value.unsure) == (permanent, unsure)


@pytest.mark.parametrize("code", [f"{NUMBER}", "王建国", "x" * 41, "a sentence", 7, None])
async def test_only_a_word_of_their_refusal_is_repeated(stage: Stage, code: object) -> None:
    stage.far.plan = [(422, code)]
    with pytest.raises(OutsideError) as failure:
        await stage.gateway.send(text())
    assert str(failure.value) == "aggregator 422"


@pytest.mark.parametrize("step", ["silent", "cut", "drop", "garbage"])
async def test_a_text_in_doubt_is_asked_for_again_and_is_one(stage: Stage, step: str) -> None:
    stage.far.plan = [step]
    with pytest.raises(OutsideError) as failure:
        await stage.gateway.send(text())
    assert (failure.value.unsure, failure.value.permanent) == (True, False)
    ids = await stage.gateway.send(text())
    (taken,) = stage.far.texts.values()
    assert ids == tuple(taken["ids"])


async def test_without_a_connection_a_text_has_certainly_not_gone(stage: Stage) -> None:
    await stage.far.server.close()
    with pytest.raises(OutsideError) as failure:
        await stage.gateway.send(text())
    assert (failure.value.permanent, failure.value.unsure) == (False, False)


# --- back ---------------------------------------------------------------------------------------------


@dataclass
class Back:
    clock: FrozenClock
    box: Box
    house: TestServer
    hooks: Webhooks


@pytest.fixture
async def back() -> AsyncIterator[Back]:
    clock, box = FrozenClock.at("2026-11-23 10:00"), Box()
    house = pages(routes(agreed(), box, clock))
    async with house, ClientSession() as session:
        yield Back(clock, box, house, Webhooks(house, session, clock))


INCOMING, RECEIPTS = "/texts/http/incoming", "/texts/http/receipts"
BODY = json.dumps({"id": "in-1", "from": f"+86{NUMBER}", "to": "12320", "body": "取消"}).encode()


async def test_a_text_and_a_receipt_come_in(back: Back) -> None:
    assert await back.hooks.incoming("in-1", f"+86{NUMBER}", "取消") == (200, '{"taken": true}')
    assert (await back.hooks.receipt("p-1", "failed", "no-coverage"))[0] == 200
    assert (back.box.texts[0].gateway, back.box.texts[0].gateway_id) == ("http", "in-1")
    assert (back.box.receipts[0].part_id, back.box.receipts[0].why) == ("p-1", "no-coverage")


async def test_a_replayed_request_is_refused(back: Back) -> None:
    sent = back.hooks.signed(INCOMING, BODY)
    assert (await back.hooks.send(INCOMING, BODY, sent))[0] == 200
    assert await back.hooks.send(INCOMING, BODY, sent) == (403, "replayed")
    assert len(back.box.tried) == 1


async def test_a_repeat_with_a_nonce_of_its_own_is_the_same_text(back: Back) -> None:
    for _ in range(2):
        assert (await back.hooks.incoming("in-1", f"+86{NUMBER}", "取消"))[0] == 200
    assert len(back.box.texts) == 1


async def test_what_we_failed_to_keep_may_come_again_as_it_is(back: Back) -> None:
    sent = back.hooks.signed(INCOMING, BODY)
    back.box.broken = True
    assert (await back.hooks.send(INCOMING, BODY, sent))[0] == 500
    back.box.broken = False
    assert (await back.hooks.send(INCOMING, BODY, sent))[0] == 200
    assert len(back.box.texts) == 1


@pytest.mark.parametrize(
    ("key", "secret", "ahead_s", "why"),
    [
        ("carrier-1", b"guessed", 0, "wrong-signature"),
        ("nobody", THEIR_SECRET, 0, "unknown-key"),
        (THEIR_KEY, THEIR_SECRET, -301, "out-of-time"),
        (THEIR_KEY, THEIR_SECRET, 301, "out-of-time"),
        (aggregator.KEY, aggregator.SECRET, 0, "unknown-key"),  # what we sign ourselves, sent back
    ],
)
async def test_a_forged_request_is_refused_in_a_word(
    back: Back, key: str, secret: bytes, ahead_s: int, why: str
) -> None:
    back.hooks.key, back.hooks.secret = key, secret
    sent = back.hooks.signed(INCOMING, BODY, ahead_s=ahead_s)
    assert await back.hooks.send(INCOMING, BODY, sent) == (403, why)
    assert back.box.tried == []


async def test_a_request_signed_for_another_page_is_refused(back: Back) -> None:
    sent = back.hooks.signed(RECEIPTS, BODY)
    assert await back.hooks.send(INCOMING, BODY, sent) == (403, "wrong-signature")
    assert await back.hooks.send(INCOMING, BODY, {}) == (403, "unsigned")
    assert back.box.tried == []


@pytest.mark.parametrize(
    ("path", "words"),
    [
        (INCOMING, b"not JSON"),
        (INCOMING, b'["a list"]'),
        (INCOMING, b'{"from": "1", "body": "no id"}'),
        (INCOMING, json.dumps({"id": "i" * 81, "from": "1", "body": "b"}).encode()),
        (INCOMING, json.dumps({"id": "i", "from": "1", "body": "b" * 2001}).encode()),
        (RECEIPTS, b'{"id": "p", "state": "perhaps"}'),
        (INCOMING, b'{"id": "\xff", "from": "1", "body": "b"}'),
    ],
    ids=["no-json", "list", "no-id", "long-id", "long-body", "state", "not-utf8"],
)
async def test_what_is_signed_but_not_as_the_interface_says_is_refused(
    back: Back, path: str, words: bytes
) -> None:
    assert (await back.hooks.send(path, words, back.hooks.signed(path, words)))[0] == 400
    assert back.box.tried == []
    assert back.box.receipts == []


async def test_two_secrets_are_believed_while_one_replaces_the_other(back: Back) -> None:
    both = replace(agreed(), their_keys={THEIR_KEY: THEIR_SECRET, "carrier-2": b"new"})
    house = pages(routes(both, back.box, back.clock))
    async with house:
        hooks = replace(back.hooks, house=house)
        assert (await hooks.incoming("in-1", f"+86{NUMBER}", "1"))[0] == 200
        hooks.key, hooks.secret = "carrier-2", b"new"
        assert (await hooks.incoming("in-2", f"+86{NUMBER}", "1"))[0] == 200
    assert len(back.box.texts) == 2


async def test_a_path_that_a_proxy_takes_away_is_signed_too(back: Back) -> None:
    behind = replace(agreed(), public="https://hotline.example/hotline/")
    house = pages(routes(behind, back.box, back.clock))
    async with house:
        hooks = replace(back.hooks, house=house)
        sent = hooks.signed(f"/hotline{INCOMING}", BODY)
        assert (await hooks.send(INCOMING, BODY, sent))[0] == 200
