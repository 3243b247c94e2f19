"""Desk sockets: a snapshot, then what changed; one page for each operator; nobody waits for a slow one."""

import asyncio
import json

import pytest
from aiohttp import WSServerHandshakeError
from sqlalchemy import select

from agent_desk.state import PARTS
from core.staff import sessions
from core.staff.tables import StaffSession
from tests.builders import SEED
from tests.desks import OpenRoom, Room
from tests.entering import cookie


async def test_a_page_is_told_everything_first_and_then_what_changed(room: Room) -> None:
    page = await room.open(await room.operator())
    assert {*PARTS, "words", "who"} == set(page.parts)
    assert page.parts["me"] is None
    await page.do("sign-in", device="page")
    parts = await page.until(lambda parts: parts["me"] and parts["phone"]["user"])
    assert (parts["me"]["state"], parts["me"]["reason"]) == ("paused", "signed-in")
    assert parts["phone"]["user"] == "page-8001"
    assert page.snapshots == 1


@pytest.mark.parametrize(("origin", "status"), [("http://evil.example", 403), ("own", 101), (None, 101)])
async def test_only_our_own_pages_open_a_desk(room: Room, origin: str | None, status: int) -> None:
    cookies = await cookie(room.client, room.hotline, await room.operator())
    headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
    if origin is not None:
        headers["Origin"] = str(room.client.make_url("/")).rstrip("/") if origin == "own" else origin
    if status == 101:
        socket = await room.client.ws_connect("/desk/socket?page=page-0001", headers=headers)
        await socket.close()
    else:
        with pytest.raises(WSServerHandshakeError) as refused:
            await room.client.ws_connect("/desk/socket?page=page-0001", headers=headers)
        assert refused.value.status == status


async def test_who_may_not_answer_calls_gets_no_desk(room: Room) -> None:
    cookies = await cookie(room.client, room.hotline, await room.operator("query"))
    headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
    with pytest.raises(WSServerHandshakeError) as refused:
        await room.client.ws_connect("/desk/socket?page=page-0001", headers=headers)
    assert refused.value.status == 403


async def test_a_second_computer_takes_over_and_the_first_is_told(room: Room) -> None:
    operator = await room.operator()
    first, call = await room.talking(operator)
    second = await room.open(operator)
    assert await first.gone() == "elsewhere"
    assert second.parts["call"]["interaction_id"] == call
    assert second.parts["me"]["state"] == "talking"
    assert room.floor.present(operator)


async def test_a_page_loaded_anew_hears_what_happens_in_its_call(room: Room) -> None:
    operator = await room.operator()
    await room.talking(operator)
    page = await room.open(operator)
    assert page.parts["call"]["leg_present"]
    await room.switch.breaks(operator)
    await page.until(lambda parts: not parts["call"]["leg_present"])


async def test_a_reader_that_takes_nothing_is_cut_and_nobody_else_notices(open_room: OpenRoom) -> None:
    room = await open_room(behind=8, stuck_s=0.05)
    slow_one, other = await room.operator(), await room.operator()
    slow = await room.open(slow_one)
    desk = room.floor.desk(slow_one)
    assert desk
    page = await room.ready(other)
    for _ in range(200):  # nothing is read at the other end: our queue and the network fill up
        desk.line.say(json.dumps({"changed": {"queue": "x" * 200_000}}))
        await asyncio.sleep(0)
    await room.until(lambda: _is(not room.floor.present(slow_one)))
    call = await room.switch.comes_in()
    await room.switch.offers(call, other)
    await page.until(lambda parts: parts["call"] and parts["call"]["state"] == "ringing")
    again = await room.open(slow_one)
    assert again.parts["queue"]["signed_in"] == 1
    await slow.socket.close()


async def _is(value: object) -> object:
    return value


async def test_a_page_that_says_nothing_is_gone(open_room: OpenRoom) -> None:
    room = await open_room(silent_s=0.05)
    operator = await room.operator()
    page = await room.connect(operator)
    await page.gone()
    await room.until(lambda: _is(not room.floor.present(operator)))


async def test_a_page_is_asked_whether_it_is_there(open_room: OpenRoom) -> None:
    room = await open_room(ping_s=0.01)
    page = await room.open(await room.operator())
    told: dict[str, object] = {}
    while "ping" not in told:
        told = json.loads((await page.socket.receive()).data)


async def test_nonsense_is_answered_and_never_obeyed(room: Room) -> None:
    page = await room.open(await room.operator())
    for text in ("{", "[]", '{"id": -1, "do": "ready"}', '{"id": 1, "do": "ready", "more": 1}'):
        await page.socket.send_str(text)
        assert (await page.answer(0))["no"]["code"] == "wrong-input"
    assert await page.refused("no-such-command") == "wrong-input"
    assert await page.refused("pause", reason="rest", extra="field") == "wrong-input"
    assert await page.refused("ready") == "agent-not-signed-in"


async def test_a_command_that_is_sent_again_is_not_done_again(room: Room) -> None:
    operator = await room.operator()
    first = await room.ready(operator)
    callback = await room.owe()
    number = await first.send("dial", callback_id=callback)
    answer = await first.answer(number)
    cookies = await cookie(room.client, room.hotline, operator)
    again = await room.open(operator, page="page-0001", cookies=cookies)
    assert await again.answer(await again.send("dial", number, callback_id=callback)) == answer
    assert [what for what, _ in room.switch.asked].count("dial") == 1


async def test_a_desk_ends_with_its_session(room: Room) -> None:
    operator = await room.operator()
    page = await room.open(operator)
    async with room.hotline.work(SEED) as work:
        session = (await work.db.execute(select(StaffSession.id))).scalars().one()
        await sessions.end(work, session, "logout")
    assert await page.gone() == "signed-out"


async def test_events_close_together_make_one_look(room: Room) -> None:
    operator = await room.operator()
    page = await room.ready(operator)
    calls = [await room.switch.comes_in(f"1091234567{number}") for number in range(8)]
    await page.until(lambda parts: parts["queue"]["waiting"] == len(calls))


async def test_everybody_sees_the_queue_and_who_is_free(room: Room) -> None:
    one, other = await room.operator(), await room.operator()
    first, second = await room.ready(one), await room.ready(other)
    call = await room.switch.comes_in()
    await first.until(lambda parts: parts["queue"]["waiting"] == 1 and parts["queue"]["free"] == 2)
    await room.switch.offers(call, other)
    parts = await first.until(lambda parts: parts["queue"]["waiting"] == 0 and len(parts["colleagues"]) == 2)
    parts = await first.until(lambda parts: parts["colleagues"][-1]["state"] == "ringing")
    assert [colleague["staff_id"] for colleague in parts["colleagues"]] == [one, other]
    await second.until(lambda parts: parts["call"] and parts["call"]["interaction_id"] == call)
