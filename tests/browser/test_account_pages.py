"""The pages of accounts as people meet them: wide and narrow, without scripts, and by axe."""

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from core.people.register import register
from core.staff.passwords import Passwords
from core.values import IdentityKind, demo_identity
from core.work import Hotline
from hotline.demo_accounts import PEOPLE
from tests import patients
from tests.browser.seen import faults
from tests.browser.test_public_pages import NAMED_BY_VALUE, RULES, SIZES
from tests.builders import BORN, SEED
from tests.captchas import figures
from tests.pages import Open
from tests.visiting import PASSWORD, Visitor

pytestmark = pytest.mark.browser
PHONE = "10912345678"
NUMBER = demo_identity("0101", BORN, 2)
STRANGERS = ("/account/login", "/account/register", "/account/reset")
OWN = (
    "/account", "/account/info", "/account/phone", "/account/password", "/account/people",
    "/account/people/new", "/account/sessions",
)  # fmt: skip


@pytest.fixture
async def visitor(open_pages: Open, hotline: Hotline) -> Visitor:
    return Visitor(await open_pages(passwords=Passwords.quick(), patients=PEOPLE), hotline)


def url(visitor: Visitor, path: str) -> str:
    return str(visitor.client.make_url(path))


async def solve(visitor: Visitor, page: Page) -> None:
    token = await page.locator("input[name=captcha-token]").get_attribute("value")
    assert token
    await page.get_by_label("验证码", exact=True).fill(await figures(visitor.hotline, token))


@pytest.mark.req("R-176", "R-177", "R-179", "R-180")
async def test_a_patient_registers_and_comes_back_by_hand(browser: Browser, visitor: Visitor) -> None:
    """On a telephone, without a script."""
    page = await browser.new_page(viewport=SIZES["narrow"], java_script_enabled=False)
    await page.goto(url(visitor, "/home"))
    await page.get_by_role("link", name="登录", exact=True).click()
    await page.get_by_role("link", name="还没有账号，注册").click()
    await page.get_by_label("手机号", exact=True).fill(PHONE)
    await solve(visitor, page)
    await page.get_by_role("button", name="发送短信验证码").click()
    await page.get_by_label("六位数字").fill(await visitor.code(PHONE))
    await page.get_by_role("button", name="下一步").click()
    await page.get_by_label("姓名", exact=True).fill("李秀英")
    await page.get_by_label("证件号码", exact=True).fill(NUMBER.number)
    for label in ("设置密码", "再输入一次"):
        await page.get_by_label(label, exact=True).fill(PASSWORD)
    await page.get_by_label("我同意").check()
    await page.get_by_role("button", name="注册").click()
    await expect(page.get_by_role("status")).to_have_text("注册成功，已为您登录。")
    await page.get_by_role("button", name="退出").click()
    await expect(page.get_by_role("status")).to_have_text("您已退出登录。")
    await page.get_by_label("手机号或证件号码").fill(NUMBER.number)
    await page.get_by_label("密码", exact=True).fill(PASSWORD)
    await solve(visitor, page)
    await page.get_by_role("button", name="登录").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("李**，您好")


@pytest.mark.req("R-100")
async def test_axe_and_tired_eyes_find_nothing(browser: Browser, visitor: Visitor, hotline: Hotline) -> None:
    async with hotline.work(SEED) as work:
        person = (await register(work, name="李秀英", identity=NUMBER)).id
    account_id = await patients.account(hotline, person)
    await patients.enter(visitor.client, hotline, account_id)
    new = await visitor.read("/account/people/new")
    child = {"name": "李小雨", "relation": "child", "kind": IdentityKind.RESIDENT.value}
    await visitor.sent("/account/people/new", new, 303, **child, sex="male", birth="2018-03-02")
    token = await patients.token(hotline, account_id)
    options = {"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]}
    for size, form in (("wide", ""), ("narrow", "/m")):
        context = await browser.new_context(viewport=SIZES[size])
        page = await context.new_page()
        for paths in (STRANGERS, OWN):
            for path in paths:
                await page.goto(url(visitor, form + path))
                results = await Axe().run(page, options=options)
                assert results.violations_count == 0, f"{form}{path}\n{results.generate_report()}"
                assert await seen(page) == [], (path, size)
                if not form:
                    await page.set_viewport_size(SIZES["narrow"])
                    assert await seen(page) == [], (path, "narrow")
                    await page.set_viewport_size(SIZES["wide"])
            cookie = {"name": "hotline-account", "value": token, "url": url(visitor, "/")}
            await context.add_cookies([cookie])  # type: ignore[list-item] # it is one
        await context.close()


async def seen(page: Page) -> list[str]:
    return [one for one in await faults(page) if not one.startswith(NAMED_BY_VALUE)]
