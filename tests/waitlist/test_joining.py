"""Who may stand on the waiting list, and for what."""

import asyncio
from datetime import timedelta

import pytest
import pytest_asyncio

from core.credit.tables import BlacklistEntry
from core.errors import (
    Blacklisted,
    NotFound,
    Refusal,
    WaitingBooked,
    WaitingFree,
    WaitingFull,
    WaitingTwice,
    WrongInput,
)
from core.waiting import engine, view
from core.waiting.rules import State
from core.waiting.settling import end_over
from core.work import Hotline
from tests.builders import SEED, SURFER, VISIT
from tests.builders import clinic as open_clinic
from tests.clocks import FrozenClock
from tests.waiting_list import Queue


@pytest_asyncio.fixture
async def queue(hotline: Hotline) -> Queue:
    return Queue(await open_clinic(hotline))


async def test_who_may_have_a_slot_at_once_need_not_wait(queue: Queue) -> None:
    session = await queue.clinic.session(slots=1)
    with pytest.raises(WaitingFree) as said:
        await queue.joins("王秀英")
    assert (said.value.facts["session_id"], said.value.facts["day"]) == (session, VISIT)


@pytest.mark.req("I-009")
async def test_each_is_told_how_many_stand_before_them(queue: Queue) -> None:
    await queue.full()
    for name in ("王秀英", "李大山", "赵小妹"):
        await queue.joins(name)
    await queue.joins("旁人", doctor_id=queue.clinic.doctors["wu"])
    assert [(await queue.entry(name)).ahead for name in queue.entries] == [0, 1, 2, 0]


async def test_who_waits_for_anybody_stands_in_line_with_who_waits_for_one(queue: Queue) -> None:
    await queue.full()
    await queue.joins("王秀英")
    await queue.joins("李大山", doctor_id=None)
    await queue.joins("赵小妹", half="pm")
    assert (await queue.entry("李大山")).ahead == 1
    assert (await queue.entry("赵小妹")).ahead == 2


async def test_a_button_pressed_twice_makes_one_place(queue: Queue) -> None:
    await queue.full()
    await queue.clinic.person("王秀英")

    async def press() -> bool:
        try:
            await queue.joins("王秀英")
        except WaitingTwice:
            return False
        return True

    assert sum(await asyncio.gather(*(press() for _ in range(4)))) == 1
    with pytest.raises(WaitingTwice) as said:
        await queue.joins("王秀英", half="am")
    assert said.value.facts["entry_id"] == queue.entries["王秀英"]


async def test_nobody_waits_for_what_they_have_booked(queue: Queue) -> None:
    session = await queue.clinic.session(slots=1)
    person = await queue.clinic.person("王秀英")
    made = await queue.clinic.book(session, person)
    with pytest.raises(WaitingBooked) as said:
        await queue.joins("王秀英")
    assert said.value.facts["appointment_id"] == made.appointment_id


async def test_nobody_waits_for_more_than_the_rule_lets_them(queue: Queue) -> None:
    await queue.full()
    await queue.clinic.rule("waiting.entries", "1")
    await queue.joins("王秀英")
    with pytest.raises(WaitingFull) as said:
        await queue.joins("王秀英", doctor_id=None)
    assert said.value.facts["limit"] == 1
    async with queue.hotline.read() as db:
        assert len(await view.by_person(db, queue.clinic.people["王秀英"])) == 1


async def test_who_is_blocked_does_not_wait_in_vain(queue: Queue) -> None:
    await queue.full()
    person = await queue.clinic.person("王秀英")
    async with queue.hotline.work(SEED) as work:
        work.db.add(
            BlacklistEntry(
                person_id=person, rule_key="block.no-show", reason="3 x", from_at=work.now,
                until=work.now + timedelta(days=90),
            )
        )  # fmt: skip
    with pytest.raises(Blacklisted):
        await queue.joins("王秀英")


@pytest.mark.parametrize(
    ("wish", "refusal"),
    [
        ({"last_day": VISIT - timedelta(days=9)}, WrongInput),
        ({"half": "noon"}, WrongInput),
        ({"doctor_id": 99_999}, NotFound),
        ({"department_id": 99_999}, NotFound),
        ({"number_kind": "special"}, NotFound),
    ],
)
async def test_a_wish_that_nobody_can_fulfil_is_refused(
    queue: Queue, wish: dict[str, object], refusal: type[Refusal]
) -> None:
    with pytest.raises(refusal):
        await queue.joins("王秀英", **wish)


async def test_a_wish_without_days_reaches_as_far_as_the_rule_says(queue: Queue) -> None:
    await queue.clinic.rule("waiting.days", "5")
    await queue.joins("王秀英", first_day=None, last_day=None)
    seen = await queue.entry("王秀英")
    assert seen.last_day - seen.first_day == timedelta(days=5)


async def test_a_place_given_up_is_gone_for_good_and_may_be_taken_anew(queue: Queue) -> None:
    await queue.full()
    entry = await queue.joins("王秀英")
    await queue.joins("李大山")
    async with queue.hotline.work(SURFER) as work:
        assert await engine.leave(work, entry)
        assert not await engine.leave(work, entry)
        with pytest.raises(NotFound):
            await engine.leave(work, 99_999)
    assert (await queue.entry("王秀英")).state is State.LEFT
    await queue.joins("王秀英")
    assert (await queue.entry("王秀英")).ahead == 1


async def test_a_place_ends_with_the_days_it_was_for(queue: Queue, clock: FrozenClock) -> None:
    await queue.full()
    await queue.joins("王秀英")
    clock.set("2026-11-26 23:50")
    async with queue.hotline.work(SEED) as work:
        assert await end_over(work) == 0
    clock.set("2026-11-27 00:01")
    async with queue.hotline.work(SEED) as work:
        assert await end_over(work) == 1
    assert (await queue.entry("王秀英")).state is State.LAPSED
    assert [row.kind for row in await queue.told("waiting.lapsed")] == ["waiting.lapsed"]
