"""The journal as a live feed: who subscribes hears every event after a cursor, once and in order."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import structlog

from core import journal
from core.journal import Cursor, Entry
from core.observing import Metrics
from core.wake import Wake
from core.work import Hotline

log = structlog.get_logger()

# An older transaction that still runs is nearly always a matter of milliseconds.
HELD_BACK_S = 0.02
# Between two looks at the journal; a single commit is looked for at once.
GAP_S = 0.08


class Lagged(Exception):
    """The subscriber read too slowly and was let go; it subscribes again."""


class Subscription:
    """Iterate for entries; they never end, but by Lagged.

    fresh: nothing before `cursor` will be told. The subscriber takes its snapshot now, after it has
    subscribed; the snapshot may already hold what the first entries tell, so applying an entry twice
    must do no harm (compare versions).
    cursor: the last entry told, or where telling begins; what a client keeps to come back with.
    """

    def __init__(self, cursor: Cursor, *, fresh: bool, room: int) -> None:
        self.cursor = cursor
        self.fresh = fresh
        self._missed: deque[Entry] = deque()
        self._queue: asyncio.Queue[Entry] = asyncio.Queue(room)
        self._lagged = asyncio.Event()

    def __aiter__(self) -> AsyncIterator[Entry]:
        return self

    async def __anext__(self) -> Entry:
        """Raises Lagged when the subscriber was let go."""
        while True:
            entry = self._missed.popleft() if self._missed else await self._live()
            if entry.cursor > self.cursor:  # what was caught up may come again through the queue
                self.cursor = entry.cursor
                return entry

    async def _live(self) -> Entry:
        if self._lagged.is_set():
            raise Lagged
        entry = await self._queue.get()
        if self._lagged.is_set():
            raise Lagged
        return entry

    def offer(self, entry: Entry) -> bool:
        """Queue an entry; False when there was no room, and the subscriber is let go."""
        if self._queue.full():
            self._lagged.set()
            return False
        self._queue.put_nowait(entry)
        return True

    def missed(self, entries: Sequence[Entry]) -> None:
        """What happened between the subscriber's cursor and its place in the queue."""
        self._missed = deque(entries)


class Feed:
    """One reader of the journal for each process, fanning out to bounded queues.

    room: entries a subscriber may be behind. catch_up: entries told again to one who comes back;
    who missed more starts afresh.
    """

    def __init__(
        self,
        hotline: Hotline,
        wake: Wake,
        *,
        room: int = 512,
        catch_up: int = 500,
        poll_s: float = 1.0,
        metrics: Metrics | None = None,
    ) -> None:
        self._hotline = hotline
        self._wake = wake
        self._room = room
        self._breath = max(1, room // 2)  # entries told in one go
        self._catch_up = catch_up
        self._poll_s = poll_s
        self._metrics = metrics or Metrics()
        self._subscribers: set[Subscription] = set()
        self._position: Cursor | None = None
        self.ready = asyncio.Event()
        self.held_back = False  # something is committed that cannot be told yet
        self.last_error: str | None = None

    @property
    def position(self) -> Cursor | None:
        """As far as this process has told; None before the first look."""
        return self._position

    @property
    def subscribers(self) -> int:
        return len(self._subscribers)

    async def run(self) -> None:
        """Read on until cancelled; a database that is away is waited for."""
        loop, looked = asyncio.get_running_loop(), float("-inf")
        while True:
            if (early := GAP_S - (loop.time() - looked)) > 0:  # commits close together make one look
                await asyncio.sleep(early)
            seen, looked = self._wake.rings, loop.time()
            try:
                self.held_back = await self._read_on()
                self.last_error = None
            except Exception as error:  # a border: subscribers keep their place meanwhile
                self.held_back = False
                self.last_error = type(error).__name__
                log.exception("feed cannot read")
            await self._wake.after(seen, HELD_BACK_S if self.held_back else self._poll_s)

    async def _read_on(self) -> bool:
        """Tell everything there is; returns whether more is there that cannot be told yet."""
        async with self._hotline.read() as db:
            if self._position is None:
                self._position = await journal.end(db)
                self.ready.set()
            while True:
                reading = await journal.read_on(db, self._position)
                for number, entry in enumerate(reading.entries, 1):
                    self._tell(entry)
                    if number % self._breath == 0:
                        await asyncio.sleep(0)  # let the subscribers read before their queues are full
                if len(reading.entries) < journal.PAGE:
                    return reading.held_back
                await asyncio.sleep(0)

    def _tell(self, entry: Entry) -> None:
        self._position = entry.cursor
        for subscriber in list(self._subscribers):
            if not subscriber.offer(entry):
                self._subscribers.discard(subscriber)
                self._metrics.feed_lagged.inc()
        self._metrics.feed_subscribers.set(len(self._subscribers))

    @asynccontextmanager
    async def subscribe(self, since: Cursor | None = None) -> AsyncIterator[Subscription]:
        """Hear what follows `since`; without it, or when it is too old, from now on (`fresh`).

        The place in the queue is taken before anything is read, so that nothing falls in between.
        """
        await self.ready.wait()
        assert self._position is not None
        subscription = Subscription(self._position, fresh=True, room=self._room)
        self._subscribers.add(subscription)
        self._metrics.feed_subscribers.set(len(self._subscribers))
        try:
            if since is not None:
                await self._resume(subscription, since)
            yield subscription
        finally:
            self._subscribers.discard(subscription)
            self._metrics.feed_subscribers.set(len(self._subscribers))

    async def _resume(self, subscription: Subscription, since: Cursor) -> None:
        start = subscription.cursor
        async with self._hotline.read() as db:
            if since > await journal.newest(db):  # a cursor of another journal: this one was restored
                return
            missed: Sequence[Entry] = ()
            if since < start:
                missed = await journal.entries(db, since, self._catch_up + 1)
        if len(missed) > self._catch_up:
            return
        subscription.missed(missed)
        subscription.cursor = since
        subscription.fresh = False
