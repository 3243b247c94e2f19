"""Registering: who gets an account, who does not, and what nobody is told."""

import re
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import func, select

from core.accounts.tables import Account, PhoneCode
from core.people.register import register
from core.people.tables import Person
from core.values import Phone, demo_identity
from core.work import Hotline
from tests.builders import SEED
from tests.captchas import solved, token_of
from tests.clocks import FrozenClock
from tests.public import words
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


@pytest.mark.req("R-059", "R-176", "R-177", "R-007")
@pytest.mark.parametrize("form", ["", "/m"])
async def test_a_patient_registers_in_three_steps_and_is_logged_in(visitor: Visitor, form: str) -> None:
    visitor = replace(visitor, form=form)
    page = await visitor.proved(PHONE)
    answer = await visitor.send(
        "/account/register",
        page,
        **details(NUMBER, sex="female", birth="1966-08-12", address="青石市东城区", insurance="A1234567"),
    )
    assert (answer.status, answer.headers["Location"]) == (303, f"{form}/account?welcome")
    overview = words(await visitor.read("/account?welcome"))
    assert "李**，您好" in overview
    assert "李秀英" not in overview, "others may look at the screen"
    info = await visitor.read("/account/info")
    assert "109****5678" in info
    assert "A1****4567"[:2] in info
    for secret in (PHONE, NUMBER, "A1234567"):
        assert secret not in info


@pytest.mark.req("R-180")
async def test_no_code_is_sent_without_the_captcha(visitor: Visitor, hotline: Hotline) -> None:
    page = await visitor.read("/account/register")
    told = await visitor.sent(
        "/account/register",
        page,
        400,
        puzzle=False,
        phone=PHONE,
        captcha="00000",
        **{"captcha-token": token_of(page)},
    )
    assert "验证码不对" in trouble(told)
    assert PHONE in told, "what was typed is still there"
    assert await count(hotline, PhoneCode) == 0


async def test_a_captcha_that_was_answered_is_of_no_more_use(visitor: Visitor, hotline: Hotline) -> None:
    page = await visitor.read("/account/login")
    hidden = await solved(hotline, page)
    for status in (403, 400):
        told = await visitor.sent(
            "/account/login", page, status, puzzle=False, login=PHONE, password="x", **hidden
        )
    assert "验证码不对" in trouble(told)


@pytest.mark.req("R-178")
async def test_a_code_is_sent_again_after_a_minute_and_the_old_one_is_void(
    visitor: Visitor, clock: FrozenClock
) -> None:
    page = await visitor.sent("/account/register", await visitor.read("/account/register"), phone=PHONE)
    first = await visitor.code(PHONE)
    told = await visitor.sent("/account/register", page, 429, again="重新发送")
    assert "一分钟内只能发一次" in trouble(told)
    clock.advance(minutes=1)
    page = await visitor.sent("/account/register", page, again="重新发送")
    assert await visitor.code(PHONE) != first
    await visitor.sent("/account/register", page, 400, code=first)


async def test_what_was_typed_stays_when_something_is_wrong_but_never_the_password(
    visitor: Visitor,
) -> None:
    page = await visitor.proved(PHONE)
    typed = details(
        NUMBER, name='<b>"李"</b>', address="<script>alert(1)</script>", again="another sentence yet"
    )
    told = await visitor.sent("/account/register", page, 400, **typed)
    assert "两次输入" in trouble(told)
    assert "<script>alert" not in told
    assert "<b>&#34;" not in told
    assert 'value="&lt;b&gt;&#34;李&#34;&lt;/b&gt;"' in told
    assert NUMBER in told
    assert PASSWORD not in told
    # And the proof of the number is good for another try.
    await visitor.sent("/account/register", told, 303, **details(NUMBER))


WRONG = [
    ({"number": "123"}, "证件号码不正确"),
    ({"number": ""}, "请填写"),
    ({"name": " "}, "请填写名称"),
    ({"sex": "male"}, "证件号码不正确"),
    ({"birth": "1966-08-13"}, "证件号码不正确"),
    ({"birth": "yesterday"}, "出生日期"),
    ({"kind": "household"}, "户口簿"),
    ({"kind": "library"}, "证件种类"),
    ({"password": "short", "again": "short"}, "至少要十个字"),
    ({"password": f"{PHONE} is mine", "again": f"{PHONE} is mine"}, "密码里不能有"),
    ({"health": "<1>"}, "卡号"),
    ({"kind": "passport", "number": "E12345678"}, "请填写出生日期"),
    ({"number": demo_identity("0101", date(2015, 3, 2), 11).number}, "监护人"),
]


async def test_false_data_open_no_account(visitor: Visitor, hotline: Hotline) -> None:
    page = await visitor.proved(PHONE)
    for wrong, said in WRONG:
        told = await visitor.sent("/account/register", page, 400, **{**details(NUMBER), **wrong})
        assert said in trouble(told), wrong
    assert await count(hotline, Account) == 0


async def test_a_proof_of_one_number_opens_no_account_of_another(visitor: Visitor, hotline: Hotline) -> None:
    await visitor.proved(PHONE)
    page = await visitor.proved(OTHER_PHONE)
    await visitor.sent("/account/register", page, 303, phone=PHONE, asked="x", **details(NUMBER))
    async with hotline.read() as db:
        assert await db.scalar(select(Account.phone_print)) == hotline.sealer.fingerprint(
            OTHER_PHONE, "phone"
        )


async def test_steps_of_a_form_are_sealed_for_their_form_and_their_time(
    visitor: Visitor, clock: FrozenClock
) -> None:
    page = await visitor.sent("/account/register", await visitor.read("/account/register"), phone=PHONE)
    code = await visitor.code(PHONE)
    told = await visitor.sent("/account/register", page, 403, code=code, asked="AAAA")
    assert "重新打开" in trouble(told)
    told = await visitor.sent("/account/reset", page, 403, code=code)
    assert "重新打开" in trouble(told)
    clock.advance(minutes=21)
    await visitor.sent("/account/register", page, 403, code=code)


async def test_the_same_is_said_of_a_number_with_an_account_until_it_is_proved(visitor: Visitor) -> None:
    await registered(visitor)
    left(visitor)
    said = []
    for phone in (PHONE, OTHER_PHONE):
        page = await visitor.read("/account/register")
        visitor.hotline.clock.advance(minutes=1)  # type: ignore[attr-defined]
        page = await visitor.sent("/account/register", page, phone=phone)
        said.append(re.sub(r'value="[^"]*"|109\*{4}\d{4}', "", page))
    assert said[0] == said[1]
    page = await visitor.sent("/account/register", page, code=await visitor.code(OTHER_PHONE))


async def test_who_holds_the_number_is_told_that_it_has_an_account(
    visitor: Visitor, clock: FrozenClock
) -> None:
    await registered(visitor)
    left(visitor)
    clock.advance(minutes=1)
    page = await visitor.proved(PHONE)
    told = await visitor.sent("/account/register", page, 409, **details(OTHER_NUMBER, name="王强"))
    assert "这个手机号已经注册过" in trouble(told)


async def test_a_known_person_is_not_taken_and_one_word_covers_why(
    visitor: Visitor, hotline: Hotline, clock: FrozenClock
) -> None:
    """Another name, an account already, another telephone: who asks learns none of it."""
    third = demo_identity("0101", date(1990, 11, 3), 6)
    async with hotline.work(SEED) as work:
        await register(work, name="周敏", identity=third, phones=[Phone("10777770001")])
    await registered(visitor)
    said = set()
    for phone, number, name in (
        ("10900000001", NUMBER, "张三"),
        ("10900000002", NUMBER, "李秀英"),
        ("10900000003", third.number, "周敏"),
        ("10900000004", third.number, "张三"),
    ):
        left(visitor)
        page = await visitor.proved(phone)
        told = await visitor.sent("/account/register", page, 409, **details(number, name))
        said.add(trouble(told))
    assert len(said) == 1
    assert await count(hotline, Account) == 1


async def test_who_tries_number_after_number_is_stopped(visitor: Visitor, hotline: Hotline) -> None:
    async with hotline.work(SEED) as work:
        await register(work, name="李秀英", identity=demo_identity("0101", date(1966, 8, 12), 2))
    page = await visitor.proved(PHONE)
    for _ in range(10):
        await visitor.sent("/account/register", page, 409, **details(NUMBER, "张三"))
    told = await visitor.sent("/account/register", page, 429, **details(NUMBER))
    assert "试错次数过多" in trouble(told)


@pytest.mark.req("R-085")
async def test_whoever_booked_by_phone_without_papers_keeps_what_was_booked(
    visitor: Visitor, hotline: Hotline
) -> None:
    async with hotline.work(SEED) as work:
        known = (await register(work, name="李秀英", phones=[Phone(PHONE)])).id
    await registered(visitor)
    async with hotline.read() as db:
        assert await db.scalar(select(Account.person_id)) == known
        assert await db.scalar(select(func.count()).select_from(Person)) == 1
