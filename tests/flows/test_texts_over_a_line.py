"""Book, confirm and cancel by text over a message centre that is not ours, on a line that does its worst.

Parts come late and out of order, one is lost and comes again; the line breaks while our answer goes out;
receipts come in disorder and twice. No text is lost, none arrives twice, and what was agreed is what is.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import select

from core.booking.tables import Appointment
from core.contact import view as contact_view
from core.outbox import Backoff, Outbox
from core.wake import Wake
from core.work import Hotline
from sms import inbound, outbound
from sms.gateways.smpp.gateway import SmppGateway
from sms.inbound import Inbox
from sms.tables import TextMessage
from sms.texter import Texter
from tests.builders import Clinic
from tests.clocks import FrozenClock
from tests.ivr.town import LI, Town, town
from tests.sms.smpp_house import bound
from tests.sms.smsc import Smsc, centre
from tests.sms.test_outbound import alone
from tests.waiting import until

NUMBER = f"+86{LI}"
BOOKING = "预约心内科陈建国11月26日上午"


@dataclass
class Line:
    """A clinic at one end, a message centre at the other."""

    smsc: Smsc
    gateway: SmppGateway
    clinic: Clinic
    outbox: Outbox
    clock: FrozenClock

    async def brought(self, *parts: dict[str, Any]) -> None:
        """Deliver them in this order, and what was put off again and again, as a message centre does."""
        async with asyncio.timeout(60):
            while parts:
                tags = [self.smsc.bring(**part) for part in parts]
                said = [await self.smsc.answer(tag) for tag in tags]
                parts = tuple(part for part, one in zip(parts, said, strict=True) if one != "ESME_ROK")

    def parts(self, body: str, reference: int) -> list[dict[str, Any]]:
        """Seven characters each."""
        return self.smsc.parts(NUMBER, body, reference, size=7)

    async def answered(self, count: int) -> str:
        """The newest of so many texts on her telephone, when all have arrived."""

        async def there() -> bool:
            self.clock.advance(seconds=30)  # what failed is tried again in a while
            await self.outbox.carry_due()
            return len(await self.smsc.arrived()) >= count

        await eventually(there)
        return (await self.smsc.arrived())[-1]

    async def states(self) -> list[str]:
        async with self.clinic.hotline.read() as db:
            query = select(TextMessage.state).where(TextMessage.kind != "in").order_by(TextMessage.id)
            return [one for one in (await db.execute(query)).scalars() if one not in ("handled", "received")]


async def eventually(true: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(60):
        while not await true():  # noqa: ASYNC110 what is waited for is beyond a socket
            await asyncio.sleep(0.02)


@pytest.fixture
async def here(hotline: Hotline, clock: FrozenClock) -> Town:
    return await town(hotline, clock)


@pytest.fixture
async def line(hotline: Hotline, here: Town, clock: FrozenClock) -> AsyncIterator[Line]:
    made = here.clinic
    hotline.routes = {**outbound.ROUTES, **inbound.ROUTES}
    inbox = Inbox(hotline, made.store)
    async with centre() as smsc, bound(smsc, inbox, clock=clock, manners={"part_patience_s": 0.2}) as gateway:  # type: ignore[arg-type]
        texter = Texter(hotline, alone(gateway, clock), callbacks=contact_view.callback, public=lambda: "")
        routes = {outbound.CARRIER: texter.route(), inbound.CARRIER: inbox.route()}
        outbox = Outbox(hotline, routes, Wake(), backoff=Backoff(tries=20, most_s=20))
        yield Line(smsc, gateway, made, outbox, clock)


@pytest.mark.req("R-096", "R-097", "I-011")
async def test_a_visit_is_booked_and_given_up_over_a_line_that_does_its_worst(line: Line) -> None:
    smsc = line.smsc
    # The second part comes first and alone, is put off, and comes again behind the others; the third twice.
    first, second, third = line.parts(BOOKING, 7)
    early = smsc.bring(**second)
    assert await smsc.answer(early) == "ESME_RX_T_APPN"
    await line.brought(third, first, second, third)
    # The line breaks before our question was taken.
    await smsc.plan("drop")
    assert "回1预约" in await line.answered(1)
    await line.brought(*line.parts("1", 8))
    assert "陈建国" in await line.answered(2)
    # Nothing is on its way when the line breaks again; what she writes then comes by the next.
    await smsc.order("cut")
    await until(lambda: not line.gateway.bound)
    await until(lambda: line.gateway.bound)
    await line.brought(*line.parts("取消", 9))
    assert "回1" in await line.answered(3)
    await line.brought(*line.parts("1", 10))
    await line.answered(4)
    parts = [part["id"] for part in await smsc.submitted() if part["id"]]
    for part in [*reversed(parts), *parts]:
        smsc.receipt(part)

    async def delivered() -> bool:
        return set(await line.states()) == {"delivered"}

    await eventually(delivered)
    arrived = await smsc.arrived()
    assert len(arrived) == len(set(arrived)) == len(await line.states())
    async with line.clinic.hotline.read() as db:
        made = await db.execute(select(Appointment.state).where(Appointment.channel == "sms"))
        assert made.scalars().all() == ["cancelled"]
