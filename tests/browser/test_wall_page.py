"""The wall as a supervisor meets it: what is seen, what the keyboard reaches, what turns grey."""

import random
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from playwright.async_api import Browser, Page, ViewportSize, expect

from core import journal
from core.contact import agents, queue_view
from core.contact.agent_tables import Skill
from core.events import DeskMessageSent, SupervisorActed
from core.values import system
from core.work import Hotline
from tests.browser.conftest import complaints
from tests.browser.seen import faults
from tests.clocks import FrozenClock
from tests.contact.floor import Floor
from tests.entering import account, cookie
from tests.walls import Noted, Open, calls, database_url, feed, open_wall, switch, wall_house

__all__ = ["calls", "database_url", "feed", "open_wall", "switch", "wall_house"]

pytestmark = pytest.mark.browser
SWITCH = system("switch")
SIZES = {
    "wide": (1366, 768, "/wall/"),
    "big": (1920, 1080, "/wall/?big=1"),
    "panel": (1366, 768, "/wall/?panel=figure/connected"),
    "narrow": (390, 844, "/wall/"),
    "reports": (1366, 768, "/desk/reports"),
}


@pytest.fixture
async def floor(hotline: Hotline, clock: FrozenClock) -> Floor:
    """An hour of a small floor, with one operator on a pause and two callers waiting at its end."""
    made = Floor(hotline, clock, random.Random(3))
    await made.hire(4)
    async with hotline.work(SWITCH) as work:
        work.db.add_all(
            Skill(code=code, label=label) for code, label in (("complaints", "投诉"), ("cantonese", "粤语"))
        )
    for _ in range(70):
        await made.step()
    async with hotline.work(SWITCH) as work:
        for staff_id in made.staff:
            if await agents.find(work.db, staff_id) is None:
                await agents.sign_in(work, staff_id, extension=f"80{staff_id:02}", device="phone")
    for _ in range(2):
        await hotline.run(made.ring, SWITCH)
        await hotline.run(made.queue, SWITCH)
    return made


@pytest.fixture
async def client(open_wall: Open, floor: Floor) -> TestClient[Any, Any]:
    return await open_wall()


@pytest.fixture
async def page(browser: Browser, client: TestClient[Any, Any], hotline: Hotline) -> AsyncIterator[Page]:
    staff_id = await account(hotline, "supervise", "reports", login="boss", number="9001")
    (name, value), = (await cookie(client, hotline, staff_id)).items()  # fmt: skip
    page = await browser.new_page()
    await page.context.add_cookies([{"name": name, "value": value, "url": str(client.make_url("/"))}])
    yield page
    await page.close()


async def test_nothing_on_it_is_faint_small_or_out_of_reach(page: Page, client: TestClient[Any, Any]) -> None:
    errors = complaints(page)
    found = {}
    for name, (width, height, path) in SIZES.items():
        await page.set_viewport_size(ViewportSize(width=width, height=height))
        await page.goto(str(client.make_url(path)))
        if name != "reports":
            await expect(page.locator("#chart-calls svg")).to_be_attached()
        found[name] = await faults(page)
    assert found == {name: [] for name in SIZES}
    assert errors == []


async def test_a_supervisor_listens_speaks_and_looks_behind_a_number_by_keyboard_alone(
    page: Page, client: TestClient[Any, Any], hotline: Hotline, floor: Floor, calls: Noted
) -> None:
    await page.goto(str(client.make_url("/wall/")))
    await page.locator('[data-key="figure-waiting"]').focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("#panel h2")).to_have_text("正在排队")
    await page.keyboard.press("Escape")
    await expect(page.locator("#panel")).to_be_hidden()
    await expect(page.locator('[data-key="figure-waiting"]')).to_be_focused()

    operator = floor.staff[0]
    await page.locator(f'[data-key="agent-{operator}"]').focus()
    await page.keyboard.press("Enter")
    await page.locator("#message-to").focus()
    await page.keyboard.type("请看一下公告")
    await page.keyboard.press("Enter")
    await expect(page.locator("#said")).to_have_text("已发出。")
    await page.locator(".sure summary", has_text="签出").focus()
    await page.keyboard.press("Enter")  # the first step only opens the second
    await expect(page.get_by_role("button", name="确认签出")).to_be_visible()
    async with hotline.read() as db:
        (sent,) = await journal.latest(db, DeskMessageSent, 5)
        acts = await journal.latest(db, SupervisorActed, 5)
    assert (sent.to_staff_id, list(acts), calls.asked) == (operator, [], [])


async def test_a_wall_that_hears_nothing_turns_grey_and_stops_its_timers(
    page: Page, client: TestClient[Any, Any], hotline: Hotline, clock: FrozenClock, floor: Floor
) -> None:
    await page.clock.install()
    await page.goto(str(client.make_url("/wall/")))
    await expect(page.locator("#wall")).not_to_have_class("stale")
    async with hotline.work(SWITCH) as work:  # it is alive: a change arrives by itself
        await floor.ring(work)
    async with hotline.work(SWITCH) as work:
        await floor.queue(work)
        waiting = len((await queue_view.standing(work.db)).waiting)
    await expect(page.locator("#waiting-title .soft")).to_contain_text(f"{waiting} 人")
    await client.close()
    await page.clock.run_for(12_000)
    await expect(page.locator("#wall.stale")).to_be_attached()
