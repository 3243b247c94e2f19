"""Who is served next: fair by property, not by example (beyond-the-peers L15)."""

import random
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import journal
from core.contact import agents, engine, queue_view, queueing
from core.contact.distribution import (
    IDLE_ALARM,
    Free,
    Offer,
    Policy,
    QueueClass,
    Waiting,
    assign,
    callbacks_allowed,
    can_serve,
    neglected,
    position,
)
from core.contact.watch import Watch
from core.events import QueueAlarm
from core.values import system
from core.work import Hotline
from tests.clocks import FrozenClock
from tests.contact.floor import Floor

NOON = FrozenClock.at("2026-11-23 12:00").instant
SKILLS = ("complaints", "cantonese", "english")
skill_sets = st.frozensets(st.sampled_from(SKILLS))


def moments(least_s: int = 0) -> st.SearchStrategy[datetime]:
    return st.integers(least_s, 300).map(lambda ago: NOON - timedelta(seconds=ago))


@st.composite
def queues(draw: st.DrawFn) -> list[Waiting]:
    rows = draw(
        st.lists(
            st.tuples(
                st.sampled_from(QueueClass),
                moments(),
                st.sampled_from((None, *SKILLS)),
                st.one_of(st.none(), st.integers(1, 8)),
            ),
            max_size=12,
        )
    )
    return [Waiting(number, *row) for number, row in enumerate(rows, 1)]


@st.composite
def floors(draw: st.DrawFn) -> list[Free]:
    rows = draw(
        st.lists(st.tuples(skill_sets, moments(), st.frozensets(st.integers(1, 12), max_size=3)), max_size=8)
    )
    return [Free(number, *row) for number, row in enumerate(rows, 1)]


@settings(max_examples=300, deadline=None)
@given(queues(), floors(), skill_sets)
def test_nobody_is_served_after_someone_of_the_same_class_who_came_later(
    waiting: list[Waiting], free: list[Free], elsewhere: frozenset[str]
) -> None:
    """...whom the same operator could have served. elsewhere: skills of operators who are busy."""
    skilled = elsewhere.union(*(agent.skills for agent in free))
    offers = assign(waiting, free, NOON, skilled=skilled)
    callers = {caller.interaction_id: caller for caller in waiting}
    people = {agent.staff_id: agent for agent in free}
    served = {offer.interaction_id for offer in offers}
    assert len(served) == len(offers) == len({offer.staff_id for offer in offers})
    for offer in offers:
        taken, agent = callers[offer.interaction_id], people[offer.staff_id]
        assert can_serve(agent, taken, NOON, Policy(), skilled)
        for other in waiting:
            if other.interaction_id not in served and can_serve(agent, other, NOON, Policy(), skilled):
                assert taken.key < other.key
    idle = [agent for agent in free if agent.staff_id not in {offer.staff_id for offer in offers}]
    for agent in idle:
        left = [caller for caller in waiting if caller.interaction_id not in served]
        assert not any(can_serve(agent, caller, NOON, Policy(), skilled) for caller in left)


@settings(max_examples=200, deadline=None)
@given(queues(), st.data())
def test_the_position_told_never_grows(waiting: list[Waiting], data: st.DataObject) -> None:
    """...whoever comes after, of whatever class, and whoever leaves."""
    if not waiting:
        return
    mine = data.draw(st.sampled_from(waiting))
    told: int | None = None
    for newcomers in range(4):
        place = position(waiting, mine.interaction_id, told)
        assert told is None or place <= told
        assert place >= 1
        told = place
        gone = data.draw(st.sampled_from(waiting))
        kept = [one for one in waiting if one is not gone or one is mine]
        fresh = Waiting(100 + newcomers, data.draw(st.sampled_from(QueueClass)), NOON)
        waiting = [*kept, fresh]


@given(st.integers(0, 300), st.integers(0, 300))
def test_no_more_callbacks_than_operators_who_would_be_idle(free: int, waiting: int) -> None:
    allowed = callbacks_allowed(free, waiting)
    assert 0 <= allowed <= free
    assert allowed == 0 or allowed + waiting <= free


@settings(max_examples=200, deadline=None)
@given(queues(), floors())
def test_only_a_pair_that_could_talk_for_longer_than_the_limit_is_neglected(
    waiting: list[Waiting], free: list[Free]
) -> None:
    skilled = frozenset[str]().union(*(agent.skills for agent in free))
    found = neglected(waiting, free, NOON, skilled=skilled)
    callers, agents = {one.interaction_id for one in found}, {one.staff_id for one in found}
    assert len(callers) == len(agents) == len(found), "an alarm for each, not for each pair of them"
    for caller in waiting:
        for agent in free:
            could = can_serve(agent, caller, NOON, Policy(), skilled)
            long = NOON - max(caller.arrived_at, agent.since) > IDLE_ALARM
            if Offer(caller.interaction_id, agent.staff_id) in found:
                assert could
                assert long
            elif could and long:
                assert caller.interaction_id in callers or agent.staff_id in agents


@pytest.mark.parametrize("seed", range(3))
async def test_a_real_floor_is_fair_and_tells_no_growing_position(
    hotline: Hotline, clock: FrozenClock, seed: int
) -> None:
    """The engine with its tables, driven by dice: each answer goes to the first who could be served."""
    floor = Floor(hotline, clock, random.Random(100 + seed))
    await floor.hire(4)
    told: dict[int, int] = {}
    offered = 0
    for _ in range(150):
        async with hotline.read() as db:
            before = await queue_view.standing(db)
        done = await floor.step()
        async with hotline.read() as db:
            after = await queue_view.standing(db)
        gone = {one.interaction_id for one in before.waiting} - {one.interaction_id for one in after.waiting}
        if done == "distribute" and gone:
            offered += 1
            (served,) = [one for one in before.waiting if one.interaction_id in gone]
            (taker,) = {one.staff_id for one in before.free} - {one.staff_id for one in after.free}
            agent = next(one for one in before.free if one.staff_id == taker)
            for other in before.waiting:
                if other.key < served.key:
                    assert not can_serve(agent, other, clock.now(), Policy(), before.skilled)
        for caller in after.waiting:
            async with hotline.work(system("ivr")) as work:
                place = await queueing.announce(work, caller.interaction_id)
            assert place is not None
            assert place <= told.get(caller.interaction_id, place)
            told[caller.interaction_id] = place
    assert offered > 3


async def test_a_large_floor_that_stands_still_raises_one_alarm_for_each_caller(
    hotline: Hotline, clock: FrozenClock
) -> None:
    floor = Floor(hotline, clock, random.Random(1))
    await floor.hire(20)
    async with hotline.work(system("switch")) as work:
        for staff_id in floor.staff:
            await agents.sign_in(work, staff_id, extension=str(8000 + staff_id), device="phone")
            await agents.be_ready(work, staff_id)
        for number in range(30):
            opened = await engine.open_interaction(work, linked_id=str(number), dnis="12320", ani=None)
            await queueing.enter(work, opened.interaction_id)
    watch = Watch(hotline)
    clock.advance(seconds=5)
    assert [len(await watch.look()) for _ in range(3)] == [20, 0, 0]


async def test_a_caller_beside_a_free_operator_raises_one_alarm_after_three_seconds(
    hotline: Hotline, clock: FrozenClock
) -> None:
    floor = Floor(hotline, clock, random.Random(1))
    await floor.hire(1)
    async with hotline.work(system("switch")) as work:
        await agents.sign_in(work, floor.staff[0], extension="8001", device="phone")
        await agents.be_ready(work, floor.staff[0])
        opened = await engine.open_interaction(work, linked_id="a", dnis="12320", ani=None)
        await queueing.enter(work, opened.interaction_id)
    watch = Watch(hotline)
    pair = Offer(opened.interaction_id, floor.staff[0])
    looks = []
    for advance in (3, 0.1, 1, 60):
        clock.advance(seconds=advance)
        looks.append(await watch.look())
    assert looks == [[], [pair], [], []]
    async with hotline.read() as db:
        alarms = await journal.latest(db, QueueAlarm, 10)
    assert [(one.interaction_id, one.staff_id) for one in alarms] == [(pair.interaction_id, pair.staff_id)]
    async with hotline.work(system("switch")) as work:  # they are together, and apart again
        assert await queueing.offer(work, pair)
    assert await watch.look() == []
    async with hotline.work(system("switch")) as work:
        await queueing.missed(work, pair.interaction_id, pair.staff_id, why="no-answer")
    clock.advance(seconds=5)
    assert await watch.look() == [pair]
