"""Carry journalled events outside, at least once, with back-off; what cannot go is kept and shown."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog
from sqlalchemy import BindParameter, ColumnElement, and_, bindparam, or_, select, update
from sqlalchemy.orm import aliased

from core import journal, owed
from core.database import Instant
from core.journal import Entry
from core.observing import Metrics, labelled, mask_text
from core.outbox_table import DEAD, DONE, WAITING, OutboxRow
from core.ports import Chance, OutsideError
from core.wake import Wake
from core.work import Hotline

log = structlog.get_logger()

# Between two looks of one carrier: of hundreds of commits a second few have something for it.
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


@dataclass(frozen=True)
class _Taken:
    id: int
    journal_id: int
    attempt: int


class Outbox:
    """Takes due rows and hands each to its carrier; safe to run in several processes at once.

    A row is settled only after its carrier returned. Whoever dies in between leaves a lease that
    runs out, and the row is carried again with the same key.
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
        # Asked after every commit of anybody: made once.
        self._looks = {
            name: select(OutboxRow.id).where(self._due(name, bindparam("now", type_=Instant()))).limit(1)
            for name in routes
        }
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
            loop, looked = asyncio.get_running_loop(), float("-inf")
            while True:
                if (early := GAP_S - (loop.time() - looked)) > 0:  # commits close together make one look
                    await asyncio.sleep(early)
                seen, looked = self._wake.rings, loop.time()
                rows: Sequence[_Taken] = ()
                try:
                    if room > len(under_way) and await self._any_due(name):
                        rows = await self._take(name, room - len(under_way))
                    self.last_error = None
                except Exception as error:  # a border: the database may be away for a while
                    self.last_error = type(error).__name__
                    log.exception("outbox cannot take", carrier=name)
                for row in rows:
                    task = group.create_task(self._deliver(name, row))
                    under_way.add(task)
                    task.add_done_callback(under_way.discard)
                if not rows:
                    await self._rest(seen, under_way)

    async def _rest(self, seen: int, under_way: set[asyncio.Task[None]]) -> None:
        """Until a commit, a place that got free, or the poll."""
        rung = asyncio.ensure_future(self._wake.after(seen, self._poll_s))
        try:
            await asyncio.wait({rung, *under_way}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            rung.cancel()

    # --- taking -----------------------------------------------------------------------------------

    async def _any_due(self, name: str) -> bool:
        """A look that takes no lock, so that an idle outbox costs the bookings nothing."""
        async with self._hotline.read() as db:
            found = await db.execute(self._looks[name], {"now": self._hotline.clock.now()})
            return found.first() is not None

    async def _take(self, name: str, limit: int) -> Sequence[_Taken]:
        now = self._hotline.clock.now()
        route = self._routes[name]
        lease = now + timedelta(seconds=route.within_s * 2 + 10)
        # A subquery with a limit may be run more than once inside an UPDATE on PostgreSQL; a CTE is not.
        chosen = (
            select(OutboxRow.id)
            .where(self._due(name, now))
            .order_by(OutboxRow.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
            .cte("chosen")
        )
        take = (
            update(OutboxRow)
            .where(OutboxRow.id.in_(select(chosen.c.id)), OutboxRow.state == WAITING, OutboxRow.due_at <= now)
            .values(due_at=lease, attempts=OutboxRow.attempts + 1, taken=True)
            .returning(OutboxRow.id, OutboxRow.journal_id, OutboxRow.attempts)
            .execution_options(synchronize_session=False)
        )
        async with self._hotline.database.write() as db:
            return [_Taken(*row) for row in (await db.execute(take)).all()]

    def _due(self, name: str, now: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
        other = aliased(OutboxRow)
        before = other.id < OutboxRow.id
        if self._routes[name].ordered:
            in_the_way: ColumnElement[bool] = before
        else:
            in_the_way = or_(
                and_(before, other.due_at <= now),
                and_(other.id != OutboxRow.id, other.taken, other.due_at > now),
            )
        blocked = (
            select(other.id)
            .where(
                other.appointment_id == OutboxRow.appointment_id,
                other.carrier == OutboxRow.carrier,
                other.state == WAITING,
                in_the_way,
            )
            .exists()
        )
        return and_(OutboxRow.carrier == name, OutboxRow.state == WAITING, OutboxRow.due_at <= now, ~blocked)

    # --- delivering -------------------------------------------------------------------------------

    async def _deliver(self, name: str, row: _Taken) -> None:
        route = self._routes[name]
        last = row.attempt >= self._backoff.tries
        try:
            async with self._hotline.read() as db:
                entry = await journal.entry(db, row.journal_id)
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
            await self._settle(name, row, "done", state=DONE)

    async def _failed(self, name: str, row: _Taken, words: str, *, give_up: bool) -> None:
        words = mask_text(words)[:200]
        log.warning("not carried", carrier=name, journal_id=row.journal_id, attempt=row.attempt, why=words)
        if give_up:
            await self._settle(name, row, "dead", state=DEAD, last_error=words)
        else:
            wait = self._backoff.wait(row.attempt, self._hotline.chance)
            due_at = self._hotline.clock.now() + wait
            await self._settle(name, row, "again", due_at=due_at, last_error=words)

    async def _settle(self, name: str, row: _Taken, outcome: str, **values: object) -> None:
        settle = (
            update(OutboxRow)
            .where(OutboxRow.id == row.id, OutboxRow.state == WAITING, OutboxRow.attempts == row.attempt)
            .values(taken=False, **values)
        )
        try:
            async with self._hotline.database.write() as db:
                await db.execute(settle)
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
