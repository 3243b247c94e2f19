"""A full session and people who wait for it."""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from core.booking.cancel import cancel
from core.booking.commands import Cancel
from core.booking.rules import LIVE
from core.booking.tables import Appointment
from core.journal import JournalRow
from core.offers import engine as offers
from core.offers import view as offered
from core.offers.rules import Kind
from core.offers.view import OfferView
from core.values import Actor, Phone
from core.waiting import engine, offering, settling, view
from core.waiting.engine import Join
from core.work import Hotline
from tests.builders import CALLER, SEED, SURFER, VISIT, Clinic


@dataclass
class Queue:
    """What the timers do, and what people answer, in one line each."""

    clinic: Clinic
    entries: dict[str, int] = field(default_factory=dict)

    @property
    def hotline(self) -> Hotline:
        return self.clinic.hotline

    async def full(self, slots: int = 2, **session: Any) -> int:
        """A session that is sold out; returns its id."""
        session_id = await self.clinic.session(slots=slots, **session)
        for _ in range(slots):
            number = len(self.clinic.people)
            person = await self.clinic.person(f"先来{number}", phone=f"109{number:08d}")
            await self.clinic.book(session_id, person)
        return session_id

    async def joins(self, name: str, *, by: Actor = SURFER, phone: str = "", **wish: Any) -> int:
        """Somebody new, or known by that name, waits for Dr Chen on the day of the visit."""
        if name not in self.clinic.people:
            await self.clinic.person(name)
        person = self.clinic.people[name]
        wish = {"doctor_id": self.clinic.doctors["chen"], "first_day": VISIT, "last_day": VISIT, **wish}
        wish.setdefault("department_id", self.clinic.department_id)
        number = Phone(phone or f"108{person:08d}")
        async with self.hotline.work(by) as work:
            entry = await engine.join(work, Join(person, number, **wish))
        self.entries[name] = entry
        return entry

    async def gives_up(self, session_id: int, nth: int = 0) -> int:
        """One of those who booked cancels; returns the freed slot."""
        async with self.hotline.read() as db:
            query = select(Appointment).where(
                Appointment.session_id == session_id, Appointment.state.in_(sorted(LIVE))
            )
            made = (await db.execute(query.order_by(Appointment.id))).scalars().all()[nth]
        async with self.hotline.work(CALLER) as work:
            await cancel(work, Cancel(made.id))
        return made.slot_id

    async def runs(self) -> None:
        """The timers, once each until nothing is due."""
        for job in (offers.lapse_due, settling.settle, offering.offer_next):
            for _ in range(500):
                async with self.hotline.work(SEED) as work:
                    settled = await job(work)
                if not settled:
                    break

    async def offer(self, name: str) -> OfferView | None:
        """What is offered to them now."""
        async with self.hotline.read() as db:
            made = await offered.of_source(db, Kind.WAITING, self.entries[name])
        return next((one for one in made if one.open(self.hotline.clock.now())), None)

    async def answers(self, name: str, yes: bool, why: str = "refused") -> None:
        one = await self.offer(name)
        assert one is not None, f"{name} has no offer"
        async with self.hotline.work(SURFER) as work:
            if yes:
                await offers.accept(work, one.offer_id)
            else:
                await offers.refuse(work, one.offer_id, why)

    async def entry(self, name: str) -> view.EntryView:
        async with self.hotline.read() as db:
            return await view.load(db, self.entries[name])

    async def told(self, *kinds: str) -> list[JournalRow]:
        async with self.hotline.read() as db:
            query = select(JournalRow).where(JournalRow.kind.in_(kinds)).order_by(JournalRow.id)
            return list((await db.execute(query)).scalars())
