"""The waiting page of a release as people meet it: by axe at every stage, without scripts on a phone, and live."""

import re

import pytest
from playwright.async_api import Browser, BrowserContext, ViewportSize, expect

from core.work import Hotline
from tests import patients
from tests.browser.conftest import complaints, cookies
from tests.browser.test_booking_pages import looked_at
from tests.browser.test_public_pages import SIZES
from tests.clocks import FrozenClock
from tests.pages import Open
from tests.release.room import OPENS, Room, room
from tests.web.test_line import Surfer

pytestmark = pytest.mark.browser
EARLY, LATE = "2026-11-24 06:30", "2026-11-24 07:40"


@pytest.fixture
async def at(hotline: Hotline, clock: FrozenClock) -> Room:
    return await room(hotline, clock, slots=3, shares={"phone": 1})


@pytest.fixture
async def li(open_pages: Open, hotline: Hotline, at: Room) -> Surfer:
    client = await open_pages()
    person_id = await at.clinic.person("李秀英")
    account_id = await patients.account(hotline, person_id)
    return Surfer(client, at, account_id, person_id, await patients.enter(client, hotline, account_id))


async def entered(browser: Browser, li: Surfer, size: str, **how: bool) -> BrowserContext:
    context = await browser.new_context(viewport=ViewportSize(**SIZES[size]), **how)  # type: ignore[arg-type]
    await context.add_cookies(cookies(li.client))
    return context


@pytest.mark.parametrize("before", ["", "/m"], ids=["full", "light"])
async def test_every_stage_of_the_line_by_axe(
    browser: Browser, li: Surfer, clock: FrozenClock, before: str
) -> None:
    clock.set(EARLY)
    context = await entered(browser, li, "wide")
    page = await context.new_page()
    errors = complaints(page)
    url = str(li.client.make_url(before + li.path))

    async def seen(title: str) -> None:
        for size in ("wide", "narrow"):
            await page.set_viewport_size(ViewportSize(**SIZES[size]))  # type: ignore[typeddict-item]
            await expect(page.locator("body")).to_contain_text(title)
            await looked_at(page, by_axe=True)

    await page.goto(url)
    await seen("开始登记抽签")
    clock.set("2026-11-24 06:50")
    await page.goto(url)
    await seen("现在登记进入抽签")
    await page.get_by_role("button", name="登记抽签").click()
    await seen("已登记，07:00 抽签")
    clock.set(OPENS)
    await li.at.advance()
    await page.goto(url)
    await seen("轮到您了，请选号")
    await page.goto(url + "/proof")
    await seen("抽签结果")
    clock.set(LATE)
    await li.at.advance()
    await page.goto(url)
    await seen("排队已经结束")
    assert [one for one in errors if "404" not in one] == []  # light pages have no icon
    await context.close()


async def test_without_a_script_on_a_phone_one_registers_and_is_led_to_the_booking(
    browser: Browser, li: Surfer, clock: FrozenClock
) -> None:
    context = await entered(browser, li, "narrow", java_script_enabled=False)
    page = await context.new_page()
    await page.goto(str(li.client.make_url(li.path)))
    await page.get_by_role("button", name="登记抽签").click()
    await looked_at(page, by_axe=False)
    clock.set(OPENS)
    await li.at.advance()
    await page.get_by_role("link", name="刷新").click()
    await expect(page.locator("[data-words]")).to_contain_text("轮到您了，请选号")
    await looked_at(page, by_axe=False)
    await page.get_by_role("button", name="现在去选号").click()
    await expect(page).to_have_url(re.compile(rf"/book/{li.at.session_id}\??$"))
    await context.close()


async def test_with_a_script_the_page_tells_the_place_and_ones_turn_by_itself(
    browser: Browser, li: Surfer, clock: FrozenClock
) -> None:
    for number in range(4):
        await li.at.join(f"other:{number}")
    clock.set(OPENS)
    await li.at.advance()
    await li.post()  # behind four, two of whom have their turn
    context = await entered(browser, li, "wide")
    page = await context.new_page()
    await page.clock.install()
    loads: list[str] = []
    page.on("framenavigated", lambda frame: loads.append(frame.url))
    await page.goto(str(li.client.make_url(li.path)))
    shown = page.locator("[data-words]")
    await expect(page).to_have_url(re.compile("live=yes"))
    await expect(shown).to_contain_text("前面还有 4 位")
    loads.clear()
    [first] = [whose for whose in await li.at.having("waiting") if whose.startswith("other")][:1]
    await li.at.leave(first)
    clock.advance(seconds=2)
    await page.clock.run_for(11_000)
    await expect(shown).to_contain_text("前面还有 3 位")
    assert loads == []  # words were changed, no page was loaded
    for whose in list(await li.at.places()):
        if whose.startswith("other"):
            await li.at.leave(whose)
    await li.at.advance()
    clock.advance(seconds=2)
    await page.clock.run_for(11_000)
    await expect(shown).to_contain_text("轮到您了，请选号")
    assert loads != []
    await context.close()
