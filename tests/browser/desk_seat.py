"""The operator's page at a scripted moment, for every test that sits down there."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest_asyncio
from aiohttp import web
from playwright.async_api import Browser, Page, ViewportSize, async_playwright, expect

from tests.browser import desk_stage as desk
from tests.browser.conftest import FLAGS, closed
from tests.browser.desk_stage import Stage, ago

SMALL, LARGE = ViewportSize(width=1366, height=768), ViewportSize(width=1920, height=1080)
Seat = Callable[..., Awaitable[Page]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as play:
        browser = await play.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        yield browser
        await closed(browser)


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
        # One of the views is shown as soon as the server has said where we are.
        await expect(page.locator("#work > :not([hidden])").first).to_be_attached()
        return page

    yield open_page
    for page in opened:
        await closed(page)
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
