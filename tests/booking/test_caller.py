"""A patient in a few lines that an operator takes in while it rings."""

from datetime import date

import pytest

from core.booking import for_caller
from core.booking.caller import Visit, credit_line, person_view, visits
from core.booking.visit import miss_due
from core.errors import PersonUnknown
from core.values import day_of, system
from core.work import Hotline
from tests.booking.room import NUMBER, Room, open_room
from tests.clocks import FrozenClock


@pytest.fixture
async def room(hotline: Hotline) -> Room:
    return await open_room(hotline)


async def ahead(room: Room, person_id: int) -> list[Visit]:
    async with room.hotline.read() as db:
        return await visits(db, person_id, now=room.hotline.clock.now(), by=room.by())


async def credit(room: Room, person_id: int) -> str:
    async with room.hotline.read() as db:
        return await credit_line(db, person_id, room.hotline.clock.now())


async def test_numbers_are_masked(room: Room) -> None:
    li = await room.clinic.person("李秀英", phone=NUMBER)
    async with room.hotline.read() as db:
        seen = await person_view(db, room.hotline.sealer, li, day_of(room.hotline.clock.now()))
        assert (seen.name, seen.age, seen.phone_masked) == ("李秀英", 56, "107****5678")
        assert "1970" not in seen.identity_masked
        with pytest.raises(PersonUnknown):
            await person_view(db, room.hotline.sealer, 999, date(2026, 11, 23))


async def test_what_is_ahead_with_what_may_be_done_now(room: Room, clock: FrozenClock) -> None:
    li = await room.clinic.person("李秀英", phone=NUMBER)
    made = await room.clinic.book(await room.clinic.session("chen"), li)
    told = [(one.made.appointment_id, one.may_change, one.may_cancel) for one in await ahead(room, li)]
    assert told == [(made.appointment_id, True, True)]
    clock.set("2026-11-26 07:00")
    assert [(one.may_change, one.may_cancel) for one in await ahead(room, li)] == [(False, False)]


async def test_a_miss_is_told_with_what_the_next_ones_lead_to(room: Room, clock: FrozenClock) -> None:
    li = await room.clinic.person("李秀英", phone=NUMBER)
    assert await credit(room, li) == ""
    clock.set("2026-11-18 10:00")
    await room.clinic.book(await room.clinic.session("chen", day=date(2026, 11, 19)), li)
    clock.set("2026-11-20 10:00")
    async with room.hotline.work(system("timers")) as work:
        assert await miss_due(work) == 1
    assert await credit(room, li) == "近期爽约1次，再爽约2次将暂停预约。"


async def test_a_block_is_told_with_its_end(room: Room) -> None:
    li = await room.clinic.person("李秀英", phone=NUMBER)
    await room.clinic.rule("block.cancel", "1 -> 7d", own=False)
    made = await room.clinic.book(await room.clinic.session("chen"), li)
    async with room.hotline.work(room.by()) as work:
        await for_caller.cancel_for(work, made.appointment_id)
    assert await credit(room, li) == "因多次取消预约暂停预约到2026年11月30日为止。"
