"""What a supervisor does to the floor, and the trace that each act leaves."""

import random
from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import select

from core import journal
from core.contact import agents, engine, matters, queue_view, queueing, supervision
from core.contact.agent_rules import AgentState
from core.contact.agent_tables import DeskMessage, Skill
from core.contact.distribution import Offer, assign
from core.contact.floor_view import lines, owed_calls
from core.contact.rules import Disposition
from core.contact.tables import Greeting
from core.errors import CallGone, Engaged, NotAllowed, NotSignedIn, WrongInput
from core.events import AgentMoved, MatterDisposed, SupervisorActed, SurgeSwitched
from core.values import Actor, ActorKind, system
from core.work import Hotline, Work
from tests.clocks import FrozenClock
from tests.contact.floor import Floor

SWITCH = system("switch")


class Scene:
    """One operator, signed in and ready, and a supervisor who may do everything."""

    def __init__(self, hotline: Hotline, boss: Actor, operator: int) -> None:
        self.hotline, self.boss, self.operator = hotline, boss, operator

    async def do(self, act: Callable[[Work], Awaitable[object]]) -> object:
        return await self.hotline.run(act, self.boss)

    async def state(self) -> tuple[str, str | None] | None:
        async with self.hotline.read() as db:
            found = await agents.find(db, self.operator)
        return (found.state.value, found.reason) if found else None

    async def caller(self, linked_id: str = "1.1", ani: str | None = "10712345678") -> int:
        async with self.hotline.work(SWITCH) as work:
            opened = await engine.open_interaction(work, linked_id=linked_id, dnis="12320", ani=ani)
            await queueing.enter(work, opened.interaction_id)
        return opened.interaction_id

    async def talk(self, call: int) -> None:
        async with self.hotline.work(SWITCH) as work:
            assert await queueing.offer(work, Offer(call, self.operator))
            await queueing.connected(work, call, self.operator)

    async def wrap_up(self, call: int) -> None:
        await self.talk(call)
        async with self.hotline.work(SWITCH) as work:
            await queueing.released(work, self.operator, call)
            await engine.close(work, call, Disposition.ANSWERED)

    async def acts(self) -> list[str]:
        async with self.hotline.read() as db:
            return [one.act for one in reversed(await journal.latest(db, SupervisorActed, 20))]


@pytest.fixture
async def scene(hotline: Hotline, clock: FrozenClock) -> Scene:
    floor = Floor(hotline, clock, random.Random(1))
    await floor.hire(2)
    operator, boss = floor.staff
    async with hotline.work(SWITCH) as work:
        work.db.add(Skill(code="cantonese", label="粤语"))
        await agents.sign_in(work, operator, extension="8001", device="phone")
        await agents.be_ready(work, operator)
    return Scene(hotline, Actor(ActorKind.STAFF, "boss", None, boss, frozenset({"supervise"})), operator)


async def test_a_forced_pause_begins_now_or_after_the_call(scene: Scene) -> None:
    await scene.talk(await scene.caller())
    await scene.do(lambda work: supervision.force_pause(work, scene.operator))
    assert await scene.state() == ("talking", None)
    async with scene.hotline.read() as db:
        found = await agents.find(db, scene.operator)
    assert found is not None
    assert found.wanted == "assigned"
    assert await scene.acts() == ["force-pause"]


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        (supervision.force_pause, ("paused", "assigned")),
        (supervision.force_ready, ("ready", None)),
        (supervision.force_off, None),
    ],
    ids=["pause", "ready", "off"],
)
async def test_what_was_left_untidy_is_closed_as_such(
    scene: Scene, act: Callable[[Work, int], Awaitable[object]], expected: object
) -> None:
    await scene.wrap_up(await scene.caller())
    await scene.do(lambda work: act(work, scene.operator))
    assert await scene.state() == expected
    async with scene.hotline.read() as db:
        assert await matters.unfinished(db, scene.operator) == []
        (disposed,) = await journal.latest(db, MatterDisposed, 5)
    assert (disposed.first, disposed.second) == ("untidy", "system")


async def test_nobody_is_forced_ready_out_of_a_call(scene: Scene) -> None:
    await scene.talk(await scene.caller())
    with pytest.raises(Engaged):
        await scene.do(lambda work: supervision.force_ready(work, scene.operator))
    assert await scene.acts() == []


async def test_skills_hold_for_the_shift_and_decide_who_is_served(scene: Scene) -> None:
    with pytest.raises(WrongInput):
        await scene.do(lambda work: supervision.move_skills(work, scene.operator, frozenset({"latin"})))
    await scene.do(lambda work: supervision.move_skills(work, scene.operator, frozenset({"cantonese"})))
    async with scene.hotline.read() as db:
        assert (await queue_view.standing(db)).free[0].skills == {"cantonese"}
    assert await scene.acts() == ["move"]


async def test_a_caller_taken_out_of_turn_is_served_first_for_a_written_reason(
    scene: Scene, clock: FrozenClock
) -> None:
    first = await scene.caller("1")
    clock.advance(seconds=5)
    second = await scene.caller("2")
    for why in ("", "   ", "长" * 121):
        with pytest.raises(WrongInput):
            await scene.do(lambda work, why=why: supervision.out_of_turn(work, second, why))
    await scene.do(lambda work: supervision.out_of_turn(work, second, "透析患者"))
    async with scene.hotline.read() as db:
        now = await queue_view.standing(db)
        (noted,) = await journal.latest(db, SupervisorActed, 5)
    served = [offer.interaction_id for offer in assign(now.waiting, now.free, clock.now())]
    assert served == [second]
    assert (noted.act, noted.interaction_id, noted.reason) == ("priority", second, "透析患者")
    await scene.talk(first)
    with pytest.raises(CallGone):
        await scene.do(lambda work: supervision.out_of_turn(work, first, "已在通话"))


async def test_a_raised_hand_is_up_until_a_word_comes_back(scene: Scene, clock: FrozenClock) -> None:
    async with scene.hotline.work(SWITCH) as work:
        work.db.add(
            DeskMessage(
                from_staff_id=scene.operator, to_staff_id=scene.operator, text="请帮忙", sent_at=work.now
            )
        )
    async with scene.hotline.read() as db:
        _, up = await lines(db, clock.now())
    assert [(hand.staff_id, hand.text) for hand in up] == [(scene.operator, "请帮忙")]
    await scene.do(lambda work: supervision.message(work, "马上来", scene.operator))
    async with scene.hotline.read() as db:
        said, up = await lines(db, clock.now())
    assert up == []
    assert [(one.text, one.to) for one in said] == [("马上来", "话务员0")]
    with pytest.raises(NotSignedIn):
        await scene.do(lambda work: supervision.message(work, "在吗", 4711))


async def test_the_surge_switch_puts_its_words_before_the_menu_and_takes_them_away(
    scene: Scene, clock: FrozenClock
) -> None:
    async with scene.hotline.work(SWITCH) as work:
        row = Greeting(name="surge", text="来电较多。", on=False)
        work.db.add(row)
        await work.db.flush()
        greeting = row.id
    heard = []
    for on, text in ((True, "现在来电很多，请按1自助预约。"), (False, None)):
        await scene.do(
            lambda work, on=on, text=text: supervision.switch_greeting(work, greeting, on=on, text=text)
        )
        async with scene.hotline.read() as db:
            reception = await engine.receive(db, "12320", clock.now())
        heard.append([one.text for one in reception.announcements])
    assert heard == [["现在来电很多，请按1自助预约。"], []]
    async with scene.hotline.read() as db:
        switched = await journal.latest(db, SurgeSwitched, 5)
    assert [one.on for one in switched] == [False, True]


async def test_a_lost_caller_is_owed_one_call_that_can_be_handed_on(scene: Scene) -> None:
    call = await scene.caller()
    async with scene.hotline.work(SWITCH) as work:
        await queueing.ended(work, call, "abandoned")
        await engine.close(work, call, Disposition.ABANDONED_QUEUE)
    first = await scene.do(lambda work: supervision.call_back(work, call))
    again = await scene.do(lambda work: supervision.call_back(work, call, scene.operator))
    assert first == again
    async with scene.hotline.read() as db:
        (owed,) = await owed_calls(db)
    assert (owed.interaction_id, owed.staff_id) == (call, scene.operator)
    nameless = await scene.caller("9", ani=None)
    with pytest.raises(WrongInput):
        await scene.do(lambda work: supervision.call_back(work, nameless))


async def test_who_may_not_supervise_can_do_none_of_it(scene: Scene) -> None:
    scene.boss = Actor(ActorKind.STAFF, "operator", None, scene.operator, frozenset({"desk", "book"}))
    call = await scene.caller()
    for act in (
        lambda work: supervision.force_pause(work, scene.operator),
        lambda work: supervision.force_ready(work, scene.operator),
        lambda work: supervision.force_off(work, scene.operator),
        lambda work: supervision.move_skills(work, scene.operator, frozenset()),
        lambda work: supervision.out_of_turn(work, call, "想"),
        lambda work: supervision.message(work, "你好"),
        lambda work: supervision.switch_greeting(work, 1, on=True),
        lambda work: supervision.call_back(work, call),
    ):
        with pytest.raises(NotAllowed):
            await scene.do(act)
    async with scene.hotline.read() as db:
        moves = (
            await db.scalars(
                select(journal.JournalRow.kind).where(journal.JournalRow.kind == "supervisor.acted")
            )
        ).all()
        states = {one.state for one in await journal.latest(db, AgentMoved, 9)}
    assert (list(moves), states) == ([], {AgentState.PAUSED, AgentState.READY})
