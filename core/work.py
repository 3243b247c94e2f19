"""One unit of work: a transaction, one reading of the clock, one actor, the events it leaves."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any, TypeVar

from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from core.database import Database, table_of
from core.events import Event
from core.journal import JournalRow
from core.outbox_table import OutboxRow
from core.ports import Chance, Clock
from core.sealing import Sealer
from core.values import Actor

T = TypeVar("T")
_JOURNAL, _OUTBOX = table_of(JournalRow), table_of(OutboxRow)

# Another transaction won a lock we both wanted in another order, or drew the same serial number in
# the same instant: trying again is right and cheap.
_DEADLOCK = {"40P01", "40001"}
_SAME_DRAW = ("uq_appointment_serial", "appointment.serial")
TRIES = 4


def _lost_a_race(error: DBAPIError) -> bool:
    if getattr(error.orig, "sqlstate", None) in _DEADLOCK:
        return True
    return any(name in str(error.orig) for name in _SAME_DRAW)


@dataclass
class Work:
    """Handed to every use case first. `now` is read once, so that one act has one time."""

    db: AsyncSession
    house: "Hotline"
    now: datetime
    by: Actor
    interaction_id: int | None = None
    events: list[Event] = field(default_factory=list)

    @property
    def chance(self) -> Chance:
        return self.house.chance

    @property
    def sealer(self) -> Sealer:
        return self.house.sealer

    @property
    def demo(self) -> bool:
        return self.house.demo

    def record(self, event: Event) -> None:
        """Leave an event; it is written with the change, in the same transaction."""
        self.events.append(event)

    async def lock(self, *keys: int, shared: bool = False) -> None:
        """Serialise with other units of work on these keys until this one ends (see Database.lock)."""
        await self.house.database.lock(self.db, *keys, shared=shared)


@dataclass
class Hotline:
    """The engine's surroundings, built once in the composition root.

    routes: event kind to the outside carriers that must hear of it ('sms'). chosen: kinds of which not every
    event goes outside, and whether this one does.
    committed: called after each commit that left events, to wake feed and outbox; must not block.
    listeners: told of the events of each commit of this process, after it; must not block either.
    """

    database: Database
    clock: Clock
    chance: Chance
    sealer: Sealer
    demo: bool = False
    routes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    chosen: Mapping[str, Callable[[Any], bool]] = field(default_factory=dict)
    committed: Callable[[], None] = lambda: None
    listeners: list[Callable[[Sequence[Event]], None]] = field(default_factory=list)

    def carriers(self, event: Event) -> tuple[str, ...]:
        """Who must hear of this one outside."""
        names = self.routes.get(event.kind, ())
        if names and event.kind in self.chosen and not self.chosen[event.kind](event):
            return ()
        return names

    @asynccontextmanager
    async def work(
        self, by: Actor, interaction_id: int | None = None, *, fleeting: bool = False, urgent: bool = False
    ) -> AsyncIterator[Work]:
        """One transaction. Whatever leaves the block as an exception leaves nothing behind.

        fleeting, urgent: as Database.write. What is to go outside survives a power cut all the same.
        """
        async with self.database.write(fleeting=fleeting, urgent=urgent) as db:
            work = Work(db, self, self.clock.now(), by, interaction_id)
            yield work
            await self._write_events(work)
        if fleeting and any(map(self.carriers, work.events)):
            await self.database.settle()
        self.tell(work.events)

    def tell(self, events: Sequence[Event]) -> None:
        """These were just committed."""
        if events:
            for listener in self.listeners:
                listener(events)
            self.committed()

    async def run(
        self,
        act: Callable[[Work], Awaitable[T]],
        by: Actor,
        interaction_id: int | None = None,
        *,
        fleeting: bool = False,
    ) -> T:
        """Do `act` in a unit of work, again when the database made us the loser of a race."""
        for attempt in range(1, TRIES + 1):
            try:
                async with self.work(by, interaction_id, fleeting=fleeting) as work:
                    return await act(work)
            except DBAPIError as error:
                if attempt == TRIES or not _lost_a_race(error):
                    raise
        raise AssertionError("unreachable")

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        async with self.database.read() as db:
            yield db

    async def _write_events(self, work: Work) -> None:
        if not work.events:
            return
        await work.db.flush()
        # One statement for all: a night's publishing leaves thousands, and holds the write lock meanwhile.
        transaction = 0 if self.database.sqlite else text("pg_current_xact_id()::text::bigint")
        statement = insert(_JOURNAL).values(transaction=transaction)
        outgoing: list[dict[str, Any]] = []
        # Ids are asked for only where somebody outside is to hear of it: on SQLite that is a statement a row.
        for carriers, some in groupby(work.events, self.carriers):
            rows = [journal_row(event, work.now, work.by, work.interaction_id) for event in some]
            if not carriers:
                await work.db.execute(statement, rows)
                continue
            added = await work.db.execute(
                statement.returning(_JOURNAL.c.id, sort_by_parameter_order=True), rows
            )
            outgoing += _owed(carriers, rows, added.scalars().all(), work.now)
        if outgoing:
            await work.db.execute(insert(_OUTBOX), outgoing)


def _owed(
    carriers: Sequence[str], rows: Sequence[Mapping[str, Any]], ids: Sequence[int], now: datetime
) -> list[dict[str, Any]]:
    """What is owed to these carriers for these rows of the journal."""
    return [
        {
            "carrier": carrier,
            "journal_id": journal_id,
            "appointment_id": row["appointment_id"],
            "due_at": now,
            "created_at": now,
        }
        for row, journal_id in zip(rows, ids, strict=True)
        for carrier in carriers
    ]


def journal_row(event: Event, now: datetime, by: Actor, interaction_id: int | None) -> dict[str, Any]:
    """What the journal keeps of an event, by column."""
    body = event.model_dump(mode="json")
    return {
        "at": now,
        "kind": event.kind,
        "actor": by.name,
        "channel": by.channel,
        "interaction_id": body.get("interaction_id", interaction_id),
        "appointment_id": body.get("appointment_id"),
        "person_id": body.get("person_id"),
        "session_id": body.get("session_id"),
        "body": body,
    }
