"""The page of a fee: from the link of the text to the cashier and back, with a gateway that is another party."""

import re
from collections.abc import AsyncIterator

import pytest

from core.links.unionpay.sandbox_keys import SandboxKeys, make_keys
from core.money.link import pay_path
from core.work import Hotline
from tests.clocks import FrozenClock
from tests.money.shop import Shop, open_shop
from tests.pages import Open


@pytest.fixture(scope="module")
def sandbox_keys() -> SandboxKeys:
    return make_keys(FrozenClock.at("2026-11-01 00:00").now())


@pytest.fixture
async def shop(hotline: Hotline, sandbox_keys: SandboxKeys, clock: FrozenClock) -> AsyncIterator[Shop]:
    async with open_shop(hotline, sandbox_keys, clock) as made:
        yield made


@pytest.mark.req("R-046", "R-050")
async def test_from_the_link_to_the_cashier_and_booked(open_pages: Open, shop: Shop) -> None:
    made = await shop.appointment()
    path = pay_path(shop.hotline.sealer, made.appointment_id)
    pages = await open_pages(pay=shop.counter.till.begin, pay_origin=shop.gateway_url)
    html = await (await pages.get(path)).text()
    assert "应付 <b>30.00 元</b>" in html
    assert "李**" in html
    assert "李秀英" not in html
    answer = await pages.post(path)
    assert f"form-action 'self' {shop.gateway_url}" in answer.headers["Content-Security-Policy"]
    html = await answer.text()
    (url,) = re.findall(r'method="post" action="([^"]+)"', html)
    assert url.startswith(shop.gateway_url)
    trade = await shop.go(made)  # the same order again, as the browser takes it there
    assert f'name="orderId" value="{trade.order}"' in html
    await shop.press(trade)
    assert "去支付" in await (await pages.get(path)).text()  # not by what the browser says
    await shop.settle()
    assert "已支付，预约成功" in await (await pages.get(path)).text()
    again = await pages.post(path)
    assert again.status == 409
    assert 'name="orderId"' not in await again.text()


async def test_another_ones_link_is_none(open_pages: Open, shop: Shop) -> None:
    made = await shop.appointment()
    path = pay_path(shop.hotline.sealer, made.appointment_id)
    pages = await open_pages(pay=shop.counter.till.begin)
    other = path.replace(f"/pay/{made.appointment_id}/", f"/pay/{made.appointment_id + 1}/")
    assert (await pages.get(other)).status == 404
    assert (await pages.post(path[:-1] + ("a" if path[-1] != "a" else "b"))).status == 404


async def test_without_a_cashier_the_page_says_where_to_pay(open_pages: Open, shop: Shop) -> None:
    made = await shop.appointment()
    pages = await open_pages()
    answer = await pages.post(pay_path(shop.hotline.sealer, made.appointment_id))
    assert answer.status == 409
    assert "没有开通网上支付" in await answer.text()
