"""The operator's page in a real browser against a server that plays from a script."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Browser, Page, ViewportSize, async_playwright, expect

from tests.browser import desk_stage as desk
from tests.browser.conftest import FLAGS, complaints
from tests.browser.desk_stage import No, Stage, ago
from tests.browser.seen import faults

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

SMALL, LARGE = ViewportSize(width=1366, height=768), ViewportSize(width=1920, height=1080)
Seat = Callable[..., Awaitable[Page]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as play:
        browser = await play.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="module")
async def stage() -> AsyncIterator[Stage]:
    yield Stage()


@pytest_asyncio.fixture(loop_scope="module")
async def seat(chromium: Browser, stage: Stage) -> AsyncIterator[Seat]:
    """Open the page at a moment: these parts, and nobody's where none are given."""
    runner = web.AppRunner(stage.app(), shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    address = f"http://127.0.0.1:{runner.addresses[0][1]}/desk/"
    opened: list[Page] = []

    async def open_page(viewport: ViewportSize = SMALL, **parts: Any) -> Page:
        stage.parts.update(parts)
        page = await chromium.new_page(viewport=viewport)
        opened.append(page)
        await page.goto(address)
        await expect(page.locator(".state-word")).not_to_be_empty()
        return page

    yield open_page
    for page in opened:
        await page.close()
    await runner.cleanup()


def talking(**changes: Any) -> dict[str, Any]:
    """The parts of a call that was just answered."""
    return {**desk.TALKING, "draft": desk.draft(), "matters": [desk.matter()], **changes}


def held() -> dict[str, Any]:
    """A draft with a slot held from this moment on."""
    return desk.draft(version=4, hold=desk.hold(), read_back=desk.READ_BACK)


WRAP_UP: dict[str, Any] = {
    "me": {**desk.ME, "state": "wrap-up", "state_words": "话后整理", "since": ago(3)},
    "call": desk.call("wrap-up", over=True, leg_present=False, talk_s=90),
    "caller": desk.CALLER,
}


async def press(page: Page, *keys: str) -> None:
    for key in keys:
        await page.keyboard.press(key)


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
    assert [what for what, _ in stage.asked if what not in ("slots", "gap")] == [
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
    await expect(page.locator(".state-timer")).to_have_text("2:05", timeout=2_000)
    await expect(page.get_by_label("姓名", exact=True)).to_have_value("张秀英")
    await expect(page.locator(".last .read-back")).to_have_text(desk.READ_BACK)
    await expect(page.locator(".countdown")).to_contain_text("2:")


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
    assert stage.did("equivalents") == [{"appointment_id": 70}]


async def test_escape_never_ends_the_call(seat: Seat, stage: Stage) -> None:
    page = await seat(**talking())
    await press(page, "F6", "Escape", "Escape", "Escape")
    await expect(page.locator("#drawer")).to_be_hidden()
    assert stage.asked == []


# --- before and after ------------------------------------------------------------------------------------


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


# --- the phone in the page ---------------------------------------------------------------------------

# Another page plays the caller: its sound goes to the desk and back without a switch in between.
CALLER = """async () => {
    const line = window.line = new RTCPeerConnection();
    const sound = await navigator.mediaDevices.getUserMedia({ audio: true });
    line.addTrack(sound.getTracks()[0], sound);
    await line.setLocalDescription(await line.createOffer());
    if (line.iceGatheringState !== "complete") await new Promise((done) =>
        line.onicegatheringstatechange = () => line.iceGatheringState === "complete" && done());
    return line.localDescription.sdp;
}"""
HEARS = """async (sdp) => {
    await line.setRemoteDescription({ type: "answer", sdp });
    for (;;) {
        for (const one of (await line.getStats()).values())
            if (one.type === "inbound-rtp" && one.packetsReceived > 20) return true;
        await new Promise((done) => setTimeout(done, 50));
    }
}"""


def phone_in_page(page_address: str) -> dict[str, Any]:
    return {
        "switch": "up", "socket_url": page_address.replace("http", "ws").replace("/desk/", "/sip"),
        "user": "8003", "password": "of the tests", "domain": "127.0.0.1",
    }  # fmt: skip


async def test_the_phone_rings_is_answered_watched_and_given_up(
    chromium: Browser, seat: Seat, stage: Stage
) -> None:
    page = await seat()
    me = {**desk.ME, "device": "page"}
    await stage.change(me=me, phone=phone_in_page(page.url))
    await expect(page.locator(".device-line")).to_contain_text("已连上")
    assert stage.did("rejoin") == [{}]

    caller = await chromium.new_page()
    await caller.goto(page.url.replace("/desk/", "/static/icon.svg"))
    offer = await caller.evaluate(CALLER)
    await stage.change(
        **talking(me={**me, "state": "ringing", "state_words": "振铃"}, call=desk.call("ringing"))
    )
    await stage.switch.ring(offer)
    await page.bring_to_front()
    await expect(page.get_by_role("button", name="接听")).to_be_enabled()
    await press(page, "F2")
    assert await caller.evaluate(HEARS, await stage.switch.answered.get())

    await press(page, "Alt+m")  # before the server has said that they talk
    await stage.change(**talking(me={**me, "state": "talking", "state_words": "通话"}))
    await expect(page.get_by_role("button", name="取消静音")).to_have_attribute("aria-pressed", "true")
    await caller.evaluate("line.getSenders()[0].replaceTrack(null)")
    await expect(page.locator("#note")).to_contain_text("听不到对方", timeout=10_000)
    await stage.switch.hang_up()
    await expect(page.locator("#note")).not_to_contain_text("听不到对方")
    await expect(page.get_by_role("button", name="静音")).to_be_disabled()
    await caller.close()


async def test_a_call_that_is_mine_is_answered_without_a_key(
    chromium: Browser, seat: Seat, stage: Stage
) -> None:
    me = {**desk.ME, "device": "page", "state": "talking", "state_words": "通话"}
    page = await seat(**talking(me=me, call=desk.call("talking", leg_present=False)))
    await expect(page.locator("#note")).to_contain_text("来电人在听音乐")
    await stage.change(phone=phone_in_page(page.url))
    await expect(page.locator(".device-line")).to_contain_text("已连上")
    caller = await chromium.new_page()
    await caller.goto(page.url.replace("/desk/", "/static/icon.svg"))
    answer = await stage.switch.invite(await caller.evaluate(CALLER))
    assert await caller.evaluate(HEARS, answer)
    await caller.close()


# Every track of a microphone that a page opens, so that a test sees what is sent of it.
TRACKS = """(() => {
    const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    window.tracks = [];
    navigator.mediaDevices.getUserMedia = async (...how) => {
        const stream = await open(...how);
        tracks.push(...stream.getAudioTracks());
        return stream;
    };
})()"""


async def with_phone(seat: Seat, stage: Stage, **parts: Any) -> Page:
    """A page whose phone is registered; its tracks are seen."""
    page = await seat()
    await page.add_init_script(TRACKS)
    me = {**desk.ME, "device": "page", **parts.pop("me", {})}
    stage.parts.update(me=me, phone=phone_in_page(page.url), **parts)
    await page.reload()
    await expect(page.locator(".device-line")).to_contain_text("已连上")
    return page


TALKS = {"state": "talking", "state_words": "通话"}


async def unregistered(stage: Stage) -> None:
    async with asyncio.timeout(5):
        while stage.switch.registered.is_set():  # noqa: ASYNC110 the switch tells nobody
            await asyncio.sleep(0.01)


async def caller_of(chromium: Browser, page: Page) -> Page:
    caller = await chromium.new_page()
    await caller.goto(page.url.replace("/desk/", "/static/icon.svg"))
    return caller


async def test_the_phone_of_a_page_that_gave_way_is_gone_until_it_is_taken_back(
    chromium: Browser, seat: Seat, stage: Stage
) -> None:
    page = await with_phone(seat, stage, **talking(me=TALKS, call=desk.call("talking", leg_present=False)))
    caller = await caller_of(chromium, page)
    answer = await stage.switch.invite(await caller.evaluate(CALLER))
    assert await caller.evaluate(HEARS, answer)
    await stage.bye("elsewhere")
    await asyncio.wait_for(stage.switch.ended.wait(), 5)
    await expect(page.get_by_role("button", name="在这里继续")).to_be_focused()
    await unregistered(stage)
    assert await page.evaluate("tracks.map((one) => one.readyState)") == ["ended"]
    await press(page, "Enter")
    await asyncio.wait_for(stage.switch.registered.wait(), 10)
    await expect(page.locator(".device-line")).to_contain_text("已连上")
    await caller.close()


async def test_what_rings_in_a_page_that_gave_way_is_not_answered_there(
    chromium: Browser, seat: Seat, stage: Stage
) -> None:
    ringing = {"state": "ringing", "state_words": "振铃"}
    page = await with_phone(seat, stage, **talking(me=ringing, call=desk.call("ringing")))
    caller = await caller_of(chromium, page)
    await stage.switch.ring(await caller.evaluate(CALLER))
    await expect(page.get_by_role("button", name="接听")).to_be_enabled()
    await stage.bye("elsewhere")
    await unregistered(stage)
    await press(page, "F2")
    assert stage.switch.answered.empty()
    await caller.close()


async def test_a_call_stays_muted_when_its_leg_or_its_page_comes_back_and_the_next_is_not(
    chromium: Browser, seat: Seat, stage: Stage
) -> None:
    page = await with_phone(seat, stage, **talking(me=TALKS, call=desk.call("talking", leg_present=False)))
    caller, muted = await caller_of(chromium, page), page.get_by_role("button", name="取消静音")
    enabled = "tracks.at(-1).enabled"

    async def leg_comes() -> None:
        answer = await stage.switch.invite(await caller.evaluate(CALLER))
        assert await caller.evaluate(HEARS, answer)

    await leg_comes()
    await page.bring_to_front()
    await press(page, "Alt+m")
    await expect(muted).to_have_attribute("aria-pressed", "true")
    await stage.switch.hang_up()
    await expect(muted).to_be_disabled()
    await leg_comes()
    await expect(muted).to_be_enabled()
    assert await page.evaluate(enabled) is False
    await page.reload()
    await expect(page.locator(".device-line")).to_contain_text("已连上")
    await leg_comes()
    await expect(muted).to_be_enabled()
    assert await page.evaluate(enabled) is False
    await stage.switch.hang_up()
    me = stage.parts["me"]
    await stage.change(**{**WRAP_UP, "me": {**WRAP_UP["me"], "device": "page"}})
    await stage.change(me=me, call=desk.call("talking", interaction_id=901, leg_present=False))
    await leg_comes()
    await expect(page.get_by_role("button", name="静音", exact=False)).to_have_attribute(
        "aria-pressed", "false"
    )
    assert await page.evaluate(enabled) is True
    await caller.close()


async def test_a_phone_that_is_told_of_its_account_again_registers_again(seat: Seat, stage: Stage) -> None:
    page = await with_phone(seat, stage, me={})
    await asyncio.wait_for(stage.switch.registered.wait(), 5)
    stage.switch.registered.clear()  # another page has registered in its place, and nobody said so
    await stage.change(phone=phone_in_page(page.url))
    await asyncio.wait_for(stage.switch.registered.wait(), 5)
    assert stage.did("rejoin") == [{}]


async def test_a_page_without_any_network_asks_whose_the_desk_is_before_its_phone_registers(
    seat: Seat, stage: Stage
) -> None:
    page = await seat()
    await page.clock.install()
    stage.parts.update(me={**desk.ME, "device": "page"}, phone=phone_in_page(page.url))
    await page.reload()
    await expect(page.locator(".device-line")).to_contain_text("已连上")
    await stage.cut()
    await expect(page.locator("#note")).to_contain_text("连接中断")
    await stage.switch.go()
    await expect(page.locator(".device-line")).to_contain_text("没有连上")
    stage.switch.refuses = False
    await page.clock.run_for(6_000)  # longer than a phone waits between two tries
    await page.wait_for_timeout(300)
    assert not stage.switch.registered.is_set()
    stage.refuses_sockets = False
    await page.clock.run_for(6_000)
    await expect(page.locator(".device-line")).to_contain_text("已连上")


async def test_a_phone_without_its_switch_is_said_and_comes_back(seat: Seat, stage: Stage) -> None:
    page = await seat()
    await stage.change(me={**desk.ME, "device": "page"}, phone=phone_in_page(page.url))
    await expect(page.locator(".device-line")).to_contain_text("已连上")
    await stage.switch.go()
    await expect(page.locator("#note")).to_contain_text("没有连上交换机")
    stage.switch.refuses = False
    await expect(page.locator(".device-line")).to_contain_text("已连上", timeout=10_000)
    await expect(page.locator("#note")).not_to_contain_text("没有连上")
    assert len(stage.did("rejoin")) == 2


async def test_a_microphone_that_is_not_allowed_is_named_before_a_call(seat: Seat, stage: Stage) -> None:
    page = await seat()
    await page.evaluate(
        "() => (navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('', 'NotAllowedError'); })"
    )
    await stage.change(me={**desk.ME, "device": "page"}, phone=phone_in_page(page.url))
    await expect(page.locator("#note")).to_contain_text("浏览器不允许用麦克风")
