"""What no event tells the wall of (slots, health, texts owed), looked at now and then while it is open."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from agent_desk.house import AgentHouse
from agent_desk.wall_outcomes import outcomes
from agent_desk.wall_seen import Slow, Want
from core import owed
from core.contact import floor_view, supervision
from core.contact.figures import Figure
from core.contact.measure_rules import Span, start_of
from core.contact.tally import Tally
from core.schedule.left import left, sold_since
from core.values import Channel, day_of

# Seconds between two looks.
SLOW_S = 5.0
# What is known only days later is asked so seldom.
OUTCOMES_S = 60.0
SOLD_OVER = timedelta(minutes=30)
AHEAD = timedelta(days=7)
SAID_WITHIN = timedelta(hours=1)
# So many departments are shown, and so many at least are looked at: those that sell fastest.
WANTS, BUSIEST = 12, 6

# After these a look is due at once: a supervisor has just done it, and wants to see it done.
AT_ONCE = frozenset(
    {
        "surge.switched",
        "desk.message",
        "desk.hand",
        "callback.promised",
        "callback.taken",
        "callback.settled",
    }
)


class SlowLook:
    """The newest such look, and when it was taken; one at a time."""

    def __init__(self, house: AgentHouse) -> None:
        self._house = house
        self._turn = asyncio.Lock()
        self._looked_at: datetime | None = None
        self._outcomes: Sequence[Figure] = ()
        self.seen = Slow()

    def due(self) -> None:
        """Whoever looks next looks anew."""
        self._looked_at = None

    async def look(self, tally: Tally) -> None:
        """Look anew, unless somebody has just done so."""
        async with self._turn:
            now = self._house.hotline.clock.now()
            before = self._looked_at
            if before is None or not timedelta() <= now - before < timedelta(seconds=SLOW_S):
                self._looked_at = now
                self.seen = await self._look(tally, now)

    async def _look(self, tally: Tally, now: datetime) -> Slow:
        parts = await self._house.health.parts()
        wanted = Counter(
            call.waiting.department_id
            for call in tally.waiting()
            if call.waiting and call.waiting.department_id
        )
        today = start_of(Span.TODAY, now)
        async with self._house.hotline.read() as db:
            wants = await _wants(db, wanted, now)
            said, hands = await floor_view.lines(db, now - SAID_WITHIN)
            # A clock may be set back.
            if not self._outcomes or abs(now - self._outcomes[0].as_of) >= timedelta(seconds=OUTCOMES_S):
                self._outcomes = await outcomes(db, now)
            return Slow(
                wants,
                await floor_view.dispositions(db, today, now + timedelta(days=1)),
                await floor_view.owed_calls(db),
                parts,
                int((await owed.age(db, now)).total_seconds()),
                await supervision.greetings(db),
                said,
                hands,
                await floor_view.skills(db),
                await floor_view.names(db),
                self._outcomes,
            )


async def _wants(db: AsyncSession, wanted: Mapping[int, int], now: datetime) -> list[Want]:
    """Departments with what they have left, those first that most callers wait for.

    wanted: callers who wait, by department.
    """
    sold = await sold_since(db, now - SOLD_OVER)
    busiest = sorted(sold, key=lambda one: -sold[one])[: max(0, BUSIEST - len(wanted))]
    rows = await left(
        db, {*wanted, *busiest}, channel=Channel.PHONE, now=now,
        last_day=day_of(now + AHEAD), sold=sold,
    )  # fmt: skip
    wants = [Want(wanted.get(row.department_id, 0), row) for row in rows]
    return sorted(wants, key=lambda one: (-one.waiting, one.left.left))[:WANTS]
