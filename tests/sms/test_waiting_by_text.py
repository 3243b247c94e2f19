"""The waiting list by text: joined by code or names, where a session is full, seen, and left."""

import pytest

from core.booking.commands import Hold
from core.catalogue.codes import sms_code
from core.events import WaitingJoined, WaitingLeft
from core.waiting import view
from core.waiting.view import EntryView
from core.work import Hotline
from tests.builders import SURFER
from tests.pages import database_url
from tests.sms.texting import LI, STRANGER, Texting, texting
from tests.waiting_list import Queue

__all__ = ["database_url"]  # SQLite alone: what differs between the databases is tested below the texts


@pytest.fixture
async def post(hotline: Hotline) -> Texting:
    """Dr Chen's Thursday is full."""
    made = await texting(hotline)
    full = await made.town.session("chen", slots=1)
    await made.town.store.submit(Hold(session_id=full, owner="web:1"), SURFER)
    return made


async def waits(post: Texting, number: str = LI) -> list[EntryView]:
    async with post.hotline.read() as db:
        return list(await view.by_phone(db, post.hotline.sealer.fingerprint(number, "phone")))


async def emptied(post: Texting) -> None:
    """What others did has sent its own texts."""
    await post.deliver()
    post.seen = len(post.handset.got)


@pytest.mark.req("I-009")
async def test_the_code_and_the_day_join_the_line(post: Texting) -> None:
    code = sms_code(post.town.posts["chen"])
    told = await post.says(f"候补 {code} 1126")
    assert (
        told == "【12320】李秀英候补市一医院心血管内科陈建国11/26,前面0人。有号发短信给您。退出发“候补取消”"
    )
    (entry,) = await waits(post)
    assert (entry.doctor, str(entry.first_day), str(entry.last_day)) == ("陈建国", "2026-11-26", "2026-11-26")


async def test_names_join_as_the_code_does_and_twice_is_once(post: Texting) -> None:
    await post.says("候补市一心内科陈建国上午")
    assert "前面0人" in await post.says("候补市一心内科陈建国")
    assert len(await waits(post)) == 1
    assert len(await post.told(WaitingJoined)) == 1


async def test_a_full_session_is_told_with_the_way_to_wait(post: Texting) -> None:
    assert "要候补请回1" in await post.says("预约陈建国11月26日")
    assert "候补市一医院心血管内科陈建国11/26" in await post.says("1")
    assert len(await waits(post)) == 1


async def test_who_does_not_want_to_wait_does_not(post: Texting) -> None:
    await post.says("预约陈建国11月26日")
    assert "什么也没有办" in await post.says("0")
    assert await waits(post) == []


async def test_the_word_alone_waits_for_what_was_just_full(post: Texting) -> None:
    await post.town.session("wu")
    assert "或回“候补”" in await post.says("预约陈建国11月26日")
    assert "候补市一医院心血管内科陈建国11/26" in await post.says("候补")


async def test_the_word_alone_says_what_is_missing(post: Texting) -> None:
    assert "请写明候补哪里" in await post.says("候补")
    assert await waits(post) == []


async def test_where_there_is_a_number_it_is_held_instead(post: Texting) -> None:
    await post.town.session("wu")
    assert "回1预约" in await post.says("候补吴敏")
    assert await waits(post) == []


async def test_a_family_is_asked_for_whom_and_a_stranger_for_a_name(post: Texting) -> None:
    await post.town.person("王小宝", phone=LI)
    assert "为谁候补?1)李秀英 2)王小宝" in await post.says("候补陈建国")
    assert "王小宝候补" in await post.says("2")
    assert "请回复就诊人姓名" in await post.says("候补陈建国", STRANGER)
    assert "没看懂姓名" in await post.says("？？", STRANGER)
    assert "张春花候补市一医院" in await post.says("张春花", STRANGER)
    assert len(await waits(post, STRANGER)) == 1


async def test_what_may_be_meant_is_asked(post: Texting) -> None:
    asked = await post.says("候补市一医院")
    assert "1)心血管内科 2)儿科" in asked
    assert "候补市一医院心血管内科" in await post.says("1")


async def test_one_sees_where_one_stands_and_leaves_after_a_yes(post: Texting) -> None:
    await post.says("候补陈建国")
    assert "前面0人。退出回1" in await post.says("候补查询")
    assert "要退出李秀英市一医院心血管内科陈建国" in await post.says("1")
    assert "继续为您候补" in await post.says("0")
    assert len(await waits(post)) == 1
    await post.says("取消候补")
    assert "已退出候补" in await post.says("1")
    assert await waits(post) == []
    assert len(await post.told(WaitingLeft)) == 1
    assert "没有候补" in await post.says("候补 查询")


async def test_of_two_places_it_is_asked_which_to_leave(post: Texting) -> None:
    full = await post.town.session("wu", slots=1)
    await post.town.store.submit(Hold(session_id=full, owner="web:2"), SURFER)
    await post.says("候补陈建国")
    await post.says("候补吴敏")
    assert "退出哪个候补?1)李秀英陈建国 2)李秀英吴敏" in await post.says("候补取消")
    assert "吴敏" in await post.says("2")
    await post.says("1")
    assert [entry.doctor for entry in await waits(post)] == ["陈建国"]


async def test_a_rule_that_says_no_says_so(post: Texting) -> None:
    await post.town.rule("waiting.entries", "0")
    assert "上限" in await post.says("候补陈建国")
    assert await waits(post) == []


@pytest.mark.req("I-009")
async def test_a_number_that_is_given_up_is_offered_by_text_and_booked_by_its_answer(
    hotline: Hotline,
) -> None:
    post = await texting(hotline)
    line = Queue(post.town)
    full = await line.full(1)
    await emptied(post)
    await post.says("候补陈建国11月26日")
    await line.gives_up(full)
    await line.runs()
    await post.deliver()
    offered = [text.body for text in post.handset.got.values() if text.kind == "waiting-offer"]
    assert offered == [
        "【12320】李秀英候补到号:市一医院心血管内科陈建国,11月26日周四8:00,30元,10:30前回复1接受 2不要,过时给下一位"
    ]
    post.seen = len(post.handset.got)
    assert "已预约" in await post.says("1")
    await line.runs()
    assert await waits(post) == []
    assert "没有候补" in await post.says("候补查询")


async def test_who_does_not_want_that_number_still_waits(hotline: Hotline) -> None:
    post = await texting(hotline)
    line = Queue(post.town)
    full = await line.full(1)
    await emptied(post)
    await post.says("候补陈建国11月26日")
    await line.gives_up(full)
    await line.runs()
    await emptied(post)
    assert "给下一位" in await post.says("2")
    await line.runs()
    assert [entry.state for entry in await waits(post)] == ["waiting"]
