"""A call we owe is made by one, ends once, is tried again by the ladder, and is lost with nobody."""

import asyncio
from datetime import timedelta

import pytest
import pytest_asyncio

from core import journal
from core.calling import dialling, engine, handed, overdue
from core.calling.rules import MOST_TRIES, Answer, Outcome, State
from core.contact import engine as contact
from core.events import OutboundEnded, OutboundSettled
from core.values import system
from core.work import Hotline
from tests.builders import CALLER
from tests.builders import clinic as open_clinic
from tests.clocks import FrozenClock
from tests.owing import Owing

BY = system("dialler")
LI, WANG, ZHOU = ("李秀英", "10712340001"), ("王强", "10712340002"), ("周敏", "10712340003")


@pytest_asyncio.fixture
async def owing(hotline: Hotline) -> Owing:
    return Owing(await open_clinic(hotline))


async def over(owing: Owing, leg: str, outcome: Outcome, answer: Answer | None = None) -> bool:
    async with owing.hotline.work(BY) as work:
        return await dialling.ended(work, leg, outcome, key="1" if answer else None, answer=answer)


@pytest.mark.req("R-089")
async def test_many_diallers_make_each_call_once_and_write_the_try_first(owing: Owing) -> None:
    await owing.displaced(LI, WANG, ZHOU)
    claimed = [one for some in await asyncio.gather(*(owing.claim(2) for _ in range(4))) for one in some]
    assert sorted(one.phone.digits for one in claimed) == [LI[1], WANG[1], ZHOU[1]]
    (proof,) = await owing.tries("李秀英")
    assert (proof.number, proof.outcome, proof.ended_at) == (1, None, None)
    assert {one.linked_id for one in await owing.contacts()} == {one.leg for one in claimed}


async def test_a_try_ends_once_and_its_key_is_the_proof(owing: Owing) -> None:
    await owing.displaced(LI)
    (one,) = await owing.claim()
    ends = await asyncio.gather(
        *(over(owing, one.leg, Outcome.KEY, Answer.ACCEPTED) for _ in range(3)),
        *(over(owing, one.leg, Outcome.HUNG_UP) for _ in range(3)),
    )
    assert sum(ends) == 1
    (proof,) = await owing.tries("李秀英")
    call = await owing.call("李秀英")
    if proof.outcome is Outcome.KEY:
        assert (proof.key, call.state, call.answer) == ("1", State.DONE, Answer.ACCEPTED)
    else:
        assert (call.state, call.answer) == (State.WAITING, None)


@pytest.mark.req("R-089")
async def test_after_three_tries_an_operator_calls(owing: Owing, clock: FrozenClock) -> None:
    await owing.displaced(LI)
    for outcome in (Outcome.BUSY, Outcome.NO_ANSWER, Outcome.SILENT):
        (one,) = await owing.claim()
        assert await owing.claim() == []
        await over(owing, one.leg, outcome)
        clock.instant = max(clock.instant, (await owing.call("李秀英")).due_at)
        await close_contacts(owing)
    call = await owing.call("李秀英")
    assert (call.state, call.tries) == (State.HANDED, MOST_TRIES)
    assert [one.outcome for one in await owing.tries("李秀英")] == ["busy", "no-answer", "silent"]
    async with owing.hotline.read() as db:
        assert [one.call_id for one in await handed.waiting(db)] == [call.call_id]
        ended = await journal.latest(db, OutboundEnded, 5)
    assert [one.state for one in ended] == ["handed", "waiting", "waiting"]


async def close_contacts(owing: Owing) -> None:
    async with owing.hotline.work(BY) as work:
        for one in await owing.contacts():
            await contact.close(work, one.id, contact.Disposition.NOT_REACHED)


async def test_who_dies_while_dialling_has_used_a_try_and_the_call_is_made_again(
    owing: Owing, clock: FrozenClock
) -> None:
    await owing.displaced(LI)
    (one,) = await owing.claim()
    assert await settle(owing) == 0
    clock.advance(seconds=dialling.RINGS.total_seconds() + 1)
    assert await settle(owing) == 1
    (proof,) = await owing.tries("李秀英")
    assert proof.outcome is Outcome.LOST
    clock.advance(minutes=3)
    (again,) = await owing.claim()
    assert (again.number, again.leg != one.leg) == (2, True)


async def settle(owing: Owing) -> int:
    async with owing.hotline.work(BY) as work:
        return await overdue.settle_due(work)


async def test_who_listens_is_not_given_up_and_an_answer_that_comes_late_counts(
    owing: Owing, clock: FrozenClock
) -> None:
    await owing.displaced(LI)
    (one,) = await owing.claim()
    async with owing.hotline.work(CALLER) as work:
        assert await dialling.answered(work, one.leg)
    clock.advance(minutes=5)
    assert await settle(owing) == 0
    clock.advance(minutes=30)
    assert await settle(owing) == 1
    await over(owing, one.leg, Outcome.KEY, Answer.KEPT)
    (proof,) = await owing.tries("李秀英")
    assert (proof.outcome, proof.key) == (Outcome.KEY, "1")
    assert (await owing.call("李秀英")).state is State.DONE


async def test_a_call_is_not_made_again_when_the_answer_came_another_way_while_it_rang(owing: Owing) -> None:
    await owing.displaced(LI, WANG)
    one, other = await owing.claim(2)
    subject, dropped = [(await owing.call(name)).subject for name in ("李秀英", "王强")]
    async with owing.hotline.work(CALLER) as work:
        assert await engine.drop(work, subject, Answer.ELSEWHERE)
        assert await engine.drop(work, dropped)
    assert (await owing.call("李秀英")).state is State.DIALLING
    await over(owing, one.leg, Outcome.NO_ANSWER)
    await over(owing, other.leg, Outcome.NO_ANSWER)
    li, wang = await owing.call("李秀英"), await owing.call("王强")
    assert (li.state, li.answer, wang.state) == (State.DONE, Answer.ELSEWHERE, State.DROPPED)
    async with owing.hotline.work(CALLER) as work:
        assert not await engine.drop(work, subject, Answer.ELSEWHERE)


async def test_a_telephone_is_not_rung_twice_at_once_nor_while_it_talks_to_us(owing: Owing) -> None:
    await owing.displaced(LI, ("李小明", LI[1]))
    async with owing.hotline.work(CALLER) as work:
        talk = await contact.open_interaction(work, linked_id="hotline-1", dnis="12320", ani=LI[1])
    assert await owing.claim(5) == []
    async with owing.hotline.work(CALLER) as work:
        await contact.close(work, talk.interaction_id, contact.Disposition.ENQUIRED)
    (one,) = await owing.claim(5)
    assert await owing.claim(5) == []
    await over(owing, one.leg, Outcome.KEY, Answer.ACCEPTED)
    await close_contacts(owing)
    assert [two.call_id != one.call_id for two in await owing.claim(5)] == [True]


async def test_the_displaced_come_before_the_waiting_list(owing: Owing) -> None:
    await owing.waits(*WANG, minutes=10)
    await owing.displaced(LI)
    assert [one.phone.digits for one in await owing.claim()] == [LI[1]]


async def test_a_call_that_is_due_at_night_waits_for_the_morning(owing: Owing, clock: FrozenClock) -> None:
    await owing.displaced(LI)
    clock.set("2026-11-23 21:00")
    assert await owing.claim() == []
    clock.set("2026-11-24 08:00")
    assert len(await owing.claim()) == 1


async def test_what_is_over_is_dropped_and_without_a_line_operators_call(
    owing: Owing, clock: FrozenClock
) -> None:
    await owing.displaced(LI)
    async with owing.hotline.work(BY) as work:
        assert await overdue.hand_over_due(work) == 1
    assert (await owing.call("李秀英")).state is State.HANDED
    clock.advance(days=2)
    assert await settle(owing) == 1
    call = await owing.call("李秀英")
    assert (call.state, call.ended_at) == (State.DROPPED, clock.now())
    async with owing.hotline.read() as db:
        told = await journal.latest(db, OutboundSettled, 5)
    assert [one.state for one in told] == ["dropped"]


async def test_a_call_asked_for_in_the_evening_is_due_in_the_morning(
    owing: Owing, clock: FrozenClock
) -> None:
    clock.set("2026-11-23 22:00")
    await owing.displaced(LI)
    due = (await owing.call("李秀英")).due_at
    assert due - clock.now() == timedelta(hours=10)
