"""A page that goes, a page that comes back: call, draft and slot are where they were."""

from typing import Any

import pytest
from sqlalchemy import select, update

from agent_desk.tending import Tending
from core.booking.tables import Draft
from core.contact import engine as contact
from core.schedule.tables import Hold
from core.values import system
from tests.builders import clinic
from tests.clocks import FrozenClock
from tests.desks import OpenRoom, Room

NUMBER = "10912345678"


@pytest.mark.parametrize("state", ["ringing", "talking", "holding", "wrap-up"])
async def test_a_page_that_comes_back_finds_all_as_it_was(room: Room, state: str) -> None:
    operator = await room.operator()
    page = await room.ready(operator)
    call = await room.switch.comes_in(NUMBER)
    await room.switch.offers(call, operator)
    parts = await page.until(lambda parts: parts["draft"])
    draft = parts["draft"]
    await page.do(
        "draft.save", draft_id=draft["draft_id"], version=draft["version"], changes={"name": "李秀英"}
    )
    if state != "ringing":
        await room.switch.answers(operator)
    if state == "holding":
        await page.do("hold")
    if state == "wrap-up":
        await page.do("finish")
    parts = await page.until(lambda parts: parts["call"]["state"] == state)
    before = {name: parts["call"][name] for name in ("interaction_id", "state", "since", "began")}
    await page.socket.close()
    again = await room.open(operator)
    assert {name: again.parts["call"][name] for name in before} == before
    assert again.parts["draft"]["fields"]["name"] == "李秀英"
    assert again.snapshots == 1


async def test_a_page_whose_phone_died_is_rung_again_once_it_is_back(room: Room) -> None:
    operator = await room.operator()
    page, _ = await room.talking(operator)
    await room.switch.breaks(operator)
    parts = await page.until(lambda parts: not parts["call"]["leg_present"])
    assert parts["call"]["hold_since"]  # the caller hears music
    await page.socket.close()
    again = await room.open(operator)
    assert (await again.do("rejoin"))["rung"]
    await again.until(lambda parts: parts["call"]["leg_present"])


async def test_a_ready_operator_whose_page_is_gone_is_not_ready_until_it_is_back(room: Room) -> None:
    one, other = await room.operator(), await room.operator()
    page, second = await room.ready(one), await room.ready(other)
    await page.socket.close()
    parts = await second.until(lambda parts: any(colleague["lost"] for colleague in parts["colleagues"]))
    lost = next(colleague for colleague in parts["colleagues"] if colleague["lost"])
    assert (lost["staff_id"], lost["state"]) == (one, "paused")
    assert one not in room.switch.there
    again = await room.open(one)
    assert again.parts["me"]["lost"]
    await again.do("rejoin")
    parts = await again.until(lambda parts: not parts["me"]["lost"])
    assert parts["me"]["state"] == "ready"
    assert one in room.switch.there


async def test_a_reload_is_no_loss(open_room: OpenRoom) -> None:
    room = await open_room(grace_s=60)
    operator = await room.operator()
    page = await room.ready(operator)
    await page.socket.close()
    again = await room.open(operator)
    assert again.parts["me"]["state"] == "ready"
    assert (await room.agent(operator)).lost_since is None


async def test_a_phone_on_the_desk_is_found_with_its_page(room: Room) -> None:
    operator = await room.operator()
    page = await room.ready(operator, device="phone")
    await page.socket.close()

    async def lost() -> bool:
        return (await room.agent(operator)).lost_since is not None

    await room.until(lost)
    again = await room.open(operator)
    await again.until(lambda parts: not parts["me"]["lost"] and parts["me"]["state"] == "ready")


async def test_a_switch_that_goes_and_comes_back_is_seen_on_every_desk(open_room: OpenRoom) -> None:
    room = await open_room(ping_s=0.01)
    page = await room.ready(await room.operator())
    room.phones.reached = False
    parts = await page.until(lambda parts: parts["phone"]["switch"] == "down")
    assert parts["phone"]["user"] is None
    room.phones.reached = True
    await page.until(lambda parts: parts["phone"]["switch"] == "up" and parts["phone"]["user"])


async def test_a_caller_who_is_gone_leaves_the_draft_for_the_redial(room: Room, clock: FrozenClock) -> None:
    town = await clinic(room.hotline)
    session = await town.session()
    one, other = await room.operator(), await room.operator()
    first, call = await room.talking(one, NUMBER)
    draft = (await first.until(lambda parts: parts["draft"]))["draft"]["draft_id"]
    await first.do("draft.choose", draft_id=draft, session_id=session)
    await room.switch.hangs_up(call)
    await first.until(lambda parts: parts["draft"]["state"] == "left")
    clock.advance(minutes=5)
    second, _ = await room.talking(other, NUMBER)
    parts = await second.until(lambda parts: parts["draft"] and parts["draft"]["state"] == "open")
    assert parts["draft"]["draft_id"] == draft
    assert parts["draft"]["hold"]["session_id"] == session


async def test_a_slot_is_kept_while_its_call_lives_and_no_longer(room: Room, clock: FrozenClock) -> None:
    town = await clinic(room.hotline)
    page, call = await room.talking(await room.operator(), NUMBER)
    draft = (await page.until(lambda parts: parts["draft"]))["draft"]["draft_id"]
    await page.do("draft.choose", draft_id=draft, session_id=await town.session())

    async def hold() -> Any:
        async with room.hotline.read() as db:
            return (await db.execute(select(Hold.expires_at))).scalar_one()

    begun = await hold()
    clock.set("2026-11-23 10:09")
    tending = Tending(room.house)
    await tending.beat()
    assert await hold() > begun
    async with room.hotline.work(system("switch")) as work:  # nobody heard that the caller has left
        await contact.close(work, call, contact.Disposition.ANSWERED)
        work.events.clear()
    await tending.beat()
    async with room.hotline.read() as db:
        assert (await db.execute(select(Draft.state))).scalar_one() == "left"


async def test_a_call_given_while_nothing_was_heard_has_its_draft_with_the_operator_after_all(
    room: Room,
) -> None:
    operator = await room.operator()
    page, _ = await room.talking(operator, NUMBER)
    await page.until(lambda parts: parts["draft"] and parts["draft"]["fields"])
    async with room.hotline.work(system("test")) as work:
        await work.db.execute(update(Draft).values(staff_id=None))

    async def whose() -> bool:
        async with room.hotline.read() as db:
            return (await db.execute(select(Draft.staff_id))).scalar_one() == operator

    await Tending(room.house).catch_up()
    await room.until(whose)


async def test_a_house_that_stops_says_so(room: Room) -> None:
    page = await room.open(await room.operator())
    await room.floor.close()
    assert await page.gone() == "restarting"
