"""A rush of bookers who never give up: each repeats a command with its key until it is answered."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar

from core.booking.commands import Book, Booked, Hold
from core.booking.group.store import group_store
from core.booking.store import PlainStore, Store
from core.errors import Refusal, StorageAway
from core.people.tables import Person
from core.values import IdentityKind, Phone, demo_identity
from core.work import Hotline
from tests.builders import BORN, CALLER, SEED, VISIT, Clinic, clinic
from tests.faults.audit import books, slots_are_conserved

T = TypeVar("T")
Opening = Callable[[Hotline], AbstractAsyncContextManager[Store]]

BOOKERS, PEOPLE, DAYS, SLOTS = 12, 300, 3, 60
AGAIN_S = 0.02


@asynccontextmanager
async def plain(hotline: Hotline) -> AsyncIterator[Store]:
    yield PlainStore(hotline)


STORES: dict[str, Opening] = {"plain": plain, "group": group_store}


async def crowd(town: Clinic, number: int) -> list[int]:
    """Strangers with papers, who have never booked; their ids."""
    async with town.hotline.work(SEED) as work:
        people = []
        for order in range(1, number + 1):
            identity = demo_identity("0102", BORN, order).number
            people.append(
                Person(
                    name=f"客{order}", pinyin="ke", initials="k", sex="female", birth_date=BORN,
                    identity_kind=IdentityKind.RESIDENT.value,
                    identity_print=work.sealer.fingerprint(identity, "identity"), created_at=work.now,
                )
            )  # fmt: skip
        work.db.add_all(people)
        await work.db.flush()
        return [one.id for one in people]


@dataclass
class Rush:
    """made: what was acknowledged, by the command that asked for it. away: answers that there is no storage."""

    town: Clinic
    store: Store
    sessions: list[int]
    people: Iterator[int]
    made: dict[Book, Booked] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)
    away: int = 0
    over: bool = False

    async def run(self, bookers: int = BOOKERS) -> None:
        """Until `over`, or nobody is left; what is begun then is brought to its end."""
        async with asyncio.TaskGroup() as group:
            for _ in range(bookers):
                group.create_task(self._booker())

    async def _booker(self) -> None:
        for person_id in self.people:
            if self.over:
                return
            await asyncio.sleep(AGAIN_S)
            try:
                await self._book(person_id)
            except Refusal as refusal:
                self.refused[refusal.code] += 1

    async def _book(self, person_id: int) -> None:
        hold = Hold(
            session_id=self.sessions[person_id % len(self.sessions)],
            owner=f"person:{person_id}",
            person_id=person_id,
            key=f"hold-{person_id}",
        )
        held = await self._asked(lambda: self.store.submit(hold, CALLER))
        book = Book(held.hold_id, person_id, Phone(f"10{person_id:09d}"), key=f"book-{person_id}")
        self.made[book] = await self._asked(lambda: self.store.submit(book, CALLER))

    async def _asked(self, ask: Callable[[], Awaitable[T]]) -> T:
        while True:
            try:
                return await ask()
            except StorageAway:
                self.away += 1
                await asyncio.sleep(AGAIN_S)

    async def audited(self) -> None:
        """All that was acknowledged is there, each once, and nothing else; a repeat is told the same."""
        assert set(self.refused) == set()  # there is room for everybody, and nobody comes twice
        kept = await books(self.town.hotline)
        slots_are_conserved(kept)
        acknowledged = {made.appointment_id: book.person_id for book, made in self.made.items()}
        assert acknowledged == {one.id: one.person_id for one in kept.appointments.values()}
        assert len(acknowledged) == len(self.made)
        for book, made in list(self.made.items())[::10]:
            assert await self.store.submit(book, CALLER) == made


@asynccontextmanager
async def rush(hotline: Hotline, opening: Opening, *, people: int = PEOPLE) -> AsyncIterator[Rush]:
    """A town with more numbers than people want, and its store."""
    town = await clinic(hotline)
    days = [VISIT + timedelta(days=ahead) for ahead in range(DAYS)]
    sessions = [await town.session(post, day=day, slots=SLOTS) for day in days for post in ("chen", "kid")]
    strangers = await crowd(town, people)
    async with opening(hotline) as store:
        yield Rush(town, store, sessions, iter(strangers))


def enough(rush: Rush, more: int = 6) -> Callable[[], bool]:
    """A condition: so many more are booked than now."""
    wanted = len(rush.made) + more
    return lambda: len(rush.made) >= wanted
