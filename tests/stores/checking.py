"""Run a history on two stores and compare; make one that shows a difference as short as it can be."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

from core.booking.group.store import group_store
from core.booking.store import PlainStore, Store
from core.database import Database
from core.sealing import AesSealer
from core.work import Hotline
from sms import inbound, outbound
from tests.clocks import FrozenClock, SeededChance
from tests.stores.compare import Picture, differences, failures, picture, shorter
from tests.stores.founding import found
from tests.stores.playing import Side, Told, play
from tests.stores.steps import History
from tests.stores.tables import tables_of
from tests.stores.town import START

Opener = Callable[[Hotline], AbstractAsyncContextManager[Store]]
MASTER = b"a secret of the histories, that long"
# Runs for making a history shorter.
PATIENCE = 150
SHOWN = 8


@asynccontextmanager
async def plain_store(hotline: Hotline) -> AsyncIterator[Store]:
    yield PlainStore(hotline)


STORES: dict[str, Opener] = {"plain": plain_store, "group": group_store}


async def side(database: Database, opener: Opener) -> Side:
    """A store on a database that is empty still."""
    clock = FrozenClock(START)
    routes = {**inbound.ROUTES, **outbound.ROUTES}
    hotline = Hotline(database, clock, SeededChance(0), AesSealer(MASTER), demo=True, routes=routes)
    await found(hotline)
    return Side(hotline, clock, await tables_of(database), opener)


@dataclass
class Pair:
    """The store that is looked at, and the one that it must equal."""

    ours: Side
    reference: Side

    async def check(self, history: History) -> list[str]:
        """What is wrong, a line for each."""
        ours = await play(history, self.ours)
        theirs = await play(history, self.reference, ours.orders)
        return failures(ours) + failures(theirs) + differences(self._seen(ours), self._seen(theirs))

    def _seen(self, told: Told) -> Picture:
        return picture(told, self.ours.hotline.sealer)

    async def must_agree(self, history: History) -> None:
        """Raises AssertionError with the shortest history that was found to show a difference."""
        if not await self.check(history):
            return
        short = await self._shortened(history)
        wrong = await self.check(short)
        raise AssertionError("\n".join([str(short), "  differs:", *wrong[:SHOWN]]))

    async def _shortened(self, history: History) -> History:
        tries, found_one = 0, True
        while found_one and tries < PATIENCE:
            found_one = False
            for candidate in shorter(history):
                tries += 1
                if tries > PATIENCE:
                    break
                if await self.check(candidate):
                    history, found_one = candidate, True
                    break
        return history
