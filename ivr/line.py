"""What a dialogue is given: the call, the engine, and what is known of this caller so far."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import overload

from core.booking.commands import Book, Booked, Cancel, Cancelled, Change, HeldSlot, Hold
from core.booking.hold import extend, release
from core.booking.store import Store
from core.contact import engine as contact
from core.contact.rules import Disposition
from core.errors import HoldLapsed
from core.people.tables import Person
from core.values import Actor, ActorKind, Channel, Phone
from core.work import Hotline
from ivr.story import StoryCall


@dataclass(frozen=True)
class Manners:
    """What an installation sets about calls."""

    hold_grace: timedelta = timedelta(minutes=10)
    callback_within: timedelta = timedelta(hours=2)
    recording: bool = False
    message_s: int = 90


@dataclass
class Line:
    """One caller's way through the menu. No transaction is ever open while a prompt plays."""

    call: StoryCall
    hotline: Hotline
    store: Store
    manners: Manners
    interaction_id: int
    number: Phone | None
    staffed: bool = True
    person: Person | None = None
    held: HeldSlot | None = None
    done: Disposition | None = None  # what this call has achieved, also for a caller who then leaves
    commands: int = 0

    @property
    def actor(self) -> Actor:
        return Actor(ActorKind.PATIENT, "ivr", Channel.PHONE)

    @property
    def owner(self) -> str:
        return f"call:{self.call.id}"[:64]

    @property
    def now(self) -> datetime:
        return self.hotline.clock.now()

    @overload
    async def submit(self, command: Hold) -> HeldSlot: ...
    @overload
    async def submit(self, command: Book | Change) -> Booked: ...
    @overload
    async def submit(self, command: Cancel) -> Cancelled: ...
    async def submit(self, command: Hold | Book | Change | Cancel) -> HeldSlot | Booked | Cancelled:
        """One command of the hot path, as part of this call's story."""
        return await self.store.submit(command, self.actor, self.interaction_id)

    def once(self, verb: str) -> str:
        """A key for the next command: whoever repeats it gets the same answer."""
        self.commands += 1
        return f"{self.call.id}/{verb}/{self.commands}"[:80]

    async def reached(self, stage: str) -> None:
        """Note how far the menu got, with all that was said on the way."""
        async with self.hotline.work(self.actor, self.interaction_id) as work:
            await contact.steps(work, self.interaction_id, self.call.taken())
            await contact.reach(work, self.interaction_id, stage)

    async def known_as(self, person: Person, by: str) -> None:
        self.person = person
        async with self.hotline.work(self.actor, self.interaction_id) as work:
            await contact.know(work, self.interaction_id, person.id, by=by)

    async def give_up_hold(self) -> None:
        """The caller does not want it: let it go at once."""
        if self.held is not None:
            async with self.hotline.work(self.actor, self.interaction_id) as work:
                await release(work, self.held.hold_id)
            self.held = None

    async def keep_hold(self, by: timedelta) -> None:
        """The caller is still here, or may come back: the hold lives at least this much longer."""
        if self.held is None:
            return
        async with self.hotline.work(self.actor, self.interaction_id) as work:
            try:
                await extend(work, self.held.hold_id, until=work.now + by)
            except HoldLapsed:
                self.held = None
