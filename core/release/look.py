"""A whole line at one moment: what everybody in it is told is worked out from it in memory; read-only."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.booking.loading import asked_of
from core.release import rules
from core.release.draw import secret_of
from core.release.rules import LIVE, PlaceState, Stage, Terms
from core.release.tables import Place
from core.release.view import STOOD, About, Left, Stood, Told, about, as_announced, left, line_of, told
from core.schedule.rules import SessionState
from core.sealing import Sealer


@dataclass(frozen=True)
class Look:
    """A line at one moment, whole: what everybody in it is told is worked out from it.

    waiting: by channel, their positions in order; turns: by channel, how many have their turn.
    places: of those who still stand in it, by whose they are. served: who held a number in their turn.
    """

    at: datetime
    about: About
    terms: Terms
    announced_at: datetime
    commitment: str
    begun: bool
    over: bool
    left: Left
    waiting: Mapping[str, Sequence[int]] = field(default_factory=dict)
    turns: Mapping[str, int] = field(default_factory=dict)
    places: Mapping[str, Stood] = field(default_factory=dict)
    served: frozenset[str] = frozenset()

    def stage(self, now: datetime) -> Stage:
        """OVER also where the hospital wants no line, where none has begun in time, where it has ended."""
        found = rules.stage(
            now, opens_at=self.about.release_at, lead=self.terms.lead, window=self.terms.window
        )
        stopped = self.about.state != SessionState.PUBLISHED or self.about.stop_at <= now
        if not self.terms.room or self.over or stopped:
            return Stage.OVER
        return Stage.OVER if found is Stage.OPEN and not self.begun else found

    def standing(self, now: datetime) -> bool:
        """Whether a hold needs a turn now: numbers are given out, and somebody still stands in line."""
        return self.stage(now) is Stage.OPEN and bool(self.places)

    def must_wait(self, whose: str, channel: str, now: datetime) -> bool:
        """Whether a hold would be refused: who holds a number already may be choosing another instead."""
        mine = self.places.get(whose)
        has_turn = (
            mine is not None
            and mine.channel == channel
            and mine.turn_until is not None
            and mine.turn_until > now
        )
        return self.standing(now) and not has_turn and whose not in self.served

    def ahead(self, position: int) -> dict[str, int]:
        """Before this position, by channel; whoever has their turn is before everybody."""
        counts = dict(self.turns)
        for channel, positions in self.waiting.items():
            counts[channel] = counts.get(channel, 0) + bisect_left(positions, position)
        return counts

    def told(self, stood: Stood) -> Told:
        """What somebody who stands in it is told."""
        opened = self.at >= self.about.release_at
        return told(stood, self.ahead(stood.position) if opened else None, self.left)

    def registered(self, channel: str) -> int:
        """How many of this channel stand in it."""
        return len(self.waiting.get(channel, ())) + self.turns.get(channel, 0)


async def look(db: AsyncSession, sealer: Sealer, session_id: int, *, now: datetime) -> Look:
    """The whole line: six statements, however many stand in it. Raises NotFound."""
    it = await about(db, session_id)
    line = await line_of(db, session_id)
    asked = await asked_of(db, session_id=session_id)
    found = rules.terms(
        asked.book,
        kind=asked.slot.number_kind,
        department=asked.slot.department_code,
        half=asked.slot.half,
    )
    announced_at = line.announced_at if line else it.release_at
    numbers = await left(db, session_id, now=now, recycle_at=it.recycle_at)
    places: dict[str, Stood] = {}
    waiting: dict[str, list[int]] = {}
    turns: dict[str, int] = {}
    served: set[str] = set()
    if line is not None and line.over_at is None:
        query: Select[*tuple[Any, ...]] = (
            select(Place.whose, *STOOD)
            .where(Place.session_id == session_id, Place.state.in_((*LIVE, PlaceState.USED)))
            .order_by(Place.position, Place.ticket)
        )
        for whose, channel, state, *rest in (await db.execute(query)).all():
            if state == PlaceState.USED:
                served.add(whose)
                continue
            places[whose] = Stood(channel, PlaceState(state), *rest)
            if state == PlaceState.TURN:
                turns[channel] = turns.get(channel, 0) + 1
            else:
                waiting.setdefault(channel, []).append(rest[0])
    return Look(
        now,
        it,
        as_announced(found, line),
        announced_at,
        rules.commitment(secret_of(sealer, session_id, announced_at)),
        line is not None,
        line is not None and line.over_at is not None,
        numbers,
        waiting,
        turns,
        places,
        frozenset(served),
    )
