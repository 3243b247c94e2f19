"""Patients whom we owe a call: a stopped visit with a slot kept for it, a waiting offer, a reminder."""

from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import select

from core.booking.stopping import stop
from core.booking.tables import Appointment
from core.calling import dialling, view
from core.calling.dialling import Claimed
from core.calling.engine import Ask, ask
from core.calling.rules import Kind
from core.calling.view import AttemptView, CallView
from core.contact.agent_tables import QueueEntry
from core.contact.tables import Interaction
from core.offers import engine as offers
from core.offers.rules import Kind as Offered
from core.offers.view import OfferView
from core.offers.view import load as load_offer
from core.reminding.tables import VisitReminder
from core.values import Actor, ActorKind, Channel, Phone, system
from core.waiting.tables import WaitingEntry
from core.work import Hotline
from tests.builders import SEED, VISIT, Clinic

BY = Actor(ActorKind.SYSTEM, "leave", Channel.PHONE)
LATER = timedelta(days=1)


@dataclass
class Owing:
    """Whom we owe calls, and what became of them."""

    clinic: Clinic
    offers: dict[str, int] = field(default_factory=dict)
    visits: dict[str, int] = field(default_factory=dict)
    reminders: dict[str, int] = field(default_factory=dict)

    @property
    def hotline(self) -> Hotline:
        return self.clinic.hotline

    async def displaced(self, *people: tuple[str, str], minutes: int = 600) -> None:
        """These have booked with Dr Chen, who is away then; a slot of the afternoon is kept for each.

        people: name and telephone.
        """
        stopped = await self.clinic.session("chen", slots=len(people))
        kept = await self.clinic.session("chen", half="pm", slots=len(people) + 2)
        for name, number in people:
            person = await self.clinic.person(name, phone=number)
            made = await self.clinic.book(stopped, person, phone=number)
            self.visits[name] = made.appointment_id
        async with self.hotline.work(SEED) as work:
            await stop(work, stopped, reason="leave")
        for place, (name, number) in enumerate(people, 1):
            await self._offer(Offered.LEAVE, place, name, number, kept, minutes)

    async def waits(self, name: str, number: str, *, minutes: int = 600) -> None:
        """Somebody of the waiting list, for whom a slot of Dr Wu is kept."""
        person = await self.clinic.person(name, phone=number)
        async with self.hotline.work(SEED) as work:
            entry = WaitingEntry(
                state="waiting", person_id=person, channel="web", want="wu",
                phone_print=work.sealer.fingerprint(number, "phone"), phone_sealed=work.sealer.seal(number, "phone"),
                hospital_id=self.clinic.hospital_id, department_id=self.clinic.department_id,
                first_day=VISIT, last_day=VISIT, joined_at=work.now, since=work.now,
            )  # fmt: skip
            work.db.add(entry)
            await work.db.flush()
            entry_id = entry.id
        await self._offer(Offered.WAITING, entry_id, name, number, await self.clinic.session("wu"), minutes)
        async with self.hotline.work(SEED) as work:
            (await work.db.get_one(WaitingEntry, entry_id)).offer_id = self.offers[name]

    async def reminded(self, name: str, number: str) -> None:
        """Somebody who visits Dr Wu, and is called about it."""
        person = await self.clinic.person(name, phone=number)
        made = await self.clinic.book(await self.clinic.session("wu"), person, phone=number)
        self.visits[name] = made.appointment_id
        async with self.hotline.work(SEED) as work:
            visit = await work.db.get_one(Appointment, made.appointment_id)
            row = VisitReminder(
                appointment_id=visit.id, version=visit.version, person_id=person, way="call", state="open",
                visit_at=visit.starts_at, made_at=work.now,
            )  # fmt: skip
            work.db.add(row)
            await work.db.flush()
            self.reminders[name] = row.id
        await self._ask(Kind.REMINDER, f"reminder/{row.id}", name, number)

    async def _offer(
        self, kind: Offered, source: int, name: str, number: str, session: int, minutes: int
    ) -> None:
        async with self.hotline.work(BY) as work:
            made = offers.Make(
                kind,
                source,
                session,
                self.clinic.people[name],
                Phone(number),
                minutes,
                appointment_id=self.visits.get(name),
            )
            self.offers[name] = await offers.make(work, made)
        kinds = {Offered.LEAVE: Kind.LEAVE, Offered.WAITING: Kind.WAITING}
        await self._ask(kinds[kind], f"offer/{self.offers[name]}", name, number)

    async def _ask(self, kind: Kind, subject: str, name: str, number: str) -> None:
        async with self.hotline.work(system("test")) as work:
            asked = Ask(
                kind,
                subject,
                self.clinic.people[name],
                Phone(number),
                due=work.now,
                until=work.now + LATER,
                appointment_id=self.visits.get(name),
            )
            await ask(work, asked)

    async def claim(self, most: int = 1) -> list[Claimed]:
        async with self.hotline.work(system("dialler")) as work:
            return await dialling.claim(work, most)

    async def call(self, name: str) -> CallView:
        """The call to somebody as it is now."""
        of_offer = name in self.offers
        subject = f"offer/{self.offers[name]}" if of_offer else f"reminder/{self.reminders[name]}"
        async with self.hotline.read() as db:
            found = await view.of_subject(db, subject)
        assert found
        return found

    async def tries(self, name: str) -> list[AttemptView]:
        call = await self.call(name)
        async with self.hotline.read() as db:
            return list(await view.attempts(db, call.call_id))

    async def offer(self, name: str) -> OfferView:
        async with self.hotline.read() as db:
            return await load_offer(db, self.offers[name])

    async def contacts(self) -> list[Interaction]:
        """Every contact that we began."""
        async with self.hotline.read() as db:
            query = select(Interaction).where(Interaction.direction == "out").order_by(Interaction.id)
            return list((await db.execute(query)).scalars())

    async def waited(self, interaction_id: int | None) -> QueueEntry:
        """How this contact waited for a person."""
        async with self.hotline.read() as db:
            query = select(QueueEntry).where(QueueEntry.interaction_id == interaction_id)
            return (await db.execute(query)).scalar_one()
