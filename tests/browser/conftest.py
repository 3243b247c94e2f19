"""A real Chromium for every test of a page, and what it complained about."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from playwright.async_api import Browser, Page, async_playwright, expect

from tests.pages import (
    database_url,
    engine,
    feed,
    house,
    open_pages,
    rendering,
    staff_pages,
    switch,
    texts,
    voice,
)

__all__ = [
    "database_url",
    "engine",
    "feed",
    "house",
    "open_pages",
    "rendering",
    "staff_pages",
    "switch",
    "texts",
    "voice",
]

# The sound is made up, and loopback counts as a network: all of a call stays on this machine.
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--allow-loopback-in-peer-connection",
]

# How long a page may take to look as it should: a wait costs only when it fails.
expect.set_options(timeout=30_000)


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as play:
        browser = await play.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        yield browser
        await closed(browser)


async def closed(what: Browser | Page) -> None:
    """Close it. One that hangs at its end goes with its driver; no test waits for it."""
    with suppress(TimeoutError):
        async with asyncio.timeout(10):
            await what.close()


def cookies(pages: TestClient[Any, Any]) -> list[Any]:
    """What this client has, for a browser: whoever is logged in there is logged in here."""
    address = str(pages.make_url("/"))
    return [{"name": one.key, "value": one.value, "url": address} for one in pages.session.cookie_jar]


def complaints(page: Page) -> list[str]:
    """Everything the page will log as an error, or throw."""
    heard: list[str] = []
    page.on("console", lambda said: heard.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: heard.append(str(error)))
    return heard
