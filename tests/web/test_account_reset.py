"""A forgotten password: four things that agree, or nothing happens."""

import re

import pytest

from core.work import Hotline
from tests.clocks import FrozenClock
from tests.visiting import (
    NUMBER,
    OTHER_NUMBER,
    OTHER_PHONE,
    PASSWORD,
    PHONE,
    Visitor,
    left,
    registered,
    trouble,
    visitor,
)

__all__ = ["visitor"]


async def asked(visitor: Visitor, phone: str = PHONE, number: str = NUMBER, name: str = "李秀英") -> str:
    page = await visitor.read("/account/reset")
    return await visitor.sent("/account/reset", page, phone=phone, number=number, name=name)


@pytest.mark.req("R-182")
async def test_four_things_that_agree_lead_to_a_new_password_and_nowhere_else(
    visitor: Visitor, clock: FrozenClock
) -> None:
    await registered(visitor)
    left(visitor)
    clock.advance(minutes=1)
    page = await asked(visitor, name="李 秀英")
    answer = await visitor.send("/account/reset", page, code=await visitor.code(PHONE))
    assert (answer.status, answer.headers["Location"]) == (303, "/account/new-password")
    await visitor.read("/account", 303)
    assert "登录</a>" in await visitor.read("/home"), "it is no session to look around in"
    page = await visitor.read("/account/new-password")
    told = await visitor.sent("/account/new-password", page, 400, new=PASSWORD, again=PASSWORD)
    assert "不能和现在的一样" in trouble(told)
    new = "a wholly other sentence"
    await visitor.sent("/account/new-password", told, 303, new=new, again=new)
    await visitor.read("/account")
    left(visitor)
    await visitor.log_in(PHONE, PASSWORD, 403)
    await visitor.log_in(PHONE, new)


@pytest.mark.req("R-183")
async def test_whatever_does_not_agree_is_told_the_same_and_resets_nothing(
    visitor: Visitor, clock: FrozenClock
) -> None:
    await registered(visitor)
    left(visitor)
    said, sent = set(), set()
    for phone, number, name, right in (
        (PHONE, OTHER_NUMBER, "李秀英", True),
        (PHONE, NUMBER, "张三", True),
        (PHONE, NUMBER, "李秀英", False),
        (OTHER_PHONE, NUMBER, "李秀英", True),
        ("10900000009", OTHER_NUMBER, "王强", True),
    ):
        clock.advance(minutes=1)
        page = await asked(visitor, phone, number, name)
        sent.add(re.sub(r'value="[^"]*"|109\*{4}\d{4}', "", page))
        code = await visitor.code(phone)
        typed = code if right else f"{(int(code) + 1) % 1_000_000:06d}"
        said.add(trouble(await visitor.sent("/account/reset", page, 403, code=typed)))
    assert len(said) == 1
    assert len(sent) == 1
    await visitor.log_in(PHONE)


async def test_guessing_at_the_code_of_a_reset_ends_soon(visitor: Visitor, clock: FrozenClock) -> None:
    await registered(visitor)
    left(visitor)
    clock.advance(minutes=1)
    page = await asked(visitor)
    code = await visitor.code(PHONE)
    for step in range(1, 6):
        await visitor.sent("/account/reset", page, 403, code=f"{(int(code) + step) % 1_000_000:06d}")
    await visitor.sent("/account/reset", page, 403, code=code)


async def test_a_reset_ends_every_other_login(visitor: Visitor, hotline: Hotline, clock: FrozenClock) -> None:
    await registered(visitor)
    thief = {cookie.key: cookie.value for cookie in visitor.client.session.cookie_jar}["hotline-account"]
    left(visitor)
    clock.advance(minutes=1)
    page = await asked(visitor)
    await visitor.send("/account/reset", page, code=await visitor.code(PHONE))
    new = "a wholly other sentence"
    await visitor.send(
        "/account/new-password", await visitor.read("/account/new-password"), new=new, again=new
    )
    left(visitor)
    visitor.client.session.cookie_jar.update_cookies({"hotline-account": thief})
    await visitor.read("/account", 303)


async def test_a_long_name_goes_through_every_step(visitor: Visitor, clock: FrozenClock) -> None:
    name = "阿卜杜热合曼·" * 5 + "买买提"
    await registered(visitor, name=name)
    left(visitor)
    clock.advance(minutes=1)
    page = await asked(visitor, name=name)
    await visitor.sent("/account/reset", page, 303, code=await visitor.code(PHONE))
