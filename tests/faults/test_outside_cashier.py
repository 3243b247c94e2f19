"""A cashier that hangs or lies beyond its scripts (tests/money, tests/links): nobody waits for it, nobody pays."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest

from core import journal
from core.events import NoticeRefused, RefundOwed, SessionResumed
from core.health import State
from core.links.cashiers import CARRIER, Counter, cashiers_probe, open_counter
from core.links.unionpay.adapter import NAME, Endpoints, UnionPay
from core.links.unionpay.sandbox_keys import SandboxKeys
from core.links.unionpay.signing import gateway_signer
from core.links.unionpay.web import BACK_PATH
from core.outbox import Backoff, Outbox, Parcel, Route
from core.wake import Wake
from core.work import Hotline
from tests.builders import SEED
from tests.money.shop import Shop
from tests.pages import database_url  # noqa: F401 SQLite
from tests.waiting import until

SIGNATURE = frozenset({"signature", "signPubKeyCert"})


@dataclass
class Silent:
    """A gateway that takes every connection and never says a word."""

    url: str = ""
    knocks: int = 0
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    async def knock(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.knocks += 1
        self._open.add(writer)

    def hang_up(self) -> None:
        for writer in self._open:
            writer.close()


@asynccontextmanager
async def silent() -> AsyncIterator[Silent]:
    gateway = Silent()
    server = await asyncio.start_server(gateway.knock, "127.0.0.1", 0)
    gateway.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    async with server:
        yield gateway
        gateway.hang_up()


def counter(at: Shop, gateway: Silent, *, within_s: float) -> Counter:
    """The shop's own counter, but for where it asks."""
    endpoints = Endpoints.below(gateway.url)
    trust = at.gateway.trust()
    cashier = UnionPay(at.http, endpoints, trust, at.clock, lambda: at.home, within_s=within_s)
    return open_counter(at.hotline, {NAME: cashier})


async def test_one_that_never_answers_is_left_alone_and_asked_again_later(shop: Shop) -> None:
    made = await shop.appointment()
    await shop.pay(made, "lost")
    async with silent() as gateway:
        hanging = counter(shop, gateway, within_s=0.2)
        shop.clock.advance(minutes=6)
        looking = asyncio.create_task(hanging.doubts.look_due())
        await until(lambda: gateway.knocks > 0)
        other = await shop.appointment("王芳")  # bookings go on meanwhile
        assert await looking > 0
        assert await shop.state(made) == "unpaid"
        told = await cashiers_probe(shop.hotline, hanging.doubts)()
        assert (told.state, "联系不上" in told.words) == (State.DEGRADED, True)
    await shop.passes(12)
    assert (await shop.state(made), await shop.state(other)) == ("booked", "unpaid")
    await shop.balanced()


async def test_a_refund_that_hangs_holds_up_no_other_carrier_and_goes_once(shop: Shop) -> None:
    made = await shop.appointment()
    await shop.pay(made)
    await shop.settle()

    class Tally:
        brought = 0

        async def carry(self, _parcel: Parcel) -> None:
            self.brought += 1

    tally, wake = Tally(), Wake()
    shop.hotline.routes = {RefundOwed.kind: (CARRIER,), SessionResumed.kind: ("other",)}
    async with silent() as gateway:
        hanging = counter(shop, gateway, within_s=30)
        routes = {CARRIER: replace(hanging.carrier.route(), within_s=5), "other": Route(tally)}
        outbox = Outbox(shop.hotline, routes, wake, backoff=Backoff(first_s=1, most_s=1))
        running = asyncio.create_task(outbox.run())
        try:
            await shop.cancel(made)
            wake.ring()
            await until(lambda: gateway.knocks > 0)
            await resumed(shop.hotline)
            wake.ring()
            await until(lambda: tally.brought == 1)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
    await shop.passes(20)
    assert [state for _, _, state in await shop.refunds()] == ["refunded"]
    await shop.balanced()


async def resumed(hotline: Hotline) -> None:
    async with hotline.work(SEED) as work:
        work.record(SessionResumed(session_id=1))


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"orderId": "P00000000999901"}, "unknown-order"),
        ({"txnAmt": "1"}, "wrong-amount"),
        ({"txnAmt": "300000"}, "wrong-amount"),
    ],
)
async def test_a_notice_that_is_truly_signed_and_untrue_moves_nothing(
    shop: Shop,
    sandbox_keys: SandboxKeys,
    wrong: dict[str, str],
    why: str,
) -> None:
    made = await shop.appointment()
    trade = await shop.go(made)
    true = {name: word for name, word in shop.gateway.front(trade).items() if name not in SIGNATURE}
    signer = gateway_signer(sandbox_keys.gateway.key, sandbox_keys.gateway.certificate)
    said = signer.sign(true | {"respCode": "00", "queryId": "20261123000000000001"} | wrong)
    async with shop.http.post(f"{shop.home.rstrip('/')}{BACK_PATH}", data=said) as answer:
        told = answer.status
    assert await shop.state(made) == "unpaid"
    async with shop.hotline.read() as db:
        (refused,) = await journal.latest(db, NoticeRefused, 10)
    assert (refused.why, told) == (why, 400 if why == "unknown-order" else 200)
    await shop.pay(made)  # and the patient may still pay
    await shop.settle()
    assert await shop.state(made) == "booked"
    await shop.balanced()
