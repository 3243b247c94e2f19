"""The pages of staff in a real browser: seen in full by tired eyes, and used without a mouse."""

from dataclasses import replace

import pytest
from playwright.async_api import Browser, Page, ViewportSize, expect
from pytest_aiohttp import AiohttpClient

from core.staff.passwords import Passwords
from core.work import Hotline
from hotline import demo_staff
from tests.browser.conftest import complaints
from tests.browser.seen import faults
from tests.builders import clinic
from web.app import make_app
from web.house import WebHouse

pytestmark = pytest.mark.browser
SIZES = {"desk": ViewportSize(width=1366, height=768), "narrow": ViewportSize(width=390, height=844)}
PATHS = (
    "/me", "/me/password", "/me/second-factor", "/staff", "/staff/new", "/staff/1", "/staff/roles",
    "/staff/roles/1", "/staff/sessions", "/staff/audit",
)  # fmt: skip


async def open_login(
    browser: Browser, house: WebHouse, hotline: Hotline, aiohttp_client: AiohttpClient, size: str = "desk"
) -> tuple[str, Page]:
    await clinic(hotline)
    await demo_staff.write(hotline)
    house = replace(house, passwords=Passwords.quick(), people=demo_staff.PEOPLE)
    pages = await aiohttp_client(make_app(house))
    page = await browser.new_page(viewport=SIZES[size])
    base = str(pages.make_url("/")).rstrip("/")
    await page.goto(f"{base}/login")
    return base, page


@pytest.mark.parametrize("size", SIZES)
async def test_tired_eyes_and_narrow_windows_are_served(
    browser: Browser, house: WebHouse, hotline: Hotline, aiohttp_client: AiohttpClient, size: str
) -> None:
    base, page = await open_login(browser, house, hotline, aiohttp_client, size)
    errors = complaints(page)
    assert await faults(page) == []
    await page.get_by_label("登录名").fill("admin")
    await page.get_by_label("密码").fill(demo_staff.PASSWORD)
    await page.get_by_role("button", name="登录").click()
    await page.wait_for_url("**/me")
    seen = {}
    for path in PATHS:
        await page.goto(base + path)
        if found := await faults(page):
            seen[path] = found
    assert seen == {}
    assert errors == []


async def test_an_account_is_made_and_used_by_keyboard_alone(
    browser: Browser, house: WebHouse, hotline: Hotline, aiohttp_client: AiohttpClient
) -> None:
    base, page = await open_login(browser, house, hotline, aiohttp_client)
    keys, login = page.keyboard, page.get_by_label("登录名")
    await expect(login).to_be_focused()
    await keys.type("admin")
    await keys.press("Tab")
    await keys.type(demo_staff.PASSWORD)
    await keys.press("Enter")
    await page.wait_for_url("**/me")
    await page.goto(f"{base}/staff/new")
    await expect(login).to_be_focused()
    await keys.type("8005")
    await keys.press("Tab")
    await keys.type("李娜")
    await keys.press("Enter")
    one_time = await page.locator("code.secret").inner_text()
    await page.get_by_role("button", name="退出登录").focus()
    await keys.press("Enter")
    await page.wait_for_url("**/login?out")
    await expect(login).to_be_focused()
    await keys.type("8005")
    await keys.press("Tab")
    await keys.type(one_time)
    await keys.press("Enter")
    await page.wait_for_url("**/me/password")
    await expect(page.get_by_label("新密码")).to_be_focused()
    for _ in range(2):
        await keys.type("HuaKai-2026")
        await keys.press("Tab")
    await keys.press("Enter")
    await page.wait_for_url("**/me")
    await expect(page.get_by_role("heading", name="李娜")).to_be_visible()
