"""The public pages as people meet them: wide and narrow, large, without scripts, by keyboard, and by axe."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, ViewportSize, expect
from sqlalchemy import update

from core.booking.stopping import stop
from core.catalogue.tables import Department, Doctor, Hospital, Post
from core.work import Hotline
from tests.browser.conftest import complaints
from tests.browser.seen import faults
from tests.builders import SEED, VISIT, Clinic, clinic
from tests.pages import Open
from tests.public import SMS, Client

pytestmark = pytest.mark.browser
SIZES = {
    "wide": ViewportSize(width=1366, height=768),
    "narrow": ViewportSize(width=390, height=844),
    "zoomed to 400 %": ViewportSize(width=320, height=256),
}
# WCAG 2.2 A and AA, and what axe calls good practice.
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Our look at a page does not know that the value of such a button is its name; axe does.
NAMED_BY_VALUE = 'nameless: <input type="submit" value='


@dataclass(frozen=True)
class Site:
    client: Client
    town: Clinic

    def url(self, path: str) -> str:
        return str(self.client.make_url(path))

    def paths(self, form: str = "") -> list[str]:
        """Every public page in this form, with something of each kind on it, and one that is wrong."""
        town = self.town
        return [
            f"{form}{path}"
            for path in (
                "/home",
                "/hospitals?region=990100",
                f"/hospitals/{town.hospital_id}",
                f"/departments/{town.department_id}",
                f"/departments/{town.department_id}/number",
                f"/doctors/{town.doctors['chen']}?day=2026-11-26",
                "/search?q=xnk&state=free",
                "/hospitals/999",
            )
        ]


@pytest.fixture
async def site(open_pages: Open, hotline: Hotline) -> Site:
    """A department with everything there can be: free, full, stopped, still closed, over; long names."""
    town = await clinic(hotline)
    async with hotline.work(SEED) as work:
        own = Post(department_id=town.department_id, doctor_id=None, kind="ordinary", fee_fen=500)
        work.db.add(own)
        await work.db.flush()
        town.posts["own"] = own.id
        await work.db.execute(
            update(Hospital).values(
                phone="0999-1234567", website="https://yiyuan.example/", introduction="建院百年。" * 30,
                address="青石市东城区人民中路一百二十三号附属楼",
            )
        )  # fmt: skip
        await work.db.execute(update(Department).values(introduction="全省重点专科。", special=True))
        await work.db.execute(
            update(Doctor).values(recommended=True, speciality="高血压、冠心病、心力衰竭、心律失常、心肌病、先天性心脏病")
        )  # fmt: skip
    await town.rule("age.max@department=03", "80")
    for day in (23, 24, 26, 27):
        for half in ("am", "pm"):
            await town.session("own", day=date(2026, 11, day), half=half, slots=12)
    await town.session("chen", slots=3, minutes=60)
    await town.session("chen", day=date(2026, 12, 8))
    full = await town.session("chen", day=date(2026, 11, 25), slots=1)
    await town.book(full, await town.person("李"))
    away = await town.session("wu")
    async with hotline.work(SEED) as work:
        await stop(work, away, reason="病假")
    return Site(await open_pages(sms_number=SMS), town)


async def opened(browser: Browser, site: Site, path: str, **how: Any) -> Page:
    """Without scripts: nothing of these pages needs one."""
    page = await browser.new_page(**{"java_script_enabled": False, **how})
    await page.goto(site.url(path))
    return page


@pytest.mark.req("R-100")
@pytest.mark.parametrize(
    ("form", "size", "large"),
    [
        # Each form with each width, and each of both with both sizes of type.
        ("", "wide", False),
        ("", "narrow", True),
        ("", "zoomed to 400 %", False),
        ("/m", "wide", True),
        ("/m", "narrow", False),
        ("/m", "zoomed to 400 %", True),
    ],
)
async def test_tired_eyes_and_narrow_windows_are_served(
    browser: Browser, site: Site, form: str, size: str, large: bool
) -> None:
    context = await browser.new_context(viewport=SIZES[size], java_script_enabled=False)
    page = await context.new_page()
    errors = complaints(page)
    if large:
        await page.goto(site.url(f"{form}/home?size=large"))
    for path in site.paths(form):
        await page.goto(site.url(path))
        found = [one for one in await faults(page) if not one.startswith(NAMED_BY_VALUE)]
        assert found == [], path
    # A page that is not there is one on purpose.
    assert [one for one in errors if "404" not in one] == []


@pytest.mark.req("R-100", "R-098")
@pytest.mark.parametrize(("size", "large"), [("wide", False), ("narrow", True)])
async def test_axe_finds_nothing(browser: Browser, site: Site, size: str, large: bool) -> None:
    page = await browser.new_page(viewport=SIZES[size])
    await page.goto(site.url(f"/home?size={'large' if large else 'normal'}"))
    options = {"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]}
    for path in (*site.paths(), *site.paths("/m")):
        await page.goto(site.url(path))
        results = await Axe().run(page, options=options)
        assert results.violations_count == 0, f"{path}\n{results.generate_report()}"


async def test_what_one_taps_is_large_enough(browser: Browser, site: Site) -> None:
    """44 px for whatever stands by itself; links within a sentence are as high as their line."""
    page = await opened(browser, site, "/home", viewport=SIZES["narrow"])
    alone = "nav a, .tools a, .call, button, input, select, a.slot, .pager a, .departments a"
    for path in site.paths():
        await page.goto(site.url(path))
        small = await page.evaluate(
            """(alone) => [...document.querySelectorAll(alone)]
                .filter((e) => e.checkVisibility() && e.getBoundingClientRect().height < 43.5 && !e.closest(".crumbs"))
                .map((e) => `${e.textContent} ${e.getBoundingClientRect().height}`)""",
            alone,
        )
        assert small == [], path


@pytest.mark.req("R-070", "I-006")
async def test_from_a_word_to_the_text_that_books_it(browser: Browser, site: Site) -> None:
    """Without a script: search, department, doctor, and what to write."""
    page = await opened(browser, site, "/home", viewport=SIZES["narrow"], has_touch=True)
    await page.get_by_label("医院、科室或医生").fill("xnk")
    await page.get_by_role("button", name="查号源").click()
    await page.get_by_role("navigation", name="名称相符的").get_by_role("link", name="心血管内科").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("心血管内科")
    await page.get_by_role("row", name="陈建国").get_by_role("link", name="上午 余 3").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("陈建国")
    session = page.locator(":target")
    await expect(session).to_contain_text("08:00–09:00 余 1")
    await expect(session).to_contain_text(f"，发送到 {SMS}")
    await expect(session.get_by_role("link", name="拨打 12320")).to_have_attribute("href", "tel:12320")
    written = await session.locator("kbd").first.text_content()
    assert written
    assert written.endswith(" 1126 上午")


async def test_the_table_is_a_table_for_whoever_hears_it(browser: Browser, site: Site) -> None:
    """Also where it is laid out as a list."""
    for size in ("wide", "narrow"):
        page = await opened(browser, site, f"/departments/{site.town.department_id}", viewport=SIZES[size])
        table = page.get_by_role("table")
        assert await table.get_by_role("columnheader").count() == 1 + 7
        assert await table.get_by_role("rowheader").count() == 3
        row = table.get_by_role("row", name="吴敏")
        await expect(row.get_by_role("cell").nth(3)).to_contain_text("停诊")
        await page.close()


async def test_the_schedule_is_a_table_where_there_is_room_and_a_list_where_not(
    browser: Browser, site: Site
) -> None:
    display = "getComputedStyle(document.querySelector('.schedule')).display"
    for size, large, wanted in (
        ("wide", "", "table"),
        ("wide", "?size=large", "table"),
        ("narrow", "", "block"),
    ):
        path = f"/departments/{site.town.department_id}{large}"
        page = await opened(browser, site, path, viewport=SIZES[size])
        assert await page.evaluate(display) == wanted, (size, large)
        await page.close()


async def test_large_type_is_half_again_as_large_and_stays(browser: Browser, site: Site) -> None:
    page = await opened(browser, site, "/home", viewport=SIZES["narrow"])
    size = "parseFloat(getComputedStyle(document.body).fontSize)"
    usual = await page.evaluate(size)
    await page.get_by_role("link", name="大字版").click()
    await page.get_by_role("link", name="查号源").first.click()
    assert await page.evaluate(size) >= 1.4 * usual
    await page.get_by_role("link", name="标准字").click()
    assert await page.evaluate(size) == usual
    await page.get_by_role("link", name="首页").first.click()
    assert await page.evaluate(size) == usual


async def test_the_keyboard_reaches_the_text_and_every_control(browser: Browser, site: Site) -> None:
    page = await opened(browser, site, "/home", viewport=SIZES["wide"])
    await page.keyboard.press("Tab")
    await expect(page.locator(":focus")).to_have_text("跳到正文")
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.querySelector('main .big-search').contains(document.activeElement)")
    await page.get_by_label("医院、科室或医生").focus()
    await page.keyboard.type("xnk")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("查号源")


async def test_a_printed_page_has_the_schedule_and_no_buttons(browser: Browser, site: Site) -> None:
    page = await opened(
        browser, site, f"/departments/{site.town.department_id}?day={VISIT}", viewport=SIZES["wide"]
    )
    await page.emulate_media(media="print")
    await expect(page.get_by_role("navigation", name="主要栏目")).to_be_hidden()
    await expect(page.get_by_role("link", name="大字版")).to_be_hidden()
    await expect(page.get_by_text("余 3")).to_be_visible()
