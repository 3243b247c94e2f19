"""Bookers in this process: each holds a number, then books it, then the next one comes."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field

from bench.engine_seen import HOT, Seen
from bench.engine_town import Town
from core.booking.commands import Book, Command, Hold, Outcome
from core.booking.group.store import group_store
from core.booking.store import PlainStore, Store
from core.errors import Refusal, SlotFull
from core.values import Actor, ActorKind, Channel, Phone
from core.work import Hotline

BOOKER = Actor(ActorKind.PATIENT, "web", Channel.WEB)
# Of so many bookers one comes twice at the same moment: their second booking must be refused.
TWIN_EVERY = 50
# Of so many acknowledged commands one is asked again afterwards.
SAMPLE_EVERY = 40

Watch = Callable[[str], None]


@asynccontextmanager
async def _plain(hotline: Hotline, _watch: Watch) -> AsyncIterator[Store]:
    yield PlainStore(hotline)


@asynccontextmanager
async def _group(hotline: Hotline, watch: Watch) -> AsyncIterator[Store]:
    async with group_store(hotline, watch=watch) as store:
        yield store


STORES: Mapping[str, Callable[[Hotline, Watch], AbstractAsyncContextManager[Store]]] = {
    "plain": _plain,
    "group": _group,
}
# What the house books by, and what every other store is held against.
FAST, REFERENCE = "group", "plain"


def unwatched(_point: str) -> None:
    """For who does not count what a store passes."""


@dataclass
class Crowd:
    """Callers of one store in one place. Person and session of each booking follow from its number; first:
    the number before the first."""

    town: Town
    store: Store
    place: str
    first: int = 0
    seen: Seen = field(default_factory=Seen)
    _hot: int = 0

    def __post_init__(self) -> None:
        self._number = self.first
        self._order = random.Random(12320).sample(self.town.sessions, len(self.town.sessions))

    async def run(self, callers: int, *, seconds: float, warm_up: float) -> Seen:
        """Book for so long, counting after the warm-up; whoever has begun ends his booking."""
        begins = time.perf_counter() + warm_up
        self._begins, self._ends = begins, begins + seconds
        await asyncio.gather(*(self._one() for _ in range(callers)))
        self.seen.seconds = min(time.perf_counter(), self._ends) - begins
        return self.seen

    async def _one(self) -> None:
        while time.perf_counter() < self._ends and (session := self._wanted()):
            self._number += 1
            number = self._number
            if number % TWIN_EVERY == 0:
                await asyncio.gather(self._books(session, number), self._books(session, number, twin="twin-"))
            else:
                await self._books(session, number)

    def _wanted(self) -> int:
        """The next session; 0 when all are sold."""
        if self.place == HOT:
            return self.town.hot[self._hot] if self._hot < len(self.town.hot) else 0
        return self._order[self._number % len(self._order)]

    async def _books(self, session: int, number: int, twin: str = "") -> None:
        person = self.town.first_person + number * 7919 % self.town.people
        hold = Hold(session, f"web:{twin}{person}", person_id=person, key=f"{twin}hold-{number}")
        began = time.perf_counter()
        try:
            held = await self.store.submit(hold, BOOKER)
        except Refusal as refusal:
            self.seen.refused[refusal.code] += 1
            self._sold(refusal, session)
            return
        self.seen.holds += 1
        between = time.perf_counter()
        book = Book(held.hold_id, person, Phone(f"10{person:09d}"), key=f"{twin}book-{number}")
        try:
            booked = await self.store.submit(book, BOOKER)
        except Refusal as refusal:
            self.seen.refused[refusal.code] += 1
            return
        ended = time.perf_counter()
        self.seen.booked += 1
        if self._begins <= ended <= self._ends:
            self.seen.took(between - began, ended - between)
        if number % SAMPLE_EVERY == 0:
            self.seen.sample += [(hold, held), (book, booked)]

    def _sold(self, refusal: Refusal, session: int) -> None:
        """The next hot session is everybody's as soon as one has heard that this one is full."""
        if self.place != HOT or not isinstance(refusal, SlotFull):
            return
        if self._hot < len(self.town.hot) and self.town.hot[self._hot] == session:
            self._hot += 1


async def answered_again(store: Store, sample: list[tuple[Command, Outcome]]) -> int:
    """How many of these keys are now answered otherwise than before."""
    wrong = 0
    for command, before in sample:
        wrong += await store.submit(command, BOOKER) != before
    return wrong


def refusals(found: Counter[str]) -> str:
    return ", ".join(f"{code} {count}" for code, count in sorted(found.items())) or "none"
