"""The pages about the voice in a real browser: seen, heard, typed into, with and without scripts."""

import pytest
from playwright.async_api import Browser, Page, ViewportSize, expect

from core.values import system
from core.wording.engine import comment
from core.work import Hotline
from ivr.call import Prompt
from ivr.prompts import catalogue
from ivr.rendering import Progress
from ivr.speech import Voice
from tests.browser.conftest import complaints, cookies
from tests.browser.seen import faults
from tests.builders import clinic
from tests.ivr.sounds import Tones
from tests.pages import Open, Rendering

pytestmark = pytest.mark.browser
SIZES = {
    "wide": ViewportSize(width=1280, height=900),
    "narrow": ViewportSize(width=390, height=844),
    "zoomed to 200 %": ViewportSize(width=640, height=450),
    "narrow and zoomed": ViewportSize(width=320, height=420),
}
PATHS = ("/prompts", "/prompts/read-back", "/fragments", "/names", "/names?what=hospital")
HALF_WAY = Progress("kokoro", 400, 100, 20, 280, 1234.0, "语音文件写不下去：磁盘已满")


async def played(page: Page, condition: str) -> None:
    """Return when this is true of the page's player. The policy forbids to wait by evaluating text."""
    await page.evaluate(
        "() => new Promise((done) => { const player = document.querySelector('audio');"
        f" const look = () => ({condition} ? done() : setTimeout(look, 20)); look(); }})"
    )


async def open_page(browser: Browser, open_pages: Open, path: str, **how: object) -> Page:
    pages = await open_pages()
    page = await browser.new_page(**how)  # type: ignore[arg-type]
    await page.context.add_cookies(cookies(pages))
    await page.goto(str(pages.make_url(path)))
    return page


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("path", PATHS)
async def test_tired_eyes_and_narrow_windows_are_served(
    browser: Browser, staff_pages: Open, hotline: Hotline, rendering: Rendering, path: str, size: str
) -> None:
    rendering.at = HALF_WAY
    await clinic(hotline)
    async with hotline.work(system("test")) as work:
        await comment(work, "read-back", words="旧的文案", author="张敏", text="老人听不清" * 40)
    page = await browser.new_page(viewport=SIZES[size])
    errors = complaints(page)
    pages = await staff_pages()
    await page.context.add_cookies(cookies(pages))
    await page.goto(str(pages.make_url(path)))
    assert await faults(page) == []
    assert errors == []


async def test_a_sentence_really_plays_and_stops(browser: Browser, open_pages: Open) -> None:
    page = await open_page(browser, open_pages, "/prompts?q=read-back")
    button = page.get_by_role("button", name="听：〔医院〕〔科室〕，〔医生〕")
    await button.first.focus()
    await page.keyboard.press("Space")
    await expect(button.first).to_have_text("停")
    player = "document.querySelector('audio')"
    await played(page, "player.currentTime > 0.3")
    assert await page.evaluate(f"{player}.duration") > 3
    assert not await page.evaluate(f"{player}.error")
    await page.keyboard.press("Escape")
    await expect(button.first).to_have_text("听")
    assert await page.evaluate(f"{player}.paused")


async def test_a_whole_menu_plays_to_its_end(browser: Browser, open_pages: Open) -> None:
    page = await open_page(browser, open_pages, "/prompts")
    button = page.get_by_role("button", name="听整个菜单：还要办理什么")
    await page.evaluate(
        "document.querySelector('audio').addEventListener('ended', () => (document.title = 'heard out'))"
    )
    await button.click()
    await played(page, "document.title === 'heard out'")
    await expect(button).to_have_text("听")


async def test_why_there_is_no_sound_is_said_in_the_page(browser: Browser, open_pages: Open) -> None:
    page = await open_page(browser, open_pages, "/prompts")
    told = '{"code": "no-sound", "words": "这里现在没有声音。"}'
    await page.route("**/*.wav", lambda route: route.fulfill(status=409, body=told))
    await page.get_by_role("button", name="听", exact=False).first.click()
    await expect(page.get_by_role("alert")).to_have_text("这里现在没有声音。")
    await page.route("**/*.wav", lambda route: route.abort())
    await page.get_by_role("button", name="听", exact=False).first.click()
    await expect(page.get_by_role("alert")).to_contain_text("连不上服务器")


async def test_sentences_are_found_while_one_types(browser: Browser, open_pages: Open) -> None:
    page = await open_page(browser, open_pages, "/prompts?q=goodbye")
    rows = page.locator(".sentence:visible")
    await expect(rows).to_have_count(1)
    await page.get_by_role("searchbox").fill("请选择，医")  # more than the page was asked for, too
    await expect(rows).to_have_count(2)
    await expect(page.locator("#shown")).to_contain_text("显示 2 句")
    assert "q=" in page.url
    await page.get_by_role("radio", name="太长").check()
    await expect(page.locator("#nothing")).to_be_visible()
    await page.get_by_role("radio", name="全部").check()
    await page.get_by_role("searchbox").fill("")
    assert await rows.count() > 100
    assert "?" not in page.url


async def test_an_open_page_sees_the_voice_get_better(
    browser: Browser, open_pages: Open, rendering: Rendering, voice: Voice
) -> None:
    rendering.at = HALF_WAY
    pages = await open_pages()
    page = await browser.new_page()
    await page.clock.install()
    await page.goto(str(pages.make_url("/prompts")))
    await expect(page.get_by_text("磁盘已满")).to_be_visible()
    greeting = page.locator("[data-now=greeting]")
    await expect(greeting).to_contain_text("没有声音")
    await page.get_by_role("searchbox").fill("您好")
    await voice.file(catalogue().clips(Prompt("greeting"))[0])
    rendering.at = Progress("kokoro", 400, 400, 0, 0, 0.0, "")
    await page.clock.run_for(5_000)
    await expect(page.get_by_text("全部 400 段都已合成")).to_be_visible()
    await page.clock.run_for(20_000)
    await expect(greeting).to_contain_text("合成语音")
    await expect(page.get_by_role("searchbox")).to_have_value("您好")


async def test_a_comment_is_written_without_a_mouse(browser: Browser, staff_pages: Open) -> None:
    page = await open_page(browser, staff_pages, "/prompts/greeting")
    await page.get_by_label("您的姓名").focus()
    await page.keyboard.type("张敏")
    await page.keyboard.press("Tab")
    await page.keyboard.type("说得太快")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.locator(".comment")).to_contain_text("说得太快")
    await expect(page.get_by_label("意见")).to_have_value("")
    await page.get_by_role("button", name="标为已处理").click()
    await expect(page.locator(".comment .chip")).to_have_text("已处理")


async def test_what_is_being_written_survives_a_server_that_is_gone(
    browser: Browser, staff_pages: Open
) -> None:
    page = await open_page(browser, staff_pages, "/prompts/greeting")
    address = page.url
    await page.get_by_label("意见").fill("写了很久的意见")
    await page.get_by_label("您的姓名").fill("张敏")
    await page.route("**/comments", lambda route: route.abort())
    async with page.expect_event("requestfailed"):
        await page.get_by_role("button", name="发表批注").click()
    await page.wait_for_url("chrome-error://**")
    await page.goto(address)
    await expect(page.get_by_label("意见")).to_have_value("写了很久的意见")


async def test_a_comment_is_written_without_scripts(browser: Browser, staff_pages: Open) -> None:
    pages = await staff_pages()
    context = await browser.new_context(java_script_enabled=False)
    await context.add_cookies(cookies(pages))
    page = await context.new_page()
    await page.goto(str(pages.make_url("/prompts")))
    await page.get_by_role("searchbox").fill("祝您健康")
    await page.get_by_role("button", name="查找").click()
    await expect(page.locator(".sentence:visible")).to_have_count(1)
    await page.get_by_role("link", name="祝您健康，再见。", exact=True).click()
    await page.get_by_label("您的姓名").fill("张敏")
    await page.get_by_label("意见").fill("很好")
    await page.get_by_role("button", name="发表批注").click()
    await expect(page.locator(".comment")).to_contain_text("很好")


async def test_a_reading_is_seen_and_heard_while_it_is_typed_then_saved(
    browser: Browser, staff_pages: Open, hotline: Hotline, engine: Tones
) -> None:
    await clinic(hotline)
    page = await open_page(browser, staff_pages, "/names?q=曾")
    errors = complaints(page)
    row = page.locator(".name")
    await row.get_by_label("拼音").fill("ceng2 lv3 guo2")
    await expect(row.locator("[data-marked]")).to_have_text("céng lǚ guó")
    await expect(row.locator(".chip")).to_have_text("还没有保存")
    await page.keyboard.press("Enter")  # in the field: to hear, not to save
    await played(page, "player.currentTime > 0.1")
    assert engine.said == ["ceng2 lü3 guo2"]
    await row.get_by_role("button", name="保存").click()
    await expect(row.get_by_role("status")).to_contain_text("已保存")
    await expect(row.locator("[data-marked]")).to_have_text("céng lǚ guó")
    await expect(row.get_by_label("拼音")).to_have_value("ceng2 lv3 guo2")
    assert errors == []


async def test_a_reading_that_is_refused_is_said_beside_its_field(
    browser: Browser, staff_pages: Open, hotline: Hotline
) -> None:
    await clinic(hotline)
    page = await open_page(browser, staff_pages, "/names?q=曾")
    field = page.get_by_label("拼音")
    await field.fill("zeng1 xiao3")
    await page.get_by_role("button", name="保存").click()
    await expect(field).to_have_value("zeng1 xiao3")
    await expect(field).to_be_focused()
    await expect(page.locator(".name").get_by_role("alert")).to_contain_text("要3个,您填了2个")
