"""All desks of this house: who is there, what each must be told again, and what goes on without a page."""

import asyncio
import contextlib
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import structlog
from aiohttp import web
from prometheus_client import Counter, Gauge

from agent_desk import pop
from agent_desk.answers import Answers
from agent_desk.gaps import Gaps
from agent_desk.house import AgentHouse
from agent_desk.line import Line, written
from agent_desk.presence import Presence
from agent_desk.resting import rest
from agent_desk.state import OWN, RIGHTS, SHARED, Watching, changed, concerns, follow, touches_rights
from agent_desk.tending import Tending
from core.catalogue.search import Finder
from core.feed import Lagged
from core.journal import START, Cursor, Entry
from core.values import Actor

log = structlog.get_logger()

# Pages of one operator that are remembered. One whose network was gone comes back within minutes, and
# nobody loads so many others meanwhile.
PAGES_KEPT = 16
# So many desks hear of each other within `shared_s`; twice as many within twice that.
LIST_OF = 50


class Desk:
    """One operator's newest page: what it has seen, and what it must see again."""

    def __init__(self, house: AgentHouse, by: Actor, staff_id: int, page: str, line: Line) -> None:
        self.house = house
        self.by = by
        self.staff_id = staff_id
        self.page = page
        self.line = line
        self.seen = Watching(staff_id)
        self.live = False  # has had its snapshot
        self.gone = False
        self.typed: frozenset[str] = frozenset()  # fields of the draft typed here, shown unmasked here
        self.running = 0  # commands that are being done
        self.doubted = False  # their rights may be others now
        self._doubt = asyncio.Event()
        self._due: set[str] = set()
        self._whole = True
        self._waiting = asyncio.Event()
        self._waiting.set()
        self._meanwhile: list[Entry] | None = None  # what is heard while the desk is being built

    def hear(self, entry: Entry, concerned: bool) -> None:
        """Something happened; the desk looks again at what it changes. concerned: see state.concerns."""
        if self._meanwhile is not None:
            self._meanwhile.append(entry)
        if concerned:
            self._mark(entry)

    def _mark(self, entry: Entry) -> None:
        parts = changed(entry, self.seen) & OWN
        before, self.seen = self.seen, follow(self.seen, entry)
        if self.seen.interaction_id != before.interaction_id:
            self.typed = frozenset()
        if parts:
            self._due |= parts
            self._waiting.set()

    def mark(self, *parts: str) -> None:
        """These parts, which no event tells of."""
        self._due.update(parts)
        self._waiting.set()

    def suspect(self) -> None:
        """Their account or a role was changed: what they may do is asked anew before the next act."""
        self.doubted = True
        self._doubt.set()

    async def doubt(self, seconds: float) -> bool:
        """Wait until their rights should be asked anew, as is due every so often; False: they are gone."""
        await rest(self._doubt, seconds)
        self._doubt.clear()
        return not self.gone

    def leave(self) -> None:
        """The page is gone: what looks for it comes to its end."""
        self.gone = True
        self._doubt.set()
        self._waiting.set()

    def resync(self) -> None:
        """Nobody knows what was missed: everything again."""
        self._whole = True
        self._waiting.set()

    async def keep(self, floor: "Floor") -> None:
        """Build and send what has changed, until the page is gone. Events close together make one look."""
        while True:
            await self._waiting.wait()
            self._waiting.clear()
            if self.gone:
                return
            whole, parts = self._whole, OWN if self._whole else frozenset(self._due)
            self._whole, self._due, self._meanwhile = False, set(), []
            try:
                await self._tell(floor, whole, parts)
                self._meanwhile = None
            except Exception:  # a border: one desk's trouble, told again after a breath
                log.exception("a desk cannot be told", staff_id=self.staff_id)
                self._whole |= whole
                self._due |= parts
                await asyncio.sleep(1)
                self._waiting.set()

    async def _tell(self, floor: "Floor", whole: bool, parts: frozenset[str]) -> None:
        cursor = floor.cursor
        gapped = floor.gaps.open(self.seen.interaction_id)
        before = self.seen
        built = await pop.build(self.house, self.by, before, parts, typed=self.typed, gapped=gapped)
        # Another call may have come while we looked; all of it is due already.
        if self.seen is before:
            self._look(built.seen)
        values: dict[str, Any] = built.parts
        if not whole:
            self.line.say(floor.message("changed", values, cursor))
            return
        values = {**values, **await floor.shared(), "words": await floor.words(), "who": pop.who(self.by)}
        self.line.say(floor.message("snapshot", values, cursor))
        self.live = True
        # What all desks were told since then came before this one was listening.
        floor.catch_up(self, values)

    def _look(self, seen: Watching) -> None:
        """The desk now looks at these people and this hold; what happened to them meanwhile counts, too."""
        self.seen = seen
        for entry in self._meanwhile or ():
            self._mark(entry)


class Floor:
    """Reads the feed once for all desks, and builds what is the same for all once for all."""

    def __init__(self, house: AgentHouse) -> None:
        self.house = house
        self.answers = Answers()
        self.finder = Finder()
        self.gaps = Gaps(house)
        self.presence = Presence(house, self.present)
        self.drafts = Tending(house)
        self.cursor: Cursor = START
        self._desks: dict[int, Desk] = {}
        # Of each operator, the newest last; also when it is gone, for the one before it may come back.
        self._pages: defaultdict[int, deque[str]] = defaultdict(lambda: deque(maxlen=PAGES_KEPT))
        self._lanes: defaultdict[tuple[int, str], asyncio.Lock] = defaultdict(asyncio.Lock)
        self._due: set[str] = set(SHARED)
        self._waiting = asyncio.Event()
        self._values: dict[str, Any] = {}
        self._building = asyncio.Lock()
        self._listed_at = float("-inf")  # when the colleagues were told last, on the loop's clock
        self._ended = asyncio.Event()
        self._words: Mapping[str, Any] = {}
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

    def message(self, kind: str, values: Mapping[str, Any], cursor: Cursor) -> str:
        now = self.house.hotline.clock.now()
        return written({kind: values, "cursor": str(cursor), "now": now})

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
            asyncio.create_task(one) for one in (self._spread(), self.presence.run(), self.drafts.run())
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
        self._waiting.set()

    async def _read(self) -> None:
        feed = self.house.feed
        while True:
            async with feed.subscribe() as subscription:
                self.cursor = subscription.cursor
                self._again(*SHARED)
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
        self.cursor = entry.cursor
        self.drafts.hear(entry)
        self._again(*changed(entry, Watching(0)) & SHARED)
        concerned, rights = concerns(entry), entry.event.kind.partition(".")[0] in RIGHTS
        for desk in self._desks.values():
            desk.hear(entry, concerned(desk.seen))
            if rights and touches_rights(entry, desk.staff_id):
                desk.suspect()

    def _again(self, *parts: str) -> None:
        if parts:
            self._due.update(parts)
            self._waiting.set()

    async def _spread(self) -> None:
        """Tell everybody what is everybody's, at most once in `shared_s`."""
        while True:
            await self._waiting.wait()
            self._waiting.clear()
            if self._ended.is_set():
                return
            if self._desks:
                try:
                    await self._rebuild(later=self._later())
                except Exception:  # a border: the next event tries again
                    log.exception("the desks cannot be told")
            if await rest(self._ended, self.house.manners.shared_s):
                return
            if self._due:
                self._waiting.set()

    def _later(self) -> frozenset[str]:
        """A long list for many desks is not told each second: that grows with the square of the floor."""
        pause_s = self.house.manners.shared_s * len(self._desks) / LIST_OF
        early = asyncio.get_running_loop().time() - self._listed_at < pause_s
        return frozenset({"colleagues"}) if early else frozenset()

    async def _rebuild(self, later: frozenset[str] = frozenset()) -> None:
        async with self._building:
            due, self._due, cursor = self._due - later, self._due & later, self.cursor
            if not due:
                return
            if "colleagues" in due:
                self._listed_at = asyncio.get_running_loop().time()
            try:
                built = await pop.shared(self.house, frozenset(due))
            except BaseException:
                self._due |= due
                raise
            self._values = {**self._values, **built}
            text = self.message("changed", built, cursor)
            for desk in self._desks.values():
                if desk.live:
                    desk.line.say(text)

    async def shared(self) -> dict[str, Any]:
        """What is everybody's, as it is now."""
        await self._rebuild()
        return dict(self._values)

    def catch_up(self, desk: Desk, told: Mapping[str, Any]) -> None:
        later = {name: value for name, value in self._values.items() if value is not told.get(name)}
        if later:
            desk.line.say(self.message("changed", later, self.cursor))

    async def words(self) -> Mapping[str, Any]:
        """What does not change while people work; asked once."""
        if not self._words:
            self._words = await pop.words(self.house)
        return self._words

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
