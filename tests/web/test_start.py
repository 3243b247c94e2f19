"""The start page: a phone, and what is going on, masked, without a script too."""

import re
from dataclasses import replace

import pytest

from core.contact.rules import Disposition
from core.health import State, Told
from core.work import Hotline
from tests.builders import Clinic, clinic
from tests.clocks import FrozenClock
from tests.pages import LINE, Open, Sent, call


async def booked(hotline: Hotline) -> Clinic:
    made = await clinic(hotline)
    session = await made.session()
    await made.book(session, await made.person("欧阳海燕"), phone="10900007777")
    return made


async def test_the_page_is_complete_without_a_script(
    open_pages: Open, hotline: Hotline, texts: list[Sent], clock: FrozenClock
) -> None:
    await booked(hotline)
    await call(hotline)
    clock.advance(seconds=75)
    texts.append(Sent("【12320】已预约", "delivered"))
    answer = await (await open_pages()).get("/")
    page = await answer.text()
    assert answer.status == 200
    assert 'lang="zh-CN"' in page
    for shown in ("市一医院", "心血管内科", "陈建国", "11月26日 周四", "08:00", "预约成功"):
        assert shown in page
    for shown in (
        "109****5678",
        "1:15",
        "【12320】已预约",
        "已送达",
        "数据库",
        "hotline call",
        LINE.softphone,
    ):
        assert shown in page


async def test_people_are_masked_and_serials_are_grouped(open_pages: Open, hotline: Hotline) -> None:
    await booked(hotline)
    await call(hotline)
    page = await (await (await open_pages(cast=())).get("/")).text()
    assert "欧***" in page
    assert "欧阳海燕" not in page
    assert "10912345678" not in page
    assert "10900007777" not in page
    assert re.search(r">[1-9]\d \d{3} \d{3}<", page)


async def test_a_call_without_a_number_and_a_call_that_is_over_are_shown(
    open_pages: Open, hotline: Hotline
) -> None:
    await call(hotline, None)
    await call(hotline, ends=Disposition.BOOKED)
    calls = await (await (await open_pages()).get("/live/calls")).text()
    assert "未显示号码" in calls
    assert calls.index("已通话") < calls.index("共 ")  # who is on the line comes first


async def test_nothing_that_is_shown_can_be_markup(open_pages: Open, texts: list[Sent]) -> None:
    texts.append(Sent("<script>alert(1)</script>"))
    pages = await open_pages()
    for path in ("/", "/live/texts"):
        assert "<script>alert" not in await (await pages.get(path)).text()


@pytest.mark.parametrize("name", ["calls", "appointments", "texts", "health"])
async def test_a_fragment_is_what_the_page_holds(open_pages: Open, hotline: Hotline, name: str) -> None:
    await booked(hotline)
    await call(hotline)
    pages = await open_pages()
    fragment = await (await pages.get(f"/live/{name}")).text()
    assert fragment.strip() in await (await pages.get("/")).text()


@pytest.mark.parametrize(
    ("state", "words"), [(State.STARTING, "正在启动"), (State.ABSENT, "请安装 Asterisk")]
)
async def test_without_a_switch_the_page_says_what_to_do(
    open_pages: Open, switch: Told, state: State, words: str
) -> None:
    switch.say(state)
    page = await (
        await (await open_pages(phone=lambda: None, switch_words=lambda: "请安装 Asterisk")).get("/")
    ).text()
    assert words in page
    assert 'id="keypad"' not in page
    assert "hotline call" in page


async def test_progress_of_the_voice_is_a_percentage(open_pages: Open, switch: Told) -> None:
    switch.say(State.STARTING, "正在合成语音", progress=0.634)
    assert "63%" in await (await (await open_pages()).get("/live/health")).text()


async def test_several_numbers_can_be_chosen(open_pages: Open) -> None:
    line = replace(LINE, numbers=("12320", "96120"))
    page = await (await (await open_pages(phone=lambda: line)).get("/")).text()
    assert "<option>96120</option>" in page


@pytest.mark.parametrize("path", ["/live/calls", "/live/events", "/calls/1", "/appointments/12345678"])
async def test_outside_the_demo_there_is_no_phone_and_no_list(
    open_pages: Open, hotline: Hotline, path: str
) -> None:
    await booked(hotline)
    await call(hotline)
    pages = await open_pages(demo=False)
    front = await pages.get("/")
    page = await front.text()
    assert "12320" in page
    assert LINE.password not in page
    assert "ws://" not in front.headers["Content-Security-Policy"]
    assert (await pages.get(path)).status == 404
