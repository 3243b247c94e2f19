"""One matter by text over a gateway that is not ours: what has gone out, what has arrived, how it ended."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sqlalchemy import select

from core.booking.tables import Appointment
from core.contact import view as contact_view
from core.outbox import Backoff, Outbox
from core.ports import TextGateway
from core.wake import Wake
from sms import inbound, outbound
from sms.inbound import Inbox
from sms.tables import TextMessage
from sms.texter import Texter
from tests.builders import Clinic
from tests.clocks import FrozenClock
from tests.ivr.town import LI
from tests.sms.test_outbound import alone

NUMBER = f"+86{LI}"
BOOKING = "预约心内科陈建国11月26日上午"


@dataclass
class Matter:
    """A clinic at one end, telephones at the other. arrived: the texts that stand on them, in their order."""

    clinic: Clinic
    outbox: Outbox
    clock: FrozenClock
    arrived: Callable[[], Awaitable[list[str]]]

    async def answered(self, count: int) -> str:
        """The newest of so many texts on her telephone, when all have arrived."""

        async def there() -> bool:
            await self._carry()
            return len(await self.arrived()) >= count

        await eventually(there)
        return (await self.arrived())[-1]

    async def _carry(self) -> None:
        self.clock.advance(seconds=30)  # what failed is tried again in a while
        await self.outbox.carry_due()

    async def states(self) -> list[str]:
        """Of every text of ours, in the order in which they were written."""
        async with self.clinic.hotline.read() as db:
            query = select(TextMessage.state).where(TextMessage.direction == "out").order_by(TextMessage.id)
            return list((await db.execute(query)).scalars())

    async def written(self) -> int:
        """How many texts of patients are kept."""
        async with self.clinic.hotline.read() as db:
            query = select(TextMessage.id).where(TextMessage.direction == "in")
            return len((await db.execute(query)).all())

    async def is_over(self, state: str) -> None:
        """No text was lost, none came twice, and what was agreed by text is in this state, once."""

        async def delivered() -> bool:
            await self._carry()  # one that was taken in doubt is still to be looked up
            return set(await self.states()) == {"delivered"}

        await eventually(delivered)
        arrived = await self.arrived()
        assert len(arrived) == len(set(arrived)) == len(await self.states())
        async with self.clinic.hotline.read() as db:
            made = await db.execute(select(Appointment.state).where(Appointment.channel == "sms"))
            assert made.scalars().all() == [state]


async def eventually(true: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(60):
        while not await true():  # noqa: ASYNC110 what is waited for is beyond a socket
            await asyncio.sleep(0.02)


def matter(
    clinic: Clinic,
    inbox: Inbox,
    gateway: TextGateway,
    clock: FrozenClock,
    arrived: Callable[[], Awaitable[list[str]]],
) -> Matter:
    """Texts of this clinic go out by this gateway alone, and what comes in is answered."""
    hotline = clinic.hotline
    hotline.routes = {**outbound.ROUTES, **inbound.ROUTES}
    texter = Texter(hotline, alone(gateway, clock), callbacks=contact_view.callback, public=lambda: "")
    routes = {outbound.CARRIER: texter.route(), inbound.CARRIER: inbox.route()}
    outbox = Outbox(hotline, routes, Wake(), backoff=Backoff(tries=20, most_s=20))
    return Matter(clinic, outbox, clock, arrived)
