"""What several parcels want done within a moment, in one unit of work; each keeps its own story and fate."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog
from sqlalchemy import insert, text

from core.database import table_of
from core.errors import StorageAway
from core.events import Event
from core.gathering import Gathering
from core.journal import JournalRow
from core.values import Actor
from core.work import Hotline, Work, journal_row

log = structlog.get_logger()
T = TypeVar("T")
A = TypeVar("A")
_JOURNAL = table_of(JournalRow)
# One unit holds the only write lock of SQLite for so many acts, and bookings wait behind it.
MOST = 4


class _Apart(Exception):
    """An event that goes outside needs a unit of its own."""


@dataclass(frozen=True)
class _Asking:
    act: Callable[[Work], Awaitable[Any]]
    interaction_id: int | None


# What an act gave, and the events it left.
_Done = tuple[Any, Sequence[Event]]


class Together:
    """Runs acts as `Hotline.run` does, those of one moment in one unit.

    Where one of them fails, nothing of that unit is kept and each is done alone: an act must bear being
    begun twice, as for `Hotline.run`. Nor does it wait for the disk: whoever is not to be asked again after a
    power cut makes it sure.
    """

    def __init__(self, hotline: Hotline, by: Actor) -> None:
        self._hotline = hotline
        self._by = by
        self._gathering: Gathering[_Asking, _Done] = Gathering(self._answer, most=MOST)

    async def run(
        self, act: Callable[[Work], Awaitable[T]], interaction_id: int | None
    ) -> tuple[T, Sequence[Event]]:
        """What `act` returned and the events it left, all committed. Raises what it raises; StorageAway."""
        return await self._gathering.ask(_Asking(act, interaction_id))

    async def several(
        self,
        act: Callable[[Sequence[Work], Sequence[A]], Awaitable[Sequence[T]]],
        askings: Sequence[A],
        stories: Sequence[int | None],
    ) -> Sequence[T | Exception]:
        """What `act` made of these at once, committed: of each its answer, or its own failure.

        act: gets a work for each asking, all of one unit; what it records there is told in the story of that
        contact. stories: the contacts, in the askings' order. Raises StorageAway.
        """
        if len(askings) > 1:
            try:
                return await self._all(act, askings, stories)
            except StorageAway:
                raise
            except _Apart:
                pass
            except Exception as error:  # a border: whose fault it was shows when each is alone
                log.warning("what came together is done one by one", why=type(error).__name__)
        return [await self._alone(act, *one) for one in zip(askings, stories, strict=True)]

    async def _answer(self, askings: Sequence[_Asking]) -> Sequence[_Done | Exception]:
        return await self.several(_one_by_one, askings, [asking.interaction_id for asking in askings])

    async def _alone(
        self,
        act: Callable[[Sequence[Work], Sequence[A]], Awaitable[Sequence[T]]],
        asking: A,
        story: int | None,
    ) -> T | Exception:
        try:
            (answer,) = await self._hotline.run(
                lambda work: act([work], [asking]), self._by, story, fleeting=True
            )
        except Exception as error:  # a border: told to whoever asked
            return error
        return answer

    async def _all(
        self,
        act: Callable[[Sequence[Work], Sequence[A]], Awaitable[Sequence[T]]],
        askings: Sequence[A],
        stories: Sequence[int | None],
    ) -> Sequence[T]:
        async def whole(unit: Work) -> tuple[Sequence[T], Sequence[Event]]:
            own = [Work(unit.db, unit.house, unit.now, unit.by, story) for story in stories]
            answers = await act(own, askings)
            await self._write(own)
            return answers, [event for work in own for event in work.events]

        answers, events = await self._hotline.run(whole, self._by, fleeting=True)
        self._hotline.tell(events)
        return answers

    async def _write(self, own: Sequence[Work]) -> None:
        rows: list[dict[str, Any]] = []
        for work in own:
            if any(map(self._hotline.carriers, work.events)):
                raise _Apart
            rows += [journal_row(event, work.now, work.by, work.interaction_id) for event in work.events]
        if rows:
            db = own[0].db
            await db.flush()
            transaction = 0 if self._hotline.database.sqlite else text("pg_current_xact_id()::text::bigint")
            await db.execute(insert(_JOURNAL).values(transaction=transaction), rows)


async def _one_by_one(own: Sequence[Work], askings: Sequence[_Asking]) -> list[_Done]:
    return [(await asking.act(work), work.events) for work, asking in zip(own, askings, strict=True)]
