"""Whole matters by text: booked, asked for, changed and given up, each against how things stand now."""

from datetime import date

import pytest

from core.booking.commands import Hold
from core.booking.hold import lapse_due
from core.booking.stopping import stop
from core.catalogue.codes import sms_code
from core.contact.rules import Disposition
from core.events import InteractionClosed, SlotHeld, TextHandled
from core.values import system
from core.work import Hotline
from sms.talks import end_talks
from tests.builders import SURFER
from tests.clocks import FrozenClock
from tests.sms.texting import LI, STRANGER, Texting, texting

FRIDAY = date(2026, 11, 27)


@pytest.fixture
async def post(hotline: Hotline) -> Texting:
    return await texting(hotline)


# --- booking -----------------------------------------------------------------------------------------


@pytest.mark.req("R-096", "R-097", "I-011")
async def test_one_text_holds_and_a_second_books(post: Texting) -> None:
    await post.town.session("chen")
    held = await post.says("预约市一心内科陈建国11月26日上午")
    assert (
        held
        == "【12320】李秀英,市一医院心血管内科陈建国,11月26日周四8:00,30元到院付。回1预约,2换时间,0放弃(10:05前)"
    )
    assert await post.made() == []
    booked = await post.says("1")
    assert "已预约青石市第一人民医院心血管内科陈建国,11月26日周四8:00-8:30,流水号" in booked
    assert "\n" not in booked  # the text of the booking is the answer
    assert await post.made() == [("booked", "sms")]
    (closed,) = await post.told(InteractionClosed)
    assert closed.disposition == Disposition.BOOKED


@pytest.mark.req("R-097")
async def test_the_published_code_books_as_the_names_do(post: Texting) -> None:
    await post.town.session("chen")
    await post.town.session("wu")
    code = sms_code(post.town.posts["wu"])
    assert "吴敏,11月26日周四8:00,10元到院付" in await post.says(f"YY {code} 1126 上午")


async def test_a_time_is_held_as_it_was_written(post: Texting) -> None:
    await post.town.session("chen")
    assert "11月26日周四9:30" in await post.says("预约心内科陈建国26号9点半")


async def test_the_next_time_is_held_in_place_of_the_one_that_does_not_suit(post: Texting) -> None:
    session = await post.town.session("chen", slots=2)
    assert "8:00," in await post.says("预约陈建国")
    assert "8:30," in await post.says("2")
    assert await post.town.states(session) == {"held": 1, "free": 1}
    assert "没有别的" not in await post.says("0")
    assert await post.town.states(session) == {"free": 2}


async def test_what_may_be_meant_is_asked_in_figures(post: Texting) -> None:
    await post.town.session("chen")
    await post.town.session("wu")
    await post.town.session("chen", day=FRIDAY)
    listed = await post.says("预约市一心内科")
    assert listed == (
        "【12320】可约:1)11/26周四上午陈建国余6 2)11/26周四上午吴敏余6 3)11/27周五上午陈建国余6,回数字选"
    )
    assert "吴敏,11月26日周四8:00" in await post.says("2")


async def test_a_hospital_alone_asks_for_the_department(post: Texting) -> None:
    await post.town.session("kid")
    assert "1)心血管内科 2)儿科" in await post.says("预约市一医院")
    assert "儿科曾小雨" in await post.says("2")


async def test_long_lists_go_on_with_0(post: Texting) -> None:
    for day in range(24, 31):
        await post.town.session("chen", day=date(2026, 11, day))
    first = await post.says("预约陈建国")
    assert first.startswith("【12320】陈建国可约:1)11/24周二上午余6")
    assert first.endswith("0看更多")
    second = await post.says("0")
    assert "11/24" not in second
    assert "1)11/2" in second


async def test_a_full_time_is_told_with_what_else_there_is(post: Texting) -> None:
    session = await post.town.session("chen", slots=1)
    await post.town.session("chen", day=FRIDAY)
    await post.town.store.submit(Hold(session_id=session, owner="web:1"), SURFER)
    assert "那时没有号,可约:1)11/27周五上午余6" in (await post.says("预约陈建国11月26日")).replace(
        "陈建国那", "那"
    )


async def test_equals_stand_in_for_a_full_doctor(post: Texting) -> None:
    session = await post.town.session("chen", slots=1)
    await post.town.session("wu")
    await post.town.store.submit(Hold(session_id=session, owner="web:1"), SURFER)
    assert "约满了,相近的有:1)市一医院吴敏11/26周四余6" in await post.says("预约陈建国")
    assert "吴敏,11月26日周四8:00" in await post.says("1")


async def test_a_family_is_asked_for_whom(post: Texting) -> None:
    await post.town.person("王小宝", phone=LI)
    await post.town.session("chen")
    assert await post.says("预约陈建国") == "【12320】为谁约?1)李秀英 2)王小宝,回数字选"
    assert "王小宝,市一医院" in await post.says("2")
    await post.says("1")
    assert await post.made() == [("booked", "sms")]


@pytest.mark.req("R-059")
async def test_a_number_nobody_is_known_by_gives_a_name_and_is_provisional(post: Texting) -> None:
    await post.town.session("chen")
    assert "请回复就诊人姓名" in await post.says("预约陈建国", STRANGER)
    for no_name in ("？？", "确认", "其他时间", "2"):
        assert "没看懂姓名" in await post.says(no_name, STRANGER)
    assert "张春花,市一医院" in await post.says("张春花", STRANGER)
    told = await post.says("1", STRANGER)
    assert "已留号" in told
    assert "补登证件点 https://hotline.example/r/" in told
    assert await post.made() == [("provisional", "sms")]


async def test_a_hold_that_lapsed_books_nothing(post: Texting, clock: FrozenClock) -> None:
    """Another has the slot now. As long as nobody has, a late yes still books it."""
    session = await post.town.session("chen", slots=1)
    await post.says("预约陈建国")
    clock.advance(minutes=20)
    async with post.hotline.work(system("timers")) as work:
        await lapse_due(work)
    await post.town.store.submit(Hold(session_id=session, owner="web:1"), SURFER)
    assert "超时" in await post.says("1")
    assert await post.made() == []
    assert await post.town.states(session) == {"held": 1}


async def test_a_rule_that_says_no_says_so_in_a_text(post: Texting) -> None:
    session = await post.town.session("chen")
    await post.town.book(session, post.town.people["李秀英"], phone=LI)
    await emptied(post)
    assert "上限" in await post.says("预约陈建国")
    assert await post.made() == [("booked", "phone")]
    assert await post.town.states(session) == {"booked": 1, "free": 5}


# --- appointments there are ------------------------------------------------------------------------------


async def booked(post: Texting, *, day: date = date(2026, 11, 26), post_of: str = "chen") -> str:
    session = await post.town.session(post_of, day=day)
    return (await post.town.book(session, post.town.people["李秀英"], phone=LI)).serial


async def emptied(post: Texting) -> None:
    """What was booked beforehand has sent its own texts."""
    await post.deliver()
    post.seen = len(post.handset.got)


async def test_a_query_tells_the_visit_and_what_can_be_done(post: Texting) -> None:
    serial = await booked(post)
    await emptied(post)
    told = await post.says("查询")
    assert told == (f"【12320】李秀英11月26日周四8:00市一医院心血管内科陈建国,号{serial}。改约回1,取消回2")


async def test_two_visits_are_told_one_after_the_other(post: Texting) -> None:
    await booked(post)
    await booked(post, day=FRIDAY, post_of="wu")
    await emptied(post)
    assert "陈建国" in await post.says("查询")
    assert "吴敏" in await post.says("0")
    assert "要取消李秀英11月27日周五8:00心血管内科吴敏的预约吗?" in await post.says("2")


@pytest.mark.req("R-088")
async def test_nothing_is_cancelled_before_the_yes(post: Texting) -> None:
    serial = await booked(post)
    await emptied(post)
    assert "取消回1" in await post.says(f"取消{serial}")
    assert "原预约不变" in await post.says("0")
    assert await post.made() == [("booked", "phone")]
    await post.says("取消")
    assert "已取消" in await post.says("确认")
    assert await post.made() == [("cancelled", "phone")]


async def test_somebody_elses_serial_number_is_none(post: Texting) -> None:
    other = await post.town.person("王强")
    made = await post.town.book(await post.town.session("chen"), other, phone="10799999999")
    await emptied(post)
    assert "未找到该流水号" in await post.says(f"取消{made.serial}")
    assert "未找到该流水号" in await post.says(made.serial)
    assert await post.made() == [("booked", "phone")]


@pytest.mark.req("R-087")
async def test_a_change_moves_to_the_day_that_was_written_after_a_yes(post: Texting) -> None:
    await booked(post)
    await post.town.session("chen", day=FRIDAY)
    await emptied(post)
    asked = await post.says("改约11月27日")
    assert "心血管内科陈建国:11/26周四8:00改到11/27周五8:00。回1改约" in asked
    assert "已改约" in await post.says("1") or len(await post.made()) == 2
    assert await post.made() == [("replaced", "phone"), ("booked", "sms")]


async def test_a_change_that_is_not_wanted_leaves_everything(post: Texting) -> None:
    await booked(post)
    other = await post.town.session("chen", day=FRIDAY)
    await emptied(post)
    await post.says("改约11月27日")
    assert "原预约不变" in await post.says("不要")
    assert await post.made() == [("booked", "phone")]
    assert await post.town.states(other) == {"free": 6}


async def test_a_stopped_visit_can_be_given_up_by_text(post: Texting) -> None:
    session = await post.town.session("chen")
    await post.town.book(session, post.town.people["李秀英"], phone=LI)
    async with post.hotline.work(system("test")) as work:
        await stop(work, session, reason="leave")
    await emptied(post)
    assert "医生停诊" in await post.says("查询")
    await post.says("2")
    await post.says("1")
    assert await post.made() == [("cancelled", "phone")]


# --- against how things stand ------------------------------------------------------------------------------


async def test_a_figure_without_a_question_does_nothing(post: Texting) -> None:
    await booked(post)
    await emptied(post)
    assert "没有等您答复的事" in await post.says("1")
    assert "没有等您答复的事" in await post.says("确认")
    assert await post.made() == [("booked", "phone")]


async def test_an_answer_after_half_an_hour_is_none(post: Texting, clock: FrozenClock) -> None:
    await booked(post)
    await emptied(post)
    await post.says("取消")
    clock.advance(minutes=31)
    assert "没有等您答复的事" in await post.says("1")
    assert await post.made() == [("booked", "phone")]


async def test_a_figure_that_was_not_offered_keeps_the_question(post: Texting) -> None:
    await booked(post)
    await emptied(post)
    await post.says("取消")
    assert "没有这个数字可选" in await post.says("7")
    assert "没看懂" in await post.says("取消会不会扣分吗")
    await post.says("1")
    assert await post.made() == [("cancelled", "phone")]


async def test_a_new_wish_lets_the_old_slot_go(post: Texting) -> None:
    chen, wu = await post.town.session("chen"), await post.town.session("wu")
    await post.says("预约陈建国")
    await post.says("预约吴敏")
    assert await post.town.states(chen) == {"free": 6}
    assert await post.town.states(wu) == {"held": 1, "free": 5}
    assert len(await post.told(SlotHeld)) == 2


async def test_whoever_asks_for_a_person_is_promised_one_call(post: Texting) -> None:
    assert "前给您回电" in await post.says("人工")
    assert (await post.says("人工")).count("【12320】") == 1


async def test_a_talk_that_stops_is_closed(post: Texting, clock: FrozenClock) -> None:
    await post.says("帮助")
    clock.advance(minutes=31)
    async with post.hotline.work(system("timers")) as work:
        assert await end_talks(work) == 1
        assert await end_talks(work) == 0
    (closed,) = await post.told(InteractionClosed)
    assert closed.disposition == Disposition.ENQUIRED
    assert [event.outcome for event in await post.told(TextHandled)] == ["helped"]
