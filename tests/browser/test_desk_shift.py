"""An operator's page before, between and after the calls."""

from typing import Any

import pytest
from playwright.async_api import expect

from tests.browser import desk_stage as desk
from tests.browser.desk_seat import WRAP_UP, Seat, chromium, held, press, seat, stage, talking
from tests.browser.desk_stage import Stage, ago

__all__ = ["chromium", "seat", "stage"]

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


async def test_signing_in_pausing_and_back_by_keyboard(seat: Seat, stage: Stage) -> None:
    page = await seat()
    await expect(page.get_by_role("listbox", name="用哪部电话")).to_be_focused()
    await press(page, "2")
    await stage.change(
        me={
            **desk.ME,
            "state": "paused",
            "state_words": "小休",
            "reason": "signed-in",
            "reason_words": "刚签入",
        }
    )
    await expect(page.locator(".idle-words")).to_contain_text("按 F2 就绪")
    await press(page, "F2")
    await stage.change(me=desk.ME)
    await press(page, "Control+Shift+P")
    await expect(page.get_by_role("listbox", name="小休原因")).to_be_focused()
    await press(page, "7")
    await expect(page.locator("#drawer")).to_be_hidden()
    assert stage.asked == [("sign-in", {"device": "phone"}), ("ready", {}), ("pause", {"reason": "rest"})]


async def test_a_disposition_of_two_levels_is_due_before_ready(seat: Seat, stage: Stage) -> None:
    page = await seat(**WRAP_UP, matters=[desk.matter()])
    await expect(page.get_by_role("listbox", name="小结：第一级")).to_be_focused()
    await press(page, "F2")
    await expect(page.locator("#note")).to_contain_text("先选小结")
    await press(page, "7")
    await expect(page.get_by_role("listbox", name="小结：第二级")).to_be_focused()
    await press(page, "2")
    await expect(page.locator(".wrapping").get_by_role("button", name="就绪")).to_be_focused()
    await press(page, "Enter")
    assert stage.asked == [
        ("dispose", {"matter_id": 8, "first": "advice", "second": "where"}),
        ("ready", {}),
    ]


async def test_wrap_up_counts_down_and_warns_twice(seat: Seat, stage: Stage) -> None:
    page = await seat(**{**WRAP_UP, "me": {**WRAP_UP["me"], "since": ago(22)}}, matters=[desk.matter()])
    left = page.locator(".state-timer [role=timer]")
    await expect(left).to_have_class("near")
    await stage.change(me={**WRAP_UP["me"], "since": ago(34)})
    await expect(left).to_have_class("alarm")
    await expect(left).to_contain_text("超")
    assert stage.asked == []


async def test_the_next_matter_of_the_same_caller_begins_with_one_key(seat: Seat, stage: Stage) -> None:
    page = await seat(**talking(matters=[desk.matter("booked", "new")]))
    await press(page, "Alt+n")
    await expect(page.get_by_label("姓名", exact=True)).to_be_focused()
    await expect(page.get_by_label("姓名", exact=True)).to_have_value("")
    assert [what for what, _ in stage.asked] == ["dispose", "matter.next"]


async def test_the_next_matter_asks_first_how_this_one_ended(seat: Seat, stage: Stage) -> None:
    page = await seat(**talking())
    await press(page, "Alt+n")
    await expect(page.get_by_role("listbox", name="小结：第一级")).to_be_focused()
    await press(page, "4", "1")
    await expect(page.get_by_label("姓名", exact=True)).to_be_focused()
    await expect(page.locator(".wrapping")).to_be_hidden()
    assert stage.did("dispose") == [{"matter_id": 8, "first": "enquired", "second": "appointment"}]


async def test_the_only_person_of_a_number_is_one_figure_away(seat: Seat, stage: Stage) -> None:
    page = await seat(**talking(draft=desk.draft(fields={})))
    await expect(page.get_by_role("listbox", name="可能的患者")).to_be_focused()
    await press(page, "1")
    await expect(page.get_by_label("证件号码", exact=True)).to_have_attribute(
        "placeholder", "990***********5678"
    )
    await expect(page.get_by_role("listbox", name="可能的患者")).to_have_count(0)
    assert stage.did("person.pick") == [{"person_id": 41}]


async def test_a_slot_that_lapsed_is_said_where_it_stood(seat: Seat, stage: Stage) -> None:
    page = await seat(**talking(draft=held()))
    await stage.change(draft=desk.draft(version=5, lapsed=desk.hold()))
    await expect(page.locator(".choose").get_by_role("alert")).to_contain_text("占号的时间到了")


async def test_a_hold_over_a_minute_is_an_alarm(seat: Seat) -> None:
    page = await seat(**talking(call=desk.call("holding", hold_since=ago(61), leg_present=False)))
    await expect(page.locator(".state-timer > [role=timer]")).to_have_class("alarm")
    await expect(page.get_by_role("button", name="取回")).to_be_enabled()


async def test_the_older_page_gives_way_and_can_be_taken_back(seat: Seat, stage: Stage) -> None:
    page = await seat(**talking())
    await stage.bye("elsewhere")
    button = page.get_by_role("button", name="在这里继续")
    await expect(button).to_be_focused()
    await press(page, "Enter")
    await expect(page.locator(".who-name")).to_contain_text("张秀英")


async def test_a_number_in_full_needs_a_reason_and_hides_again(seat: Seat, stage: Stage) -> None:
    page = await seat(**talking())
    await press(page, "Alt+r", "1")
    await expect(page.locator(".revealed")).to_contain_text("990102195803125678")
    assert stage.did("reveal") == [{"person_id": 41, "field": "identity", "reason": "核对身份"}]
    await press(page, "Escape")
    await expect(page.get_by_text("990102195803125678")).to_have_count(0)


HEARD: list[tuple[list[dict[str, Any]], str | None]] = [
    ([{"ice": "connected", "came": at, "went": at, "level": 0.02} for at in range(14)], None),
    ([{"ice": "disconnected", "came": 9, "went": 9, "level": 0.02}], "听不到对方"),
    ([{"ice": "connected", "came": 7, "went": at, "level": 0.02} for at in range(5)], "听不到对方"),
    ([{"ice": "connected", "came": at, "went": 7, "level": 0.02} for at in range(5)], "对方听不到您"),
    ([{"ice": "connected", "came": at, "went": at, "level": 0} for at in range(14)], "麦克风没有声音"),
    ([{"ice": "connected", "came": at, "went": at, "level": 0, "muted": True} for at in range(14)], None),
    ([{"ice": "connected", "came": at, "went": at, "level": None} for at in range(14)], None),
]


async def test_packets_and_levels_say_who_cannot_hear_whom(seat: Seat) -> None:
    page = await seat()
    judge = "async (looks) => (await import('/desk/static/desk/hearing.js')).judge(looks)"
    for looks, words in HEARD:
        said = await page.evaluate(judge, looks)
        assert said and said.partition("：")[0] == words if words else said is None, looks[-1]
