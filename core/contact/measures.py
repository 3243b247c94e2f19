"""The figures of the wall from the tables: loaded once and kept up by the feed, or recounted from nothing."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.contact.agent_rules import AgentState
from core.contact.agent_tables import AgentInterval, QueueEntry, RoomStay
from core.contact.call_facts import Act, Call, Interval, Wait
from core.contact.figures import Figure, figures
from core.contact.measure_rules import Measure, Policy, Span, Sum, occupancy, recount, start_of
from core.contact.stay_rules import Stay
from core.contact.tables import Interaction
from core.contact.tally import KEPT, Tally
from core.events import (
    AgentMoved,
    CallerIdentified,
    DraftClosed,
    DraftOpened,
    HoldReleased,
    SlotHeld,
    StepsTaken,
    TextDelivered,
    TextSent,
)
from core.journal import Entry, JournalRow, of_kind

T = TypeVar("T")

ACTS = {
    "appointment.booked": "booked",
    "appointment.changed": "changed",
    "appointment.cancelled": "cancelled",
}
# To figures a contact is after these what it was before; they are most of what happens in one.
_SAME = (
    StepsTaken, CallerIdentified, SlotHeld, HoldReleased, DraftOpened, DraftClosed, TextSent, TextDelivered,
)  # fmt: skip
QUIET = frozenset(event.kind for event in _SAME)
_AN_HOUR = timedelta(hours=1)
OCCUPANCY_SPANS = (Span.TODAY, Span.HALF_HOUR)
_AT_ONCE = 400  # ids in one IN: SQLite takes no more than 999 values, and reading stays even


async def calls_between(db: AsyncSession, first: datetime, last: datetime) -> list[Call]:
    """Contacts that began in [first, last), oldest first."""
    which = and_(Interaction.started_at >= first, Interaction.started_at < last)
    return await _calls(db, which, BOOKED, JournalRow.at >= first)


async def calls_since(db: AsyncSession, since: datetime) -> list[Call]:
    """Contacts that began since then, and those of before that still go on."""
    of_before = await _still_open(db, since)
    return of_before + await _calls(db, Interaction.started_at >= since, BOOKED, JournalRow.at >= since)


async def _still_open(db: AsyncSession, before: datetime) -> list[Call]:
    return await _calls(
        db, and_(Interaction.started_at < before, Interaction.closed_at.is_(None)), BOOKED_BY_IT
    )


async def calls_of(db: AsyncSession, ids: Iterable[int]) -> list[Call]:
    found: list[Call] = []
    for some in _parts(sorted(set(ids))):
        found += await _calls(db, Interaction.id.in_(some), BOOKED_BY_IT)
    return found


# Columns and not rows: a day of calls is a hundred thousand of them.
WAIT = (
    QueueEntry.id,
    QueueEntry.klass,
    QueueEntry.skill,
    QueueEntry.department_id,
    QueueEntry.arrived_at,
    QueueEntry.entered_at,
    QueueEntry.state,
    QueueEntry.staff_id,
    QueueEntry.ended_at,
    QueueEntry.waiting_since,
)
STAY = (RoomStay.role, RoomStay.staff_id, RoomStay.entered_at, RoomStay.left_at)
INTERVAL = (
    AgentInterval.id,
    AgentInterval.agent_id,
    AgentInterval.staff_id,
    AgentInterval.state,
    AgentInterval.reason,
    AgentInterval.interaction_id,
    AgentInterval.began_at,
    AgentInterval.ended_at,
)
CALL = (
    Interaction.id,
    Interaction.direction,
    Interaction.channel,
    Interaction.started_at,
    Interaction.closed_at,
    Interaction.disposition,
)


BOOKED = JournalRow.kind == "appointment.booked"
BOOKED_BY_IT = of_kind("appointment.booked")


async def _calls(
    db: AsyncSession, which: ColumnElement[bool], *booked_when: ColumnElement[bool]
) -> list[Call]:
    waits = await _by_call(db, QueueEntry, WAIT, Wait, which)
    stays = await _by_call(db, RoomStay, STAY, Stay, which)
    wrapping = and_(which, AgentInterval.state == AgentState.WRAP_UP)
    wraps = await _by_call(db, AgentInterval, INTERVAL, Interval, wrapping)
    of_booked = (
        select(JournalRow.interaction_id)
        .join(Interaction, Interaction.id == JournalRow.interaction_id)
        .where(which, *booked_when)
    )
    booked = set(await db.scalars(of_booked))
    rows = await db.execute(select(*CALL).where(which).order_by(Interaction.id + 0))
    return [
        Call(*row, tuple(waits[row[0]]), tuple(stays[row[0]]), tuple(wraps[row[0]]), row[0] in booked)
        for row in rows
    ]


async def _by_call(
    db: AsyncSession,
    table: type[Any],
    columns: Sequence[Any],
    made: Callable[..., T],
    which: ColumnElement[bool],
) -> defaultdict[int, list[T]]:
    """What belongs to these contacts, by contact, in order.

    The sum keeps a database from reading the whole table because it lies in that order already.
    """
    query = select(table.interaction_id, *columns).join(Interaction, Interaction.id == table.interaction_id)
    found: defaultdict[int, list[T]] = defaultdict(list)
    for interaction_id, *values in await db.execute(query.where(which).order_by(table.id + 0)):
        found[interaction_id].append(made(*values))
    return found


async def intervals_between(db: AsyncSession, first: datetime, last: datetime) -> list[Interval]:
    """What operators did in [first, last): every stretch that touches it, whole, in order."""
    # A shift is shorter than a day, so a stretch that still touches began within the last one.
    query = select(*INTERVAL).where(
        AgentInterval.began_at >= first - timedelta(days=1),
        AgentInterval.began_at < last,
        or_(AgentInterval.ended_at.is_(None), AgentInterval.ended_at > first),
    )
    rows = await db.execute(query.order_by(AgentInterval.id + 0))
    return [Interval(*row) for row in rows]


async def acts_between(db: AsyncSession, first: datetime, last: datetime) -> list[Act]:
    """What was booked, changed and cancelled in [first, last); a change is no new booking."""
    query = select(JournalRow).where(JournalRow.kind.in_(ACTS), JournalRow.at >= first, JournalRow.at < last)
    rows = (await db.execute(query.order_by(JournalRow.id))).scalars()
    acts = (act(row.id, row.at, row.kind, row.channel, row.interaction_id, row.body) for row in rows)
    return [one for one in acts if one]


def act(
    journal_id: int, at: datetime, kind: str, channel: str | None, interaction_id: int | None, body: Any
) -> Act | None:
    """An event as an act; None for the booking that a change makes."""
    if kind not in ACTS or body.get("replaces") is not None:
        return None
    return Act(journal_id, at, ACTS[kind], channel or "other", interaction_id)


# --- the two ways -------------------------------------------------------------------------------------


async def recounted(db: AsyncSession, now: datetime, policy: Policy) -> list[Figure]:
    """Every figure, from nothing but the tables as they are now."""
    calls = await calls_since(db, now - KEPT)
    first = min(start_of(span, now) for span in OCCUPANCY_SPANS)
    intervals = await intervals_between(db, first, now + timedelta(seconds=1))
    occupied = {span: occupancy(intervals, start_of(span, now), now) for span in OCCUPANCY_SPANS}
    waiting = [call for call in calls if call.waiting]

    def sums(measure: Measure, span: Span) -> Sum:
        return recount(measure, calls, span, now, policy)

    return figures(sums, occupied, waiting, now, policy)


class Kept:
    """The figures kept up by what the feed tells: only what changed is read again."""

    def __init__(self) -> None:
        self.tally = Tally()

    @classmethod
    async def load(cls, db: AsyncSession, now: datetime) -> "Kept":
        """Begin with what the tables hold of the last day; the feed must have been subscribed before."""
        kept = cls()
        since = begin = now - KEPT
        while begin <= now:  # an hour at a time, so that others get their turn
            for call in await calls_between(db, begin, begin + _AN_HOUR):
                kept.tally.put_call(call, now)
            begin += _AN_HOUR
        for call in await _still_open(db, since):
            kept.tally.put_call(call, now)
        for one in await intervals_between(db, since, now + timedelta(days=1)):
            kept.tally.put_interval(one)
        for done in await acts_between(db, start_of(Span.TODAY, now), now + timedelta(days=1)):
            kept.tally.put_act(done)
        return kept

    async def hear(self, db: AsyncSession, entries: Sequence[Entry], now: datetime) -> set[int]:
        """Take in what happened; entries that were known already do no harm. Returns the calls read."""
        changed = {
            entry.interaction_id
            for entry in entries
            if entry.interaction_id is not None and entry.event.kind not in QUIET
        }
        agents = {entry.event.agent_id for entry in entries if isinstance(entry.event, AgentMoved)}
        for entry in entries:
            body = entry.event.model_dump() if entry.event.kind in ACTS else {}
            done = act(entry.id, entry.at, entry.event.kind, entry.channel, entry.interaction_id, body)
            if done:
                self.tally.put_act(done)
        for one in await self._intervals(db, agents):
            self.tally.put_interval(one)
            if one.interaction_id is not None:
                changed.add(one.interaction_id)
        for call in await calls_of(db, changed):
            self.tally.put_call(call, now)
        self.tally.forget(now)
        return changed

    async def _intervals(self, db: AsyncSession, agents: Iterable[int]) -> list[Interval]:
        """Of each operator the stretch that was open when we last looked, and what followed."""
        found: list[Interval] = []
        for some in _parts(sorted(agents)):
            from_there = []
            for agent_id in some:
                known = self.tally.known(agent_id)
                from_there.append(and_(AgentInterval.agent_id == agent_id, AgentInterval.id >= known))
            query = select(*INTERVAL).where(or_(*from_there)).order_by(AgentInterval.id)
            found += [Interval(*row) for row in await db.execute(query)]
        return found

    def figures(self, now: datetime, policy: Policy) -> list[Figure]:
        """As `recounted`, without the database."""

        def sums(measure: Measure, span: Span) -> Sum:
            return self.tally.sum(measure, span, now, policy)

        occupied = {span: self.tally.occupancy(span, now) for span in OCCUPANCY_SPANS}
        return figures(sums, occupied, self.tally.waiting(), now, policy)


def _parts(ids: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(ids), _AT_ONCE):
        yield ids[start : start + _AT_ONCE]
