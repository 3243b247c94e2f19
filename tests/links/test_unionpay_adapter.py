"""A gateway that answers badly, or not at all: nothing is believed that it did not sign for this very question."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date, timedelta

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from core.links.unionpay import file, messages
from core.links.unionpay.adapter import PRODUCTION, Endpoints, UnionPay
from core.links.unionpay.sandbox_keys import SandboxKeys, make_keys
from core.links.unionpay.signing import Trust, certificate_number, gateway_signer
from core.money.cashier import Account, Answer, Order, Return, Verdict
from core.ports import OutsideError
from tests.clocks import FrozenClock

MERCHANT, NUMBER = "777000000000001", "P00000000000101"
OURS = {"version": "5.1.0", "signMethod": "01", "merId": MERCHANT, "orderId": NUMBER, "respCode": "00"}


@pytest.fixture(scope="module")
def keys() -> SandboxKeys:
    return make_keys(FrozenClock.at("2026-11-01 00:00").now())


@dataclass
class Gateway:
    """Answers what it is told to."""

    keys: SandboxKeys
    body: str = ""
    status: int = 200
    asked: list[dict[str, str]] = field(default_factory=list)
    act: Callable[[], Awaitable[None]] | None = None

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append({name: str(value) for name, value in (await request.post()).items()})
        if self.act:
            await self.act()
        return web.Response(text=self.body, status=self.status)

    def says(self, keys: SandboxKeys | None = None, **fields: str) -> None:
        by = (keys or self.keys).gateway
        self.body = messages.written(gateway_signer(by.key, by.certificate).sign(OURS | fields))


@pytest.fixture
def gateway(keys: SandboxKeys) -> Gateway:
    return Gateway(keys)


@pytest.fixture
async def cashier(gateway: Gateway, keys: SandboxKeys, clock: FrozenClock) -> AsyncIterator[UnionPay]:
    app = web.Application()
    app.router.add_post("/{anywhere:.*}", gateway.answer)
    async with ClientSession() as http, TestServer(app) as server:
        yield UnionPay(
            http,
            Endpoints.below(str(server.make_url("/"))),
            Trust([keys.root], [keys.middle]),
            clock,
            lambda: "https://12320.example/",
            within_s=2,
        )


@pytest.fixture
def order(keys: SandboxKeys, clock: FrozenClock) -> Order:
    number = certificate_number(keys.merchant.certificate)
    account = Account(1, 1, "unionpay", MERCHANT, number, keys.merchant.key)
    return Order(account, NUMBER, 3000, clock.now(), clock.now() + timedelta(minutes=30))


def test_in_production_the_addresses_are_unionpays() -> None:
    assert PRODUCTION.front == "https://gateway.95516.com/gateway/api/frontTransReq.do"
    assert PRODUCTION.files == "https://filedownload.95516.com/"


async def test_notices_come_to_our_public_address(cashier: UnionPay, order: Order) -> None:
    fields = (await cashier.begin(order)).fields
    assert fields["backUrl"] == "https://12320.example/pay/unionpay/back"
    assert fields["frontUrl"] == "https://12320.example/pay/unionpay/front"


async def unsure(cashier: UnionPay, order: Order, words: str) -> None:
    with pytest.raises(OutsideError, match=words) as failure:
        await cashier.query(order)
    assert failure.value.unsure
    assert not failure.value.permanent


async def test_an_error_of_the_server_leaves_us_unsure(
    cashier: UnionPay, gateway: Gateway, order: Order
) -> None:
    gateway.status = 502
    await unsure(cashier, order, "http 502")


async def test_what_nobody_has_signed_is_no_answer(cashier: UnionPay, gateway: Gateway, order: Order) -> None:
    gateway.body = "respCode=00&origRespCode=00"
    await unsure(cashier, order, "not believed")


async def test_what_a_stranger_has_signed_is_no_answer(
    cashier: UnionPay, gateway: Gateway, order: Order
) -> None:
    gateway.says(make_keys(FrozenClock.at("2026-11-01 00:00").now()), origRespCode="00")
    await unsure(cashier, order, "not believed: untrusted")


@pytest.mark.parametrize("other", [{"orderId": "P00000000000102"}, {"merId": "777000000000002"}])
async def test_a_signed_answer_to_another_question_is_no_answer(
    cashier: UnionPay, gateway: Gateway, order: Order, other: dict[str, str]
) -> None:
    gateway.says(origRespCode="00", **other)
    await unsure(cashier, order, "something else")


async def test_an_answer_without_end_is_cut_off(cashier: UnionPay, gateway: Gateway, order: Order) -> None:
    gateway.body = "x" * 200_000
    await unsure(cashier, order, "without end")


async def test_a_gateway_that_says_nothing_is_not_waited_for(
    cashier: UnionPay, gateway: Gateway, order: Order
) -> None:
    let_go = asyncio.Event()

    async def hang() -> None:
        await let_go.wait()

    gateway.act = hang
    try:
        await unsure(cashier, order, "no answer")
    finally:
        let_go.set()


@pytest.mark.parametrize(
    ("codes", "answer"),
    [
        (
            {"origRespCode": "00", "queryId": "Q1", "txnAmt": "3000"},
            Answer(Verdict.DONE, "Q1", 3000, code="00"),
        ),
        ({"origRespCode": "05"}, Answer(Verdict.UNKNOWN, code="05")),
        ({"origRespCode": "61"}, Answer(Verdict.FAILED, code="61", permanent=True)),
        ({"respCode": "34"}, Answer(Verdict.ABSENT, code="34")),
        ({"respCode": "04"}, Answer(Verdict.UNKNOWN, code="04")),
    ],
)
async def test_what_the_gateway_knows_is_told(
    cashier: UnionPay, gateway: Gateway, order: Order, codes: dict[str, str], answer: Answer
) -> None:
    gateway.says(**codes)
    assert await cashier.query(order) == answer


@pytest.mark.parametrize(("code", "permanent"), [("06", False), ("11", True)])
async def test_a_question_that_is_refused_is_an_error(
    cashier: UnionPay, gateway: Gateway, order: Order, code: str, permanent: bool
) -> None:
    gateway.says(respCode=code)
    with pytest.raises(OutsideError) as failure:
        await cashier.query(order)
    assert failure.value.permanent is permanent


@pytest.mark.parametrize(
    ("code", "verdict"), [("00", Verdict.UNKNOWN), ("03", Verdict.UNKNOWN), ("33", Verdict.FAILED)]
)
async def test_a_refund_is_taken_on_or_refused(
    cashier: UnionPay, gateway: Gateway, order: Order, code: str, verdict: Verdict
) -> None:
    gateway.says(respCode=code)
    back = Return(order.account, NUMBER, 3000, order.sent_at, of="P1", txn="Q1")
    assert (await cashier.refund(back)).verdict is verdict
    (sent,) = gateway.asked
    assert (sent["txnType"], sent["origQryId"], sent["txnAmt"]) == ("04", "Q1", "3000")


async def test_a_busy_gateway_is_asked_again_under_the_same_number(
    cashier: UnionPay, gateway: Gateway, order: Order
) -> None:
    gateway.says(respCode="02")
    back = Return(order.account, NUMBER, 3000, order.sent_at, of="P1", txn="Q1")
    with pytest.raises(OutsideError, match="busy") as failure:
        await cashier.void(back)
    assert not failure.value.permanent


async def test_a_file_that_is_broken_is_no_empty_day(
    cashier: UnionPay, gateway: Gateway, order: Order
) -> None:
    gateway.says(fileContent="bm90IGRlZmxhdGVk")
    with pytest.raises(OutsideError, match="bad file"):
        await cashier.reconciliation(order.account, date(2026, 11, 22))


async def test_lines_of_another_merchant_are_not_ours(
    cashier: UnionPay, gateway: Gateway, order: Order
) -> None:
    row = {"type": "01", "order": NUMBER, "amount": "000000003000"}
    lines = [file.line({**row, "merchant": merchant}) for merchant in (MERCHANT, "777000000000002")]
    gateway.says(fileContent=file.pack({"INN26112288ZM_1": "\n".join(lines).encode()}))
    found = await cashier.reconciliation(order.account, date(2026, 11, 22))
    assert found is not None
    assert [one.order for one in found] == [NUMBER]
