"""What the wall shows, kept up for all who look: the tally fed by the feed, and slower looks beside it."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta

import structlog
from aiohttp import web

from agent_desk import wall_alarms
from agent_desk.house import AGENT_HOUSE, AgentHouse
from agent_desk.wall_seen import Alarm, Caller, Seen
from agent_desk.wall_slow import AT_ONCE, SlowLook
from core.contact import floor_view
from core.contact.call_facts import Call
from core.contact.day_curve import Quarter, quarters
from core.contact.distribution import QueueClass
from core.contact.floor_view import Lane
from core.contact.measure_rules import ABANDONED, Policy, Span
from core.contact.measures import Kept
from core.feed import Lagged, Subscription
from core.journal import START, Entry

log = structlog.get_logger()

# Events this close together make one look; figures that move with time alone are looked at once a second.
GATHER_S = 0.4
TICK_S = 1.0
# What a service level may leave out: who gave up, and after how many seconds that counts.
SHORT_S = (0, 5, 10, 20)
POLICIES = tuple(Policy(counted, short) for counted in (True, False) for short in SHORT_S)
# The day's curve is drawn anew this often while somebody watches.
CURVE_S = 10.0


class Monitor:
    """One for the house: follows the feed from the start, so that a wall opens at once."""

    def __init__(self, house: AgentHouse) -> None:
        self._house = house
        self._kept: Kept | None = None
        self._lanes: Sequence[Lane] = ()
        self._numbers: dict[int, str] = {}
        self._slow = SlowLook(house)
        self._abandonment = wall_alarms.Abandonment()
        self._cursor = START
        self._turned = asyncio.Event()
        self._ready = asyncio.Event()
        self._curves: dict[Policy, tuple[datetime, Sequence[Quarter]]] = {}
        self._seen: dict[Policy, Seen] = {}
        self.as_of: datetime | None = None
        self.watchers = 0

    # --- following -----------------------------------------------------------------------------

    async def run(self) -> None:
        """Follow the feed until cancelled; after a fall behind, or trouble, begin afresh."""
        while True:
            try:
                async with self._house.feed.subscribe() as subscription:
                    await self._begin(subscription)
                    with suppress(Lagged):
                        await self._follow(subscription)
            except Exception:  # a border: the wall turns grey meanwhile, and comes back by itself
                log.exception("the wall cannot be kept up")
                await asyncio.sleep(TICK_S)

    async def _begin(self, subscription: Subscription) -> None:
        now = self._house.hotline.clock.now()
        async with self._house.hotline.read() as db:
            kept = await Kept.load(db, now)
            self._lanes = await floor_view.lanes(db)
        # The first look by each policy goes through all of the day: not on the loop.
        for policy in POLICIES:
            await asyncio.to_thread(kept.figures, now, policy)
        self._kept = kept
        self._cursor, self.as_of = subscription.cursor, now
        self._reckon(now)
        self._ready.set()
        self._turn()

    async def _follow(self, subscription: Subscription) -> None:
        pending: asyncio.Future[Entry] = asyncio.ensure_future(anext(subscription))
        try:
            while True:
                await asyncio.wait([pending], timeout=TICK_S)
                entries: list[Entry] = []
                if pending.done():
                    entries.append(pending.result())
                    pending = asyncio.ensure_future(anext(subscription))
                    await asyncio.sleep(GATHER_S)
                    while pending.done():
                        entries.append(pending.result())
                        pending = asyncio.ensure_future(anext(subscription))
                        await asyncio.sleep(0)
                await self._hear(entries)
        finally:
            pending.cancel()
            with suppress(BaseException):
                await pending

    async def _hear(self, entries: Sequence[Entry]) -> None:
        assert self._kept
        clock = self._house.hotline.clock
        if entries:
            async with self._house.hotline.read() as db:
                await self._kept.hear(db, entries, clock.now())
                if any(entry.event.kind.startswith(("agent.", "supervisor.")) for entry in entries):
                    self._lanes = await floor_view.lanes(db)
            self._cursor = entries[-1].cursor
            if any(entry.event.kind in AT_ONCE for entry in entries):
                self._slow.due()
        if self._house.feed.last_error is None:
            self.as_of = clock.now()  # not before: nothing that was heard lies after it
            self._reckon(self.as_of)
        await self._callers_known()
        self._turn()

    def _reckon(self, now: datetime) -> None:
        """What lasts is told by when it began: reckoned every second, though nobody looks."""
        assert self._kept
        gone = self._kept.tally.sum(ABANDONED, Span.HALF_HOUR, now, Policy())
        self._abandonment.reckon(gone, now)

    async def _callers_known(self) -> None:
        """The masked numbers of those who wait; each is opened once."""
        assert self._kept
        waiting = {call.interaction_id for call in self._kept.tally.waiting()}
        self._numbers = {key: value for key, value in self._numbers.items() if key in waiting}
        unknown = waiting - set(self._numbers)
        if unknown and self.watchers:
            async with self._house.hotline.read() as db:
                found = await floor_view.numbers(db, self._house.hotline.sealer, sorted(unknown)[:500])
            self._numbers |= {key: found.get(key, "未显示号码") for key in unknown}

    def _turn(self) -> None:
        self._turned.set()
        self._turned = asyncio.Event()

    async def turned(self) -> None:
        """Return when there may be something new, at least once a second while all is well."""
        with suppress(TimeoutError):
            async with asyncio.timeout(2 * TICK_S):
                await self._turned.wait()

    # --- looking -------------------------------------------------------------------------------

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        self.watchers += 1
        try:
            yield
        finally:
            self.watchers -= 1

    @property
    def calls(self) -> Mapping[int, Call]:
        """Every contact of the last day, as figures see it."""
        return self._kept.tally.calls if self._kept else {}

    def lane(self, staff_id: int) -> Lane | None:
        return next((lane for lane in self._lanes if lane.staff_id == staff_id), None)

    def acted(self, kind: str, now: datetime) -> set[int]:
        """The contacts of today in which something was booked, changed or cancelled."""
        return self._kept.tally.acted(kind, now) if self._kept else set()

    async def look(self, policy: Policy) -> Seen:
        """Everything as it is known now."""
        async with self.watched():
            await self._ready.wait()
            assert self._kept
            await self._slow.look(self._kept.tally)
            if len(self._numbers) < len(self._kept.tally.waiting()):
                await self._callers_known()
        assert self.as_of
        curve = await self._curve(policy, self.as_of)
        seen, newest = self._seen.get(policy), (self.as_of, self._cursor, self._slow.seen)
        if seen is None or (seen.as_of, seen.cursor, seen.slow) != newest:
            seen = self._seen[policy] = self._look(policy, curve)  # once for all who look
        return seen

    def _look(self, policy: Policy, curve: Sequence[Quarter]) -> Seen:
        assert self._kept
        assert self.as_of
        tally, now = self._kept.tally, self.as_of
        callers = [self._caller(call) for call in tally.waiting()]
        return Seen(
            now,
            self._cursor,
            self._kept.figures(now, policy),
            self._lanes,
            callers,
            tally.acts(now),
            curve,
            self._alarms(callers, now),
            sum(call.closed_at is None and call.channel == "phone" for call in tally.still_open()),
            self._slow.seen,
        )

    async def _curve(self, policy: Policy, now: datetime) -> Sequence[Quarter]:
        """The day in quarters; drawn anew now and then, beside the loop: it goes through all of the day."""
        assert self._kept
        drawn_at, curve = self._curves.get(policy, (None, ()))
        if drawn_at is None or not timedelta() <= now - drawn_at < timedelta(seconds=CURVE_S):
            calls = list(self._kept.tally.calls.values())
            curve = await asyncio.to_thread(quarters, calls, now, policy)
            self._curves[policy] = (now, curve)
        return curve

    def _caller(self, call: Call) -> Caller:
        wait = call.waiting
        assert wait
        return Caller(
            call.interaction_id,
            QueueClass(wait.klass),
            wait.skill,
            wait.department_id,
            wait.entered_at,
            wait.staff_id,
            self._numbers.get(call.interaction_id, ""),
            wait.waiting_since,
        )

    def _alarms(self, callers: Sequence[Caller], now: datetime) -> list[Alarm]:
        return [
            *wall_alarms.idle(callers, self._lanes, now, self._house.distribution),
            *self._abandonment.alarms(now),
            *wall_alarms.down(self._slow.seen.parts),
        ]


MONITOR = web.AppKey("MONITOR", Monitor)


def start(app: web.Application) -> None:
    """Follow the feed as long as the pages are served."""
    app[MONITOR] = monitor = Monitor(app[AGENT_HOUSE])

    async def running(_app: web.Application) -> AsyncIterator[None]:
        task = asyncio.create_task(monitor.run(), name="wall")
        yield
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    app.cleanup_ctx.append(running)
