"""What the queue owes to those who are not in its even course: put back, given up, waiting for nobody."""

import random

import pytest

from core.contact import agents, matters, queue_view, queueing, supervision
from core.contact import engine as contact
from core.contact.agent_tables import Skill, SkillHospital
from core.contact.distribution import Offer, QueueClass, position
from core.contact.rules import State
from core.contact.view import load
from core.contact.watch import Watch
from core.staff import engine as staff
from core.values import system
from core.work import Hotline
from tests.builders import clinic
from tests.clocks import FrozenClock

TEST = system("test")


async def operator(hotline: Hotline, number: str = "8001") -> int:
    async with hotline.work(TEST) as work:
        made = await staff.create_staff(work, login=number, name=f"话务员{number}", number=number)
        await agents.sign_in(work, made, extension=number, device="phone")
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


async def test_who_is_put_back_keeps_what_was_wanted_and_the_place_that_was_told(hotline: Hotline) -> None:
    await caller(hotline, "1.0")
    call = await caller(hotline, "1.1", skill="cantonese", department_id=5)
    assert await do(hotline, queueing.announce, call) == 2
    mine = await operator(hotline)
    await do(hotline, queueing.offer, Offer(call, mine))
    await do(hotline, queueing.connected, call, mine)
    for number in range(3):
        await caller(hotline, f"2.{number}", klass=QueueClass.RECONNECT)
    await do(hotline, queueing.released, mine, call)
    async with hotline.read() as db:
        assert await queueing.skill_wanted(db, call) == "cantonese"
    await do(hotline, queueing.enter, call, skill="cantonese")
    assert await do(hotline, queueing.announce, call) == 2, "and not 4, though three are before them now"
    async with hotline.read() as db:
        waiting = {one.interaction_id: one for one in (await queue_view.standing(db)).waiting}
    assert waiting[call].skill == "cantonese"


async def test_an_entry_that_rings_nobody_waits_again(hotline: Hotline) -> None:
    mine, call = await operator(hotline), await caller(hotline)
    await do(hotline, queueing.offer, Offer(call, mine))
    assert not await do(hotline, queueing.unoffered, call), "somebody does ring"
    async with hotline.work(TEST) as work:
        await agents.step(work, await agents.live(work, mine), agents.AgentState.READY)
    assert await do(hotline, queueing.unoffered, call)
    async with hotline.read() as db:
        assert (await load(db, call)).state == State.QUEUED
        assert [one.interaction_id for one in (await queue_view.standing(db)).waiting] == [call]


async def test_a_caller_who_was_just_let_ring_in_vain_raises_no_alarm_at_once(
    hotline: Hotline, clock: FrozenClock
) -> None:
    mine, call = await operator(hotline), await caller(hotline)
    await do(hotline, queueing.offer, Offer(call, mine))
    clock.advance(seconds=20)
    await operator(hotline, "8002")
    clock.advance(seconds=20)
    await do(hotline, queueing.missed, call, mine, why="no-answer")
    watch = Watch(hotline)
    clock.advance(seconds=1)
    assert await watch.look() == []
    clock.advance(seconds=3)
    assert [one.interaction_id for one in await watch.look()] == [call]


@pytest.mark.parametrize(("operators", "callers", "spare"), [(1, 0, 1), (1, 1, 0), (3, 1, 2), (2, 5, 0)])
async def test_no_more_calls_we_owe_than_operators_whom_nobody_waits_for(
    hotline: Hotline, operators: int, callers: int, spare: int
) -> None:
    for number in range(operators):
        await operator(hotline, f"800{number}")
    for number in range(callers):
        await caller(hotline, f"1.{number}")
    assert await do(hotline, queueing.spare) == spare


async def test_an_operator_who_went_home_is_waited_for_by_nobody_and_signed_out(
    hotline: Hotline, clock: FrozenClock
) -> None:
    mine, call = await operator(hotline), await caller(hotline)
    await do(hotline, queueing.offer, Offer(call, mine))
    await do(hotline, queueing.connected, call, mine)
    await do(hotline, queueing.released, mine, call)
    await do(hotline, agents.lost, mine)

    async def there() -> int:
        async with hotline.read() as db:
            return await queue_view.operators_there(db, clock.now())

    assert await there() == 1, "a page that is loaded anew comes back"
    clock.advance(minutes=4)
    assert await there() == 0
    assert await do(hotline, supervision.gone_home) == 0
    clock.advance(minutes=30)
    assert await do(hotline, supervision.gone_home) == 1
    async with hotline.read() as db:
        assert await agents.find(db, mine) is None
        assert await matters.unfinished(db, mine) == []


async def test_a_hospitals_callers_need_its_group_where_it_has_one(hotline: Hotline) -> None:
    here = await clinic(hotline)
    async with hotline.read() as db:
        assert await queue_view.group_of(db, here.hospital_id) is None
    async with hotline.work(TEST) as work:
        work.db.add(Skill(code="provincial", label="省级医院组"))
        await work.db.flush()
        work.db.add(SkillHospital(hospital_id=here.hospital_id, skill="provincial"))
    async with hotline.read() as db:
        assert await queue_view.group_of(db, here.hospital_id) == "provincial"


async def test_the_place_is_counted_as_the_order_of_service_says(
    hotline: Hotline, clock: FrozenClock
) -> None:
    """By the database and by the pure rule alike, whatever class and time of arrival."""
    dice = random.Random(7)
    calls = []
    for number in range(12):
        calls.append(await caller(hotline, f"1.{number}", klass=dice.choice(list(QueueClass))))
        clock.advance(seconds=dice.choice((0, 0, 1)))
    async with hotline.read() as db:
        standing = await queue_view.standing(db)
        for call in calls:
            seen = await queue_view.waits(db, call, clock.now())
            assert (seen.waits, seen.place) == (True, position(standing.waiting, call, None))
    assert await do(hotline, queueing.announce, calls[0]) == position(standing.waiting, calls[0], None)
