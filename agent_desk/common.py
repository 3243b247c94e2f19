"""What all desks show alike: built once for all of them, and told to all in one go."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from typing import Any

import structlog

from agent_desk import pop
from agent_desk.house import AgentHouse
from agent_desk.line import written
from agent_desk.open_desk import Desk
from agent_desk.resting import rest
from agent_desk.state import SHARED
from core.journal import START, Cursor

log = structlog.get_logger()

# So many desks hear of each other within `shared_s`; twice as many within twice that.
LIST_OF = 50


class Common:
    """The parts that are everybody's, as they were built last; those that are due are built anew.

    desks: the desks that are open now. cursor: as far as the floor has heard the journal.
    """

    def __init__(self, house: AgentHouse, desks: Callable[[], Collection[Desk]]) -> None:
        self.house = house
        self.cursor: Cursor = START
        self._desks = desks
        self._due: set[str] = set(SHARED)
        self._waiting = asyncio.Event()
        self._values: dict[str, Any] = {}
        self._building = asyncio.Lock()
        self._listed_at = float("-inf")  # when the colleagues were told last, on the loop's clock
        self._ended = asyncio.Event()
        self._words: Mapping[str, Any] = {}

    def mark(self, *parts: str) -> None:
        """These parts are others now."""
        if parts:
            self._due.update(parts)
            self._waiting.set()

    def message(self, kind: str, values: Mapping[str, Any], cursor: Cursor) -> str:
        """As it goes to a page, with the time and how far the journal was heard."""
        now = self.house.hotline.clock.now()
        return written({kind: values, "cursor": str(cursor), "now": now})

    async def shared(self) -> dict[str, Any]:
        """What is everybody's, as it is now."""
        await self._rebuild()
        return dict(self._values)

    def catch_up(self, desk: Desk, told: Mapping[str, Any]) -> None:
        """Tell one desk what was built anew since it was `told`."""
        later = {name: value for name, value in self._values.items() if value is not told.get(name)}
        if later:
            desk.line.say(self.message("changed", later, self.cursor))

    async def words(self) -> Mapping[str, Any]:
        """What does not change while people work; asked once."""
        if not self._words:
            self._words = await pop.words(self.house)
        return self._words

    async def run(self) -> None:
        """Tell everybody what is everybody's, at most once in `shared_s`, until `end`."""
        while True:
            await self._waiting.wait()
            self._waiting.clear()
            if self._ended.is_set():
                return
            if self._desks():
                try:
                    await self._rebuild(later=self._later())
                except Exception:  # a border: the next event tries again
                    log.exception("the desks cannot be told")
            if await rest(self._ended, self.house.manners.shared_s):
                return
            if self._due:
                self._waiting.set()

    def end(self) -> None:
        self._ended.set()
        self._waiting.set()

    def _later(self) -> frozenset[str]:
        """A long list for many desks is not told each second: that grows with the square of the floor."""
        pause_s = self.house.manners.shared_s * len(self._desks()) / LIST_OF
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
            for desk in self._desks():
                if desk.live:
                    desk.line.say(text)
