"""The time line of a case beside its sound: an entry seeks, steps go to and fro, and nothing overflows."""

from datetime import timedelta

import pytest
from playwright.async_api import Browser, Page, expect

from core.contact import engine as contact
from core.contact.rules import Disposition
from core.recordings.keeping import Keeper
from core.values import system
from tests.browser.conftest import complaints, cookies
from tests.browser.seen import faults
from tests.cases.test_pages import Client, client, keeper
from tests.clocks import FrozenClock
from tests.entering import enter
from tests.recordings.test_keeping import recorded
from web.house import WebHouse

__all__ = ["client", "keeper"]

pytestmark = pytest.mark.browser
TEST = system("test")


@pytest.fixture
async def case(client: Client, house: WebHouse, keeper: Keeper, clock: FrozenClock) -> int:
    """A call of three seconds in which two keys were pressed, one second after the other."""
    began = clock.now()
    call, _ = await recorded(house.hotline, keeper)
    await keeper.seal_waiting()
    keys = [began + timedelta(seconds=1), began + timedelta(seconds=2)]
    async with house.hotline.work(TEST) as work:
        await contact.steps(work, call, [{"keys": "1"}, {"keys": "2"}], keys)
        await contact.close(work, call, Disposition.ENQUIRED)
    return call


async def opened(browser: Browser, client: Client, house: WebHouse, path: str, *, wide: int = 1366) -> Page:
    await enter(client, house.hotline, "recordings")
    context = await browser.new_context(viewport={"width": wide, "height": 800})
    await context.add_cookies(cookies(client))
    page = await context.new_page()
    await page.goto(str(client.make_url(path)))
    return page


async def test_an_entry_seeks_the_sound_and_steps_say_how_things_stood(
    browser: Browser, client: Client, house: WebHouse, case: int
) -> None:
    page = await opened(browser, client, house, f"/cases/{case}")
    heard = complaints(page)
    await page.check("[name=reason][value=complaint]")
    await page.click("text=调听 >> nth=-1")
    await expect(page.locator("audio")).to_have_count(1)
    await page.wait_for_function("document.querySelector('audio').duration > 2")
    await page.click(".case-list li:has-text('按键：2') a")
    await expect(page.locator(".case-did")).to_have_text("按键：2")
    assert round(await page.evaluate("document.querySelector('audio').currentTime")) == 2
    cursor = page.locator(".case-cursor")
    later = float(await cursor.get_attribute("x1") or 0)
    await page.click(".case-back")
    await expect(page.locator(".case-did")).to_have_text("按键：1")
    assert float(await cursor.get_attribute("x1") or 0) < later
    await expect(page.locator(".case-stands li").first).to_contain_text("语音菜单")
    assert heard == []


@pytest.mark.parametrize("wide", [1366, 390])
async def test_nothing_overflows_at_any_width(
    browser: Browser, client: Client, house: WebHouse, case: int, wide: int
) -> None:
    page = await opened(browser, client, house, f"/cases/{case}", wide=wide)
    assert await faults(page) == []
