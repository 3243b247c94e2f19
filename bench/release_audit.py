"""What a release has left in the tables, held against the published rule."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bench.release_town import Town
from core import journal
from core.booking.rules import LIVE
from core.booking.tables import Appointment
from core.events import TurnGiven
from core.release import draw, rules
from core.release.tables import Place
from core.schedule.rules import COMMON, SlotState
from core.schedule.tables import Slot


@dataclass(frozen=True)
class Audit:
    """oversold: numbers with two appointments, or appointments beyond the numbers.

    shares_broken: guaranteed numbers that another channel got, and people of a channel who waited in vain
    while its share was free. out_of_turn: given their first turn after somebody of their channel behind them.
    replayed: sessions whose published order is what anybody works out from the secret.
    """

    oversold: int
    sold: int
    by_channel: dict[str, int]
    shares_broken: int
    out_of_turn: int
    replayed: int
    drawn: int


async def audit(town: Town) -> Audit:
    async with town.hotline.read() as db:
        sold, twice, by_channel, foreign = await _sold(db)
        out = 0
        replayed = drawn = 0
        turns = await _turns(db)
        for session_id in town.sessions:
            found = await draw.proof(db, town.hotline.sealer, session_id, now=town.clock.now())
            assert found is not None
            order = [ticket for ticket, _ in found.tickets]
            drawn += len(order)
            kept = rules.commitment(found.secret) == found.commitment
            replayed += kept and rules.replayed(found.seed, order) == order
            out += await _out_of_turn(db, session_id, turns)
        idle = await _idle_shares(db, town)
    return Audit(twice, sold, by_channel, foreign + idle, out, replayed, drawn)


async def _sold(db: AsyncSession) -> tuple[int, int, dict[str, int], int]:
    """Appointments; those too many; by channel; those of another channel's share."""
    rows = (
        await db.execute(
            select(Appointment.slot_id, Appointment.channel, Slot.pool, Slot.state)
            .join(Slot, Slot.id == Appointment.slot_id)
            .where(Appointment.state.in_(sorted(LIVE)))
        )
    ).all()
    slots = Counter(row[0] for row in rows)
    too_many = sum(count - 1 for count in slots.values())
    unbooked = sum(row[3] != SlotState.BOOKED for row in rows)
    booked = await db.scalar(select(func.count(Slot.id)).where(Slot.state == SlotState.BOOKED))
    foreign = sum(row[2] not in (COMMON, row[1]) for row in rows)
    return (
        len(rows),
        too_many + unbooked + abs((booked or 0) - len(slots)),
        dict(Counter(row[1] for row in rows)),
        foreign,
    )


async def _idle_shares(db: AsyncSession, town: Town) -> int:
    """Places still waiting by a channel that has numbers of its own left, beyond the turns that are out."""
    idle = 0
    for session_id in town.sessions:
        free = await _counts(
            db,
            select(Slot.pool, func.count())
            .where(Slot.session_id == session_id, Slot.state == SlotState.FREE)
            .group_by(Slot.pool),
        )
        waiting, turns = [
            await _counts(
                db,
                select(Place.channel, func.count())
                .where(Place.session_id == session_id, Place.state == state)
                .group_by(Place.channel),
            )
            for state in (rules.PlaceState.WAITING, rules.PlaceState.TURN)
        ]
        idle += sum(
            max(0, min(count, free.get(channel, 0) - turns.get(channel, 0)))
            for channel, count in waiting.items()
        )
    return idle


async def _counts(db: AsyncSession, query: Select[str, int]) -> dict[str, int]:
    return {row[0]: row[1] for row in await db.execute(query)}


async def _turns(db: AsyncSession) -> Sequence[TurnGiven]:
    found: list[TurnGiven] = []
    cursor = journal.START
    while entries := await journal.entries(db, cursor):
        found += [one.event for one in entries if isinstance(one.event, TurnGiven)]
        cursor = entries[-1].cursor
    return found


async def _out_of_turn(db: AsyncSession, session_id: int, turns: Sequence[TurnGiven]) -> int:
    """Of those who were drawn and never stood anew: first turns by time must follow the draw."""
    places = {
        row[0]: (row[1], row[2])
        for row in await db.execute(
            select(Place.id, Place.channel, Place.drawn).where(
                Place.session_id == session_id, Place.drawn == Place.position
            )
        )
    }
    firsts: dict[str, dict[object, list[int]]] = defaultdict(lambda: defaultdict(list))
    seen: set[int] = set()
    for turn in turns:
        if turn.place_id in places and turn.place_id not in seen:
            seen.add(turn.place_id)
            channel, drawn = places[turn.place_id]
            assert drawn is not None  # asked for above
            firsts[channel][turn.until].append(drawn)
    wrong = 0
    for by_time in firsts.values():
        last = -1
        for until in sorted(by_time, key=str):
            wrong += sum(drawn < last for drawn in by_time[until])
            last = max(last, *by_time[until])
    return wrong
