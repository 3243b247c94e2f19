"""The wall as its pages and its socket tell it, and what a supervisor does from it."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType, web
from aiohttp.test_utils import TestClient

from agent_desk.monitoring import MONITOR
from core import journal
from core.contact import agents, engine, matters, queueing, supervision
from core.contact.agent_tables import Matter, Skill
from core.contact.distribution import Offer
from core.contact.rules import Disposition
from core.contact.tables import Greeting
from core.events import SupervisorActed
from core.health import State, Told
from core.people.register import register
from core.staff import sessions
from core.staff.tables import Staff
from core.values import Actor, system
from core.work import Hotline
from tests.builders import clinic
from tests.clocks import FrozenClock
from tests.entering import account, cookie, enter
from tests.walls import Noted, Open, calls, database_url, feed, open_wall, switch, wall_house

__all__ = ["calls", "database_url", "feed", "open_wall", "switch", "wall_house"]

SWITCH = system("switch")
Client = TestClient[Any, Any]
AS_JSON = {"Accept": "application/json"}


@pytest.fixture
async def floor(hotline: Hotline) -> list[int]:
    """Two operators at work, one ready and one paused, and a skill."""
    made = []
    async with hotline.work(SWITCH) as work:
        work.db.add(Skill(code="cantonese", label="粤语"))
        for place, name in enumerate(("林静", "高勇"), 1):
            who = Staff(login=f"800{place}", name=name, number=f"800{place}", created_at=work.now)
            work.db.add(who)
            await work.db.flush()
            await agents.sign_in(work, who.id, extension=f"800{place}", device="phone")
            made.append(who.id)
        await agents.be_ready(work, made[0])
    return made


async def ring(hotline: Hotline, number: int = 1, **how: Any) -> int:
    async with hotline.work(SWITCH) as work:
        opened = await engine.open_interaction(
            work, linked_id=f"{number}", dnis="12320", ani=f"1071234567{number}"
        )
        await queueing.enter(work, opened.interaction_id, **how)
    return opened.interaction_id


async def lose(hotline: Hotline, call: int) -> None:
    async with hotline.work(SWITCH) as work:
        await queueing.ended(work, call, "abandoned")
        await engine.close(work, call, Disposition.ABANDONED_QUEUE)


@pytest.fixture
async def client(open_wall: Open, hotline: Hotline, floor: list[int]) -> Client:
    opened = await open_wall()
    await enter(opened, hotline, "supervise", login="boss", number="9001")
    return opened


async def text(client: Client, path: str, status: int = 200) -> str:
    async with client.get(path, headers={"Accept": "text/html"}) as answer:
        assert answer.status == status
        return await answer.text()


def shown(html: str) -> str:
    """What is read of a page: no tags, single blanks."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


# --- the page ---------------------------------------------------------------------------------------


async def test_the_page_is_whole_without_a_script(client: Client, hotline: Hotline) -> None:
    await ring(hotline)
    await _settled(client, hotline)
    read = shown(await text(client, "/wall/"))
    for words in ("15秒接通率", "接通率", "放弃率", "排队人数", "平均应答", "占用率"):
        assert words in read
    assert "接听 ÷ 等待已结束的来电" in read
    assert "林静 8001 空闲" in read
    assert "107****5671" in read
    assert "10712345671" not in read
    assert "数据截至 10:00:00" in read


async def test_a_figure_turns_red_only_when_a_named_target_is_missed(
    client: Client, hotline: Hotline, clock: FrozenClock
) -> None:
    call = await ring(hotline)
    assert "breach" not in await _part(client, "figure-waiting")
    clock.advance(seconds=61)
    async with hotline.work(SWITCH) as work:  # something happens, so the wall looks
        work.record(SupervisorActed(act="listen", staff_id=None, interaction_id=call))
    async with client.ws_connect("/wall/socket") as ws:
        await _until(ws, "figures", "figure breach")
    assert "breach" in await _part(client, "figure-waiting")


async def _part(client: Client, key: str) -> str:
    found = re.search(rf'<a class="([^"]*)"[^>]*data-key="{key}"', await text(client, "/wall/"))
    assert found
    return found[1]


async def test_behind_a_number_are_the_very_calls_with_what_can_be_done(
    client: Client, hotline: Hotline, clock: FrozenClock
) -> None:
    lost = await ring(hotline, 1)
    clock.advance(seconds=30)
    await lose(hotline, lost)
    await _settled(client, hotline)
    html = await text(client, "/wall/?panel=figure/abandoned")
    assert "等待30秒，放弃" in html
    assert f'href="/calls/{lost}"' in html
    assert f'name="interaction_id" value="{lost}"' in html  # one click: call them back
    await text(client, "/wall/?panel=figure/nonsense", 404)
    await text(client, "/wall/?panel=nonsense/1", 404)


async def _settled(client: Client, hotline: Hotline) -> None:
    """Wait until the wall has heard everything that is in the journal."""
    async with hotline.read() as db:
        end = str(await journal.end(db))
    async with client.ws_connect("/wall/socket") as ws:
        while (await _message(ws))["cursor"] != end:
            pass


async def test_what_is_known_days_later_stands_among_the_figures_with_its_formula(
    client: Client, hotline: Hotline, clock: FrozenClock, floor: list[int]
) -> None:
    async with hotline.work(SWITCH) as work:
        person = await register(work, name="李秀英")
    for hours in (0, 30, 50):
        clock.advance(hours=hours)
        call = await ring(hotline, 1 + hours // 10)
        async with hotline.work(SWITCH) as work:
            made = await matters.open_matter(work, call, floor[0])
            (await work.db.get_one(Matter, made.matter_id)).person_id = person.id
            await matters.dispose(work, made.matter_id, "advice", "where")
    await enter(client, hotline, "supervise", login="chief", number="9002")  # the other session has ended
    assert "首次解决 72至96小时前 0.0%" in shown(await text(client, "/wall/"))
    assert "107****5671" in await text(client, "/wall/panel/figure/solved")
    assert "近7天没有到期的就诊" in await text(client, "/wall/panel/figure/missed")


@pytest.mark.parametrize("panel", ["figure/waiting", "figure/occupancy", "figure/solved", "figure/missed", "figure/texts-answered", "figure/connected", "acts/booked",
                                   "lines/", "callbacks/", "message/", "greetings/", "system/"])  # fmt: skip
async def test_every_panel_opens_on_its_own_and_beside_the_wall(client: Client, panel: str) -> None:
    alone = await text(client, f"/wall/panel/{panel}")
    assert alone.count("<h2>") == 1
    assert "<h2>" in await text(client, f"/wall/?panel={panel}")


async def test_the_two_switches_of_the_service_level_are_in_the_address(
    client: Client, hotline: Hotline, clock: FrozenClock
) -> None:
    call = await ring(hotline)
    clock.advance(seconds=8)
    await lose(hotline, call)
    await _settled(client, hotline)
    values = []
    for query in ("", "?abandoned=0", "?short=10", "?short=nonsense"):
        html = await text(client, f"/wall/{query}")
        found = re.search(r'data-key="figure-service-level">.*?figure-value">([^<]*)<', html, re.S)
        assert found
        values.append(found[1])
    assert values == ["0.0%", "—", "—", "0.0%"]


# --- the socket -------------------------------------------------------------------------------------


async def _message(ws: ClientWebSocketResponse) -> dict[str, Any]:
    message = await ws.receive(timeout=30)
    assert message.type is WSMsgType.TEXT
    found: dict[str, Any] = json.loads(message.data)
    return found


async def _until(ws: ClientWebSocketResponse, part: str, words: str) -> dict[str, Any]:
    """The first message in which a part says so."""
    while True:
        message = await _message(ws)
        if words in (message.get("snapshot") or message.get("changed") or {}).get(part, ""):
            return message


@pytest.fixture
async def ws(client: Client) -> AsyncIterator[ClientWebSocketResponse]:
    async with client.ws_connect("/wall/socket") as ws:
        yield ws


async def test_a_wall_is_told_everything_first_and_then_what_changed(
    ws: ClientWebSocketResponse, hotline: Hotline, floor: list[int]
) -> None:
    first = await _message(ws)
    assert {"agents", "waiting", "figures", "day"} <= set(first["snapshot"])
    assert {"cursor", "now", "as_of"} <= set(first)
    call = await ring(hotline)
    heard = await _until(ws, "waiting", "107****5671")
    assert "floor" not in heard["changed"]  # what did not change is not told again
    async with hotline.work(SWITCH) as work:
        await queueing.offer(work, Offer(call, floor[0]))
    await _until(ws, "agents", "振铃")


async def test_a_free_operator_beside_a_waiting_caller_is_an_alarm_that_sounds(
    ws: ClientWebSocketResponse, hotline: Hotline, clock: FrozenClock
) -> None:
    await ring(hotline)
    await _until(ws, "waiting", "107****5671")
    clock.advance(seconds=4)
    await _until(ws, "alarms", 'data-sounds="idle"')


async def test_who_looks_for_the_first_time_sees_for_how_long_too_many_have_given_up(
    client: Client, hotline: Hotline, clock: FrozenClock
) -> None:
    call = await ring(hotline)
    clock.advance(seconds=30)
    await lose(hotline, call)
    assert client.app
    monitor = client.app[MONITOR]
    async with hotline.read() as db:
        end = await journal.end(db)
    while monitor._cursor != end:
        await monitor.turned()
    clock.advance(minutes=6)
    while monitor.as_of != clock.now():
        await monitor.turned()
    assert "近30分钟放弃率高于5%已6分钟" in await text(client, "/wall/")


async def test_a_part_that_is_down_is_an_alarm_without_a_sound(
    ws: ClientWebSocketResponse, switch: Told, clock: FrozenClock
) -> None:
    await _message(ws)
    switch.say(State.DOWN, "没有回答")
    clock.advance(seconds=6)
    heard = await _until(ws, "alarms", "电话交换机已停止")
    assert "data-sounds" not in heard["changed"]["alarms"]


async def test_who_logs_out_loses_the_wall(
    client: Client, hotline: Hotline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent_desk.wall_socket.RECHECK_S", 0.0)
    staff_id = await account(hotline, "wall", login="viewer")
    client.session.cookie_jar.update_cookies(await cookie(client, hotline, staff_id))
    async with client.ws_connect("/wall/socket") as ws:
        await _message(ws)
        async with hotline.work(SWITCH) as work:
            await sessions.end_all(work, staff_id, why="logout")
        while (message := await ws.receive(timeout=30)).type is WSMsgType.TEXT:
            pass
    assert message.type in (WSMsgType.CLOSE, WSMsgType.CLOSED, WSMsgType.CLOSING)


async def test_a_page_that_takes_nothing_is_cut(
    client: Client, monkeypatch: pytest.MonkeyPatch, hotline: Hotline
) -> None:
    async def never(*_given: object, **_more: object) -> None:
        await asyncio.Event().wait()

    async with client.ws_connect("/wall/socket") as ws:
        await _message(ws)
        monkeypatch.setattr(web.WebSocketResponse, "send_str", never)
        await ring(hotline)
        while (message := await ws.receive(timeout=30)).type is WSMsgType.TEXT:
            pass
    assert message.type in (WSMsgType.CLOSED, WSMsgType.ERROR)
    monkeypatch.undo()
    async with client.ws_connect("/wall/socket") as ws:  # it comes back and is told everything
        assert "107****5671" in (await _message(ws))["snapshot"]["waiting"]


# --- acts ----------------------------------------------------------------------------------------------


async def post(client: Client, act: str, **fields: Any) -> tuple[int, str]:
    form = {name.replace("__", "-"): str(value) for name, value in fields.items()}
    async with client.post(f"/wall/act/{act}", data=form, headers=AS_JSON) as answer:
        body = await answer.json()
        return answer.status, body.get("said") or body["code"]


async def test_listening_goes_to_the_telephone_as_the_supervisor(
    client: Client, calls: Noted, floor: list[int]
) -> None:
    for how in ("listen", "whisper", "barge", "off"):
        assert (await post(client, "spy", staff_id=floor[0], how=how))[0] == 200
    assert (await post(client, "take-over", staff_id=floor[0]))[0] == 200
    assert [one[0] for one in calls.asked] == ["listen"] * 4 + ["take_over"]
    assert [one[3] for one in calls.asked[:4]] == ["listen", "whisper", "barge", "off"]
    assert {one[2] for one in calls.asked} == {floor[0]}
    assert (await post(client, "spy", staff_id=floor[0], how="shout")) == (400, "wrong-input")
    assert (await post(client, "spy", staff_id="me", how="listen")) == (400, "wrong-input")


async def test_states_skills_words_order_and_greetings_are_changed_from_the_wall(
    client: Client, hotline: Hotline, floor: list[int]
) -> None:
    async with hotline.work(SWITCH) as work:
        work.db.add(Greeting(id=1, name="surge", text="来电较多。", on=False))
    call = await ring(hotline)
    done = [
        await post(client, "force-pause", staff_id=floor[0]),
        await post(client, "force-ready", staff_id=floor[1]),
        await post(client, "skills", staff_id=floor[1], skill__cantonese=1),
        await post(client, "first", interaction_id=call, reason="透析患者"),
        await post(client, "message", text="请加快"),
        await post(client, "greeting", greeting_id=1, on=1, text="请按1自助预约。"),
        await post(client, "callback", interaction_id=call, staff_id=floor[1]),
        await post(client, "force-off", staff_id=floor[0]),
    ]
    assert [status for status, _ in done] == [200] * 8
    async with hotline.read() as db:
        (left,) = await agents.signed_in(db)
        (greeting,) = await supervision.greetings(db)
        acts = [one.act for one in reversed(await journal.latest(db, SupervisorActed, 9))]
    assert (left.staff_id, left.state, left.skills) == (floor[1], "ready", {"cantonese"})
    assert (greeting.on, greeting.text) == (True, "请按1自助预约。")
    assert acts == ["force-pause", "force-ready", "move", "priority", "force-off"]
    assert await post(client, "dance") == (404, "not-found")


async def test_a_form_without_a_script_comes_back_to_the_wall_as_it_stood(
    client: Client, floor: list[int]
) -> None:
    async with client.post(
        "/wall/act/message", data={"text": "请加快"}, headers={"Referer": "http://h/wall/?panel=message/"}
    ) as answer:
        read = shown(await answer.text())
        assert answer.url.query == {"panel": "message/", "said": "message"}
    assert "已发出。" in read


@pytest.mark.parametrize(
    ("functions", "who", "sees", "acts"),
    [
        (("wall",), {}, 200, 403),
        (("supervise",), {}, 200, 200),
        (("desk", "book", "reports"), {}, 403, 403),
        (("wall", "supervise"), {"hospital": True}, 403, 403),
    ],
)
async def test_who_may_see_and_who_may_act(
    open_wall: Open, hotline: Hotline, functions: tuple[str, ...], who: dict[str, Any], sees: int, acts: int
) -> None:
    client = await open_wall()
    hospital_id = (await clinic(hotline)).hospital_id if who else None
    by: Actor = await enter(client, hotline, *functions, hospital_id=hospital_id)
    for path in ("/wall/", "/wall/panel/system/"):
        async with client.get(path) as answer:
            assert answer.status == sees
    async with client.post("/wall/act/message", data={"text": "你好"}, headers=AS_JSON) as answer:
        assert answer.status == acts
    html = await text(client, "/wall/") if sees == 200 else ""
    assert ("高峰应答开关" in html) is (acts == 200 and by.may("supervise"))
