"""A doctor's leave from its approval to the answers by text, with all the jobs that belong to it."""

import pytest

from core.leave.rules import CaseState, Kind
from core.work import Hotline
from tests.clocks import FrozenClock
from tests.leave.stage import Stage, later
from tests.leave.stage import stage as open_stage
from tests.pages import database_url
from tests.sms.texting import Texting, texting_in

__all__ = ["database_url"]  # SQLite alone: what differs between the databases is tested below the texts

FIRST, SECOND = "13800990000", "13800990001"


@pytest.fixture
async def stage(hotline: Hotline) -> Stage:
    return await open_stage(hotline)


@pytest.fixture
async def post(stage: Stage) -> Texting:
    return texting_in(stage.clinic)


async def told(post: Texting) -> list[str]:
    """What has come to any telephone since the last look."""
    await post.deliver()
    sent = list(post.handset.got.values())
    fresh, post.seen = sent[post.seen :], len(sent)
    return [text.body for text in fresh]


async def booked(stage: Stage, post: Texting, number: int) -> None:
    """So many see Dr Chen on Thursday."""
    await stage.patients(number, await stage.clinic.session(slots=number))
    await told(post)


@pytest.mark.req("R-089", "R-083")
async def test_each_displaced_patient_gets_one_text_and_ends_as_they_answer(
    stage: Stage, post: Texting, clock: FrozenClock
) -> None:
    await booked(stage, post, 2)
    for days in (7, 14):
        await stage.clinic.session(day=later(days), slots=3)
    leave = await stage.approved()
    assert await told(post) == []  # for the offer, which tells both
    await stage.settle()
    clock.advance(seconds=15)
    texts = await told(post)
    assert len(texts) == 2
    assert all("陈建国11月26日停诊,改留" in text and "3退号退费" in text for text in texts)
    assert "已改约" in await post.says("1", FIRST)
    await post.says("3", SECOND)
    assert "已取消" in await post.says("1", SECOND)
    await stage.settle()
    assert await stage.states(leave) == [CaseState.ACCEPTED, CaseState.CANCELLED]
    await stage.balanced()


async def test_other_times_are_chosen_while_the_kept_slot_waits(
    stage: Stage, post: Texting, clock: FrozenClock
) -> None:
    """The campaign makes no second offer into the middle of that."""
    await booked(stage, post, 1)
    for days in (7, 8):
        await stage.clinic.session(day=later(days), slots=3)
    leave = await stage.approved()
    await stage.settle()
    clock.advance(seconds=15)
    await told(post)
    assert "2)12/4" in await post.says("2", FIRST)
    await stage.settle()
    assert await told(post) == []
    assert "改到12/4" in await post.says("2", FIRST)
    assert "已改约" in await post.says("1", FIRST)
    await stage.settle()
    assert await stage.states(leave) == [CaseState.CHANGED]
    await stage.balanced()


async def test_for_whom_nothing_was_found_the_stop_is_told_by_itself(
    stage: Stage, post: Texting, clock: FrozenClock
) -> None:
    await booked(stage, post, 1)
    await stage.approved()
    await stage.settle()
    clock.advance(seconds=15)
    (text,) = await told(post)
    assert "停诊:" in text
    assert "改约或退号" in text


async def test_a_leave_that_is_slow_to_offer_does_not_keep_the_stop_secret(
    stage: Stage, post: Texting, clock: FrozenClock
) -> None:
    await booked(stage, post, 1)
    await stage.clinic.session(day=later(7), slots=3)
    await stage.approved()
    assert await told(post) == []
    clock.advance(minutes=3)
    (text,) = await told(post)
    assert "停诊:" in text


async def test_a_substitute_is_told_and_may_be_refused_for_nothing(stage: Stage, post: Texting) -> None:
    await booked(stage, post, 1)
    await stage.approved(stage.asked(Kind.SUBSTITUTE, substitute_id=stage.clinic.doctors["zhao"]))
    (text,) = await told(post)
    assert "换医生接诊:" in text
    assert "赵明" in text
    await post.says("取消", FIRST)
    assert "已取消" in await post.says("1", FIRST)
