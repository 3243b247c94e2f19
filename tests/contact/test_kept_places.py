"""Whoever hangs up keeps their place: their true turn, one call, and never without a free operator."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from core.contact import agents, kept, queue_view, queueing, stays
from core.contact import engine as contact
from core.contact.agent_rules import AgentState
from core.contact.distribution import Offer, QueueClass, assign
from core.contact.kept_tables import KeptPlace
from core.contact.rules import Disposition
from core.contact.tables import Callback
from core.errors import CallGone, Refusal
from core.staff import engine as staff
from core.values import Phone, system
from core.work import Hotline
from ivr.targets import Targets
from tests.clocks import FrozenClock

TEST = system("test")
LI, WANG = Phone("10712345678"), Phone("10755550001")


async def operator(hotline: Hotline, number: str = "8001") -> int:
    async with hotline.work(TEST) as work:
        made = await staff.create_staff(work, login=number, name=f"话务员{number}", number=number)
        await agents.sign_in(work, made, extension=number, device="phone")
        await agents.be_ready(work, made)
    return made


async def caller(hotline: Hotline, linked_id: str, number: Phone = WANG, **place: object) -> int:
    async with hotline.work(TEST) as work:
        opened = await contact.open_interaction(work, linked_id=linked_id, dnis="12320", ani=number.digits)
        await queueing.enter(work, opened.interaction_id, **place)  # type: ignore[arg-type]
    return opened.interaction_id


async def gives_up(hotline: Hotline, interaction_id: int, number: Phone = LI) -> int:
    """The caller hangs up and keeps the place; returns the call that is owed."""
    async with hotline.work(TEST) as work:
        await kept.keep(work, interaction_id, number, None)
        await contact.close(work, interaction_id, Disposition.CALLBACK)
    async with hotline.read() as db:
        return (await db.execute(select(Callback.id).order_by(Callback.id.desc()))).scalars().first() or 0


async def turn(hotline: Hotline) -> list[Offer]:
    async with hotline.read() as db:
        now = await queue_view.standing(db)
    return assign(now.waiting, now.free, hotline.clock.now())


async def called(hotline: Hotline, staff_id: int, callback_id: int) -> int:
    async with hotline.work(TEST) as work:
        return await Targets(outbound=True).call_back(work, staff_id, callback_id, in_turn=True)


async def followed(hotline: Hotline) -> tuple[int, str, str]:
    """Run the job: (how many ended, the place's state, the callback's)."""
    async with hotline.work(TEST) as work:
        number = await kept.follow(work)
    async with hotline.read() as db:
        place = (await db.execute(select(KeptPlace).order_by(KeptPlace.id.desc()))).scalars().first()
        assert place
        return number, place.state, (await db.get_one(Callback, place.callback_id)).state


@pytest.fixture
async def li(hotline: Hotline, clock: FrozenClock) -> int:
    """Li hung up between two who wait on the line; the call that is owed to her."""
    await caller(hotline, "1.0")
    clock.advance(seconds=5)
    mine = await caller(hotline, "1.1", LI)
    clock.advance(seconds=5)
    await caller(hotline, "1.2", Phone("10755550002"))
    return await gives_up(hotline, mine)


async def test_the_place_is_the_true_one(hotline: Hotline, li: int) -> None:
    await operator(hotline, "8001")
    await operator(hotline, "8002")
    first, second = await turn(hotline)
    assert (first.callback_id, second.callback_id) == (None, li)
    async with hotline.work(TEST) as work:
        last = (await contact.by_linked_id(work.db, "1.2")).id  # type: ignore[union-attr]
        assert await queueing.announce(work, last) == 3, "whoever hung up still stands before them"


async def test_nobody_is_called_while_every_free_operator_is_needed_by_those_before(
    hotline: Hotline, li: int
) -> None:
    await operator(hotline)
    assert [one.callback_id for one in await turn(hotline)] == [None]


async def test_who_answers_is_served_and_nothing_is_owed(hotline: Hotline, li: int) -> None:
    mine = await operator(hotline)
    call = await called(hotline, mine, li)
    assert await followed(hotline) == (0, "calling", "owed")
    async with hotline.work(TEST) as work:
        await stays.entered(work, call, "desk-1", "agent", mine)
        await queueing.connected(work, call, mine)
    assert await followed(hotline) == (1, "served", "done")
    assert await followed(hotline) == (0, "served", "done")


async def test_who_does_not_answer_has_spent_the_place_and_is_owed_a_call_like_anybody(
    hotline: Hotline, li: int
) -> None:
    mine = await operator(hotline)
    call = await called(hotline, mine, li)
    async with hotline.work(TEST) as work:
        await stays.entered(work, call, "desk-1", "agent", mine)
        await queueing.released(work, mine, call)
        await contact.close(work, call, Disposition.NOTHING)
    assert await followed(hotline) == (1, "unreached", "owed")
    assert li not in [one.callback_id for one in await turn(hotline)]


async def test_an_operator_whose_telephone_is_not_answered_costs_nobody_the_place(
    hotline: Hotline, li: int
) -> None:
    mine = await operator(hotline)
    call = await called(hotline, mine, li)
    async with hotline.work(TEST) as work:
        await queueing.released(work, mine, call)
        await contact.close(work, call, Disposition.NOTHING)
    assert await followed(hotline) == (1, "waiting", "owed")


async def test_two_operators_at_once_call_once(hotline: Hotline, li: int) -> None:
    staff_ids = [await operator(hotline, number) for number in ("8001", "8002", "8003")]

    async def call(staff_id: int) -> bool:
        try:
            await called(hotline, staff_id, li)
        except Refusal:
            return False
        return True

    assert sum(await asyncio.gather(*map(call, staff_ids))) == 1
    async with hotline.read() as db:
        states = [one.state for one in await agents.signed_in(db)]
    assert states.count(AgentState.DIALLING) == 1
    assert states.count(AgentState.READY) == 2


async def test_who_rings_again_has_the_old_place_and_is_not_called(
    hotline: Hotline, clock: FrozenClock, li: int
) -> None:
    clock.advance(minutes=9)
    async with hotline.work(TEST) as work:
        back = await kept.returned(work, LI)
        assert back
        assert await kept.returned(work, LI) is None
    again = await caller(hotline, "1.3", LI, klass=back.klass, arrived_at=back.arrived_at)
    async with hotline.work(TEST) as work:
        assert await queueing.announce(work, again) == 2
    assert await followed(hotline) == (0, "returned", "done")
    await operator(hotline, "8001")
    await operator(hotline, "8002")
    assert [one.callback_id for one in await turn(hotline)] == [None, None]


async def test_a_place_is_kept_for_hours_and_not_for_ever(
    hotline: Hotline, clock: FrozenClock, li: int
) -> None:
    clock.advance(hours=3, seconds=1)
    assert await followed(hotline) == (1, "lapsed", "owed")
    await operator(hotline, "8001")
    await operator(hotline, "8002")
    assert li not in [one.callback_id for one in await turn(hotline)]


@pytest.mark.parametrize(
    ("clock_says", "hours"), [("10:00", 3.0), ("20:00", 1.5), ("21:30", 0.0), ("23:00", 0.0)]
)
def test_nobody_is_called_late_in_the_evening(clock_says: str, hours: float) -> None:
    now = FrozenClock.at(f"2026-11-23 {clock_says}").now()
    assert kept.until(now) - now == timedelta(hours=hours)


async def test_who_is_being_put_through_keeps_nothing(hotline: Hotline) -> None:
    call = await caller(hotline, "1.1", LI, klass=QueueClass.NORMAL)
    mine = await operator(hotline)
    async with hotline.work(TEST) as work:
        await queueing.offer(work, Offer(call, mine))
        await queueing.connected(work, call, mine)
    with pytest.raises(CallGone):
        await gives_up(hotline, call)
