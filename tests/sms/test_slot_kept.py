"""Whose call breaks off while a slot is held is told by a text until when it is theirs, and no later."""

import pytest

from core.booking.draft_end import leave
from core.outbox import Outbox
from core.wake import Wake
from core.work import Hotline
from sms.outbound import CARRIER, ROUTES
from sms.texter import Texter
from tests.booking.room import NUMBER, Room, open_room
from tests.clocks import FrozenClock
from tests.sms.test_outbound import Handset, alone


@pytest.fixture
async def room(hotline: Hotline) -> Room:
    hotline.routes = ROUTES
    return await open_room(hotline)


async def carried(room: Room) -> Handset:
    handset = Handset()
    texter = Texter(room.hotline, alone(handset, room.hotline.clock))
    await Outbox(room.hotline, {CARRIER: texter.route()}, Wake()).carry_due()
    return handset


async def broken_off(room: Room, *, holding: bool) -> int:
    first, mark = await room.ring()
    seen = await room.save(await room.open(first, mark), name="李秀英")
    if holding:
        seen = await room.choose(seen, await room.clinic.session("chen", slots=1))
    async with room.hotline.work(room.by()) as work:
        await leave(work, seen.draft_id)
    await room.hang_up(first)
    return seen.draft_id


@pytest.mark.req("I-014")
async def test_the_held_slot_and_its_end_are_told_once(room: Room) -> None:
    await broken_off(room, holding=True)
    handset = await carried(room)
    assert handset.kinds == ["slot-kept"]
    (text,) = handset.got.values()
    assert text.to == NUMBER
    assert "为您留到10:10,请回拨12320" in text.body
    assert (await carried(room)).kinds == []


async def test_without_a_slot_nothing_is_sent(room: Room) -> None:
    await broken_off(room, holding=False)
    assert (await carried(room)).kinds == []


async def test_who_has_called_again_is_not_told_to(room: Room) -> None:
    await broken_off(room, holding=True)
    await room.open(*await room.ring())
    assert (await carried(room)).kinds == []


async def test_a_slot_that_has_gone_meanwhile_is_not_promised(room: Room, clock: FrozenClock) -> None:
    await broken_off(room, holding=True)
    clock.advance(minutes=11)
    assert (await carried(room)).kinds == []
