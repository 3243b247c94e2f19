"""A clinic that is paid through the sandbox's gateway, over HTTP both ways; nothing moves but by the test."""

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
from sqlalchemy import select

from core.booking import view
from core.booking.cancel import expire_due
from core.booking.commands import Booked, Cancel
from core.links.cashiers import CARRIER, ROUTES, Counter, open_counter
from core.links.unionpay.adapter import NAME, Endpoints, UnionPay
from core.links.unionpay.certificates import enrol
from core.links.unionpay.sandbox import sandbox_app
from core.links.unionpay.sandbox_book import Book, Trade
from core.links.unionpay.sandbox_gateway import Gateway
from core.links.unionpay.sandbox_keys import SandboxKeys
from core.links.unionpay.web import notice_routes
from core.money.compare import Comparison
from core.money.rules import UNDECIDED, RefundState
from core.money.settlements import DifferenceView, differences
from core.money.tables import MerchantAccount, Payment, PaymentAttempt, Reconciliation, Refund
from core.outbox import Backoff, Outbox
from core.values import day_of, system
from core.wake import Wake
from core.work import Hotline
from tests.builders import CALLER, SURFER, Clinic, clinic
from tests.clocks import FrozenClock
from tests.money.books import agree

TIMERS = system("timers")
FEE = 3000


@dataclass
class Shop:
    town: Clinic
    clock: FrozenClock
    gateway: Gateway
    gateway_url: str
    home: str
    http: ClientSession
    cashier: UnionPay
    counter: Counter
    outbox: Outbox
    looking: bool = True  # whether doubts are looked at as time passes
    session_id: int = 0

    @property
    def hotline(self) -> Hotline:
        return self.town.hotline

    @property
    def book(self) -> Book:
        return self.gateway.book

    # --- what patients do -------------------------------------------------------------------------------

    async def appointment(self, name: str = "李秀英", session_id: int | None = None) -> Booked:
        person = self.town.people.get(name) or await self.town.person(name)
        if session_id is None:
            self.session_id = self.session_id or await self.town.session("chen", slots=6)
        return await self.town.book(session_id or self.session_id, person, by=SURFER)

    async def go(self, made: Booked) -> Trade:
        """To the gateway's pay page, as a browser does."""
        sent = await self.counter.till.begin(made.appointment_id, SURFER, provider=NAME)
        async with self.http.post(sent.url, data=dict(sent.fields)) as page:
            assert page.status == 200
        trade = self.book.find(sent.fields["merId"], sent.fields["orderId"])
        assert trade
        return trade

    async def press(self, trade: Trade, how: str = "paid", script: str = "honest") -> str:
        """A button of the pay page; returns the page that follows."""
        form = {"merchant": trade.merchant, "order": trade.order, "how": how, "script": script}
        async with self.http.post(f"{self.gateway_url}/gateway/api/pay", data=form) as page:
            return await page.text()

    async def pay(self, made: Booked, script: str = "honest", how: str = "paid") -> Trade:
        trade = await self.go(made)
        await self.press(trade, how, script)
        return trade

    async def come_back(self, page: str) -> str:
        """Press 'back to the merchant'; returns where the browser is sent."""
        form = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', page))
        form = {name: value.replace("&#x27;", "'").replace("&amp;", "&") for name, value in form.items()}
        form = {name: value.replace("\n", "\r\n") for name, value in form.items()}  # as browsers do
        (url,) = re.findall(r'action="([^"]+)"', page)
        async with self.http.post(url, data=form, allow_redirects=False) as answer:
            assert answer.status == 303
            return answer.headers["Location"]

    async def cancel(self, made: Booked) -> None:
        await self.town.store.submit(Cancel(made.appointment_id), CALLER)

    # --- time -------------------------------------------------------------------------------------------

    async def notices(self) -> int:
        return await self.gateway.deliver(self.http)

    async def settle(self) -> None:
        """Whatever is due at this moment happens."""
        for _ in range(20):
            moved = await self.notices() + await self.outbox.carry_due()
            async with self.hotline.work(TIMERS) as work:
                moved += await expire_due(work)
            if self.looking:
                moved += await self.counter.doubts.look_due()
            if not moved:
                return
        raise AssertionError("it never comes to rest")

    async def passes(self, minutes: int) -> None:
        while minutes:
            step = min(minutes, 10)
            self.clock.advance(minutes=step)
            await self.settle()
            minutes -= step

    # --- what stands there ------------------------------------------------------------------------------

    async def state(self, made: Booked) -> str:
        async with self.hotline.read() as db:
            return (await view.load(db, made.appointment_id)).state

    async def refunds(self) -> list[tuple[int, str, str]]:
        async with self.hotline.read() as db:
            rows = await db.execute(
                select(Refund.amount_fen, Refund.reason, Refund.state).order_by(Refund.id)
            )
            return [(row[0], row[1], row[2]) for row in rows]

    async def attempts(self) -> list[str]:
        async with self.hotline.read() as db:
            return list(
                (await db.execute(select(PaymentAttempt.state).order_by(PaymentAttempt.id))).scalars()
            )

    async def balanced(self) -> None:
        """Appointment, slot and money agree with one another, and with the gateway's own book."""
        async with self.hotline.read() as db:
            await agree(db)
            came = (
                (await db.execute(select(Payment).where(Payment.provider_txn.is_not(None)))).scalars().all()
            )
            back = (await db.execute(select(Refund))).scalars().all()
            undecided = select(PaymentAttempt).where(PaymentAttempt.state.in_(UNDECIDED))
            assert (await db.execute(undecided)).first() is None
        moved = [one for one in self.book.trades.values() if one.code == "00"]
        assert {(one.provider_txn, one.amount_fen) for one in came} == {
            (one.query_id, one.amount_fen) for one in moved if not one.of
        }
        assert all(one.state == RefundState.REFUNDED for one in back)
        assert {(one.order_no, one.amount_fen) for one in back} == {
            (one.order, one.amount_fen) for one in moved if one.of
        }

    async def account(self) -> int:
        async with self.hotline.read() as db:
            query = select(MerchantAccount.id).where(MerchantAccount.hospital_id == self.town.hospital_id)
            return (await db.execute(query)).scalar_one()

    async def reconciled(self) -> Comparison:
        """The day's lists, on the next evening: where nothing moved there is no file until then."""
        day = day_of(self.clock.now())
        self.clock.set(f"{day:%Y-%m-}{day.day + 1} 18:30")
        return await self.counter.reconciler.reconcile(await self.account(), day)

    async def named(self) -> Sequence[DifferenceView]:
        """The differences that are kept, of all days."""
        async with self.hotline.read() as db:
            ids = (await db.execute(select(Reconciliation.id).order_by(Reconciliation.id))).scalars().all()
            return [line for one in ids for line in await differences(db, TIMERS, one)]


@asynccontextmanager
async def open_shop(hotline: Hotline, keys: SandboxKeys, clock: FrozenClock) -> AsyncIterator[Shop]:
    """The clinic, the gateway and our own address for notices, each behind a socket of its own."""
    town = await clinic(hotline)
    await town.rule("pay.mode", "online")
    hotline.routes = ROUTES
    gateway = Gateway(keys, Book(clock.now))
    async with hotline.work(TIMERS) as work:
        await enrol(work, keys)
    async with ClientSession() as http, TestServer(sandbox_app(gateway, delivers=False)) as party:
        ours = web.Application()
        home: list[str] = []
        endpoints = Endpoints.below(str(party.make_url("/")))
        cashier = UnionPay(http, endpoints, gateway.trust(), clock, lambda: home[0])
        counter = open_counter(hotline, {NAME: cashier})
        ours.add_routes(notice_routes(counter.till, lambda made: f"/appointments/{made}" if made else "/"))
        async with TestServer(ours) as server:
            home.append(str(server.make_url("/")))
            route = counter.carrier.route()
            outbox = Outbox(hotline, {CARRIER: route}, Wake(), backoff=Backoff(first_s=1, most_s=1))
            url = str(party.make_url("/")).rstrip("/")
            yield Shop(town, clock, gateway, url, home[0], http, cashier, counter, outbox)
