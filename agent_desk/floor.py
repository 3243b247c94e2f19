"""All desks of this house: who is there, who hears of what, and what goes on without a page."""

import asyncio
import contextlib
from collections import defaultdict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from aiohttp import web
from prometheus_client import Counter, Gauge

from agent_desk.answers import Answers
from agent_desk.common import Common
from agent_desk.gaps import Gaps
from agent_desk.house import AgentHouse
from agent_desk.line import written
from agent_desk.open_desk import Desk
from agent_desk.presence import Presence
from agent_desk.state import RIGHTS, SHARED, Watching, changed, concerns, touches_rights
from agent_desk.tending import Tending
from core.catalogue.search import Finder
from core.feed import Lagged
from core.journal import Entry

log = structlog.get_logger()

# Pages of one operator that are remembered. One whose network was gone comes back within minutes, and
# nobody loads so many others meanwhile.
PAGES_KEPT = 16


class Floor:
    """Reads the feed once for all desks, and tells each what concerns it."""

    def __init__(self, house: AgentHouse) -> None:
        self.house = house
        self.answers = Answers()
        self.finder = Finder()
        self.gaps = Gaps(house)
        self.presence = Presence(house, self.present)
        self.drafts = Tending(house)
        self.common = Common(house, lambda: self._desks.values())
        self._desks: dict[int, Desk] = {}
        # Of each operator, the newest last; also when it is gone, for the one before it may come back.
        self._pages: defaultdict[int, deque[str]] = defaultdict(lambda: deque(maxlen=PAGES_KEPT))
        self._lanes: defaultdict[tuple[int, str], asyncio.Lock] = defaultdict(asyncio.Lock)
        self._ended = asyncio.Event()
        self._up = house.phones.up()
        registry = house.metrics.registry
        self._gauge = Gauge("hotline_desks", "Desks with a page", registry=registry)
        self.cuts = Counter("hotline_desks_cut", "Desk sockets ended by us", ["why"], registry=registry)

    def present(self, staff_id: int) -> bool:
        return staff_id in self._desks

    def desk(self, staff_id: int) -> Desk | None:
        """The newest page of somebody, if one is open."""
        return self._desks.get(staff_id)

    @property
    def desks(self) -> int:
        return len(self._desks)

    @asynccontextmanager
    async def lane(self, staff_id: int, name: str | None) -> AsyncIterator[None]:
        """One at a time in each lane of an operator, in the order they came; None: beside the others."""
        if name is None:
            yield
            return
        async with self._lanes[staff_id, name]:
            yield

    def typed(self, staff_id: int, fields: frozenset[str]) -> None:
        """This page has typed these fields of its draft: it sees them whole, and what follows from them."""
        desk = self._desks.get(staff_id)
        if desk is not None:
            desk.typed |= fields
            desk.mark("draft")

    def untyped(self, staff_id: int) -> None:
        """The page begins another draft: nothing of it was typed here yet."""
        desk = self._desks.get(staff_id)
        if desk is not None:
            desk.typed = frozenset()
            desk.mark("draft")

    def again(self, staff_id: int, *parts: str) -> None:
        """Parts of one desk that no event tells of."""
        desk = self._desks.get(staff_id)
        if desk is not None:
            desk.mark(*parts)

    # --- coming and going -----------------------------------------------------------------------

    def come(self, desk: Desk) -> bool:
        """A page opened; the newest page of an operator is theirs, an older one is told so.

        False: another page has taken this one's place, and only its network is back. Who wants the desk
        back there loads the page anew, which gives it another name.
        """
        older, pages = self._desks.get(desk.staff_id), self._pages[desk.staff_id]
        if desk.page in pages and desk.page != pages[-1]:
            desk.line.say_bye("elsewhere")
            if older is not None:  # the other's phone may have registered in its place: it does so again
                older.mark("phone")
            return False
        if desk.page not in pages:
            pages.append(desk.page)
        if older is not None:
            older.line.say_bye("elsewhere")
        self._desks[desk.staff_id] = desk
        self._gauge.set(len(self._desks))
        self.presence.came(desk.staff_id)
        return True

    def go(self, desk: Desk) -> None:
        if self._desks.get(desk.staff_id) is desk:
            del self._desks[desk.staff_id]
            self._gauge.set(len(self._desks))
            self.presence.went(desk.staff_id)

    # --- what goes on ---------------------------------------------------------------------------

    async def run(self) -> None:
        """Everything that does not wait for a page, until `end`."""
        waiting = [asyncio.create_task(one) for one in (self._read(), self._ping(), self._watch_switch())]
        looking = [
            asyncio.create_task(one) for one in (self.common.run(), self.presence.run(), self.drafts.run())
        ]
        try:
            done, _ = await asyncio.wait([*waiting, *looking], return_when=asyncio.FIRST_COMPLETED)
            if not self._ended.is_set():
                raise RuntimeError("a part of the floor has ended") from next(iter(done)).exception()
        finally:
            self.end()
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, *looking, return_exceptions=True)

    def end(self) -> None:
        self._ended.set()
        self.presence.end()
        self.drafts.end()
        self.common.end()

    async def _read(self) -> None:
        feed = self.house.feed
        while True:
            async with feed.subscribe() as subscription:
                self.common.cursor = subscription.cursor
                self.common.mark(*SHARED)
                for desk in self._desks.values():
                    desk.resync()
                await self._catch_up()
                with contextlib.suppress(Lagged):
                    async for entry in subscription:
                        self._take(entry)

    async def _catch_up(self) -> None:
        try:
            await self.drafts.catch_up()
        except Exception:  # a border: the desk opens a draft with the first thing that is typed
            log.exception("drafts were not caught up")

    def _take(self, entry: Entry) -> None:
        self.common.cursor = entry.cursor
        self.drafts.hear(entry)
        self.common.mark(*changed(entry, Watching(0)) & SHARED)
        concerned, rights = concerns(entry), entry.event.kind.partition(".")[0] in RIGHTS
        for desk in self._desks.values():
            desk.hear(entry, concerned(desk.seen))
            if rights and touches_rights(entry, desk.staff_id):
                desk.suspect()

    async def _ping(self) -> None:
        while True:
            await asyncio.sleep(self.house.manners.ping_s)
            text = written({"ping": self.house.hotline.clock.now()})
            for desk in self._desks.values():
                desk.line.say(text)

    async def _watch_switch(self) -> None:
        """No event tells that the switch is back; the desks look at it as often as they are asked."""
        while True:
            await asyncio.sleep(min(1.0, self.house.manners.ping_s))
            up = self.house.phones.up()
            if up != self._up:
                self._up = up
                for desk in self._desks.values():
                    desk.mark("phone")

    async def close(self) -> None:
        """At shutdown: tell every page, so that the server need not wait for them."""
        for desk in list(self._desks.values()):
            desk.line.say_bye("restarting")
        self.gaps.close()


FLOOR = web.AppKey("FLOOR", Floor)
