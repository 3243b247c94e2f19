"""The pages of somebody's own account: information, people, mobile, logins; and what others try with them."""

from datetime import date
from xml.etree import ElementTree

import pytest
from sqlalchemy import select
from yarl import URL

from core.accounts.tables import Account, AccountSession, Attendee
from core.people.register import register
from core.people.tables import Person
from core.staff.passwords import Passwords
from core.values import demo_identity
from core.work import Hotline
from tests import patients
from tests.builders import SEED
from tests.clocks import FrozenClock
from tests.pages import Open
from tests.visiting import PASSWORD, Visitor, details, trouble

PHONE, OTHER_PHONE = "10912345678", "10987654321"
LI = demo_identity("0101", date(1966, 8, 12), 2)
CHILD = demo_identity("0101", date(2018, 3, 2), 11).number
HTML = "\"><script>alert(1)</script><b x='"
# Most a light page may weigh.
MOST_BYTES = 30_000


@pytest.fixture
async def visitor(open_pages: Open, hotline: Hotline) -> Visitor:
    """Logged in as 李秀英."""
    visitor = Visitor(await open_pages(passwords=Passwords.quick()), hotline)
    async with hotline.work(SEED) as work:
        person = (await register(work, name="李秀英", identity=LI)).id
    hashed = await Passwords.quick().hash(PASSWORD)
    await patients.enter(visitor.client, hotline, await patients.account(hotline, person, password=hashed))
    return visitor


async def stranger(hotline: Hotline) -> int:
    """Another account."""
    async with hotline.work(SEED) as work:
        person = (await register(work, name="王强", identity=demo_identity("0101", date(1985, 5, 20), 3))).id
    return await patients.account(hotline, person, OTHER_PHONE)


async def test_information_is_changed_and_wrong_words_are_shown_again(visitor: Visitor) -> None:
    page = await visitor.read("/account/info")
    told = await visitor.sent(
        "/account/info", page, 400, name="李秀瑛", sex="male", birth="1966-08-12", address="青石市", health="H1234567"
    )  # fmt: skip
    assert "证件号码不正确" in trouble(told)
    assert "李秀瑛" in told
    assert 'value="H1234567"' in told
    await visitor.sent(
        "/account/info", told, 303, name="李秀瑛", sex="female", birth="1966-08-12", address="青石市", health="H1234567"
    )  # fmt: skip
    page = await visitor.read("/account/info?done=info")
    assert "已保存" in page
    assert "已登记 H1**4567" in page
    assert "H1234567" not in page
    assert LI.number not in page
    await visitor.sent(
        "/account/info", page, 303, name="李秀瑛", sex="female", birth="1966-08-12", **{"drop-health": "yes"}
    )
    assert "已登记" not in await visitor.read("/account/info")


async def test_the_papers_stay_whatever_a_form_says(visitor: Visitor, hotline: Hotline) -> None:
    page = await visitor.read("/account/info")
    await visitor.sent(
        "/account/info", page, 303, name="李秀英", sex="female", birth="1966-08-12", kind="resident", number=CHILD
    )  # fmt: skip
    async with hotline.read() as db:
        kept = await db.scalar(select(Person.identity_print))
    assert kept == hotline.sealer.fingerprint(LI.number, "identity")


async def test_another_mobile_takes_the_password_a_captcha_and_its_code(
    visitor: Visitor, clock: FrozenClock
) -> None:
    page = await visitor.read("/account/phone")
    told = await visitor.sent("/account/phone", page, 403, phone=OTHER_PHONE, password="wrong")
    assert "不符" in trouble(told)
    page = await visitor.sent("/account/phone", told, phone=OTHER_PHONE, password=PASSWORD)
    code = await visitor.code(OTHER_PHONE)
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    told = await visitor.sent("/account/phone", page, 400, code=wrong)
    told = await visitor.sent("/account/phone", told, 429, again="重新发送")
    await visitor.sent("/account/phone", told, 303, code=code)
    assert "109****4321" in await visitor.read("/account/info?done=phone")


async def test_the_step_of_one_account_is_no_step_of_another(visitor: Visitor, hotline: Hotline) -> None:
    page = await visitor.read("/account/phone")
    page = await visitor.sent("/account/phone", page, phone=OTHER_PHONE, password=PASSWORD)
    code = await visitor.code(OTHER_PHONE)
    visitor.client.session.cookie_jar.clear()
    token = await patients.enter(visitor.client, hotline, await stranger(hotline))
    told = await visitor.sent("/account/phone", page, 403, code=code, **{"form-token": token})
    assert "重新打开" in trouble(told)


@pytest.mark.req("I-007")
async def test_people_are_added_completed_and_removed(visitor: Visitor, hotline: Hotline) -> None:
    page = await visitor.read("/account/people/new")
    child = {"name": "李小雨", "relation": "child", "sex": "", "birth": "", "number": ""}
    told = await visitor.sent("/account/people/new", page, 400, kind="household", **child)
    assert "请填写出生日期" in trouble(told)
    assert "李小雨" in told
    born = {**child, "sex": "male", "birth": "2018-03-02"}
    await visitor.sent("/account/people/new", told, 303, kind="household", **born)
    page = await visitor.read("/account/people")
    assert "证件待补" in page
    async with hotline.read() as db:
        person_id = await db.scalar(select(Attendee.person_id))
    path = f"/account/people/{person_id}"
    told = await visitor.sent(f"{path}/papers", page, 400, kind="household", number="123")
    assert "证件号码不正确" in trouble(told)
    await visitor.sent(f"{path}/papers", page, 303, kind="household", number=CHILD)
    page = await visitor.read("/account/people")
    assert "证件待补" not in page
    assert CHILD not in page
    await visitor.sent(f"{path}/remove", page, 303)
    assert "李小雨" not in await visitor.read("/account/people")


async def test_what_is_another_accounts_is_not_there(visitor: Visitor, hotline: Hotline) -> None:
    other = await stranger(hotline)
    async with hotline.work(SEED) as work:
        child = await register(work, name="王小雨")
        work.db.add(Attendee(account_id=other, person_id=child.id, relation="child", added_at=work.now))
        child_id = child.id
    await patients.token(hotline, other)
    async with hotline.read() as db:
        theirs = await db.scalar(select(AccountSession.id).where(AccountSession.account_id == other))
    page = await visitor.read("/account/people/new")
    for path, fields in (
        (f"/account/people/{child_id}/papers", {"kind": "resident", "number": CHILD}),
        (f"/account/people/{child_id}/remove", {}),
        (f"/account/sessions/{theirs}/end", {}),
        ("/account/people/999999/remove", {}),
        ("/account/sessions/999999/end", {}),
    ):
        assert "没有找到" in await visitor.sent(path, page, 404, **fields), path


async def test_every_form_of_an_account_needs_its_token(visitor: Visitor, hotline: Hotline) -> None:
    others = hotline.sealer.fingerprint("another session", "form")
    for path in (
        "/account/info", "/account/phone", "/account/password", "/account/people/new",
        "/account/people/1/papers", "/account/people/1/remove", "/account/sessions/1/end", "/account/logout",
    ):  # fmt: skip
        for token in ("", others):
            answer = await visitor.client.post(path, data={"form-token": token, "name": "张三"})
            assert answer.status == 403, path
        answer = await visitor.client.post(path, data={}, headers={"Origin": "https://evil.example"})
        assert answer.status == 403, path


async def test_whoever_is_not_logged_in_is_asked_to_and_comes_back(visitor: Visitor) -> None:
    visitor.client.session.cookie_jar.clear()
    for form in ("", "/m"):
        answer = await visitor.client.get(f"{form}/account/people?x=1", allow_redirects=False)
        there = URL(answer.headers["Location"])
        assert (there.path, there.query["next"]) == (f"{form}/account/login", f"{form}/account/people?x=1")


async def test_markup_in_any_field_is_text(visitor: Visitor, hotline: Hotline) -> None:
    page = await visitor.read("/account/people/new")
    for path, fields in (
        ("/account/people/new", dict.fromkeys(("name", "relation", "kind", "number", "sex", "birth"), HTML)),
        ("/account/info", dict.fromkeys(("name", "sex", "birth", "address", "health", "version"), HTML)),
        ("/account/phone", {"phone": HTML}),
    ):
        told = await visitor.sent(path, page, 400, **fields)
        assert "<script>alert" not in told, path
    await visitor.sent(
        "/account/people/new", page, 303, name=HTML, relation="other", sex="male", birth="1990-01-02"
    )
    await visitor.sent(
        "/account/info",
        await visitor.read("/account/info"),
        303,
        name=HTML,
        sex="female",
        birth="1966-08-12",
        address=HTML,
    )
    for path in ("/account", "/account/people", "/account/info", "/home", "/account/sessions"):
        for form in ("", "/m"):
            told = await (await visitor.client.get(f"{form}{path}")).text()
            assert "<script>alert" not in told, path
    visitor.client.session.cookie_jar.clear()
    for path, field in (
        ("/account/login", "login"),
        ("/account/register", "phone"),
        ("/account/reset", "name"),
    ):
        told = await visitor.sent(
            path, await visitor.read(path), puzzle=False, status=400, captcha=HTML, **{field: HTML}
        )
        assert "<script>alert" not in told, path


async def test_a_login_elsewhere_is_seen_and_ended(visitor: Visitor, hotline: Hotline) -> None:
    async with hotline.read() as db:
        account_id = await db.scalar(select(Account.id))
    assert account_id
    elsewhere = await patients.token(hotline, account_id)
    page = await visitor.read("/account/sessions")
    assert page.count("/end") == 1, "not the login one is in"
    async with hotline.read() as db:
        newest = await db.scalar(select(AccountSession.id).order_by(AccountSession.id.desc()))
    await visitor.sent(f"/account/sessions/{newest}/end", page, 303)
    visitor.client.session.cookie_jar.clear()
    visitor.client.session.cookie_jar.update_cookies({"hotline-account": elsewhere})
    await visitor.read("/account", 303)


@pytest.mark.req("R-098")
async def test_the_light_pages_are_light_and_well_formed(visitor: Visitor) -> None:
    light = Visitor(visitor.client, visitor.hotline, "/m")
    pages = {
        path: await light.read(path)
        for path in (
            "/account", "/account/info", "/account/phone", "/account/password", "/account/people",
            "/account/people/new", "/account/sessions",
        )
    }  # fmt: skip
    visitor.client.session.cookie_jar.clear()
    for path in ("/account/login", "/account/register", "/account/reset"):
        pages[path] = await light.read(path)
    pages["third step"] = await light.proved("10900001111")
    pages["wrong"] = await light.sent("/account/register", pages["third step"], 400, **details("1"))
    for path, page in pages.items():
        assert len(page.encode()) < MOST_BYTES, path
        ElementTree.fromstring(page)
        assert "<script" not in page
        assert 'action="/account' not in page, "stays among the light pages"
