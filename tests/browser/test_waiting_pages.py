"""The waiting list as its patients meet it: wide, narrow, large, by axe; and a clock that ticks."""

from dataclasses import dataclass
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, ViewportSize, expect

from core.accounts import people, waiting
from core.values import Actor, ActorKind, Channel
from core.waiting.rules import Want
from core.work import Hotline
from tests import patients
from tests.browser.conftest import complaints, cookies
from tests.browser.seen import faults
from tests.builders import SEED, VISIT, clinic
from tests.clocks import FrozenClock
from tests.pages import Open
from tests.public import Client
from tests.waiting_list import Queue

pytestmark = pytest.mark.browser
SIZES = {
    "wide": ViewportSize(width=1366, height=768),
    "narrow": ViewportSize(width=390, height=844),
    "zoomed to 400 %": ViewportSize(width=320, height=256),
}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
NAMED_BY_VALUE = 'nameless: <input type="submit" value='


@dataclass(frozen=True)
class Mine:
    client: Client
    full: int
    department: int

    def url(self, path: str) -> str:
        return str(self.client.make_url(path))

    def paths(self, form: str) -> list[str]:
        return [
            f"{form}/account/waiting",
            f"{form}/account/waiting/join?session={self.full}",
            f"{form}/account/waiting/join?department={self.department}",
            f"{form}/book/{self.full}",
        ]


@pytest.fixture
async def mine(open_pages: Open, hotline: Hotline, clock: FrozenClock) -> Mine:
    """李秀英 has an offer, her child's place pauses, her mother's is the second in line."""
    town = await clinic(hotline)
    queue = Queue(town)
    me = await town.person("李秀英")
    family = {"child": await town.person("王小明"), "parent": await town.person("赵玉兰")}
    account = await patients.account(hotline, me)
    by = Actor(ActorKind.PATIENT, "web", Channel.WEB, account_id=account)
    async with hotline.work(SEED) as work:
        for relation, person in family.items():
            await people.add(work, account, person, relation)
    await town.rule("waiting.misses", "1")
    full, other = await queue.full(), await queue.full(post="kid", half="pm")
    third = await queue.full(post="wu", half="pm")
    await queue.joins("先到的人", doctor_id=town.doctors["wu"])
    wanted = {
        me: Want(town.department_id, town.doctors["chen"], None, VISIT, VISIT, "am"),
        family["child"]: Want(town.other_department_id, None, "ordinary", VISIT, VISIT, None),
        family["parent"]: Want(town.department_id, town.doctors["wu"], None, VISIT, VISIT, "pm"),
    }
    async with hotline.work(by) as work:
        for person, want in wanted.items():
            await waiting.join(work, account, person, want)
    await queue.gives_up(other)
    await queue.runs()
    clock.advance(minutes=31)
    await queue.runs()
    await queue.gives_up(full)
    await queue.runs()
    client = await open_pages()
    await patients.enter(client, hotline, account)
    return Mine(client, third, town.department_id)


async def opened(browser: Browser, mine: Mine, path: str, **how: Any) -> Page:
    context = await browser.new_context(**how)
    await context.add_cookies(cookies(mine.client))
    page = await context.new_page()
    await page.goto(mine.url(path))
    return page


@pytest.mark.req("R-100", "R-098")
@pytest.mark.parametrize("form", ["", "/m"], ids=["full", "light"])
async def test_tired_eyes_and_narrow_windows_are_served(browser: Browser, mine: Mine, form: str) -> None:
    options = {"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]}
    for size, type_size in (("wide", "normal"), ("narrow", "large"), ("zoomed to 400 %", "normal")):
        page = await opened(browser, mine, f"{form}/home?size={type_size}", viewport=SIZES[size])
        errors = complaints(page)
        for path in mine.paths(form):
            await page.goto(mine.url(path))
            found = [one for one in await faults(page) if not one.startswith(NAMED_BY_VALUE)]
            assert found == [], (path, size)
            results = await Axe().run(page, options=options)
            assert results.violations_count == 0, f"{path}\n{results.generate_report()}"
        assert errors == []
        await page.context.close()


@pytest.mark.req("I-009")
async def test_the_time_left_is_seen_and_the_number_is_taken(browser: Browser, mine: Mine) -> None:
    page = await opened(browser, mine, "/account/waiting", viewport=SIZES["narrow"])
    await expect(page.get_by_text("还剩 29:")).to_be_visible()
    await expect(page.get_by_text("前面还有 1 人")).to_be_visible()
    await expect(page.get_by_text("已暂停")).to_be_visible()
    await page.get_by_role("button", name="要这个号").click()
    await expect(page.get_by_text("预约成功").first).to_be_visible()
