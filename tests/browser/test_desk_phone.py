"""The telephone in an operator's page: it rings, is watched, and given up with the page."""

import asyncio
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser import desk_stage as desk
from tests.browser.desk_seat import WRAP_UP, Seat, chromium, press, seat, stage, talking
from tests.browser.desk_stage import Stage

__all__ = ["chromium", "seat", "stage"]

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


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
    await stage.change(**talking(me={**me, **RINGS}, call=desk.call("ringing")))
    await stage.switch.ring(offer)
    await asyncio.wait_for(stage.switch.rings.wait(), 30)
    await page.bring_to_front()
    await press(page, "F2")
    assert await caller.evaluate(HEARS, await stage.switch.answered.get())

    await press(page, "Alt+m")  # before the server has said that they talk
    await stage.change(**talking(me={**me, "state": "talking", "state_words": "通话"}))
    await expect(page.get_by_role("button", name="取消静音")).to_have_attribute("aria-pressed", "true")
    await caller.evaluate("line.getSenders()[0].replaceTrack(null)")
    await expect(page.locator("#note")).to_contain_text("听不到对方")
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
RINGS = {"state": "ringing", "state_words": "振铃"}


async def unregistered(stage: Stage) -> None:
    async with asyncio.timeout(30):
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
    await asyncio.wait_for(stage.switch.ended.wait(), 30)
    await expect(page.get_by_role("button", name="在这里继续")).to_be_focused()
    await unregistered(stage)
    assert await page.evaluate("tracks.map((one) => one.readyState)") == ["ended"]
    await press(page, "Enter")
    await asyncio.wait_for(stage.switch.registered.wait(), 30)
    await expect(page.locator(".device-line")).to_contain_text("已连上")
    await caller.close()


async def test_what_rings_in_a_page_that_gave_way_is_not_answered_there(
    chromium: Browser, seat: Seat, stage: Stage
) -> None:
    page = await with_phone(seat, stage, **talking(me=RINGS, call=desk.call("ringing")))
    caller = await caller_of(chromium, page)
    await stage.switch.ring(await caller.evaluate(CALLER))
    await asyncio.wait_for(stage.switch.rings.wait(), 30)
    await stage.bye("elsewhere")
    await unregistered(stage)
    await press(page, "F2")
    assert stage.switch.answered.empty()
    await caller.close()


async def test_the_key_counts_for_a_call_that_is_said_to_ring_before_it_rings_here(
    chromium: Browser, seat: Seat, stage: Stage
) -> None:
    """As after a page was loaded anew in the middle of ringing."""
    page = await with_phone(seat, stage, **talking(me=RINGS, call=desk.call("ringing")))
    caller = await caller_of(chromium, page)
    offer = await caller.evaluate(CALLER)
    await page.bring_to_front()
    await expect(page.locator(".keys-now")).to_contain_text("接听")
    await press(page, "F2")
    await expect(page.get_by_role("button", name="正在接")).to_be_disabled()
    await expect(page.locator(".keys-now")).not_to_contain_text("接听")
    answer = await stage.switch.invite(offer)
    assert await caller.evaluate(HEARS, answer)
    await caller.close()


async def test_the_key_for_one_call_does_not_answer_the_next(
    chromium: Browser, seat: Seat, stage: Stage
) -> None:
    page = await with_phone(seat, stage, **talking(me=RINGS, call=desk.call("ringing")))
    me = stage.parts["me"]
    caller = await caller_of(chromium, page)
    offer = await caller.evaluate(CALLER)
    await page.bring_to_front()
    await press(page, "F2")
    await expect(page.get_by_role("button", name="正在接")).to_be_disabled()
    await stage.change(me=me, call=desk.call("ringing", interaction_id=901))
    await expect(page.get_by_role("button", name="接听")).to_be_enabled()
    await stage.switch.ring(offer)
    await asyncio.wait_for(stage.switch.rings.wait(), 30)
    assert stage.switch.answered.empty()
    await page.get_by_role("button", name="接听").click()  # a second F2 so soon is taken for a bounce
    assert await caller.evaluate(HEARS, await asyncio.wait_for(stage.switch.answered.get(), 30))
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
    await asyncio.wait_for(stage.switch.registered.wait(), 30)
    stage.switch.registered.clear()  # another page has registered in its place, and nobody said so
    await stage.change(phone=phone_in_page(page.url))
    await asyncio.wait_for(stage.switch.registered.wait(), 30)
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
    await expect(page.locator(".device-line")).to_contain_text("已连上")
    await expect(page.locator("#note")).not_to_contain_text("没有连上")
    assert len(stage.did("rejoin")) == 2


@pytest.mark.parametrize("first", ["503 Service Unavailable", None], ids=["refused", "unanswered"])
async def test_a_phone_insists_while_a_switch_is_only_starting(
    seat: Seat, stage: Stage, first: str | None
) -> None:
    page = await seat()
    stage.switch.starting = [first, first]
    await stage.change(me={**desk.ME, "device": "page"}, phone=phone_in_page(page.url))
    await expect(page.locator("#note")).to_contain_text("没有连上交换机")
    await expect(page.locator(".device-line")).to_contain_text("已连上", timeout=25_000)


async def test_a_phone_whose_line_is_never_answered_is_connected_anew(seat: Seat, stage: Stage) -> None:
    page = await seat()
    stage.switch.leaves = 1
    await stage.change(me={**desk.ME, "device": "page"}, phone=phone_in_page(page.url))
    await expect(page.locator(".device-line")).to_contain_text("已连上", timeout=25_000)
    assert stage.switch.leaves == 0


async def test_a_microphone_that_is_not_allowed_is_named_before_a_call(seat: Seat, stage: Stage) -> None:
    page = await seat()
    await page.evaluate(
        "() => (navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('', 'NotAllowedError'); })"
    )
    await stage.change(me={**desk.ME, "device": "page"}, phone=phone_in_page(page.url))
    await expect(page.locator("#note")).to_contain_text("浏览器不允许用麦克风")
