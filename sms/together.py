"""What several parcels want done within a moment, in one unit of work; each keeps its own story and fate."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import insert, text

from core.database import table_of
from core.errors import StorageAway
from core.events import Event
from core.gathering import Gathering
from core.journal import JournalRow
from core.values import Actor
from core.work import Hotline, Work, journal_row

T = TypeVar("T")
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

    async def _answer(self, askings: Sequence[_Asking]) -> Sequence[_Done | Exception]:
        if len(askings) > 1:
            try:
                return await self._all(askings)
            except StorageAway:
                raise
            except Exception:  # a border: whose fault it was shows when each is alone
                pass
        return [await self._alone(asking) for asking in askings]

    async def _alone(self, asking: _Asking) -> _Done | Exception:
        async def act(work: Work) -> _Done:
            return await asking.act(work), work.events

        try:
            return await self._hotline.run(act, self._by, asking.interaction_id, fleeting=True)
        except Exception as error:  # a border: told to whoever asked
            return error

    async def _all(self, askings: Sequence[_Asking]) -> Sequence[_Done]:
        async def act(unit: Work) -> Sequence[_Done]:
            done: list[_Done] = []
            rows: list[dict[str, Any]] = []
            for asking in askings:
                own = Work(unit.db, unit.house, unit.now, unit.by, asking.interaction_id)
                done.append((await asking.act(own), own.events))
                if any(map(self._hotline.carriers, own.events)):
                    raise _Apart
                rows += [journal_row(event, own.now, own.by, own.interaction_id) for event in own.events]
            await self._write(unit, rows)
            return done

        done = await self._hotline.run(act, self._by, fleeting=True)
        self._hotline.tell([event for _, events in done for event in events])
        return done

    async def _write(self, unit: Work, rows: Sequence[dict[str, Any]]) -> None:
        if rows:
            await unit.db.flush()
            own = 0 if self._hotline.database.sqlite else text("pg_current_xact_id()::text::bigint")
            await unit.db.execute(insert(_JOURNAL).values(transaction=own), rows)
