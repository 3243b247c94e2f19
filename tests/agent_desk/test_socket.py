"""Desk sockets: a snapshot, then what changed; one page for each operator; nobody waits for a slow one."""

import asyncio
import json
from datetime import date

import pytest
from aiohttp import WSServerHandshakeError
from sqlalchemy import select

from agent_desk.floor import PAGES_KEPT
from agent_desk.state import PARTS
from core.contact.calls import Target, TargetKind
from core.contact.view import load
from core.errors import WrongInput
from core.people.register import register
from core.staff import sessions
from core.staff.tables import StaffSession
from core.values import demo_identity
from ivr.targets import Targets
from tests.builders import SEED
from tests.desks import OpenRoom, Page, Room
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


async def turned_away(page: Page) -> None:
    """Another page has the desk: this one is told so, and nothing else."""
    async with asyncio.timeout(20):  # one that is let in would be pinged for ever
        assert await page.gone() == "elsewhere"
    assert page.snapshots == 0


@pytest.mark.parametrize("cut", [True, False], ids=["the server knew", "the server did not know"])
async def test_a_page_whose_network_is_back_does_not_take_the_desk_back(room: Room, *, cut: bool) -> None:
    operator = await room.operator()
    first = await room.open(operator, page="page-first")
    if cut:
        await first.socket.close()
        await room.until(lambda: _is(not room.floor.present(operator)))
    second = await room.ready(operator)
    back = await room.connect(operator, page="page-first")
    await turned_away(back)
    await second.do("pause", reason="rest")
    assert (await room.agent(operator)).state == "paused"


async def test_what_the_refused_page_says_is_not_heard(room: Room) -> None:
    operator = await room.operator()
    await room.open(operator, page="page-older")
    second = await room.ready(operator)
    back = await room.connect(operator, page="page-older")
    await back.send("pause", reason="rest")
    await turned_away(back)
    assert (await room.agent(operator)).state == "ready"
    assert second.parts["me"]["state"] == "ready"


async def test_the_desk_is_taken_back_by_a_page_loaded_anew(room: Room) -> None:
    operator = await room.operator()
    await room.open(operator, page="page-first")
    second = await room.open(operator, page="page-second")
    first = await room.open(operator, page="page-first-again")
    assert await second.gone() == "elsewhere"
    await turned_away(await room.connect(operator, page="page-second"))
    assert room.floor.desk(operator)
    # The page that has the desk is let in under its own name: only its network was away.
    again = await room.open(operator, page="page-first-again")
    assert await first.gone() == "elsewhere"
    assert again.snapshots == 1


async def test_pages_are_remembered_and_not_for_ever(room: Room) -> None:
    operator = await room.operator()
    for number in range(PAGES_KEPT + 1):
        await room.open(operator, page=f"page-{number:04}-of-many")
    await turned_away(await room.connect(operator, page="page-0001-of-many"))
    assert (await room.open(operator, page="page-0000-of-many")).snapshots == 1


async def test_the_live_phone_registers_again_after_another_page_came_back(room: Room) -> None:
    operator = await room.operator()
    await room.open(operator, page="page-older")
    second = await room.open(operator)
    await turned_away(await room.connect(operator, page="page-older"))
    async with asyncio.timeout(20):
        told: dict[str, object] = {}
        while "phone" not in told:
            told = json.loads((await second.socket.receive()).data).get("changed", {})


async def test_a_skill_group_cannot_be_consulted(room: Room) -> None:
    operator = await room.operator()
    _, call = await room.talking(operator)
    group = Target(TargetKind.QUEUE, "dialect", "方言")
    async with room.hotline.work(SEED) as work:
        seen = await load(work.db, call)
        with pytest.raises(WrongInput) as refused:
            await Targets(outbound=True).reserve(work, seen, operator, group)
    assert refused.value.facts == {"field": "target", "why": "queue"}
    assert (await room.agent(operator)).third is None


@pytest.mark.req("R-094")
async def test_whoever_is_found_by_an_identity_number_is_shown_masked(room: Room) -> None:
    number = demo_identity("0101", date(1970, 5, 4), 12)
    async with room.hotline.work(SEED) as work:
        person = await register(work, name="李秀英", identity=number)
        person_id = person.id
    page = await room.open(await room.operator())
    (found,) = (await page.do("person.search", q=number.number))["people"]
    assert (found["person_id"], found["id_masked"]) == (person_id, number.masked)
    assert number.number not in json.dumps(found)


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
    await room.until(lambda: _is(cuts(room) == {"silent": 1}))


def cuts(room: Room) -> dict[str, float]:
    """How many sockets were cut, by the reason."""
    (counted,) = room.floor.cuts.collect()
    return {one.labels["why"]: one.value for one in counted.samples if one.name.endswith("_total")}


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
