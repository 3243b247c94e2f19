"""Patients who write texts to a clinic, and what comes back to their telephones."""

from dataclasses import dataclass, field

from sqlalchemy import select

from core import journal
from core.booking.tables import Appointment
from core.contact import view as contact_view
from core.events import Event
from core.outbox import Backoff, Outbox
from core.ports import IncomingText
from core.wake import Wake
from core.work import Hotline
from sms import inbound, outbound
from sms.inbound import Inbox
from sms.segments import segments
from sms.texter import Texter
from tests.builders import Clinic, clinic
from tests.sms.test_outbound import Handset, alone

PUBLIC = "https://hotline.example"
LI, STRANGER = "10712345678", "10787654321"


@dataclass
class Texting:
    """A clinic with a number for texts; each telephone's texts in the order in which they came."""

    town: Clinic
    inbox: Inbox
    outbox: Outbox
    handset: Handset
    written: int = 0
    seen: int = field(default=0)

    @property
    def hotline(self) -> Hotline:
        return self.town.hotline

    async def write(self, body: str, number: str = LI, gateway_id: str = "") -> None:
        """Hand a text in at the gateway, and no more."""
        self.written += 1
        name = gateway_id or f"in-{self.written}"
        await self.inbox.received(IncomingText("handset", name, f"+86{number}", "12320", body))

    async def says(self, body: str, number: str = LI) -> str:
        """Write, and return what comes back: our texts of this turn, a line each, in one segment each."""
        await self.write(body, number)
        await self.deliver()
        sent = list(self.handset.got.values())
        fresh, self.seen = sent[self.seen :], len(sent)
        for text in fresh:
            assert text.to == number
            assert segments(text.body) == 1 or text.kind != "reply", text.body
        return "\n".join(text.body for text in fresh)

    async def deliver(self) -> None:
        while await self.outbox.carry_due():
            pass

    async def made(self) -> list[tuple[str, str]]:
        """(state, channel) of every appointment, in the order of their making."""
        async with self.hotline.read() as db:
            rows = await db.execute(select(Appointment.state, Appointment.channel).order_by(Appointment.id))
            return [(row[0], row[1]) for row in rows]

    async def told(self, kind: type[Event]) -> list[Event]:
        async with self.hotline.read() as db:
            found = await journal.entries(db, journal.START, 10_000)
        return [entry.event for entry in found if isinstance(entry.event, kind)]


async def texting(hotline: Hotline, handset: Handset | None = None) -> Texting:
    """A clinic where Li Xiuying is known by her number."""
    town = await clinic(hotline)
    await town.person("李秀英", phone=LI)
    return texting_in(town, handset)


def texting_in(town: Clinic, handset: Handset | None = None) -> Texting:
    """The number for texts of a clinic that there is already; texts go out from here on."""
    hotline, handset = town.hotline, handset or Handset()
    hotline.routes = {**outbound.ROUTES, **inbound.ROUTES}
    inbox = Inbox(hotline, town.store)
    texter = Texter(
        hotline, alone(handset, hotline.clock), callbacks=contact_view.callback, public=lambda: PUBLIC,
        answers=True,
    )  # fmt: skip
    routes = {outbound.CARRIER: texter.route(), inbound.CARRIER: inbox.route()}
    return Texting(town, inbox, Outbox(hotline, routes, Wake(), backoff=Backoff(tries=3)), handset)
