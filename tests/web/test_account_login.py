"""Logging in and out: what patients do, and what others try."""

import re

import pytest
from sqlalchemy import select

from core.accounts.tables import AccountSession, PhoneCode
from core.staff.passwords import Passwords
from core.work import Hotline
from hotline.demo_accounts import PEOPLE
from tests.captchas import solved
from tests.clocks import FrozenClock
from tests.pages import Open
from tests.visiting import (
    NUMBER,
    OTHER_NUMBER,
    OTHER_PHONE,
    PASSWORD,
    PHONE,
    Visitor,
    count,
    details,
    left,
    registered,
    trouble,
    visitor,
)

__all__ = ["visitor"]


@pytest.mark.req("R-179", "R-180")
@pytest.mark.parametrize(
    "login", [PHONE, f"+86 {PHONE[:3]} {PHONE[3:]}", NUMBER, f" {NUMBER.lower()}", "１０９１２３４５６７８"]
)
async def test_a_patient_logs_in_by_mobile_or_papers(visitor: Visitor, login: str) -> None:
    await registered(visitor)
    left(visitor)
    await visitor.log_in(login)
    await visitor.read("/account")


async def test_a_page_that_was_wanted_is_shown_after_the_login_and_no_other_site(visitor: Visitor) -> None:
    await registered(visitor)
    for wanted, there in (
        ("/account/people?x=1", "/account/people?x=1"),
        ("https://evil.example/", "/account"),
        ("//evil.example/", "/account"),
        ("/\\evil.example", "/account"),
        ("/account/login?next=/account/login", "/account"),
    ):
        left(visitor)
        answer = await visitor.client.get("/account/login", params={"next": wanted})
        page = await answer.text()
        action = re.search(r'action="(/account/login[^"]*)"', page)
        assert action
        sent = await visitor.send(action[1].replace("&amp;", "&"), page, login=PHONE, password=PASSWORD)
        assert (sent.status, sent.headers["Location"]) == (303, there)


async def test_unknown_logins_and_wrong_passwords_are_told_the_same(visitor: Visitor) -> None:
    await registered(visitor)
    left(visitor)
    told = [
        trouble(await visitor.log_in(login, password, 403))
        for login, password in ((PHONE, "wrong"), (OTHER_PHONE, PASSWORD), (NUMBER, "wrong"), ("?", "?"))
    ]
    assert len(set(told)) == 1
    assert "不符" in told[0]


async def test_five_guesses_lock_a_login_however_it_is_written_and_also_one_nobody_has(
    visitor: Visitor, clock: FrozenClock
) -> None:
    await registered(visitor)
    for login in (PHONE, OTHER_PHONE):
        left(visitor)
        for number in range(5):
            await visitor.log_in(login if number % 2 else f"+86{login}", "wrong", 403)
        told = await visitor.log_in(login, PASSWORD, 429)
        assert "试错次数过多" in trouble(told)
    clock.advance(minutes=15)
    await visitor.log_in(PHONE)


async def test_a_session_from_before_the_login_is_ended_and_another_begun(
    visitor: Visitor, hotline: Hotline
) -> None:
    """Fixation: a name known to somebody else is worth nothing after the login."""
    await registered(visitor)
    jar = visitor.client.session.cookie_jar
    before = {cookie.key: cookie.value for cookie in jar}["hotline-account"]
    page = await visitor.read("/account/password")
    await visitor.sent(
        "/account/password",
        page,
        303,
        old=PASSWORD,
        new="another fine sentence",
        again="another fine sentence",
    )
    after = {cookie.key: cookie.value for cookie in jar}["hotline-account"]
    assert before != after
    left(visitor)
    jar.update_cookies({"hotline-account": before})
    await visitor.read("/account", 303)
    # A cookie that was planted is not taken over either.
    page = await visitor.read("/account/login")
    answer = await visitor.send("/account/login", page, login=PHONE, password="another fine sentence")
    begun = next(one for one in answer.headers.getall("Set-Cookie") if "hotline-account=" in one)
    assert before not in begun


async def test_logging_in_again_ends_the_session_that_the_browser_had(
    visitor: Visitor, hotline: Hotline
) -> None:
    page = await visitor.read("/account/login")  # opened in two windows
    await visitor.proved(PHONE)
    left(visitor)
    await registered(visitor, OTHER_PHONE, OTHER_NUMBER, name="王强")
    async with hotline.read() as db:
        first = (await db.execute(select(AccountSession.id))).scalar_one()
    hidden = re.search(r'name="form-token" value="([^"]*)"', page)
    assert hidden
    stranger = await visitor.client.get("/account/reset")
    await visitor.sent(
        "/account/login",
        page.replace(hidden[1], _token(await stranger.text())),
        303,
        login=OTHER_PHONE,
        password=PASSWORD,
    )
    async with hotline.read() as db:
        assert (
            await db.scalar(select(AccountSession.ended_why).where(AccountSession.id == first)) == "replaced"
        )


def _token(page: str) -> str:
    found = re.findall(r'name="form-token" value="([^"]*)"', page)
    return str(found[-1])


async def test_logging_out_ends_the_session_and_needs_its_form(visitor: Visitor) -> None:
    await registered(visitor)
    page = await visitor.read("/home")
    assert "李**" in page
    refused = await visitor.client.post("/account/logout", data={}, allow_redirects=False)
    assert refused.status == 403
    answer = await visitor.send("/account/logout", page)
    assert answer.headers["Location"] == "/account/login?out"
    await visitor.read("/account", 303)
    assert "李**" not in await visitor.read("/home")


@pytest.mark.parametrize("path", ["/account/login", "/account/register", "/account/reset"])
async def test_a_form_that_our_page_did_not_make_does_nothing(
    visitor: Visitor, hotline: Hotline, path: str
) -> None:
    fields = {"phone": PHONE, "login": PHONE, "password": PASSWORD, **await solved(hotline)}
    answer = await visitor.client.post(path, data=fields)
    assert answer.status == 403
    assert "重新打开" in trouble(await answer.text())
    assert await count(hotline, PhoneCode) == 0


async def test_a_page_of_another_site_cannot_log_anybody_in(visitor: Visitor) -> None:
    page = await visitor.read("/account/login")
    answer = await visitor.client.post(
        "/account/login", data={"x": page[:0]}, headers={"Origin": "https://evil.example"}
    )
    assert answer.status == 403


async def test_the_cookie_is_no_business_of_scripts_or_other_sites(visitor: Visitor) -> None:
    page = await visitor.proved(PHONE)
    answer = await visitor.send("/account/register", page, **details(NUMBER))
    cookie = next(one for one in answer.headers.getall("Set-Cookie") if one.startswith("hotline-account="))
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


async def test_the_logins_of_the_demo_stand_on_its_login_page_alone(
    open_pages: Open, hotline: Hotline
) -> None:
    demo = Visitor(await open_pages(passwords=Passwords.quick(), patients=PEOPLE), hotline)
    assert PEOPLE[0].password in await demo.read("/account/login")
    real = Visitor(await open_pages(passwords=Passwords.quick()), hotline)
    assert "演示账号" not in await real.read("/account/login")
