"""The query screen and a patient as they are seen: wide, narrow and on paper, without a mouse or a fault."""

import pytest
from playwright.async_api import Page, async_playwright

from core.work import Hotline
from tests.browser.conftest import FLAGS, complaints
from tests.browser.seen import faults
from tests.builders import VISIT, clinic
from tests.entering import account, cookie
from tests.walls import Open, calls, database_url, feed, open_wall, switch, wall_house

__all__ = ["calls", "database_url", "feed", "open_wall", "switch", "wall_house"]


async def hidden_on_paper(page: Page) -> list[str]:
    """Which of the page's parts a printout leaves out."""
    await page.emulate_media(media="print")
    parts = ["h1", ".query-asked", ".query-table", ".query-totals", ".query-filters", ".bar", ".query-pages"]
    hidden = [part for part in parts if not await page.locator(part).first.is_visible()]
    await page.emulate_media(media="screen")
    return hidden


@pytest.mark.req("R-091", "R-092")
async def test_it_can_be_read_and_worked_at_each_width_and_printed(open_wall: Open, hotline: Hotline) -> None:
    made = await clinic(hotline)
    li = await made.person("李秀英", phone="10712345678")
    await made.book(await made.session("chen"), li, phone="10712345678")
    await made.session("wu")
    client = await open_wall()
    staff = await account(hotline, "query", "book", "export", "reveal", "override-deadline")
    [(name, token)] = (await cookie(client, hotline, staff)).items()
    root = str(client.make_url("")).rstrip("/")
    async with async_playwright() as play:
        browser = await play.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        context = await browser.new_context()
        await context.add_cookies([{"name": name, "value": token, "url": root}])
        page = await context.new_page()
        errors = complaints(page)
        for width, height in ((1366, 768), (390, 844)):
            await page.set_viewport_size({"width": width, "height": height})
            for path in (f"query?day={VISIT}&open=1&find=xnk", "patients?q=李", f"patients/{li}"):
                await page.goto(f"{root}/desk/{path}")
                assert await faults(page) == [], (width, path)
        await page.goto(f"{root}/desk/query?day={VISIT}")
        assert await hidden_on_paper(page) == [".query-filters", ".bar", ".query-pages"]
        await page.select_option("[name=hospital]", str(made.hospital_id))
        await page.wait_for_url("**hospital=1**")
        assert await page.locator("[name=department] option").count() == 3
        await page.goto(f"{root}/desk/query?day={VISIT}&open=1")
        await page.locator("[name=to]").first.focus()
        await page.keyboard.press("Space")
        await page.keyboard.press("Enter")
        await page.locator(".query-done").wait_for()
        assert "变更成功" in await page.locator(".query-done").inner_text()
        assert errors == []
        await browser.close()
