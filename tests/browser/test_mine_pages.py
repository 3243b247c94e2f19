"""What is a patient's own as they meet it: wide and narrow, large, without scripts, and by axe."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, ViewportSize, expect
from sqlalchemy import select, update

from core.accounts import credit, favourites, people, reminders
from core.booking.commands import Cancel
from core.booking.paying import pay
from core.booking.stopping import stop
from core.booking.visit import miss_due
from core.catalogue.tables import Doctor
from core.credit.engine import note
from core.events import TextDelivered
from core.money.tables import Payment
from core.values import Actor, ActorKind, Channel, system
from core.work import Hotline
from tests import patients
from tests.browser.conftest import complaints, cookies
from tests.browser.seen import faults
from tests.builders import CALLER, SEED, VISIT, Clinic, clinic
from tests.clocks import FrozenClock
from tests.pages import Open
from tests.public import Client

pytestmark = pytest.mark.browser
SIZES = {
    "wide": ViewportSize(width=1366, height=768),
    "narrow": ViewportSize(width=390, height=844),
    "zoomed to 400 %": ViewportSize(width=320, height=256),
}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
NAMED_BY_VALUE = 'nameless: <input type="submit" value='
PHONE = "10912345678"


@dataclass(frozen=True)
class Mine:
    client: Client
    town: Clinic
    serials: dict[str, str]

    def url(self, path: str) -> str:
        return str(self.client.make_url(path))

    def paths(self, form: str = "") -> list[str]:
        one = f"{form}/account/orders"
        return [
            one,
            *(f"{one}/{self.serials[name]}" for name in ("paid", "back", "stopped")),
            *(f"{one}/{self.serials[name]}/cancel" for name in ("paid", "missed")),
            f"{form}/account/credit",
            f"{form}/account/favourites",
            f"{form}/doctors/{self.town.doctors['chen']}",
        ]


@pytest.fixture
async def mine(open_pages: Open, hotline: Hotline, clock: FrozenClock) -> Mine:
    """李秀英, to whom everything has happened, is logged in."""
    town = await clinic(hotline)
    me = await town.person("李秀英")
    account = await patients.account(hotline, me, PHONE)
    by = Actor(ActorKind.PATIENT, "web", Channel.WEB, account_id=account)
    serials = {"missed": await missed(town, clock, me)}
    kept = await town.book(await town.session("wu", day=VISIT), me, by=by, phone=PHONE)
    gone = await town.book(await town.session("kid", day=VISIT, half="pm"), me, by=CALLER, phone=PHONE)
    async with hotline.work(SEED) as work:
        await stop(work, gone.session_id, reason="病假")
    await town.rule("pay.mode", "online")
    await town.rule("block.cancel", "3 -> 1m")
    paid, back, due = [
        await town.book(
            await town.session("chen", day=VISIT + timedelta(days=days), slots=3), me, by=by, phone=PHONE
        )
        for days in (1, 2, 3)
    ]
    async with hotline.work(SEED) as work:
        payments = (await work.db.execute(select(Payment.id, Payment.appointment_id))).all()
        for payment, appointment in payments:
            if appointment != due.appointment_id:
                await pay(
                    work, payment_id=payment, appointment_id=appointment, provider="unionpay",
                    txn=f"T{payment}", amount_fen=3000,
                )  # fmt: skip
    await town.store.submit(Cancel(back.appointment_id), by)
    serials |= {"kept": kept.serial, "stopped": gone.serial, "paid": paid.serial, "back": back.serial}
    await keep(town, account, me)
    client = await open_pages(sms_number="12320")
    await patients.enter(client, hotline, account)
    return Mine(client, town, serials | {"due": due.serial})


async def missed(town: Clinic, clock: FrozenClock, person_id: int) -> str:
    clock.set("2026-11-17 10:00")
    day = date(2026, 11, 18)
    made = await town.book(await town.session("chen", day=day), person_id, phone=PHONE)
    async with town.hotline.work(SEED) as work:
        work.record(TextDelivered(text_id=1, text_kind="booked", appointment_id=made.appointment_id))
    clock.set("2026-11-19 02:00")
    async with town.hotline.work(system("timers")) as work:
        await miss_due(work)
    clock.set("2026-11-23 10:00")
    return made.serial


async def keep(town: Clinic, account: int, me: int) -> None:
    """Favourites, a release to wait for, a child who may not book, and an appeal of one's own."""
    child = await town.person("王小明")
    async with town.hotline.work(SEED) as work:
        await work.db.execute(update(Doctor).values(speciality="高血压、冠心病"))
        for doctor in ("chen", "wu"):
            await favourites.add(work, account, favourites.DOCTOR, town.doctors[doctor])
        await favourites.add(work, account, favourites.HOSPITAL, town.hospital_id)
        await reminders.ask(work, account, town.posts["kid"])
        await people.add(work, account, child, "child")
    await town.rule("block.no-show", "1 -> 3m", own=False)
    async with town.hotline.work(SEED) as work:
        for person in (me, child):
            await note(
                work, person_id=person, kind="no-show", appointment_id=None, hospital_id=town.hospital_id,
                proof="",
            )  # fmt: skip
    async with town.hotline.read() as db:
        (block,) = (await credit.explained(db, account, me, now=town.hotline.clock.now())).blocks
    async with town.hotline.work(SEED) as work:
        await credit.object_to(work, me, block.entry_id, "我当天在住院,有出院证明。")


async def opened(browser: Browser, mine: Mine, path: str, **how: Any) -> Page:
    """Logged in, and without scripts: nothing of these pages needs one."""
    context = await browser.new_context(**{"java_script_enabled": False, **how})
    await context.add_cookies(cookies(mine.client))
    page = await context.new_page()
    await page.goto(mine.url(path))
    return page


@pytest.mark.req("R-100", "R-098")
@pytest.mark.parametrize("form", ["", "/m"], ids=["full", "light"])
async def test_tired_eyes_and_narrow_windows_are_served(browser: Browser, mine: Mine, form: str) -> None:
    for size, type_size in (("wide", "normal"), ("narrow", "large"), ("zoomed to 400 %", "normal")):
        page = await opened(browser, mine, f"{form}/home?size={type_size}", viewport=SIZES[size])
        errors = complaints(page)
        for path in mine.paths(form):
            await page.goto(mine.url(path))
            found = [one for one in await faults(page) if not one.startswith(NAMED_BY_VALUE)]
            assert found == [], (path, size)
        assert errors == []
        await page.context.close()


@pytest.mark.req("R-100")
@pytest.mark.parametrize(("form", "size"), [("", "wide"), ("/m", "narrow")])
async def test_axe_finds_nothing(browser: Browser, mine: Mine, form: str, size: str) -> None:
    page = await opened(browser, mine, "/home", viewport=SIZES[size], java_script_enabled=True)
    options = {"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]}
    for path in mine.paths(form):
        await page.goto(mine.url(path))
        results = await Axe().run(page, options=options)
        assert results.violations_count == 0, f"{path}\n{results.generate_report()}"


async def test_what_one_taps_is_large_enough(browser: Browser, mine: Mine) -> None:
    page = await opened(browser, mine, "/home", viewport=SIZES["narrow"])
    alone = "main nav a, .call, main button, main input, main textarea, .pager a, .actions a, a.slot"
    for path in mine.paths():
        await page.goto(mine.url(path))
        small = await page.evaluate(
            """(alone) => [...document.querySelectorAll(alone)]
                .filter((e) => e.checkVisibility() && e.getBoundingClientRect().height < 43.5 && !e.closest(".crumbs"))
                .map((e) => `${e.textContent} ${e.getBoundingClientRect().height}`)""",
            alone,
        )
        assert small == [], path


@pytest.mark.req("R-189")
@pytest.mark.parametrize("form", ["", "/m"], ids=["full", "light"])
async def test_from_the_list_to_the_money_back_without_a_script(
    browser: Browser, mine: Mine, form: str
) -> None:
    page = await opened(browser, mine, f"{form}/account/orders", viewport=SIZES["narrow"])
    await page.get_by_role("link", name="11月27日 周五 08:00").click()
    await page.get_by_role("link", name="退号退费").click()
    await expect(page.get_by_text("已付的 30.00 元 全部原路退回")).to_be_visible()
    await page.get_by_role("button", name="确认退号退费").click()
    await expect(page.get_by_text("已取消，退款中")).to_be_visible()
    await expect(page.get_by_text("等待退款")).to_be_visible()
    await page.go_back()
    await expect(page.get_by_text("不用取消")).to_be_visible()


@pytest.mark.req("I-009")
async def test_a_star_and_a_reminder_from_the_doctors_page(browser: Browser, mine: Mine) -> None:
    page = await opened(browser, mine, f"/doctors/{mine.town.doctors['kid']}", viewport=SIZES["wide"])
    await page.get_by_role("button", name="☆ 收藏").click()
    await expect(page.get_by_role("button", name="★ 已收藏，取消")).to_be_visible()
    await page.get_by_role("button", name="取消放号提醒").click()
    await expect(page.get_by_role("button", name="放号提醒", exact=True)).to_be_visible()
    await page.get_by_role("link", name="我的收藏和提醒").click()
    doctors = page.get_by_role("region", name="收藏的医生")
    await expect(doctors.get_by_role("link", name="曾小雨")).to_be_visible()
    await expect(page.get_by_text("没有在等的")).to_be_visible()
