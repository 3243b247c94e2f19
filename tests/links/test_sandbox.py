"""The sandbox on its own: it keeps what was traded, tells it by itself, and shows a page without scripts."""

import stat
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from core.links.unionpay import messages
from core.links.unionpay.sandbox import serving
from core.links.unionpay.sandbox_gateway import Gateway, open_gateway
from core.links.unionpay.signing import certificate_number, merchant_signer
from tests.clocks import FrozenClock
from tests.waiting import until

MERCHANT, NUMBER = "777000000000001", "P00000000000101"


@dataclass
class Merchant:
    """Hears notices; busy: answers the first so many with 500."""

    url: str = ""
    busy: int = 0
    heard: list[dict[str, str]] = field(default_factory=list)

    async def notice(self, request: web.Request) -> web.Response:
        self.heard.append({name: str(value) for name, value in (await request.post()).items()})
        return web.Response(status=500 if len(self.heard) <= self.busy else 200)


@pytest.fixture
async def merchant() -> AsyncIterator[Merchant]:
    made = Merchant()
    app = web.Application()
    app.router.add_post("/back", made.notice)
    async with TestServer(app) as server:
        made.url = str(server.make_url("/back"))
        yield made


@pytest.fixture
async def gateway(tmp_path: Path, clock: FrozenClock) -> Gateway:
    return await open_gateway(tmp_path / "sandbox", clock.now)


def order(gateway: Gateway, merchant: Merchant, clock: FrozenClock, **more: str) -> dict[str, str]:
    fields = messages.consume(
        merchant=MERCHANT,
        order=NUMBER,
        amount_fen=3000,
        sent_at=clock.now(),
        open_until=clock.now() + timedelta(minutes=30),
        front_url="https://12320.example/front",
        back_url=merchant.url,
    )
    pair = gateway.keys.merchant
    return merchant_signer(pair.key, certificate_number(pair.certificate)).sign(fields | more)


async def page(url: str, form: dict[str, str]) -> str:
    async with ClientSession() as http, http.post(url, data=form) as answer:
        return await answer.text()


async def test_a_patient_pays_and_the_gateway_tells_it_by_itself(
    gateway: Gateway, merchant: Merchant, clock: FrozenClock
) -> None:
    async with serving(gateway, "127.0.0.1") as url:
        seen = await page(f"{url}/gateway/api/frontTransReq.do", order(gateway, merchant, clock))
        for words in ("30.00 元", "支付成功", "支付失败", "稍后才有结果", "通知重复三次"):
            assert words in seen
        assert "<script" not in seen
        form = {"merchant": MERCHANT, "order": NUMBER, "how": "paid", "script": "repeated"}
        assert "支付成功" in await page(f"{url}/gateway/api/pay", form)
        await until(lambda: len(merchant.heard) == 3)
        again = await page(f"{url}/gateway/api/frontTransReq.do", order(gateway, merchant, clock))
    assert "已经支付过" in again
    assert {one["respCode"] for one in merchant.heard} == {"00"}
    for one in merchant.heard:
        gateway.trust().check(one, clock.now())


async def test_a_notice_that_is_not_answered_comes_again(
    gateway: Gateway, merchant: Merchant, clock: FrozenClock
) -> None:
    merchant.busy = 1
    fields = order(gateway, merchant, clock)
    trade = gateway.book.ordered(fields)
    assert trade
    gateway.book.pay(trade, "paid")
    async with ClientSession() as http:
        assert await gateway.deliver(http) == 1
        assert await gateway.deliver(http) == 0
        clock.advance(minutes=1)
        assert await gateway.deliver(http) == 1
        clock.advance(hours=1)
        assert await gateway.deliver(http) == 0
    assert len(merchant.heard) == 2


async def test_what_no_merchant_has_signed_is_not_for_sale(
    gateway: Gateway, merchant: Merchant, clock: FrozenClock
) -> None:
    async with serving(gateway, "127.0.0.1") as url:
        for form in (order(gateway, merchant, clock) | {"txnAmt": "1"}, {"orderId": NUMBER}):
            assert "不能支付" in await page(f"{url}/gateway/api/frontTransReq.do", form)
        async with ClientSession() as http:
            for path in ("/gateway/api/queryTrans.do", "/gateway/api/backTransReq.do", "/"):
                async with http.post(url + path, data={"orderId": NUMBER}) as answer:
                    assert answer.status == 400
    assert gateway.book.trades == {}


async def test_when_the_time_is_over_nobody_pays_any_more(
    gateway: Gateway, merchant: Merchant, clock: FrozenClock
) -> None:
    fields = order(gateway, merchant, clock)
    clock.advance(minutes=31)
    async with serving(gateway, "127.0.0.1") as url:
        assert "过了支付时间" in await page(f"{url}/gateway/api/frontTransReq.do", fields)
        await page(f"{url}/gateway/api/pay", {"merchant": MERCHANT, "order": NUMBER, "how": "paid"})
    assert [one.code for one in gateway.book.trades.values()] == [""]


async def test_words_of_a_merchant_are_shown_as_words(
    gateway: Gateway, merchant: Merchant, clock: FrozenClock
) -> None:
    bad = '"><script>alert(1)</script>'
    async with serving(gateway, "127.0.0.1") as url:
        seen = await page(
            f"{url}/gateway/api/frontTransReq.do", order(gateway, merchant, clock, orderId=bad, frontUrl=bad)
        )
        seen += await page(f"{url}/gateway/api/pay", {"merchant": MERCHANT, "order": bad, "how": "paid"})
    assert "<script>" not in seen


async def test_it_remembers_over_a_restart(
    gateway: Gateway, merchant: Merchant, clock: FrozenClock, tmp_path: Path
) -> None:
    trade = gateway.book.ordered(order(gateway, merchant, clock))
    assert trade
    gateway.book.pay(trade, "paid")
    await gateway.keep()
    again = await open_gateway(tmp_path / "sandbox", clock.now)
    assert again.keys == gateway.keys
    assert again.book.trades == gateway.book.trades
    assert stat.S_IMODE((tmp_path / "sandbox" / "keys.json").stat().st_mode) == 0o600
