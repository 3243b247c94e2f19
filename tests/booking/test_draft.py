"""A draft is kept at every keystroke and outlives desk, call and computer; one of two savers wins."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from core.booking import draft, draft_end, draft_slot
from core.booking.commands import Hold
from core.booking.draft_view import DraftView
from core.booking.tables import Draft
from core.errors import (
    ChangedMeanwhile,
    NotFound,
    OverLimitDepartmentDay,
    PersonUnknown,
    SlotFull,
    WrongInput,
    WrongState,
)
from core.schedule.tables import Hold as HoldRow
from core.values import Actor, ActorKind, Channel
from core.work import Hotline
from tests.booking.room import NUMBER, TIMERS, Room, open_room
from tests.clocks import FrozenClock


@pytest.fixture
async def room(hotline: Hotline) -> Room:
    return await open_room(hotline)


async def test_what_was_typed_is_there_again_and_only_sealed(room: Room) -> None:
    interaction, mark = await room.ring()
    seen = await room.save(await room.open(interaction, mark), name="李秀英", phone=NUMBER)
    seen = await room.save(seen, phone=None, note="轮椅")
    again = await room.open(interaction, mark)
    assert (again.draft_id, again.version) == (seen.draft_id, seen.version)
    assert again.fields == {"name": "李秀英", "note": "轮椅"}
    async with room.hotline.read() as db:
        body = (await db.execute(select(Draft.body_sealed))).scalar_one()
    assert "李秀英".encode() not in body


async def test_of_two_savers_one_wins_and_the_other_is_told(room: Room) -> None:
    interaction, mark = await room.ring()
    seen = await room.open(interaction, mark)
    ended = await asyncio.gather(
        *(room.save(seen, name=f"李{place}") for place in range(5)), return_exceptions=True
    )
    won = [one for one in ended if isinstance(one, DraftView)]
    lost = [one for one in ended if isinstance(one, ChangedMeanwhile)]
    assert (len(won), len(lost)) == (1, 4)
    assert (await room.load(seen.draft_id)).fields == won[0].fields


async def test_two_desks_that_open_one_call_get_one_draft(room: Room) -> None:
    interaction, mark = await room.ring()
    seen = await asyncio.gather(*(room.open(interaction, mark, place % 2) for place in range(4)))
    assert len({one.draft_id for one in seen}) == 1


@pytest.mark.parametrize(
    ("changes", "refusal"), [({"shoe": 1}, WrongInput), ({"person_id": 99}, PersonUnknown)]
)
async def test_what_makes_no_sense_is_refused_and_nothing_kept(
    room: Room, changes: dict[str, object], refusal: type[Exception]
) -> None:
    seen = await room.open(*await room.ring())
    with pytest.raises(refusal):
        await room.save(seen, **changes)
    assert (await room.load(seen.draft_id)).version == seen.version


async def test_a_newer_choice_lets_the_older_slot_go(room: Room) -> None:
    chen, wu = await room.clinic.session("chen", slots=1), await room.clinic.session("wu", slots=1)
    seen = await room.choose(await room.open(*await room.ring()), chen)
    assert seen.held is not None
    assert seen.held.doctor == "陈建国"
    assert seen.fields["session_id"] == chen
    seen = await room.choose(seen, wu)
    assert await room.clinic.states(chen) == {"free": 1}
    other = await room.open(*await room.ring("10799990000"))
    with pytest.raises(SlotFull):
        await room.choose(other, wu)
    assert (await room.load(other.draft_id)).held is None
    async with room.hotline.work(room.by()) as work:
        assert (await draft_slot.let_go(work, seen.draft_id)).held is None
    assert await room.clinic.states(wu) == {"free": 1}


async def test_the_limits_of_a_known_person_are_asked_at_the_choice(room: Room) -> None:
    chen = await room.clinic.session("chen")
    li = await room.clinic.person("李秀英")
    await room.clinic.book(chen, li)
    seen = await room.save(await room.open(*await room.ring()), person_id=li)
    with pytest.raises(OverLimitDepartmentDay):
        await room.choose(seen, chen)
    assert await room.clinic.states(chen) == {"free": 5, "booked": 1}


async def test_a_slot_lives_with_its_call_then_for_its_grace_and_no_longer(
    room: Room, clock: FrozenClock
) -> None:
    chen = await room.clinic.session("chen", slots=1)
    seen = await room.choose(await room.open(*await room.ring()), chen)
    for _ in range(4):
        clock.advance(minutes=2)
        async with room.hotline.work(room.by()) as work:
            until = await draft_slot.heartbeat(work, seen.draft_id)
        assert until is not None
        assert until > clock.now()
        assert await room.lapse() == 0
    async with room.hotline.work(room.by()) as work:
        assert await draft_end.leave(work, seen.draft_id, timedelta(minutes=10))
        assert not await draft_end.leave(work, seen.draft_id, timedelta(minutes=10))
    clock.advance(minutes=9)
    assert await room.lapse() == 0
    clock.advance(minutes=2)
    assert await room.lapse() == 1
    assert await room.clinic.states(chen) == {"free": 1}
    held = (await room.load(seen.draft_id)).held
    assert held is not None
    assert not held.live
    async with room.hotline.work(room.by()) as work:
        assert await draft_slot.heartbeat(work, seen.draft_id) is None


@pytest.mark.parametrize("told", [True, False], ids=["the desk said so", "the desk died too"])
async def test_who_redials_goes_on_where_the_call_broke_off(
    room: Room, clock: FrozenClock, told: bool
) -> None:
    chen = await room.clinic.session("chen", slots=1)
    first, mark = await room.ring()
    seen = await room.choose(await room.save(await room.open(first, mark), name="李秀英"), chen)
    if told:
        async with room.hotline.work(room.by()) as work:
            await draft_end.leave(work, seen.draft_id)
    await room.hang_up(first)
    clock.advance(minutes=4)
    again, mark = await room.ring()
    found = await room.open(again, mark, place=1)
    assert (found.draft_id, found.staff_id, found.fields["name"]) == (seen.draft_id, room.staff[1], "李秀英")
    assert found.held is not None
    assert found.held.live
    with pytest.raises(ChangedMeanwhile):
        await room.save(seen, name="从旧页面")


async def test_another_number_and_a_late_redial_begin_anew(room: Room, clock: FrozenClock) -> None:
    first, mark = await room.ring()
    seen = await room.save(await room.open(first, mark), name="李秀英")
    async with room.hotline.work(room.by()) as work:
        await draft_end.leave(work, seen.draft_id)
    await room.hang_up(first)
    assert (await room.open(*await room.ring("10799990000"))).draft_id != seen.draft_id
    assert (await room.open(*await room.ring(None))).draft_id != seen.draft_id
    clock.advance(minutes=11)
    assert (await room.open(*await room.ring())).draft_id != seen.draft_id


async def test_a_second_call_from_the_same_number_leaves_the_first_alone(room: Room) -> None:
    first = await room.open(*await room.ring())
    assert (await room.open(*await room.ring())).draft_id != first.draft_id


async def test_the_slot_that_the_menu_held_is_taken_over(room: Room) -> None:
    chen = await room.clinic.session("chen", slots=1)
    interaction, mark = await room.ring()
    menu = Actor(ActorKind.PATIENT, "ivr", Channel.PHONE)
    await room.clinic.store.submit(Hold(chen, owner="call:call-1"), menu, interaction)
    seen = await room.open(interaction, mark)
    assert seen.held is not None
    assert seen.fields["department_id"] == room.clinic.department_id
    async with room.hotline.read() as db:
        owners = (await db.execute(select(HoldRow.owner))).scalars().all()
    assert owners == [draft_slot.owner(seen.draft_id)]


async def test_another_operator_takes_it_over(room: Room) -> None:
    seen = await room.save(await room.open(*await room.ring()), name="李秀英")
    async with room.hotline.work(room.by(1)) as work:
        taken = await draft.take(work, seen.draft_id, room.staff[1])
    assert (taken.staff_id, taken.fields) == (room.staff[1], seen.fields)


async def test_the_next_matter_keeps_the_number_and_nothing_else(room: Room) -> None:
    chen = await room.clinic.session("chen", slots=1)
    seen = await room.save(await room.open(*await room.ring()), name="李秀英", phone=NUMBER)
    seen = await room.choose(seen, chen)
    async with room.hotline.work(room.by()) as work:
        second = await draft.next_matter(work, seen.draft_id)
    assert second.fields == {"verb": "book", "contact_phone": NUMBER}
    assert await room.clinic.states(chen) == {"free": 1}
    with pytest.raises(WrongState):
        await room.save(seen, name="晚了")


async def test_what_nobody_went_on_with_is_forgotten(room: Room, clock: FrozenClock) -> None:
    seen = await room.save(await room.open(*await room.ring()), name="李秀英")
    clock.advance(hours=25)
    async with room.hotline.work(TIMERS) as work:
        assert await draft_end.forget_due(work) == 1
    after = await room.load(seen.draft_id)
    assert (after.state, after.fields) == ("closed", {})
    with pytest.raises(NotFound):
        await room.load(seen.draft_id + 1)
