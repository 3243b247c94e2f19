"""What every cashier must do; each brings a bench that plays the patient and the cashier's own word."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Protocol

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

from core.links.unionpay.adapter import NAME, Endpoints, UnionPay
from core.links.unionpay.sandbox import sandbox_app
from core.links.unionpay.sandbox_book import Book, Trade
from core.links.unionpay.sandbox_gateway import Gateway
from core.links.unionpay.sandbox_keys import SandboxKeys, make_keys
from core.links.unionpay.signing import certificate_number
from core.money.cashier import Account, Cashier, Forged, Kind, Line, Order, Return, Verdict
from core.ports import OutsideError
from tests.clocks import FrozenClock
from tests.money.plain_cashier import PlainCashier

TODAY = date(2026, 11, 23)


class Bench(Protocol):
    cashier: Cashier
    account: Account

    async def pay(self, order: Order, how: str = "paid") -> None:
        """The patient goes where `begin` says, and pays, or fails to."""

    def word(self, order: Order) -> dict[str, str]:
        """The cashier's own notice of it."""

    async def break_line(self) -> None: ...


@dataclass
class PlainBench:
    cashier: PlainCashier
    account: Account

    async def pay(self, order: Order, how: str = "paid") -> None:
        await self.cashier.begin(order)
        (self.cashier.pay if how == "paid" else self.cashier.fail)(order.number)

    def word(self, order: Order) -> dict[str, str]:
        return self.cashier.word(order.number)

    async def break_line(self) -> None:
        self.cashier.away = True


@dataclass
class UnionPayBench:
    cashier: UnionPay
    account: Account
    gateway: Gateway
    server: TestServer
    http: ClientSession

    async def pay(self, order: Order, how: str = "paid") -> None:
        sent = await self.cashier.begin(order)
        async with self.http.post(sent.url, data=dict(sent.fields)) as page:
            assert page.status == 200
        self.gateway.book.pay(self._trade(order), how)

    def word(self, order: Order) -> dict[str, str]:
        return self.gateway.front(self._trade(order))

    async def break_line(self) -> None:
        await self.server.close()

    def _trade(self, order: Order) -> Trade:
        trade = self.gateway.book.find(order.account.merchant_no, order.number)
        assert trade
        return trade


@pytest.fixture(scope="session")
def keys() -> SandboxKeys:
    return make_keys(FrozenClock.at("2026-11-01 00:00").now())


@pytest.fixture(params=["plain", "unionpay"])
async def bench(
    request: pytest.FixtureRequest, clock: FrozenClock, keys: SandboxKeys
) -> AsyncIterator[Bench]:
    number = certificate_number(keys.merchant.certificate)
    account = Account(1, 1, request.param, "777000000000001", number, keys.merchant.key)
    if request.param == "plain":
        yield PlainBench(PlainCashier(clock), account)
        return
    gateway = Gateway(keys, Book(clock.now))
    async with ClientSession() as http, TestServer(sandbox_app(gateway, delivers=False)) as server:
        endpoints = Endpoints.below(str(server.make_url("/")))
        cashier = UnionPay(http, endpoints, gateway.trust(), clock, lambda: "https://12320.example")
        yield UnionPayBench(cashier, account, gateway, server, http)


@pytest.fixture
def order(bench: Bench, clock: FrozenClock) -> Order:
    now = clock.now()
    return Order(bench.account, "P00000000000101", 3000, now, now + timedelta(minutes=30))


async def back(
    bench: Bench, order: Order, clock: FrozenClock, *, amount: int = 3000, number: str = "R00000000000101"
) -> Return:
    txn = (await bench.cashier.query(order)).txn
    return Return(order.account, number, amount, clock.now(), of=order.number, txn=txn)


def test_a_key_is_never_shown(bench: Bench) -> None:
    assert "PRIVATE" not in repr(bench.account)


async def test_what_nobody_has_paid_is_absent(bench: Bench, order: Order) -> None:
    assert (await bench.cashier.query(order)).verdict is Verdict.ABSENT
    await bench.cashier.begin(order)
    assert (await bench.cashier.query(order)).verdict is Verdict.ABSENT


async def test_what_is_paid_is_done_with_its_sum_and_day(bench: Bench, order: Order) -> None:
    await bench.pay(order)
    answer = await bench.cashier.query(order)
    assert (answer.verdict, answer.amount_fen, answer.settle_day) == (Verdict.DONE, 3000, TODAY)
    assert answer.txn


async def test_what_failed_has_failed(bench: Bench, order: Order) -> None:
    await bench.pay(order, "failed")
    assert (await bench.cashier.query(order)).verdict is Verdict.FAILED


async def test_the_same_order_again_is_the_same_payment(bench: Bench, order: Order) -> None:
    assert (await bench.cashier.begin(order)).fields == (await bench.cashier.begin(order)).fields
    await bench.pay(order)
    await bench.pay(order)
    assert await bench.cashier.reconciliation(order.account, TODAY) == [
        Line(Kind.PAYMENT, order.number, 3000)
    ]


async def test_money_goes_back_in_parts_and_never_more_than_came(
    bench: Bench, order: Order, clock: FrozenClock
) -> None:
    await bench.pay(order)
    for number, amount in (("R00000000000101", 1000), ("R00000000000201", 2000)):
        part = await back(bench, order, clock, amount=amount, number=number)
        assert (await bench.cashier.refund(part)).verdict in (Verdict.DONE, Verdict.UNKNOWN)
        assert (await bench.cashier.query(part)).verdict is Verdict.DONE
    more = await back(bench, order, clock, amount=1, number="R00000000000301")
    refused = await bench.cashier.refund(more)
    assert (refused.verdict, refused.permanent) == (Verdict.FAILED, True)
    assert (await bench.cashier.query(more)).verdict is Verdict.ABSENT


async def test_one_number_is_given_back_once(bench: Bench, order: Order, clock: FrozenClock) -> None:
    await bench.pay(order)
    part = await back(bench, order, clock, amount=1000)
    for _ in range(3):
        await bench.cashier.refund(part)
    assert (await bench.cashier.query(part)).verdict is Verdict.DONE
    lines = await bench.cashier.reconciliation(order.account, TODAY)
    assert lines == [Line(Kind.PAYMENT, order.number, 3000), Line(Kind.REFUND, part.number, 1000)]


async def test_a_void_undoes_all_of_it_on_the_same_day_only(
    bench: Bench, order: Order, clock: FrozenClock
) -> None:
    await bench.pay(order)
    part = await back(bench, order, clock, amount=1000)
    assert (await bench.cashier.void(part)).verdict is Verdict.FAILED
    clock.advance(days=1)
    late = await back(bench, order, clock, number="R00000000000102")
    assert (await bench.cashier.void(late)).verdict is Verdict.FAILED
    clock.advance(days=-1)
    whole = await back(bench, order, clock, number="R00000000000103")
    assert (await bench.cashier.void(whole)).verdict in (Verdict.DONE, Verdict.UNKNOWN)
    assert (await bench.cashier.query(whole)).verdict is Verdict.DONE


async def test_what_was_never_paid_cannot_go_back(bench: Bench, order: Order, clock: FrozenClock) -> None:
    await bench.cashier.begin(order)
    never = replace(await back(bench, order, clock), txn="")
    assert (await bench.cashier.refund(never)).verdict is Verdict.FAILED


async def test_a_notice_says_what_a_query_says(bench: Bench, order: Order) -> None:
    await bench.pay(order)
    said = bench.cashier.notice(bench.word(order))
    assert (said.kind, said.number, said.merchant_no) == (
        Kind.PAYMENT,
        order.number,
        order.account.merchant_no,
    )
    asked = await bench.cashier.query(order)
    assert (said.answer.verdict, said.answer.txn, said.answer.amount_fen) == (
        asked.verdict,
        asked.txn,
        asked.amount_fen,
    )


async def test_a_notice_that_was_touched_is_not_believed(bench: Bench, order: Order) -> None:
    await bench.pay(order)
    honest = bench.word(order)
    for name in honest:
        with pytest.raises(Forged):
            bench.cashier.notice({**honest, name: honest[name] + "1"})
        with pytest.raises(Forged):
            bench.cashier.notice({key: value for key, value in honest.items() if key != name})
    with pytest.raises(Forged):
        bench.cashier.notice({})


async def test_a_day_on_which_nothing_moved_has_no_list(bench: Bench, order: Order) -> None:
    assert await bench.cashier.reconciliation(order.account, TODAY) is None


async def test_a_broken_line_is_a_failure_for_now_that_tells_nothing(
    bench: Bench, order: Order, clock: FrozenClock
) -> None:
    await bench.pay(order)
    part = await back(bench, order, clock)
    await bench.break_line()
    for call in (
        bench.cashier.query(order),
        bench.cashier.refund(part),
        bench.cashier.void(part),
        bench.cashier.reconciliation(order.account, TODAY),
    ):
        with pytest.raises(OutsideError) as failure:
            await call
        assert not failure.value.permanent
        assert order.account.merchant_no not in str(failure.value)
    assert bench.cashier.name in ("plain", NAME)
