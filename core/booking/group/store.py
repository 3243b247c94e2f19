"""The fast store: many commands, one commit; each answered after it, by the rules that all stores share."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import overload

import structlog

from core.booking.commands import Book, Booked, Cancel, Cancelled, Change, Command, HeldSlot, Hold, Outcome
from core.booking.group.batch import Batch, Measured
from core.booking.group.books import Books
from core.booking.group.door import Door, PostgresDoor, SqliteDoor
from core.booking.group.full import Full, asked_of
from core.booking.group.known import Known
from core.booking.group.line import Asking, Line
from core.booking.store import PlainStore
from core.errors import Busy, Refusal
from core.values import Actor, Channel
from core.work import Hotline

log = structlog.get_logger()


@dataclass(frozen=True)
class Bounds:
    """waiting: commands of one channel in the line. batch: commands of one commit; beyond 64 savepoints
    PostgreSQL spills them. patience_s: who has waited longer is refused. aside: plain commands at once.
    """

    waiting: int = 1_000
    batch: int = 64
    patience_s: float = 15.0
    aside: int = 4


USUAL = Bounds()
# A batch that has not ended by then waits for a storage that does not answer.
LAST_BATCH_S = 5.0


class GroupStore:
    """See core.booking.store.Store, whose contract this is, and group_store, which opens it."""

    def __init__(
        self, hotline: Hotline, door: Door, bounds: Bounds, watch: Callable[[str], None],
        measure: Callable[[Measured], None],
    ) -> None:  # fmt: skip
        self._hotline, self._door, self._bounds = hotline, door, bounds
        self._watch, self._measure = watch, measure
        self._line, self._books, self._full = Line(bounds.waiting), Books(), Full()
        self._plain = PlainStore(hotline)
        self._known = Known(hotline, self._line)
        self._aside = asyncio.Semaphore(bounds.aside)
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False
        self.failing = False  # the last batch could not be kept
        hotline.listeners.append(self._full.heard)

    @property
    def waiting(self) -> int:
        """How many commands are in the line."""
        return len(self._line)

    @property
    def crowded(self) -> bool:
        """Whether one channel has filled half of what it may."""
        return self._line.longest > self._bounds.waiting // 2

    @overload
    async def submit(self, command: Hold, by: Actor, interaction_id: int | None = None) -> HeldSlot: ...
    @overload
    async def submit(self, command: Book, by: Actor, interaction_id: int | None = None) -> Booked: ...
    @overload
    async def submit(self, command: Change, by: Actor, interaction_id: int | None = None) -> Booked: ...
    @overload
    async def submit(self, command: Cancel, by: Actor, interaction_id: int | None = None) -> Cancelled: ...
    async def submit(self, command: Command, by: Actor, interaction_id: int | None = None) -> Outcome:
        """See Store. Raises Busy at once where too many of this channel wait, and after `patience_s`."""
        if self._closed:
            raise Busy
        refused = self._sold_out(command, by)
        if refused is not None and command.key is None and interaction_id is None:
            raise refused
        loop = asyncio.get_running_loop()
        until = loop.time() + self._bounds.patience_s
        asking = Asking(command, by, interaction_id, loop.create_future(), until, refused)
        if refused is not None and interaction_id is None:
            self._known.put(asking)
        else:
            self._line.put(asking)
        try:
            return await asking.answer
        finally:
            del asking  # a refusal holds this frame: the frame must not hold the refusal

    def _sold_out(self, command: Command, by: Actor) -> Refusal | None:
        if not isinstance(command, Hold):
            return None
        known = self._full.says(asked_of(command, by.channel or Channel.WINDOW), self._hotline.clock.now())
        return type(known)(known.rule, known.facts) if known is not None else None

    async def run(self) -> None:
        """Take what waits, batch after batch, until the store is closed."""
        while not self._closed:
            await self._line.somebody()
            await self._next()
            # Whoever has just been answered may ask for the next at once: one commit for them and those who
            # came meanwhile, instead of two crowds that take turns.
            await asyncio.sleep(0)

    async def _next(self) -> None:
        taken, now = self._line.take(self._bounds.batch), asyncio.get_running_loop().time()
        on_time = [asking for asking in taken if asking.until >= now]
        for asking in taken:
            if asking.until < now:
                asking.settle(Busy())
        if not on_time:
            return
        batch = Batch(self._hotline, self._door, self._books, self._full, on_time, self._watch)
        await batch.run()
        self.failing = batch.failed
        for asking in batch.aside:
            task = asyncio.create_task(self._by_itself(asking))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        self._measure(batch.measured(waiting=len(self._line)))

    async def _by_itself(self, asking: Asking) -> None:
        """By the plain store: in a transaction of its own."""
        command, by = asking.command, asking.by
        try:
            async with self._aside:
                known = self._sold_out(command, by) if asking.interaction_id is None else None
                if known is not None and command.key is None:
                    raise known
                mark = self._full.mark
                try:
                    asking.settle(await self._plain.submit(command, by, asking.interaction_id))
                except Refusal as refusal:
                    self._full.learn(command, by, self._hotline.clock.now(), refusal, mark)
                    raise
        except Exception as error:
            asking.settle(error)
        except asyncio.CancelledError:
            asking.settle(Busy())
            raise

    async def close(self, running: "asyncio.Task[None]") -> None:
        """Whoever waits still is told Busy; what is being written is finished, where that does not take long.

        running: the task of `run`.
        """
        self._closed = True
        with suppress(ValueError):
            self._hotline.listeners.remove(self._full.heard)
        for asking in self._line.close():
            asking.settle(Busy())
        await asyncio.wait({running}, timeout=LAST_BATCH_S)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await self._known.close()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._door.close()


@asynccontextmanager
async def group_store(
    hotline: Hotline,
    *,
    bounds: Bounds = USUAL,
    watch: Callable[[str], None] = lambda point: None,
    measure: Callable[[Measured], None] = lambda batch: None,
) -> AsyncIterator[GroupStore]:
    """The fast store on a hotline's database, for as long as the block lasts.

    watch: told each point that a batch passes: taken, loaded, decided, applied (all is written), committed
    (nobody is answered yet), answered. measure: told of each batch that is over.
    """
    door: Door = SqliteDoor(hotline.database) if hotline.database.sqlite else PostgresDoor(hotline.database)
    store = GroupStore(hotline, door, bounds, watch, measure)
    running = asyncio.create_task(store.run(), name="booking-writer")
    try:
        yield store
    finally:
        await store.close(running)
