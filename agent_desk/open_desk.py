"""One operator's newest page: what it has seen, what it must see again, and the telling of it."""

import asyncio
from collections.abc import Mapping
from typing import Any, Protocol

import structlog

from agent_desk import pop
from agent_desk.gaps import Gaps
from agent_desk.house import AgentHouse
from agent_desk.line import Line
from agent_desk.resting import rest
from agent_desk.state import OWN, Watching, changed, follow
from core.journal import Cursor, Entry
from core.values import Actor

log = structlog.get_logger()


class Shared(Protocol):
    """What all desks show alike; see Common."""

    cursor: Cursor

    def message(self, kind: str, values: Mapping[str, Any], cursor: Cursor) -> str: ...

    async def shared(self) -> dict[str, Any]: ...

    async def words(self) -> Mapping[str, Any]: ...

    def catch_up(self, desk: "Desk", told: Mapping[str, Any]) -> None: ...


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

    async def keep(self, common: Shared, gaps: Gaps) -> None:
        """Build and send what has changed, until the page is gone. Events close together make one look."""
        while True:
            await self._waiting.wait()
            self._waiting.clear()
            if self.gone:
                return
            whole, parts = self._whole, OWN if self._whole else frozenset(self._due)
            self._whole, self._due, self._meanwhile = False, set(), []
            try:
                await self._tell(common, gaps, whole, parts)
                self._meanwhile = None
            except Exception:  # a border: one desk's trouble, told again after a breath
                log.exception("a desk cannot be told", staff_id=self.staff_id)
                self._whole |= whole
                self._due |= parts
                await asyncio.sleep(1)
                self._waiting.set()

    async def _tell(self, common: Shared, gaps: Gaps, whole: bool, parts: frozenset[str]) -> None:
        cursor = common.cursor
        gapped = gaps.open(self.seen.interaction_id)
        before = self.seen
        built = await pop.build(self.house, self.by, before, parts, typed=self.typed, gapped=gapped)
        # Another call may have come while we looked; all of it is due already.
        if self.seen is before:
            self._look(built.seen)
        values: dict[str, Any] = built.parts
        if not whole:
            self.line.say(common.message("changed", values, cursor))
            return
        values = {**values, **await common.shared(), "words": await common.words(), "who": pop.who(self.by)}
        self.line.say(common.message("snapshot", values, cursor))
        self.live = True
        # What all desks were told since then came before this one was listening.
        common.catch_up(self, values)

    def _look(self, seen: Watching) -> None:
        """The desk now looks at these people and this hold; what happened to them meanwhile counts, too."""
        self.seen = seen
        for entry in self._meanwhile or ():
            self._mark(entry)
