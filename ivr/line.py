"""What a dialogue is given: the call, the engine, and what is known of this caller so far."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, overload

from core.accounts import drafts
from core.booking import draft
from core.booking.call_notes import CallEnd, DraftNote, Note
from core.booking.commands import Book, Booked, Cancel, Cancelled, Change, HeldSlot, Hold
from core.booking.draft_slot import linger
from core.booking.hold import release
from core.booking.store import Store
from core.contact import kept, queue_view, queueing
from core.contact.rules import Disposition
from core.errors import HoldLapsed, StorageAway
from core.people import engine as people
from core.people.rules import is_elder
from core.people.tables import Person
from core.values import Actor, ActorKind, Channel, Phone, day_of
from core.work import Hotline, Work
from ivr.call import NeedsPerson, Prompt
from ivr.memory import Memory
from ivr.queue_place import BROKEN_OFF, place_in_queue
from ivr.scribe import Scribe
from ivr.story import StoryCall

# So often a command is given while the storage is away, with a sentence of some three seconds after each.
TRIES = 3


@dataclass(frozen=True)
class Manners:
    """What an installation sets about calls."""

    hold_grace: timedelta = timedelta(minutes=10)
    callback_within: timedelta = timedelta(hours=2)
    recording: bool = False
    message_s: int = 90
    patience: timedelta = timedelta(minutes=1)  # from then on a waiting caller may leave a message
    calls_back: bool = False  # who waits may hang up and keep their place: there is a way out
    languages: Mapping[str, str] = field(default_factory=dict)  # a number's dialect: the skill it asks for


async def nobody_rings(_interaction_id: int) -> None:
    """Without operators nothing rings for a caller who does not wait any more."""


@dataclass
class Line:
    """One caller's way through the menu. No transaction is ever open while a prompt plays.

    How far the menu got and who is calling is noted before the next words and before the next command, and
    written down with what other calls have to tell (ivr.scribe): nobody on the line waits for it.
    """

    call: StoryCall
    hotline: Hotline
    store: Store
    manners: Manners
    interaction_id: int
    number: Phone | None
    notes: Scribe
    memory: Memory
    staffed: bool = True
    person: Person | None = None
    held: HeldSlot | None = None
    done: Disposition | None = None  # what this call has achieved, also for a caller who then leaves
    commands: int = 0
    queued: bool = False  # waits for a person
    told_queued: Callable[[], None] = lambda: None
    told_left: Callable[[int], Awaitable[None]] = nobody_rings
    wanted: dict[str, Any] = field(default_factory=dict)  # chosen since the draft was last written
    chosen: dict[str, Any] = field(default_factory=dict)  # all that was chosen for this matter
    ended: tuple[int | None] | None = None  # it came to its end, and to this appointment
    _stage: str | None = None  # reached, and not written yet
    _known_by: str | None = None  # how the person is known, not written yet
    _family: Sequence[Person] | None = None
    _left_something: bool = False

    def __post_init__(self) -> None:
        self.call.before = self.write

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
        """One command of the hot path, as part of this call's story.

        While the storage is away the caller is asked to wait, and the same command is given again: by its key
        it is done once. Raises NeedsPerson when it stays away.
        """
        for _ in range(TRIES):
            with suppress(StorageAway):
                await self.write()
                return await self.store.submit(command, self.actor, self.interaction_id)
            await self.call.say(Prompt("refusal-storage-away"), barge=False)
        raise NeedsPerson("storage-away")

    def once(self, verb: str) -> str:
        """A key for the next command: whoever repeats it gets the same answer."""
        self.commands += 1
        return f"{self.call.id}/{verb}/{self.commands}"[:80]

    def reached(self, stage: str) -> None:
        """Note how far the menu got, with all that was said on the way."""
        self._stage = stage

    async def write(self) -> None:
        """Let what has become known be written down before long."""
        if self._stage is not None or self._known_by is not None:
            self.notes.put(self._noted(draft=self._stage is not None))

    async def settle(self, *, draft: bool = False) -> None:
        """Return when all that is known of this call is written, with the draft as it is now if it is to be.

        Raises StorageAway.
        """
        self.notes.put(self._noted(draft=draft or self._stage is not None))
        await self.notes.settled(self.interaction_id)

    async def close(self, ended: Disposition) -> None:
        """Write how it ended; what is held waits for its grace. Raises StorageAway."""
        end = CallEnd(ended, self.manners.hold_grace) if ended is not Disposition.TO_PERSON else None
        self.notes.put(replace(self._noted(draft=self._stage is not None), end=end))
        await self.notes.settled(self.interaction_id, hurry=end is None)
        self.notes.forget(self.interaction_id)

    def _noted(self, *, draft: bool) -> Note:
        """All since the last time."""
        by, self._known_by = self._known_by, None
        stage, self._stage = self._stage, None
        steps, times = self.call.taken()
        return Note(
            self.interaction_id,
            self._mark,
            tuple(steps),
            tuple(times),
            known=(self.person.id, by) if by is not None and self.person is not None else None,
            stage=stage,
            drafts=self._drafted() if draft else (),
        )

    async def family(self) -> Sequence[Person]:
        """Everybody who is known by the number that calls; asked once."""
        if self._family is None:
            self._family = await self._asked_by_number()
        return self._family

    async def left_something(self) -> bool:
        """Whether there may be anything that the number that calls left unfinished; asked with the family."""
        await self.family()
        return self._left_something

    async def _asked_by_number(self) -> Sequence[Person]:
        mark = self._mark
        if self.number is None or mark is None:
            return ()
        async with self.hotline.read() as db:
            self._left_something = await drafts.may_go_on(db, mark, self.now, self.now - BROKEN_OFF)
            return await people.household(db, self.hotline.sealer, self.number)

    def wants(self, **chosen: Any) -> None:
        """What the caller has chosen (core.booking.draft_rules.FIELDS); an operator goes on from there."""
        self.wanted.update(chosen)
        self.chosen.update(chosen)

    def achieved(self, what: Disposition, appointment_id: int | None = None) -> None:
        """What was wanted is done; the next stage writes it down, and a further wish is a new draft."""
        self.held, self.done, self.chosen = None, what, {}
        self.ended = (appointment_id,)

    def _drafted(self) -> tuple[DraftNote, ...]:
        """What was chosen, held and done for this matter since the last time."""
        if not self.wanted and self.ended is None:
            return ()
        held = self.held.hold_id if self.held else None
        noted = DraftNote(self.wanted, held, self.ended)
        self.wanted, self.ended = {}, None
        return (noted,)

    @cached_property
    def _mark(self) -> str | None:
        """The print of the number that calls; each note names it."""
        return self.hotline.sealer.fingerprint(self.number.digits, "phone") if self.number else None

    async def wait_for_person(self, *, elder: bool = False) -> None:
        """From now on this caller waits, in the place that is theirs."""
        if self.queued:
            return
        elder = elder or (
            self.person is not None
            and is_elder(self.person.birth_date, self.person.elder_care, day_of(self.now))
        )
        await self.settle(draft=True)
        async with self.hotline.work(self.actor, self.interaction_id) as work:
            klass, prefers = await place_in_queue(work, self.interaction_id, self.number, elder=elder)
            back = await kept.returned(work, self.number) if self.number else None
            await queueing.enter(
                work,
                self.interaction_id,
                klass=min(klass, back.klass) if back else klass,
                arrived_at=back.arrived_at if back else None,
                skill=await self._skill(work),
                department_id=self.chosen.get("department_id"),
                prefers=prefers,
            )
            await draft.rejoin(work, self.interaction_id, self._mark)
        self.queued = True
        self.told_queued()

    async def _skill(self, work: Work) -> str | None:
        """What the operator needs: the dialect of the number that was dialled, or the hospital's group."""
        language = self.manners.languages.get(self.call.dnis)
        hospital_id = self.chosen.get("hospital_id")
        if language is not None or hospital_id is None:
            return language
        return await queue_view.group_of(work.db, hospital_id)

    def known_as(self, person: Person, by: str) -> None:
        """This is who calls, or for whom. by: how we know."""
        self.person, self._known_by = person, by
        self.wants(person_id=person.id)
        if self.number is not None and self.number.is_mobile:
            self.wants(contact_phone=self.number.digits)

    async def give_up_hold(self) -> None:
        """The caller does not want it: let it go at once."""
        if self.held is not None:
            async with self.hotline.work(self.actor, self.interaction_id) as work:
                await release(work, self.held.hold_id)
            self.held = None
            self.wants(session_id=None, period_id=None)
            self.notes.put(self._noted(draft=True))

    async def keep_hold(self, by: timedelta) -> None:
        """The caller is still here, or may come back: the hold lives this much longer, up to a bound."""
        if self.held is None or self.held.until >= self.now + by:
            return  # nobody has to be told what is so already
        async with self.hotline.work(self.actor, self.interaction_id) as work:
            try:
                until = await linger(work, self.held.hold_id, by)
            except HoldLapsed:
                self.held = None
            else:
                self.held = replace(self.held, until=until)
