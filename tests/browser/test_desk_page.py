"""The operator's page in a real browser against a server that plays from a script."""

import re
from itertools import groupby
from typing import Any

import pytest
from playwright.async_api import Page, ViewportSize, expect

from tests.browser import desk_stage as desk
from tests.browser.conftest import complaints
from tests.browser.desk_seat import LARGE, SMALL, WRAP_UP, Seat, chromium, held, press, seat, stage, talking
from tests.browser.desk_stage import No, Stage, ago
from tests.browser.seen import faults

__all__ = ["chromium", "seat", "stage"]

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


# --- what is seen -----------------------------------------------------------------------------------


@pytest.mark.parametrize("viewport", [SMALL, LARGE, ViewportSize(width=390, height=844)], ids=str)
async def test_tired_eyes_are_served_at_every_size(seat: Seat, viewport: ViewportSize) -> None:
    page = await seat(viewport, **talking(draft=held()), messages=desk.MESSAGES)
    errors = complaints(page)
    await expect(page.locator(".read-back").first).to_contain_text("跟您核对一下")
    assert [fault for fault in await faults(page) if not fault.startswith("hard to hit")] == []
    assert errors == []


async def test_the_strip_and_the_form_need_no_scrolling(seat: Seat) -> None:
    page = await seat(**talking(draft=held()))
    await expect(page.get_by_role("button", name="提交预约")).to_be_in_viewport()
    strays = """() => ["html", ".work"].filter((one) => {
        const e = document.querySelector(one); return e.scrollHeight > e.clientHeight; })"""
    assert await page.evaluate(strays) == []


async def test_the_buttons_stay_in_their_places(seat: Seat, stage: Stage) -> None:
    page = await seat(**talking())
    where = "() => [...document.querySelectorAll('.acts button')].map((e) => e.getBoundingClientRect().x)"
    before = await page.evaluate(where)
    await stage.change(
        call=desk.call("consulting", third={"kind": "agent", "label": "张敏", "state": "dialling"})
    )
    await expect(page.get_by_role("button", name="完成转接")).to_be_enabled()
    await stage.change(call=None, me=desk.ME)
    await expect(page.get_by_role("button", name="转接")).to_be_disabled()
    assert await page.evaluate(where) == before


# --- a booking by keyboard --------------------------------------------------------------------------


async def test_a_known_patient_is_booked_in_25_keystrokes_without_a_mouse(seat: Seat, stage: Stage) -> None:
    page = await seat(**talking())
    await page.evaluate("window.strokes = 1; addEventListener('keydown', () => window.strokes++, true)")  # F2
    await expect(page.get_by_role("combobox", name="医院、科室或医生")).to_be_focused()
    await press(page, "x", "n", "k", "1")  # faster than the search
    await expect(page.get_by_role("listbox", name="班次")).to_be_focused()
    await press(page, "1")
    await expect(page.get_by_role("listbox", name="时段")).to_be_focused()
    await press(page, "1")
    await expect(page.locator(".last .read-back")).to_have_text(desk.READ_BACK)
    await press(page, "Control+Enter")
    await expect(page.locator(".result-serial")).to_have_text("21 456 803")
    await press(page, "F8")
    await stage.until("finish")
    await stage.change(**WRAP_UP, matters=[desk.matter("booked", "new")])
    await expect(page.get_by_role("listbox", name="小结：第一级")).to_be_focused()
    await press(page, "Enter")
    await expect(page.get_by_role("button", name="就绪").last).to_be_focused()
    await press(page, "F2")
    await stage.until("ready")
    assert await page.evaluate("window.strokes") <= 15  # 25 is the target; Control counts too
    asked = (what for what, _ in stage.asked if what not in ("slots", "gap"))
    assert [what for what, _ in groupby(asked)] == [  # who types slowly searches more than once
        "catalogue.search", "draft.save", "draft.choose", "draft.commit", "finish", "dispose", "ready",
    ]  # fmt: skip


async def test_one_of_several_candidates_is_picked_by_its_figure(seat: Seat, stage: Stage) -> None:
    caller = {**desk.CALLER, "person": None, "candidates": desk.CANDIDATES}
    page = await seat(**talking(caller=caller, draft=desk.draft(fields={})))
    await expect(page.get_by_role("listbox", name="可能的患者")).to_be_focused()
    await press(page, "2")
    await expect(page.get_by_role("combobox", name="医院、科室或医生")).to_be_focused()
    assert stage.did("person.pick") == [{"person_id": 42}]


async def test_a_refused_slot_shows_the_way_on(seat: Seat, stage: Stage) -> None:
    page = await seat(**talking(draft=held()))

    def full(_: dict[str, Any]) -> dict[str, Any]:
        raise No("slot-full", "号已约满,请选择其他时段或其他医生。")

    stage.answers["draft.commit"] = full
    await press(page, "Control+Enter")
    await expect(page.locator(".choose").get_by_role("alert")).to_contain_text("号已约满")
    await press(page, "F10")
    await expect(page.get_by_role("listbox", name="同级号源")).to_be_focused()
    await press(page, "1")
    await expect(page.get_by_role("button", name="提交预约")).to_be_focused()
    assert stage.did("draft.choose")[-1]["session_id"] == 95


async def test_equals_are_counted_anew_and_each_keeps_its_figure(seat: Seat, stage: Stage) -> None:
    page = await seat(**talking(draft=held()))
    await press(page, "F10")
    options, second = page.get_by_role("listbox", name="同级号源").get_by_role("option"), desk.EQUALS[1]
    await expect(options.filter(has_text="周慧")).to_contain_text("余 2")
    another = {**second, "session_id": 97, "doctor": "孙立", "free": 1}
    chosen = {**second, "free": 3, "held": [{"until": ago(-90), "face": "网站"}]}
    stage.answers["equivalents"] = lambda _: {"choices": [another, chosen]}
    await expect(options.filter(has_text="周慧")).to_contain_text("约满")
    assert [re.search("周慧|何伟|孙立", one)[0] for one in await options.all_inner_texts()] == [
        "周慧",
        "何伟",
        "孙立",
    ]
    await expect(options.filter(has_text="何伟")).to_contain_text("余 3")
    await expect(options.filter(has_text="何伟")).to_contain_text("占用中")
    await press(page, "1")  # nothing can be had there any more
    await press(page, "2")
    await stage.until("draft.choose")
    assert [one["session_id"] for one in stage.did("draft.choose")] == [96]


async def test_a_refusal_stands_beside_its_field(seat: Seat, stage: Stage) -> None:
    page = await seat(**talking(draft=held()))

    def wrong(_: dict[str, Any]) -> dict[str, Any]:
        raise No("identity-invalid", "证件号码不正确,请核对后再试。")

    stage.answers["draft.commit"] = wrong
    await press(page, "Control+Enter")
    field = page.get_by_label("证件号码", exact=True)
    await expect(field).to_be_focused()
    await expect(page.locator("#help-id_number")).to_contain_text("证件号码不正确")


# --- what is typed -----------------------------------------------------------------------------------


async def test_each_keystroke_reaches_the_server_in_order(seat: Seat, stage: Stage) -> None:
    page = await seat(**talking(draft=desk.draft(fields={})))
    await page.get_by_label("姓名", exact=True).focus()
    await page.keyboard.type("王", delay=0)
    await press(page, "Enter", "2", "Enter")
    await page.keyboard.type("19580312")
    await expect(page.locator(".saved")).to_have_text("已保存")
    fields = stage.parts["draft"]["fields"]
    assert (fields["name"], fields["sex"], fields["birth_date"]) == ("王", "female", "1958-03-12")
    versions = [asked["version"] for asked in stage.did("draft.save")]
    assert versions == sorted(set(versions))


async def test_keys_are_silent_while_an_input_method_composes(seat: Seat, stage: Stage) -> None:
    page = await seat(**talking(draft=desk.draft(fields={})))
    name = page.get_by_label("姓名", exact=True)
    await name.focus()
    devtools = await page.context.new_cdp_session(page)
    await devtools.send("Input.imeSetComposition", {"text": "zhang", "selectionStart": 5, "selectionEnd": 5})
    await page.evaluate(
        """() => { for (const key of ["F8", "Enter", "Escape", "1", "F4"]) for (const how of [{ isComposing: true }, { keyCode: 229 }])
            document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key, ...how, bubbles: true })); }"""
    )
    await expect(name).to_be_focused()
    assert stage.asked == []
    await devtools.send("Input.insertText", {"text": "张"})
    await expect(page.locator(".saved")).to_have_text("已保存")
    assert stage.parts["draft"]["fields"]["name"] == "张"


async def test_a_reload_restores_call_form_and_timers(seat: Seat) -> None:
    page = await seat(**talking(draft=held(), call=desk.call("talking", talk_s=125)))
    await page.reload()
    await expect(page.locator(".state-timer")).to_have_text(re.compile(r"2:(0[5-9]|[1-5]\d)"))
    await expect(page.get_by_label("姓名", exact=True)).to_have_value("张秀英")
    await expect(page.locator(".last .read-back")).to_have_text(desk.READ_BACK)
    await expect(page.locator(".countdown")).to_contain_text("2:")


async def test_nobody_is_told_that_they_are_signed_out_before_the_server_has_said_so(
    seat: Seat, stage: Stage
) -> None:
    page = await seat()
    stage.refuses_sockets = True
    await page.reload()
    for place in (".state-word", ".mine h2"):
        await expect(page.locator(place)).to_have_text("正在连接")
    stage.refuses_sockets = False
    for place in (".state-word", ".mine h2"):
        await expect(page.locator(place)).to_have_text("未签入")


async def test_what_is_typed_without_a_connection_is_saved_after_it(seat: Seat, stage: Stage) -> None:
    page = await seat(**talking(draft=desk.draft(fields={})))
    name = page.get_by_label("姓名", exact=True)
    await stage.cut()
    await expect(page.locator("#note")).to_contain_text("连接中断，正在重连")
    await name.fill("李雷")
    await expect(page.locator(".saved")).to_contain_text("还没有保存")
    stage.refuses_sockets = False
    await expect(page.locator(".saved")).to_have_text("已保存")
    await expect(page.locator("#note")).not_to_contain_text("连接中断")
    assert stage.parts["draft"]["fields"]["name"] == "李雷"


async def test_a_conflict_shows_the_other_value_and_keeps_what_was_typed(seat: Seat, stage: Stage) -> None:
    page = await seat(**talking())
    stage.parts["draft"] = desk.draft(version=7, fields={**desk.FIELDS, "note": "要轮椅"})
    note = page.get_by_label("备注", exact=True)
    await note.fill("要担架")
    await note.blur()
    await expect(note).to_have_value("要轮椅")
    await expect(page.locator("#help-note")).to_contain_text("要担架")
    await page.get_by_role("button", name="用我的").click()
    await expect(page.locator("#help-note")).to_be_empty()
    await expect(page.locator(".saved")).to_have_text("已保存")
    assert stage.parts["draft"]["fields"]["note"] == "要担架"


async def test_the_recording_pauses_while_an_identity_is_typed(seat: Seat, stage: Stage) -> None:
    page = await seat(**talking())
    await page.get_by_label("证件号码", exact=True).focus()
    await press(page, "Tab")
    await expect(page.get_by_label("就诊卡号")).to_be_focused()
    gaps = [(asked["on"], asked["why"]) for asked in stage.did("gap")]
    assert gaps[:3] == [(True, "identity"), (False, "identity"), (True, "card")]


async def test_a_server_that_comes_back_is_told_what_is_being_typed(seat: Seat, stage: Stage) -> None:
    page = await seat(**talking())
    await page.get_by_label("就诊卡号").focus()
    await stage.until("gap")
    stage.asked.clear()
    await stage.cut()
    await expect(page.locator("#note")).to_contain_text("连接中断")
    stage.refuses_sockets = False
    await stage.until("gap")
    assert stage.did("gap") == [{"on": True, "why": "card"}]


# --- what cannot be taken back --------------------------------------------------------------------------


async def test_finishing_over_an_uncommitted_slot_needs_another_key(seat: Seat, stage: Stage) -> None:
    page = await seat(**talking(draft=held()))
    await press(page, "F8", "F8", "Enter", "Space")
    assert stage.did("finish") == []
    await press(page, "Escape")
    await expect(page.locator("#note")).not_to_contain_text("仍要结束通话吗")
    assert stage.did("finish") == []
    await page.wait_for_timeout(400)  # a key that was just pressed is not taken twice
    await press(page, "F8", "Delete")
    await expect(page.locator("#note")).not_to_contain_text("仍要结束通话吗")
    assert len(stage.did("finish")) == 1


async def test_a_question_outlives_what_is_told_beside_it(seat: Seat, stage: Stage) -> None:
    page = await seat(**talking(draft=held()))
    note, key = page.locator("#note"), page.get_by_role("button", name="结束通话 Delete")
    await press(page, "F8")
    await expect(page.locator(".question button").first).to_be_focused()
    await stage.change(messages=desk.MESSAGES)
    await expect(note).to_contain_text("系统维护")
    await stage.cut()
    await expect(note).to_contain_text("连接中断")
    stage.refuses_sockets = False
    await expect(note).not_to_contain_text("连接中断")
    await expect(page.locator(".question button").first).to_be_focused()
    await press(page, "Delete")
    await stage.until("finish")
    await expect(key).to_have_count(0)
    assert len(stage.did("finish")) == 1


async def test_what_is_drawn_anew_leaves_the_cursor_where_it_was(seat: Seat) -> None:
    page = await seat()
    kept = """async () => {
        const { fill, h } = await import("/desk/static/desk/dom.js");
        const [same, keyed] = [h("button"), () => h("button", { data: { key: "x" } })];
        const room = h("div"), on = (one) => document.activeElement === one;
        document.body.append(room);
        fill(room, same); same.focus(); fill(room, h("p"), same);
        const first = on(same);
        fill(room, keyed()); room.firstChild.focus(); fill(room, h("p"), keyed());
        return [first, on(room.lastChild)];
    }"""
    assert await page.evaluate(kept) == [True, True]


async def test_a_question_asked_twice_gives_the_cursor_back_to_where_it_was(seat: Seat, stage: Stage) -> None:
    page = await seat(**talking(draft=held()))
    name = page.get_by_label("姓名", exact=True)
    await name.focus()
    await press(page, "F8")
    await page.wait_for_timeout(400)  # a key that was just pressed is not taken twice
    await press(page, "F8")
    await expect(page.locator(".question")).to_have_count(1)
    await press(page, "Escape")
    await expect(name).to_be_focused()
    assert stage.did("finish") == []


OWED = {
    "mine": [*desk.CALLBACKS["mine"], {**desk.CALLBACKS["mine"][0], "callback_id": 4, "person": "马丽"}],
    "shared": [],
}


async def owed_opened(page: Page) -> None:
    await press(page, "Control+k")
    await page.keyboard.insert_text("了结回电")
    await expect(page.get_by_role("option", name="了结回电")).to_be_visible()
    await press(page, "Enter")
    await expect(page.get_by_role("listbox", name="我要回的电话")).to_be_focused()


@pytest.mark.parametrize(
    ("key", "asked"),
    [
        ("d", ("callback.settle", {"callback_id": 4, "state": "done"})),
        ("b", ("callback.give-back", {"callback_id": 4})),
    ],
)
async def test_a_key_on_a_call_owed_means_the_one_that_is_lit(
    seat: Seat, stage: Stage, key: str, asked: tuple[str, dict[str, Any]]
) -> None:
    page = await seat(me=desk.ME, callbacks=OWED)
    await owed_opened(page)
    await press(page, "ArrowDown")
    await expect(page.locator("#drawer [aria-selected=true]")).to_contain_text("马丽")
    await press(page, key)
    await expect(page.locator("#drawer")).to_be_hidden()
    assert stage.asked == [asked]


async def test_a_call_owed_is_given_up_only_by_delete(seat: Seat, stage: Stage) -> None:
    page = await seat(me=desk.ME, callbacks=OWED)
    await owed_opened(page)
    await press(page, "ArrowDown", "g", "g", "Enter", "Space")
    await expect(page.locator(".question")).to_contain_text("不再给 马丽 回电")
    assert stage.asked == []
    await press(page, "Escape")
    await expect(page.get_by_role("listbox", name="我要回的电话")).to_be_focused()
    await press(page, "g", "Delete")
    await expect(page.locator("#drawer")).to_be_hidden()
    assert stage.asked == [("callback.settle", {"callback_id": 4, "state": "given-up"})]


async def test_a_caller_is_handed_to_a_skill_group_at_once(seat: Seat, stage: Stage) -> None:
    page = await seat(**talking())
    await press(page, "F6")
    await expect(page.locator("#drawer .mode")).to_contain_text("先和对方说，再转")
    await page.get_by_role("option", name="方言").click()
    await expect(page.locator("#drawer")).to_be_hidden()
    assert stage.asked == [("transfer", {"kind": "queue", "value": "dialect", "label": "方言"})]


async def test_an_appointment_is_cancelled_by_command_figure_and_delete(seat: Seat, stage: Stage) -> None:
    page = await seat(**talking())
    await press(page, "Control+k")
    await page.keyboard.type("yyqx")
    await expect(page.get_by_role("option", name="预约取消")).to_be_visible()
    await press(page, "Enter")
    await expect(page.get_by_role("listbox", name="未就诊的预约")).to_be_focused()
    await press(page, "1")
    await expect(page.locator("#note")).to_contain_text("取消 21 455 190")
    assert stage.did("appointment.cancel") == []
    await press(page, "Delete")
    await expect(page.locator("#note")).to_contain_text("20元原路退回")
    assert stage.did("appointment.cancel") == [{"appointment_id": 70}]


async def test_a_change_begins_from_the_appointment_with_its_equals(seat: Seat, stage: Stage) -> None:
    page = await seat(**talking())
    await press(page, "Alt+a", "c")
    await expect(page.get_by_role("listbox", name="同级号源")).to_be_focused()
    await expect(page.locator(".changing")).to_contain_text("原预约 21 455 190")
    await expect(page.get_by_role("button", name="提交变更")).to_be_visible()
    assert stage.did("draft.new") == [{"verb": "change", "appointment_id": 70}]
    assert stage.did("equivalents")[0] == {"appointment_id": 70}


async def test_escape_never_ends_the_call(seat: Seat, stage: Stage) -> None:
    page = await seat(**talking())
    await press(page, "F6", "Escape", "Escape", "Escape")
    await expect(page.locator("#drawer")).to_be_hidden()
    assert stage.asked == []
