"""Carry journalled events outside, at least once, with back-off; what cannot go is kept and shown."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from core import journal, outbox_rows, owed
from core.events import Event
from core.gathering import Gathering
from core.journal import Entry
from core.observing import Metrics, labelled, mask_text
from core.outbox_rows import Due, Taken
from core.outbox_table import DEAD
from core.ports import Chance, OutsideError
from core.wake import Wake
from core.work import Hotline

log = structlog.get_logger()

# Between two looks of one carrier, where many commits a second have something for it.
GAP_S = 0.25


class Later(Exception):
    """Not now, and no failure: the parcel is carried at this instant."""

    def __init__(self, until: datetime) -> None:
        super().__init__("later")
        self.until = until


@dataclass(frozen=True)
class Parcel:
    """One event on its way to one carrier.

    key: the same at every try of this event, so that the outside can drop a repeat.
    last: nobody will try again if this try fails.
    """

    key: str
    entry: Entry
    attempt: int
    last: bool


class Carrier(Protocol):
    """Brings one event outside. It must bear being asked twice with the same key."""

    async def carry(self, parcel: Parcel) -> None:
        """Raises OutsideError, permanent or not; Later."""


@dataclass(frozen=True)
class Route:
    """A carrier and how it wants its parcels.

    ordered: an appointment's next event waits until the one before is settled. Otherwise a failing
    one may be overtaken, but two events of one appointment are still never on the way together.
    """

    carrier: Carrier
    at_once: int = 4
    within_s: float = 20.0
    ordered: bool = True


@dataclass(frozen=True)
class Backoff:
    """Waits that double from first_s to most_s, each shortened by up to half, by chance."""

    first_s: float = 2.0
    most_s: float = 600.0
    tries: int = 40  # about five hours

    def wait(self, attempt: int, chance: Chance) -> timedelta:
        """attempt: how many have failed, from 1."""
        whole = min(self.most_s, self.first_s * 2.0 ** min(attempt - 1, 32))
        return timedelta(seconds=whole * chance.number(500, 1000) / 1000)


class Outbox:
    """Takes due rows and hands each to its carrier; safe to run in several processes at once.

    A row is settled only after its carrier returned. Whoever dies in between leaves a lease that
    runs out, and the row is carried again with the same key. So taking and settling wait for no disk: what
    a power cut takes of them is carried again.
    """

    def __init__(
        self,
        hotline: Hotline,
        routes: Mapping[str, Route],
        wake: Wake,
        *,
        backoff: Backoff = Backoff(),
        metrics: Metrics | None = None,
        poll_s: float = 1.0,
    ) -> None:
        self._hotline = hotline
        self._routes = routes
        self._wake = wake
        self._backoff = backoff
        self._metrics = metrics or Metrics()
        self._poll_s = poll_s
        # What each carrier has heard of: our commits with something for it, deliveries that ended.
        self._heard = dict.fromkeys(routes, 0)
        self._ours = 0
        hotline.listeners.append(self._committed)
        self._due = {name: Due(name, ordered=route.ordered) for name, route in routes.items()}
        # Rows that were taken together ask in the same turn of the loop: no moment has to be waited.
        self._entries = Gathering(self._read_entries, moment_s=0)
        self._carried = Gathering(self._settle_carried)
        self.last_error: str | None = None
        if metrics:
            metrics.measures.append(self._measure)

    async def run(self) -> None:
        """Carry until cancelled. Trouble with one carrier or with the database stops nothing else."""
        async with asyncio.TaskGroup() as group:
            for name in self._routes:
                group.create_task(self._serve(name), name=f"outbox {name}")

    async def carry_due(self) -> int:
        """Carry one bounded batch for each carrier, and return how many rows were tried."""
        tried = 0
        for name, route in self._routes.items():
            rows = await self._take(name, route.at_once)
            await asyncio.gather(*(self._deliver(name, row) for row in rows))
            tried += len(rows)
        return tried

    async def _serve(self, name: str) -> None:
        room = self._routes[name].at_once
        async with asyncio.TaskGroup() as group:
            under_way: set[asyncio.Task[None]] = set()
            loop, checked, looked = asyncio.get_running_loop(), float("-inf"), float("-inf")
            news: tuple[int, int] | None = None

            def ended(task: asyncio.Task[None]) -> None:
                under_way.discard(task)
                self._heard[name] += 1  # a place is free, and so is the lane of its appointment

            while True:
                if (early := GAP_S - (loop.time() - checked)) > 0:  # commits close together make one look
                    await asyncio.sleep(early)
                seen, checked = self._wake.rings, loop.time()
                rows: Sequence[Taken] = ()
                if (told := self._news(name)) != news or checked - looked >= self._poll_s:
                    news, looked = told, checked
                    rows = await self._look(name, room - len(under_way))
                for row in rows:
                    task = group.create_task(self._deliver(name, row))
                    under_way.add(task)
                    task.add_done_callback(ended)
                if not rows:
                    await self._rest(seen, under_way, max(0.0, looked + self._poll_s - loop.time()))

    def _committed(self, events: Sequence[Event]) -> None:
        self._ours += 1
        for name in {name for event in events for name in self._hotline.carriers(event)}:
            if name in self._heard:
                self._heard[name] += 1

    def _news(self, name: str) -> tuple[int, int]:
        """Changes when there may be something for this carrier. Others' rings may mean anything."""
        return self._heard[name], self._wake.rings - self._ours

    async def _look(self, name: str, room: int) -> Sequence[Taken]:
        rows: Sequence[Taken] = ()
        try:
            if room > 0 and await self._any_due(name):
                rows = await self._take(name, room)
            self.last_error = None
        except Exception as error:  # a border: the database may be away for a while
            self.last_error = type(error).__name__
            log.exception("outbox cannot take", carrier=name)
        return rows

    async def _rest(self, seen: int, under_way: set[asyncio.Task[None]], within_s: float) -> None:
        """Until a commit, a place that got free, or the poll."""
        rung = asyncio.ensure_future(self._wake.after(seen, within_s))
        try:
            await asyncio.wait({rung, *under_way}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            rung.cancel()

    # --- taking -----------------------------------------------------------------------------------

    async def _any_due(self, name: str) -> bool:
        async with self._hotline.read() as db:
            return await self._due[name].any(db, self._hotline.clock.now())

    async def _take(self, name: str, most: int) -> Sequence[Taken]:
        now = self._hotline.clock.now()
        lease = now + timedelta(seconds=self._routes[name].within_s * 2 + 10)
        async with self._hotline.database.write(fleeting=True) as db:
            return await self._due[name].take(db, now, lease, most)

    # --- delivering -------------------------------------------------------------------------------

    async def _deliver(self, name: str, row: Taken) -> None:
        route = self._routes[name]
        last = row.attempt >= self._backoff.tries
        try:
            entry = await self._entries.ask(row.journal_id)
            async with asyncio.timeout(route.within_s):
                await route.carrier.carry(Parcel(f"j{row.journal_id}", entry, row.attempt, last))
        except Later as later:
            await self._settle(name, row, "later", due_at=later.until, attempts=row.attempt - 1)
        except OutsideError as error:
            await self._failed(name, row, str(error), give_up=error.permanent or last)
        except TimeoutError:
            await self._failed(name, row, "no answer in time", give_up=last)
        except Exception as error:  # a border: our own bug must neither lose the row nor stop the others
            log.exception("carrier broke", carrier=name, journal_id=row.journal_id)
            await self._failed(name, row, type(error).__name__, give_up=last)
        else:
            await self._done(name, row)

    async def _read_entries(self, journal_ids: Sequence[int]) -> Sequence[Entry | Exception]:
        """An entry that cannot be read is the trouble of its own row."""
        async with self._hotline.read() as db:
            rows = await journal.rows_of(db, journal_ids)
        read: list[Entry | Exception] = []
        for journal_id in journal_ids:
            try:
                read.append(journal.entry_of(rows[journal_id]))
            except Exception as error:  # a border: told to whoever asked for it
                read.append(error)
        return read

    async def _done(self, name: str, row: Taken) -> None:
        """A crash before the moment is over has it carried once more, with the key it had."""
        try:
            await self._carried.ask(row)
            outcome = "done"
        except Exception:  # a border: the lease runs out, and the parcel is carried again
            log.exception("not settled", carrier=name, journal_id=row.journal_id)
            outcome = "unsettled"
        self._metrics.deliveries.labels(name, outcome).inc()

    async def _settle_carried(self, rows: Sequence[Taken]) -> Sequence[None]:
        async with self._hotline.database.write(fleeting=True) as db:
            await outbox_rows.carried(db, rows)
        return [None] * len(rows)

    async def _failed(self, name: str, row: Taken, words: str, *, give_up: bool) -> None:
        words = mask_text(words)[:200]
        log.warning("not carried", carrier=name, journal_id=row.journal_id, attempt=row.attempt, why=words)
        if give_up:
            await self._settle(name, row, "dead", state=DEAD, last_error=words)
        else:
            wait = self._backoff.wait(row.attempt, self._hotline.chance)
            due_at = self._hotline.clock.now() + wait
            await self._settle(name, row, "again", due_at=due_at, last_error=words)

    async def _settle(self, name: str, row: Taken, outcome: str, **values: object) -> None:
        try:
            async with self._hotline.database.write(fleeting=True) as db:
                await outbox_rows.settle(db, row, **values)
        except Exception:  # a border: the lease runs out, and the parcel is carried again
            log.exception("not settled", carrier=name, journal_id=row.journal_id)
            outcome = "unsettled"
        self._metrics.deliveries.labels(name, outcome).inc()

    async def _measure(self) -> None:
        async with self._hotline.read() as db:
            oldest = await owed.age(db, self._hotline.clock.now())
            self._metrics.outbox_age.set(oldest.total_seconds())
            labelled(self._metrics.outbox_rows, (await owed.counts(db)).items())
            self._metrics.journal_newest.set((await journal.newest(db)).id)
