"""Book, confirm and cancel by text over a message centre that is not ours, on a line that does its worst.

Parts come late and out of order, one is lost and comes again; the line breaks while our answer goes out;
receipts come in disorder and twice. No text is lost, none arrives twice, and what was agreed is what is.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from core.work import Hotline
from sms.gateways.smpp.gateway import SmppGateway
from sms.inbound import Inbox
from tests.clocks import FrozenClock
from tests.flows.matter import BOOKING, NUMBER, Matter, matter
from tests.ivr.town import Town, town
from tests.sms.smpp_house import bound
from tests.sms.smsc import Smsc, centre
from tests.waiting import until


@dataclass
class Line:
    """A message centre, and the matter that is settled over it."""

    smsc: Smsc
    gateway: SmppGateway
    matter: Matter

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


@pytest.fixture
async def here(hotline: Hotline, clock: FrozenClock) -> Town:
    return await town(hotline, clock)


@pytest.fixture
async def line(hotline: Hotline, here: Town, clock: FrozenClock) -> AsyncIterator[Line]:
    inbox = Inbox(hotline, here.clinic.store)
    async with centre() as smsc, bound(smsc, inbox, clock=clock, manners={"part_patience_s": 0.2}) as gateway:  # type: ignore[arg-type]
        yield Line(smsc, gateway, matter(here.clinic, inbox, gateway, clock, smsc.arrived))


@pytest.mark.req("R-096", "R-097", "I-011")
async def test_a_visit_is_booked_and_given_up_over_a_line_that_does_its_worst(line: Line) -> None:
    smsc, answered = line.smsc, line.matter.answered
    # The second part comes first and alone, is put off, and comes again behind the others; the third twice.
    first, second, third = line.parts(BOOKING, 7)
    early = smsc.bring(**second)
    assert await smsc.answer(early) == "ESME_RX_T_APPN"
    await line.brought(third, first, second, third)
    # The line breaks before our question was taken.
    await smsc.plan("drop")
    assert "回1预约" in await answered(1)
    await line.brought(*line.parts("1", 8))
    assert "陈建国" in await answered(2)
    # Nothing is on its way when the line breaks again; what she writes then comes by the next.
    await smsc.order("cut")
    await until(lambda: not line.gateway.bound)
    await until(lambda: line.gateway.bound)
    await line.brought(*line.parts("取消", 9))
    assert "回1" in await answered(3)
    await line.brought(*line.parts("1", 10))
    await answered(4)
    parts = [part["id"] for part in await smsc.submitted() if part["id"]]
    for part in [*reversed(parts), *parts]:
        smsc.receipt(part)
    await line.matter.is_over("cancelled")
