"""A session that opens tomorrow at seven, people who wait for it by three ways, and a line that goes on."""

from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import select

from core.booking.commands import HeldSlot, Hold
from core.booking.hold import hold
from core.release import gate, line, turns
from core.release.line import Joined
from core.release.rules import PlaceState
from core.release.tables import Place
from core.schedule.tables import Session
from core.values import Actor, ActorKind, Channel
from core.work import Hotline, Work
from tests.builders import Clinic, clinic
from tests.clocks import FrozenClock

# Two weeks ahead: with window.last-day 14 its numbers come out on Tuesday the 24th at seven.
DAY = date(2026, 12, 8)
BEFORE, OPENS = "2026-11-24 06:50", "2026-11-24 07:00"


def by(channel: Channel) -> Actor:
    return Actor(ActorKind.PATIENT, channel.value, channel)


@dataclass
class Room:
    """hotline: whose clock stands ten minutes before the release."""

    hotline: Hotline
    clock: FrozenClock
    clinic: Clinic
    session_id: int
    joined: dict[str, Joined] = field(default_factory=dict)

    async def join(self, owner: str, channel: Channel = Channel.WEB, person_id: int | None = None) -> Joined:
        async def act(work: Work) -> Joined:
            return await line.join(work, self.session_id, owner=owner, channel=channel, person_id=person_id)

        return await self.hotline.run(act, by(channel))

    async def leave(self, owner: str) -> bool:
        async def act(work: Work) -> bool:
            return await line.leave(work, self.session_id, who=owner)

        return await self.hotline.run(act, by(Channel.WEB))

    async def advance(self) -> int:
        async def act(work: Work) -> int:
            return await turns.advance(work, self.session_id)

        return await self.hotline.run(act, by(Channel.WEB))

    async def hold(self, owner: str, channel: Channel = Channel.WEB) -> HeldSlot:
        """As a page does it: through the line, in one unit of work with the hold."""

        async def act(work: Work) -> HeldSlot:
            async with gate.through(work, self.session_id, owner=owner):
                return await hold(work, Hold(self.session_id, owner))

        return await self.hotline.run(act, by(channel))

    async def opens_at(self) -> datetime:
        async with self.hotline.read() as db:
            return (
                await db.execute(select(Session.release_at).where(Session.id == self.session_id))
            ).scalar_one()

    async def places(self) -> dict[str, Place]:
        async with self.hotline.read() as db:
            rows = (
                await db.execute(
                    select(Place)
                    .where(Place.session_id == self.session_id)
                    .order_by(Place.position, Place.ticket)
                )
            ).scalars()
            return {row.whose: row for row in rows}

    async def states(self) -> dict[str, str]:
        return {whose: place.state for whose, place in (await self.places()).items()}

    async def having(self, state: PlaceState) -> list[str]:
        """Whose places are in this state, in the order of the line."""
        return [whose for whose, place in (await self.places()).items() if place.state == state]


async def room(
    hotline: Hotline, clock: FrozenClock, *, slots: int = 6, shares: dict[str, int | str] | None = None
) -> Room:
    made = await clinic(hotline)
    session_id = await made.session(day=DAY, slots=slots, shares=shares)
    clock.set(BEFORE)
    return Room(hotline, clock, made, session_id)
