"""A clinic with two operators, and calls that come in: where an operator's acts are tested."""

from dataclasses import dataclass, field

from core.booking import draft, draft_agreed, draft_slot, draft_view, for_caller
from core.booking.draft_agreed import Agreed
from core.booking.draft_view import DraftView
from core.booking.hold import lapse_due
from core.contact import engine as contact
from core.contact.rules import Disposition
from core.money import card
from core.people.register import add_card
from core.staff.tables import Staff
from core.values import Actor, ActorKind, Channel, system
from core.work import Hotline
from tests.builders import Clinic, clinic

TIMERS = system("timers")
NUMBER = "10712345678"


@dataclass
class Room:
    clinic: Clinic
    staff: list[int]
    calls: int = 0
    functions: frozenset[str] = field(default=frozenset({"desk", "book", "query", "reveal"}))

    @property
    def hotline(self) -> Hotline:
        return self.clinic.hotline

    def by(self, place: int = 0, *more: str) -> Actor:
        return Actor(
            ActorKind.STAFF, f"op{place}", Channel.PHONE, self.staff[place], self.functions | set(more)
        )

    async def ring(self, number: str | None = NUMBER) -> tuple[int, str | None]:
        """A new call; returns its interaction and the print of its number."""
        self.calls += 1
        async with self.hotline.work(TIMERS) as work:
            opened = await contact.open_interaction(
                work, linked_id=f"call-{self.calls}", dnis="12320", ani=number
            )
            mark = work.sealer.fingerprint(number, "phone") if number else None
        return opened.interaction_id, mark

    async def open(self, interaction_id: int | None, mark: str | None = None, place: int = 0) -> DraftView:
        async with self.hotline.work(self.by(place), interaction_id) as work:
            return await draft.open_draft(
                work, interaction_id=interaction_id, ani_print=mark, staff_id=self.staff[place]
            )

    async def save(self, seen: DraftView, **changes: object) -> DraftView:
        async with self.hotline.work(self.by(), seen.interaction_id) as work:
            return await draft.save(work, seen.draft_id, version=seen.version, changes=changes)

    async def choose(self, seen: DraftView, session_id: int) -> DraftView:
        async with self.hotline.work(self.by(), seen.interaction_id) as work:
            return await draft_slot.choose(work, seen.draft_id, session_id=session_id)

    async def commit(
        self, seen: DraftView, *, override: str | None = None, by: Actor | None = None
    ) -> DraftView:
        async with self.hotline.work(by or self.by(), seen.interaction_id) as work:
            return await for_caller.commit(work, seen.draft_id, version=seen.version, override=override)

    async def prepared(self, session_id: int, **fields: object) -> DraftView:
        """A draft in a new call with these fields and a slot of that session."""
        seen = await self.save(await self.open(*await self.ring()), **fields)
        return await self.choose(seen, session_id)

    async def load(self, draft_id: int) -> DraftView:
        async with self.hotline.read() as db:
            return await draft_view.load(db, self.hotline.sealer, draft_id)

    async def agreed(self, seen: DraftView) -> Agreed:
        """What the operator reads back and offers, for a commit by the phone."""
        async with self.hotline.read() as db:
            return await draft_agreed.agreed(
                db, self.hotline.sealer, seen, now=self.hotline.clock.now(), channel=Channel.PHONE, demo=True
            )

    async def read_back(self, seen: DraftView) -> str:
        return (await self.agreed(seen)).read_back

    async def hang_up(self, interaction_id: int) -> None:
        async with self.hotline.work(TIMERS) as work:
            await contact.close(work, interaction_id, Disposition.ABANDONED_MENU)

    async def lapse(self) -> int:
        async with self.hotline.work(TIMERS) as work:
            return await lapse_due(work)

    async def card(self, person_id: int, number: str, fen: int = 0, *, hospital_id: int | None = None) -> int:
        async with self.hotline.work(TIMERS) as work:
            card_id = await add_card(work, person_id, hospital_id or self.clinic.hospital_id, number)
            if fen:
                await card.load(work, card_id, fen)
            return card_id

    async def balance(self, person_id: int) -> list[int]:
        async with self.hotline.read() as db:
            return [one.balance_fen for one in await card.cards_of(db, self.hotline.sealer, person_id)]


async def open_room(hotline: Hotline) -> Room:
    made = await clinic(hotline)
    async with hotline.work(TIMERS) as work:
        rows = [Staff(login=f"op{n}", name="话务员", created_at=work.now) for n in range(2)]
        work.db.add_all(rows)
        await work.db.flush()
        return Room(made, [row.id for row in rows])
