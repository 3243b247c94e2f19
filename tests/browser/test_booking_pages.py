"""The booking wizard as people meet it: without scripts on a phone, with them on a desk, by axe, to the end."""

import re
from dataclasses import dataclass

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Page, ViewportSize, expect

from core.booking.rules import State
from core.work import Hotline
from tests import captchas
from tests.browser.conftest import complaints, cookies
from tests.browser.seen import faults
from tests.browser.test_public_pages import NAMED_BY_VALUE, RULES, SIZES
from tests.builders import Clinic, clinic
from tests.pages import Open
from tests.wizard import Surfer, made, surfer

pytestmark = pytest.mark.browser


@dataclass(frozen=True)
class Stage:
    li: Surfer
    town: Clinic
    session: int

    def url(self, path: str) -> str:
        return str(self.li.client.make_url(path))


@pytest.fixture
async def stage(open_pages: Open, hotline: Hotline) -> Stage:
    """A fee to be paid online, a captcha, a family of three, of whom one is too old."""
    town = await clinic(hotline)
    for rule, value in (("captcha.web", "always"), ("pay.mode", "online"), ("age.max", "80")):
        await town.rule(rule, value)
    li = await surfer(open_pages, town, "李秀英")
    await li.family("李小宝", identity=False)
    await li.family("李老太太", born=None)
    session = await town.session("chen", slots=6)
    await town.session("chen", half="pm")
    return Stage(li, town, session)


async def entered(browser: Browser, stage: Stage, size: str, **how: bool) -> BrowserContext:
    context = await browser.new_context(viewport=ViewportSize(**SIZES[size]), **how)  # type: ignore[arg-type]
    await context.add_cookies(cookies(stage.li.client))
    return context


async def looked_at(page: Page, *, by_axe: bool) -> None:
    """Nothing of this page is too small, too pale, nameless or cut off."""
    found = [one for one in await faults(page) if not one.startswith(NAMED_BY_VALUE)]
    assert found == [], page.url
    if by_axe:
        options = {"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]}
        results = await Axe().run(page, options=options)
        assert results.violations_count == 0, f"{page.url}\n{results.generate_report()}"


async def solve(page: Page, hotline: Hotline) -> None:
    token = captchas.token_of(await page.content())
    await page.get_by_label(re.compile("^验证码")).fill(await captchas.figures(hotline, token))


@pytest.mark.req("R-100", "I-008")
async def test_the_whole_way_without_a_script_on_a_phone(
    browser: Browser, stage: Stage, hotline: Hotline
) -> None:
    context = await entered(browser, stage, "narrow", java_script_enabled=False)
    page = await context.new_page()
    await page.goto(stage.url(f"/doctors/{stage.town.doctors['chen']}?day=2026-11-26"))
    await page.locator(f"#s{stage.session}").get_by_role("link", name="预约").click()
    await looked_at(page, by_axe=False)
    await page.get_by_role("button", name="08:30–09:00 余 1").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("为谁预约？")
    await looked_at(page, by_axe=False)
    await expect(page.get_by_role("radio", name="李秀英")).to_be_checked()
    await page.get_by_role("radio", name="李小宝").check()
    await page.get_by_role("button", name="下一步：核对").click()
    await looked_at(page, by_axe=False)
    agreed = page.url
    await expect(page.locator(".readback")).to_contain_text(
        "为 李小宝 预约 市一医院 心血管内科 陈建国 主任医师"
    )
    await page.get_by_role("button", name="确认预约").click()
    await expect(page.get_by_role("alert")).to_contain_text("验证码不对")
    await expect(page.locator(".readback")).to_contain_text("为 李小宝 预约")  # nothing is lost
    await solve(page, hotline)
    await page.get_by_role("button", name="确认预约").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("号已为您留好，请支付")
    await looked_at(page, by_axe=False)
    [it] = await made(hotline)
    assert it.state == State.UNPAID
    await expect(page.get_by_role("img", name="二维码")).to_be_visible()
    await page.get_by_role("link", name="去支付 30 元").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("支付挂号费")
    await page.goto(agreed)  # back to what was agreed: it leads to what was booked
    await expect(page.get_by_role("heading", level=1)).to_have_text("号已为您留好，请支付")
    await page.goto(stage.url(f"/book/{stage.session}?change={it.serial}"))
    await page.get_by_role("button", name="09:00–09:30 余 1").click()
    await expect(page.get_by_role("note")).to_contain_text("正在改约：11月26日 周四 08:30")
    await looked_at(page, by_axe=False)
    await solve(page, hotline)
    await page.get_by_role("button", name="确认改约").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("号已为您留好，请支付")
    assert [one.state for one in await made(hotline)] == [State.REPLACED, State.UNPAID]
    await context.close()


@pytest.mark.req("R-100", "I-008")
async def test_the_whole_way_with_scripts_and_by_axe(
    browser: Browser, stage: Stage, hotline: Hotline
) -> None:
    context = await entered(browser, stage, "wide")
    page = await context.new_page()
    errors = complaints(page)
    await page.goto(stage.url(f"/book/{stage.session}"))
    await looked_at(page, by_axe=True)
    # By keyboard alone.
    await page.get_by_role("button", name="08:00–08:30 余 1").press("Enter")
    left = page.locator("[data-clock]")
    await expect(left).to_have_text(re.compile(r"，还剩 [45]:\d\d"))
    first = await left.text_content()
    await expect(left).not_to_have_text(str(first))  # it ticks
    await looked_at(page, by_axe=True)
    await page.get_by_role("radio", name="李秀英").press("Space")
    await page.get_by_role("button", name="下一步：核对").press("Enter")
    await looked_at(page, by_axe=True)
    await solve(page, hotline)
    await page.get_by_role("button", name="确认预约").dblclick()
    await expect(page.get_by_role("heading", level=1)).to_have_text("号已为您留好，请支付")
    await looked_at(page, by_axe=True)
    assert len(await made(hotline)) == 1
    await expect(page.locator("[data-clock]")).to_have_text(re.compile(r"，还剩 (30:00|29:\d\d)"))
    await expect(page.get_by_role("button", name="打印")).to_be_visible()
    async with page.expect_download() as coming:
        await page.get_by_role("link", name="加到日历").click()
    assert (await coming.value).suggested_filename.endswith(".ics")
    await page.goto(stage.url(f"/m/book/{stage.session}"))
    await looked_at(page, by_axe=True)
    await page.get_by_role("radio", name="08:30–09:00").check()
    await page.get_by_role("button", name="留住这个号").click()
    await looked_at(page, by_axe=True)
    await page.get_by_role("button", name="下一步：核对").click()
    await looked_at(page, by_axe=True)
    assert [one for one in errors if "404" not in one] == []  # light pages have no icon
    await context.close()


async def test_the_clock_says_when_the_number_is_no_longer_kept(browser: Browser, stage: Stage) -> None:
    await stage.town.rule("hold.minutes", "1")
    held = await stage.li.hold(stage.session)
    context = await entered(browser, stage, "wide")
    page = await context.new_page()
    await page.clock.install()
    await page.goto(stage.url(held))
    await page.clock.run_for(29_000)
    await expect(page.locator("[data-told]")).to_have_text("还剩 1 分钟")
    await page.clock.run_for(2_000)
    await expect(page.locator("[data-told]")).to_have_text("还剩 30 秒")
    await page.clock.run_for(40_000)
    await expect(page.get_by_role("status")).to_contain_text("时间到了，号可能已经放出去")
    await context.close()
