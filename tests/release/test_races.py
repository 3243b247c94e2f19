"""Many at once, on both databases: one place each, no turn too many, no number past the line."""

import asyncio
from collections import Counter

from core import journal
from core.booking.commands import Hold
from core.booking.hold import hold
from core.errors import LineFirst
from core.events import LineBegun, TurnUsed
from core.release import gate
from core.release.rules import PlaceState
from core.values import Channel
from core.work import Hotline, Work
from tests.clocks import FrozenClock
from tests.release.room import OPENS, by, room

WEB, PHONE, SMS = Channel.WEB, Channel.PHONE, Channel.SMS


async def test_two_hundred_at_once_have_one_place_each(hotline: Hotline, clock: FrozenClock) -> None:
    at = await room(hotline, clock, slots=30)
    owners = [f"owner:{number}" for number in range(100)]
    joined = await asyncio.gather(*(at.join(owner) for owner in owners * 2))
    assert sum(one.new for one in joined) == 100
    assert len(await at.places()) == 100
    async with hotline.read() as db:
        assert len(await journal.latest(db, LineBegun, 9)) == 1


async def test_a_turn_is_good_for_one_number(hotline: Hotline, clock: FrozenClock) -> None:
    """Sent five times at once: the first takes the turn, others may at most choose another number instead."""
    at = await room(hotline, clock, slots=6)
    for number in range(9):
        await at.join(f"owner:{number}")
    clock.set(OPENS)
    await at.advance()
    first = (await at.having(PlaceState.TURN))[0]
    tries = await asyncio.gather(*(at.hold(first) for _ in range(5)), return_exceptions=True)
    assert any(not isinstance(one, BaseException) for one in tries)
    assert all(isinstance(one, LineFirst) for one in tries if isinstance(one, BaseException))
    assert (await at.clinic.states(at.session_id))["held"] == 1
    async with hotline.read() as db:
        assert len(await journal.latest(db, TurnUsed, 9)) == 1


async def test_many_who_give_turns_at_once_give_no_more_than_there_are(
    hotline: Hotline, clock: FrozenClock
) -> None:
    at = await room(hotline, clock, slots=12, shares={"phone": 4})
    for number in range(40):
        await at.join(f"owner:{number}", (WEB, PHONE, SMS)[number % 3])
    clock.set(OPENS)

    async def serve(number: int) -> None:
        for _ in range(6):
            await at.advance()
            for owner in (await at.having(PlaceState.TURN))[number::4]:
                channel = Channel((await at.places())[owner].channel)
                await asyncio.gather(at.hold(owner, channel), return_exceptions=True)
            places = await at.places()
            outside = Counter(place.state for place in places.values())
            assert outside[PlaceState.TURN] + outside[PlaceState.USED] <= 12

    await asyncio.gather(*(serve(number) for number in range(4)))
    places = await at.places()
    used = [place for place in places.values() if place.state == PlaceState.USED]
    assert len(used) == 12
    assert sum(place.channel == "phone" for place in used) >= 4
    assert await at.clinic.states(at.session_id) == {"held": 12}


async def test_choosing_another_pushes_nobody_off_their_own_share(
    hotline: Hotline, clock: FrozenClock
) -> None:
    """While one telephone holds both numbers of its share in its hands, the other waits for theirs."""
    at = await room(hotline, clock, slots=3, shares={"phone": 2})
    for owner, channel in (("p0", PHONE), ("p1", PHONE), ("w", WEB)):
        await at.join(owner, channel)
    clock.set(OPENS)
    await at.advance()
    await at.hold("p0", PHONE)
    chosen, on = asyncio.Event(), asyncio.Event()

    async def choose(work: Work) -> None:
        async with gate.through(work, at.session_id, owner="p0"):
            await hold(work, Hold(at.session_id, "p0"))
        chosen.set()
        await on.wait()

    choosing = asyncio.create_task(hotline.run(choose, by(PHONE)))
    await chosen.wait()
    other = asyncio.create_task(at.hold("p1", PHONE))
    await asyncio.wait([other], timeout=0.3)
    on.set()
    await asyncio.gather(choosing, other)
    await at.hold("w", WEB)


async def test_changing_ones_choice_many_times_at_once_leaves_one_number(
    hotline: Hotline, clock: FrozenClock
) -> None:
    at = await room(hotline, clock, slots=6)
    for number in range(9):
        await at.join(f"owner:{number}")
    clock.set(OPENS)
    await at.advance()
    first = (await at.having(PlaceState.TURN))[0]
    await at.hold(first)
    await asyncio.gather(*(at.hold(first) for _ in range(6)), return_exceptions=True)
    assert (await at.clinic.states(at.session_id))["held"] == 1
