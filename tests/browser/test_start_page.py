"""The start page as a visitor meets it, wide and narrow, with and without scripts."""

import pytest
from playwright.async_api import Browser, ViewportSize, expect

from core.contact.rules import Disposition
from core.health import State, Told
from core.work import Hotline
from ivr.rendering import Progress
from tests.browser.conftest import complaints
from tests.pages import LINE, Open, Rendering, Sent, call

pytestmark = pytest.mark.browser
WIDE, NARROW = ViewportSize(width=1280, height=800), ViewportSize(width=390, height=844)


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
async def test_the_page_opens_quietly_and_fits(
    browser: Browser, open_pages: Open, texts: list[Sent], size: ViewportSize
) -> None:
    texts.append(Sent("【12320】已为您预约市一医院心血管内科" * 3, "delivered"))
    pages = await open_pages()
    page = await browser.new_page(viewport=size)
    errors = complaints(page)
    await page.goto(str(pages.make_url("/")))
    await expect(page.get_by_role("button", name="拨打 12320")).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert errors == []


async def test_every_key_is_reached_and_pressed_by_keyboard(browser: Browser, open_pages: Open) -> None:
    pages = await open_pages()
    page = await browser.new_page(viewport=WIDE)
    await page.goto(str(pages.make_url("/")))
    await page.locator("#caller").focus()
    reached = []
    for _ in range(12):
        await page.keyboard.press("Tab")
        reached.append(await page.evaluate("document.activeElement.dataset.key"))
    assert "".join(reached) == "123456789*0#"
    await page.keyboard.press("Enter")
    await expect(page.locator("#phone-state")).to_have_text("先拨打，接通以后再按键")


async def test_figures_typed_into_a_field_are_no_keys(browser: Browser, open_pages: Open) -> None:
    pages = await open_pages()
    page = await browser.new_page(viewport=WIDE)
    await page.goto(str(pages.make_url("/")))
    await page.locator("#caller").select_option("")
    await page.keyboard.type("109 1234 5678")
    await expect(page.locator("#typed")).to_have_value("109 1234 5678")
    await expect(page.locator("#phone-state")).to_have_text("请选择来电人，再按“拨打”")


async def test_a_call_appears_by_itself_and_then_its_end(
    browser: Browser, open_pages: Open, hotline: Hotline
) -> None:
    pages = await open_pages()
    page = await browser.new_page(viewport=WIDE)
    errors = complaints(page)
    await page.goto(str(pages.make_url("/")))
    calls = page.locator("[data-list=calls] .row")
    await expect(calls).to_have_count(0)
    await call(hotline)
    await expect(calls).to_have_count(1)
    await expect(calls.first).to_contain_text("109****5678")
    await expect(calls.first).to_contain_text("开头问候")
    await call(hotline, "10987654321", ends=Disposition.BOOKED)
    await expect(calls).to_have_count(2)
    await expect(calls.nth(1)).to_contain_text("预约成功")
    assert errors == []


async def test_how_far_the_voice_is_is_seen_to_move(
    browser: Browser, open_pages: Open, rendering: Rendering
) -> None:
    rendering.at = Progress("kokoro", 400, 100, 20, 280, 1234.0, "")
    pages = await open_pages()
    page = await browser.new_page(viewport=WIDE)
    await page.goto(str(pages.make_url("/")))
    voice = page.locator("[data-list=voice]")
    await expect(voice).to_contain_text("还要大约 21 分钟")
    rendering.at = Progress("kokoro", 400, 400, 0, 0, 0.0, "")
    await expect(voice).to_contain_text("没有要等的")
    await page.get_by_role("link", name="语音文案").click()
    await expect(page.get_by_role("heading", name="语音文案")).to_be_visible()


async def test_without_scripts_the_lists_are_there(
    browser: Browser, open_pages: Open, hotline: Hotline
) -> None:
    await call(hotline)
    pages = await open_pages()
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(str(pages.make_url("/")))
    await expect(page.locator("[data-list=calls] .row")).to_have_count(1)
    await expect(page.get_by_text("这部电话要用浏览器脚本")).to_be_visible()
    await page.get_by_role("link", name="看经过").click()
    await expect(page.get_by_text("来电接入 12320")).to_be_visible()


async def test_a_server_that_is_gone_is_said(browser: Browser, open_pages: Open) -> None:
    pages = await open_pages()
    page = await browser.new_page()
    await page.goto(str(pages.make_url("/")))
    await pages.server.close()
    await expect(page.locator("#stale")).to_contain_text("连接断了")


async def test_the_phone_comes_when_the_switch_is_up(
    browser: Browser, open_pages: Open, switch: Told
) -> None:
    line = None
    switch.say(State.STARTING)
    pages = await open_pages(phone=lambda: line)
    page = await browser.new_page()
    await page.goto(str(pages.make_url("/")))
    await expect(page.locator("#keypad")).to_have_count(0)
    line = LINE
    await expect(page.locator("#keypad")).to_be_visible(timeout=20_000)


async def test_a_switch_that_does_not_answer_is_said(browser: Browser, open_pages: Open) -> None:
    """Nothing listens at the address of the line."""
    pages = await open_pages()
    page = await browser.new_page()
    await page.goto(str(pages.make_url("/")))
    await page.get_by_role("button", name="拨打 12320").click()
    await expect(page.locator("#phone-state")).to_have_text("连不上电话交换机")
    await expect(page.get_by_role("button", name="拨打 12320")).to_be_visible()
