"""The page of a case: who may see it, what stands on it, and the sound beside it."""

import re
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from pytest_aiohttp import AiohttpClient
from sqlalchemy import select, update

from agent_desk import cases, recordings, recordings_sound
from agent_desk.house import AGENT_HOUSE, AGENT_PAGES, AgentHouse
from core.booking.commands import Book, Hold
from core.contact import engine as contact
from core.contact.rules import Disposition
from core.http.files import files
from core.http.pages import environment
from core.recordings.keeping import Keeper
from core.schedule.tables import Hold as HoldRow
from core.staff.tables import AuditEntry
from core.values import Phone, system
from core.work import Hotline
from tests.builders import CALLER, clinic
from tests.clocks import FrozenClock
from tests.entering import enter
from tests.recordings.test_keeping import recorded
from web.app import make_app
from web.house import WebHouse

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

Client = TestClient[web.Request, web.Application]
HERE = Path(cases.__file__).parent
TEST = system("test")


@pytest.fixture
def keeper(hotline: Hotline, tmp_path: Path) -> Keeper:
    (tmp_path / "raw").mkdir()
    return Keeper(hotline, tmp_path / "raw", tmp_path / "kept")


@pytest.fixture
async def client(aiohttp_client: AiohttpClient, house: WebHouse, keeper: Keeper) -> Client:
    app = make_app(house)
    ports = SimpleNamespace(hotline=house.hotline, recordings=keeper.kept, sentence={"menu": "请按{key}"}.get)
    app[AGENT_HOUSE] = cast(AgentHouse, ports)
    app[AGENT_PAGES] = environment(HERE / "templates")
    app.add_routes([*cases.routes, *recordings.routes, *recordings_sound.routes])
    app.add_routes([files("/desk/static", HERE / "static")])
    return await aiohttp_client(app)


async def booked(hotline: Hotline, clock: FrozenClock) -> tuple[int, str]:
    """A call with keys, a hold and an appointment; its interaction and the appointment's number."""
    here = await clinic(hotline)
    session, li = await here.session(), await here.person("李秀英")
    async with hotline.work(TEST) as work:
        call = (
            await contact.open_interaction(work, linked_id="1", dnis="12320", ani="10712345678")
        ).interaction_id
    said, keyed = clock.now() + timedelta(seconds=5), clock.now() + timedelta(seconds=9)
    clock.advance(seconds=20)
    held = await here.store.submit(Hold(session, "call:1", person_id=li), CALLER, call)
    async with hotline.work(TEST) as work:
        await contact.steps(work, call, [{"said": ["menu"]}, {"keyed": 4}], [said, keyed])
    clock.advance(seconds=20)
    made = await here.store.submit(Book(held.hold_id, li, Phone("10712345678")), CALLER, call)
    async with hotline.work(TEST) as work:
        await contact.close(work, call, Disposition.BOOKED)
    return call, made.serial


def entries(page: str) -> list[str]:
    """The time line as a list, in order: lane and title."""
    found = re.findall(
        r'<span class="case-lane-name">(.*?)</span>\s*<div><p class="case-title">(.*?)</p>', page
    )
    return [f"{lane}:{title}" for lane, title in found]


async def text(client: Client, path: str) -> str:
    answer = await client.get(path)
    assert answer.status == 200, path
    return await answer.text()


async def test_a_case_is_a_list_in_lanes_each_step_at_its_own_moment(
    client: Client, house: WebHouse, clock: FrozenClock
) -> None:
    call, serial = await booked(house.hotline, clock)
    await enter(client, house.hotline, "recordings")
    page = await text(client, f"/cases/{call}")
    assert entries(page) == [
        "来电人:来电接入 12320", "语音:播放：请按……", "来电人:按键：4 位（不记录）", "号源预约:占住一个号",
        "号源预约:预约（预约成功）", "来电人:通话结束：预约成功",
    ]  # fmt: skip
    assert "重放的结果和现在的数据一致" in page
    assert "李秀英" not in page
    assert entries(await text(client, f"/cases/appointment/{serial}")) == [
        "号源预约:占住一个号",
        "号源预约:预约（预约成功）",
    ]


async def test_every_step_says_how_things_stood(client: Client, house: WebHouse, clock: FrozenClock) -> None:
    call, _ = await booked(house.hotline, clock)
    await enter(client, house.hotline, "recordings")
    stands = re.compile(r'<ul class="case-stands".*?</ul>', re.S)
    at = {}
    for number in (1, 4, 6):
        found = stands.search(await text(client, f"/cases/{call}?at={number}"))
        assert found
        at[number] = found[0]
    assert "语音菜单" in at[1]
    assert "号保留中：市一医院心血管内科陈建国 11月26日 周四 08:00" in at[4]
    assert "预约成功" in at[6]
    assert "号保留中" not in at[6]
    assert '<b class="case-at">6</b>' in await text(client, f"/cases/{call}?at=99")


async def test_a_look_is_written_down_once_in_half_an_hour(
    client: Client, house: WebHouse, clock: FrozenClock
) -> None:
    call, serial = await booked(house.hotline, clock)
    await enter(client, house.hotline, "recordings")
    for number in (1, 2, 3):
        await text(client, f"/cases/{call}?at={number}")
    await text(client, f"/cases/appointment/{serial}")
    for minutes in (20, 11):
        clock.advance(minutes=minutes)
        await text(client, f"/cases/{call}")
    async with house.hotline.read() as db:
        query = select(AuditEntry.what).where(AuditEntry.act == "case-looked").order_by(AuditEntry.id)
        assert (await db.scalars(query)).all() == ["call", "appointment", "call"]


async def test_whoever_may_hear_no_recording_sees_no_case(
    client: Client, house: WebHouse, clock: FrozenClock
) -> None:
    call, serial = await booked(house.hotline, clock)
    await enter(client, house.hotline, "desk", "supervise", login="one")
    assert (await client.get(f"/cases/{call}")).status == 403
    await enter(client, house.hotline, "recordings", login="two", hospital_id=1)
    for path in (f"/cases/{call}", f"/cases/appointment/{serial}", "/cases/4711"):
        assert (await client.get(path)).status == 403
    await enter(client, house.hotline, "recordings", login="three")
    assert (await client.get("/cases/4711")).status == 404
    assert (await client.get("/cases/appointment/12345678")).status == 404


async def test_what_does_not_agree_is_named(client: Client, house: WebHouse, clock: FrozenClock) -> None:
    call, _ = await booked(house.hotline, clock)
    async with house.hotline.work(TEST) as work:
        await work.db.execute(update(HoldRow).values(state="lapsed"))
    await enter(client, house.hotline, "recordings")
    page = await text(client, f"/cases/{call}")
    assert "不一致" in page
    assert re.search(r"占号 \S+ 的 state：记录 used，现在 lapsed", page)


async def test_the_recording_beside_it_is_heard_after_a_reason(
    client: Client, house: WebHouse, keeper: Keeper
) -> None:
    call, _ = await recorded(house.hotline, keeper)
    await keeper.seal_waiting()
    await enter(client, house.hotline, "recordings")
    page = await text(client, f"/cases/{call}")
    assert "为什么调听" in page
    assert "<audio" not in page
    refused = await client.post(f"/cases/{call}/hear", data={"reason": "other"})
    assert refused.status == 400
    heard = await client.post(f"/cases/{call}/hear", data={"reason": "complaint"})
    assert heard.url.path == f"/cases/{call}"
    sound = re.search(r'<audio[^>]* src="([^"]+)"', await heard.text())
    assert sound
    assert (await client.get(sound[1])).status == 200


async def test_a_case_without_a_recording_has_nothing_to_hear(
    client: Client, house: WebHouse, clock: FrozenClock
) -> None:
    call, _ = await booked(house.hotline, clock)
    await enter(client, house.hotline, "recordings")
    assert (await client.post(f"/cases/{call}/hear", data={"reason": "complaint"})).status == 404
