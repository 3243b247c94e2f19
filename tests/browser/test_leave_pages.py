"""The pages of a doctor's leave in a real browser: by axe at two widths, followed live, without a script."""

from dataclasses import replace
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, ViewportSize, expect
from pytest_aiohttp import AiohttpClient

from core.leave.rules import CaseState
from core.offers import engine as offers
from core.work import Hotline
from sms.managing import TextRoom
from tests.browser.conftest import complaints, cookies
from tests.browser.seen import faults
from tests.builders import TEXTER
from tests.entering import enter
from tests.leave.stage import Stage, later
from tests.leave.stage import stage as open_stage
from web.app import make_app
from web.house import WebHouse

pytestmark = pytest.mark.browser
SIZES = {"desk": ViewportSize(width=1366, height=768), "narrow": ViewportSize(width=390, height=844)}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture
async def stage(hotline: Hotline) -> Stage:
    """Leave 1 is being handled: one moved, one asked for other times, two wait, one needs a call. 2 is sent in."""
    made = await open_stage(hotline)
    await made.patients(5, await made.clinic.session())
    await made.clinic.session("zhao", half="pm", slots=4)
    leave = await made.approved()
    await made.settle()
    first, second, *_ = await made.cases(leave)
    async with hotline.work(TEXTER) as work:
        await offers.accept(work, first.offer_id or 0)
        await offers.refuse(work, second.offer_id or 0, "other-times")
    await made.settle()
    await made.submitted(made.asked(first=(later(1), "am"), last=(later(3), "pm"), words="进修"))
    return made


@pytest.fixture
async def pages(house: WebHouse, hotline: Hotline, stage: Stage, aiohttp_client: AiohttpClient) -> Any:
    client = await aiohttp_client(make_app(replace(house, text_room=TextRoom(list))))
    await enter(client, hotline, "leave", "leave-approve", "export")
    return client


PATHS = (
    "/staff/leaves", "/staff/leaves/new?q=陈", "/staff/leaves/new?doctor=1", "/staff/leaves/1",
    "/staff/leaves/1?case=desk", "/staff/leaves/2", "/staff/leaves/1/batch", "/staff/leaves/1/batch?act=cancel",
    "/staff/leaves/1/report",
)  # fmt: skip


@pytest.mark.req("R-089")
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
    assert errors == []


@pytest.mark.req("R-089")
async def test_an_open_page_follows_what_patients_choose(
    browser: Browser, pages: TestClient[Any, Any], stage: Stage
) -> None:
    context = await browser.new_context()
    await context.add_cookies(cookies(pages))
    page = await context.new_page()
    await page.goto(str(pages.make_url("/staff/leaves/1")))
    await expect(page.locator("#progress")).to_contain_text("1 / 5")
    case = next(one for one in await stage.cases(1) if one.state == CaseState.OFFERED)
    async with stage.hotline.work(TEXTER) as work:
        await offers.accept(work, case.offer_id or 0)
    await stage.settle()
    await expect(page.locator("#progress")).to_contain_text("2 / 5")
    await expect(page.locator(f"#case-{case.id}")).to_contain_text("接受改约")
