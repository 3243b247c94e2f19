"""Operators and the queue: each state an interval, each wait one end, and nobody in two calls."""

import pytest
from sqlalchemy import select

from core import journal
from core.contact import agents, matters, queue_view, queueing
from core.contact import engine as contact
from core.contact.agent_rules import AGENT_NEXT, AGENT_WORDS, PAUSE_REASONS, AgentState, agent_step
from core.contact.agent_tables import AgentInterval, QueueEntry
from core.contact.distribution import Offer, QueueClass
from core.errors import CallGone, DispositionMissing, Engaged, NotSignedIn, PhoneTaken, WrongInput, WrongState
from core.staff import engine as staff
from core.values import system
from core.work import Hotline
from tests.clocks import FrozenClock

TEST = system("test")


async def operator(hotline: Hotline, number: str = "8001", *, ready: bool = True) -> int:
    async with hotline.work(TEST) as work:
        made = await staff.create_staff(work, login=number, name=f"话务员{number}", number=number)
        await agents.sign_in(work, made, extension=number, device="phone")
        if ready:
            await agents.be_ready(work, made)
    return made


async def caller(hotline: Hotline, linked_id: str = "1.1", **place: object) -> int:
    async with hotline.work(TEST) as work:
        opened = await contact.open_interaction(work, linked_id=linked_id, dnis="12320", ani="10712345678")
        await queueing.enter(work, opened.interaction_id, **place)  # type: ignore[arg-type]
    return opened.interaction_id


async def do(hotline: Hotline, act: object, *given: object, **named: object) -> object:
    async with hotline.work(TEST) as work:
        return await act(work, *given, **named)  # type: ignore[operator]


async def state(hotline: Hotline, staff_id: int) -> tuple[str, str | None, int | None]:
    async with hotline.read() as db:
        seen = await agents.find(db, staff_id)
    assert seen
    return seen.state.value, seen.reason, seen.interaction_id


async def talk(hotline: Hotline, staff_id: int, interaction_id: int) -> None:
    assert await do(hotline, queueing.offer, Offer(interaction_id, staff_id))
    assert await do(hotline, queueing.connected, interaction_id, staff_id)


def test_the_life_table_leads_everywhere_and_has_words() -> None:
    assert set(AGENT_NEXT) == set(AGENT_WORDS) == set(AgentState)
    reached, seen = {AgentState.OFF}, set()
    while reached - seen:
        state = (reached - seen).pop()
        seen.add(state)
        reached |= AGENT_NEXT[state]
    assert seen == set(AgentState)
    with pytest.raises(WrongState):
        agent_step(AgentState.OFF, AgentState.TALKING)


async def test_a_call_from_offer_to_wrap_up_leaves_one_interval_for_each_state(
    hotline: Hotline, clock: FrozenClock
) -> None:
    mine = await operator(hotline)
    call = await caller(hotline)
    clock.advance(seconds=12)
    await talk(hotline, mine, call)
    clock.advance(seconds=30)
    assert await do(hotline, queueing.within, mine, AgentState.HOLDING) == call
    clock.advance(seconds=5)
    await do(hotline, queueing.within, mine, AgentState.TALKING)
    assert await do(hotline, queueing.released, mine, call)
    assert await state(hotline, mine) == ("wrap-up", None, call)
    async with hotline.read() as db:
        rows = (await db.execute(select(AgentInterval).order_by(AgentInterval.id))).scalars().all()
        entry = (await db.execute(select(QueueEntry))).scalar_one()
        kinds = [one.event.kind for one in await journal.story(db, interaction_id=call)]
    told = [(row.state, row.ended_at and (row.ended_at - row.began_at).total_seconds()) for row in rows]
    assert told == [
        ("paused", 0.0), ("ready", 12.0), ("ringing", 0.0), ("talking", 30.0), ("holding", 5.0),
        ("talking", 0.0), ("wrap-up", None),
    ]  # fmt: skip
    assert (entry.state, entry.staff_id) == ("served", mine)
    assert [kind for kind in kinds if kind.startswith("queue")] == [
        "queue.entered", "queue.offered", "queue.connected",
    ]  # fmt: skip


async def test_ready_needs_every_matter_disposed_of(hotline: Hotline) -> None:
    mine = await operator(hotline)
    call = await caller(hotline)
    await talk(hotline, mine, call)
    with pytest.raises(Engaged):
        await do(hotline, agents.be_ready, mine)
    await do(hotline, matters.acted, call, mine, "appointment.booked", 7)
    await do(hotline, queueing.released, mine, call)
    with pytest.raises(DispositionMissing) as missing:
        await do(hotline, agents.be_ready, mine)
    (open_one,) = missing.value.facts["matters"]  # type: ignore[misc]
    async with hotline.read() as db:
        (seen,) = await matters.of(db, call)
    assert (seen.first, seen.second, seen.by_act, seen.person_id) == ("booked", "new", True, 7)
    with pytest.raises(WrongInput):
        await do(hotline, matters.dispose, open_one, "booked", "refund")
    await do(hotline, matters.dispose, open_one, "booked", "new")
    await do(hotline, agents.be_ready, mine)
    assert await state(hotline, mine) == ("ready", None, None)


async def test_the_next_matter_of_the_same_caller_is_a_matter_of_its_own(hotline: Hotline) -> None:
    mine = await operator(hotline)
    call = await caller(hotline)
    await talk(hotline, mine, call)
    async with hotline.read() as db:
        (first,) = await matters.of(db, call)
    await do(hotline, matters.dispose, first.matter_id, "enquired", "fee")
    second = await do(hotline, matters.open_matter, call, mine)
    assert (second.ordinal, second.closed_at) == (2, None)  # type: ignore[attr-defined]
    await do(hotline, queueing.released, mine, call)
    assert await do(hotline, matters.untidy, mine) == 1
    await do(hotline, agents.be_ready, mine)


async def test_a_pause_asked_for_in_a_call_takes_effect_after_it(hotline: Hotline) -> None:
    mine = await operator(hotline)
    call = await caller(hotline)
    await talk(hotline, mine, call)
    await do(hotline, agents.pause, mine, "meal")
    assert (await state(hotline, mine))[0] == "talking"
    await do(hotline, queueing.released, mine, call)
    await do(hotline, matters.untidy, mine)
    await do(hotline, agents.be_ready, mine)
    assert await state(hotline, mine) == ("paused", "meal", None)
    await do(hotline, agents.pause, mine, "rest")
    assert await state(hotline, mine) == ("paused", "rest", None)
    with pytest.raises(WrongInput):
        await do(hotline, agents.pause, mine, "tired")
    assert set(PAUSE_REASONS) >= {"rest", "meal", "missed"}


async def test_one_phone_is_one_persons_and_a_second_computer_is_the_same_shift(hotline: Hotline) -> None:
    mine = await operator(hotline, ready=False)
    async with hotline.work(TEST) as work:
        again = await agents.sign_in(work, mine, extension="8001", device="page")
        other = await staff.create_staff(work, login="8009", name="别人", number="8009")
    assert (again.state, again.device) == (AgentState.PAUSED, "page")
    with pytest.raises(PhoneTaken):
        await do(hotline, agents.sign_in, other, extension="8001", device="phone")
    await do(hotline, agents.sign_out, mine)
    with pytest.raises(NotSignedIn):
        await do(hotline, agents.be_ready, mine)
    await do(hotline, agents.sign_in, other, extension="8001", device="phone")


async def test_an_unanswered_offer_puts_the_caller_back_and_a_second_one_pauses(hotline: Hotline) -> None:
    mine = await operator(hotline)
    call = await caller(hotline)
    for expected in (("ready", None, None), ("paused", "missed", None)):
        assert await do(hotline, queueing.offer, Offer(call, mine))
        assert not await do(hotline, queueing.offer, Offer(call, mine)), "nobody rings twice"
        assert await do(hotline, queueing.missed, call, mine, why="no-answer")
        assert not await do(hotline, queueing.missed, call, mine, why="no-answer")
        assert await state(hotline, mine) == expected
    async with hotline.read() as db:
        standing = await queue_view.standing(db)
    assert [one.interaction_id for one in standing.waiting] == [call]
    assert standing.free == []


async def test_a_page_that_goes_while_it_rings_may_have_the_caller_when_it_is_back(hotline: Hotline) -> None:
    mine = await operator(hotline)
    call = await caller(hotline)
    await do(hotline, queueing.offer, Offer(call, mine))
    assert await do(hotline, queueing.missed, call, mine, why="page-gone")
    assert await state(hotline, mine) == ("paused", "lost", None)
    assert await do(hotline, agents.found, mine)
    async with hotline.read() as db:
        (free,) = (await queue_view.standing(db)).free
    assert (free.staff_id, free.missed) == (mine, frozenset())
    await do(hotline, queueing.offer, Offer(call, mine))
    await do(hotline, queueing.missed, call, mine, why="page-gone")
    assert await state(hotline, mine) == ("paused", "missed", None), (
        "a page that keeps going is not rung for ever"
    )


async def test_a_caller_who_leaves_frees_the_operator_who_rang(hotline: Hotline) -> None:
    mine = await operator(hotline)
    call = await caller(hotline)
    await do(hotline, queueing.offer, Offer(call, mine))
    assert await do(hotline, queueing.ended, call, "abandoned")
    assert not await do(hotline, queueing.ended, call, "abandoned")
    assert await state(hotline, mine) == ("ready", None, None)
    with pytest.raises(CallGone):
        await do(hotline, queueing.connected, call, mine)


async def test_who_is_put_back_keeps_the_time_of_arrival(hotline: Hotline, clock: FrozenClock) -> None:
    mine = await operator(hotline)
    call = await caller(hotline)
    came = clock.now()
    await talk(hotline, mine, call)
    clock.advance(minutes=2)
    await do(hotline, queueing.released, mine, call)
    assert await do(hotline, queueing.enter, call, klass=QueueClass.RECONNECT, prefers=mine)
    async with hotline.read() as db:
        (waiting,) = (await queue_view.standing(db)).waiting
    assert (waiting.arrived_at, waiting.klass, waiting.prefers) == (came, QueueClass.RECONNECT, mine)


async def test_the_place_that_is_told_never_grows(hotline: Hotline, clock: FrozenClock) -> None:
    calls = []
    for number in range(3):
        calls.append(await caller(hotline, f"1.{number}"))
        clock.advance(seconds=1)
    assert [await do(hotline, queueing.announce, call) for call in calls] == [1, 2, 3]
    await caller(hotline, "elder", klass=QueueClass.ELDER)
    assert [await do(hotline, queueing.announce, call) for call in calls] == [1, 2, 3]
    await do(hotline, queueing.ended, calls[0], "abandoned")
    assert await do(hotline, queueing.announce, calls[1]) == 2
    assert await do(hotline, queueing.announce, calls[0]) is None


async def test_a_ready_operator_whose_phone_is_gone_is_not_ready_and_comes_back(hotline: Hotline) -> None:
    mine = await operator(hotline)
    assert await do(hotline, agents.lost, mine)
    assert not await do(hotline, agents.lost, mine)
    assert await state(hotline, mine) == ("paused", "lost", None)
    assert await do(hotline, agents.found, mine)
    assert await state(hotline, mine) == ("ready", None, None)


async def test_a_redial_prefers_the_operator_of_before_and_a_broken_call_goes_first(
    hotline: Hotline, clock: FrozenClock
) -> None:
    mine = await operator(hotline)
    call = await caller(hotline)
    await talk(hotline, mine, call)
    mark = hotline.sealer.fingerprint("10712345678", "phone")
    long_ago = clock.now()
    clock.advance(minutes=1)
    async with hotline.work(TEST) as work:
        await contact.close(work, call, contact.Disposition.ANSWERED)
    async with hotline.read() as db:
        assert await queue_view.last_operator(db, mark, long_ago) == mine
        assert await queue_view.broken_off(db, mark, long_ago)
    await do(hotline, matters.untidy, mine)
    async with hotline.read() as db:
        assert not await queue_view.broken_off(db, mark, long_ago)
        assert await queue_view.last_operator(db, mark, clock.now()) is None
