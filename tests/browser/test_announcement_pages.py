"""Announcements, money and texts in a real browser: by axe at two widths, and written without a mouse."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, ViewportSize, expect
from pytest_aiohttp import AiohttpClient

from core.links.hospital_lists import FolderLists
from core.site import engine
from core.site.rules import Draft
from core.work import Hotline
from sms.managing import TextRoom
from tests.browser.conftest import complaints, cookies
from tests.browser.seen import faults
from tests.builders import SEED, clinic
from tests.entering import enter
from tests.money.trouble import trouble
from tests.sms.given_up import given_up
from web.app import make_app
from web.house import WebHouse

pytestmark = pytest.mark.browser
SIZES = {"desk": ViewportSize(width=1366, height=768), "narrow": ViewportSize(width=390, height=844)}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture
async def pages(
    house: WebHouse, hotline: Hotline, aiohttp_client: AiohttpClient, tmp_path: Path
) -> TestClient[Any, Any]:
    """Something on each of the pages, and somebody who may see them all."""
    town = await clinic(hotline)
    booked = await town.book(await town.session(), await town.person("赵小兰"))
    await trouble(hotline, town.hospital_id, booked.appointment_id)
    for state in ("failed", "unknown", "delivered"):
        await given_up(hotline, state=state, name=state)
    async with hotline.work(SEED) as work:
        for title in ("门诊楼二层改造，心血管内科等十二个诊室从下周起搬到三层东侧", "停水"):
            made = await engine.write(
                work, Draft("notice", title, "请看 /hospitals。\n\n谢谢。", date(2026, 11, 23))
            )
            await engine.publish(work, made, 1)
    changed = replace(house, lists=FolderLists(tmp_path), text_room=TextRoom(lambda: [("console", True)]))
    client = await aiohttp_client(make_app(changed))
    await enter(client, hotline, "announcements", "settlement", "texts", "reveal")
    return client


PATHS = (
    "/announcements", "/announcements/1", "/m/announcements/1", "/staff/announcements",
    "/staff/announcements/1", "/staff/money", "/staff/money/days/1", "/staff/money/refunds",
    "/staff/money/doubts", "/staff/texts",
)  # fmt: skip


@pytest.mark.req("R-072", "R-100")
@pytest.mark.parametrize("size", SIZES)
async def test_axe_and_our_own_look_find_nothing(
    browser: Browser, pages: TestClient[Any, Any], size: str
) -> None:
    context = await browser.new_context(viewport=SIZES[size])
    await context.add_cookies(cookies(pages))
    page = await context.new_page()
    errors = complaints(page)
    found: dict[str, object] = {}
    for path in PATHS:
        await page.goto(str(pages.make_url(path)))
        for details in await page.locator("details").all():
            await details.evaluate("one => { one.open = true }")
        result = await Axe().run(page, options={"runOnly": {"type": "tag", "values": RULES}})
        seen = [f"{one['id']}: {one['nodes'][0]['html'][:120]}" for one in result.response["violations"]]
        if seen or (seen := await faults(page)):
            found[path] = seen
    assert found == {}
    # A light page names no icon, and a browser asks for one all the same.
    assert [one for one in errors if "404" not in one] == []


async def test_an_announcement_is_written_and_published_by_keyboard_alone(
    browser: Browser, pages: TestClient[Any, Any]
) -> None:
    context = await browser.new_context(java_script_enabled=False)
    await context.add_cookies(cookies(pages))
    page = await context.new_page()
    await page.goto(str(pages.make_url("/staff/announcements/new")))
    await expect(page.get_by_label("标题")).to_be_focused()  # the browser gives the focus after it has drawn
    await page.keyboard.type("春节安排")
    await page.keyboard.press("Tab")
    await page.keyboard.type("初一到初三停诊。")
    await page.get_by_role("button", name="保存草稿").press("Enter")
    await page.wait_for_url("**/staff/announcements/*?done=saved")
    await page.get_by_role("button", name="发布", exact=True).press("Enter")
    await page.get_by_role("link", name="看公告页面").press("Enter")
    await page.get_by_text("初一到初三停诊。").wait_for()
    assert await page.locator("h1").inner_text() == "春节安排"
