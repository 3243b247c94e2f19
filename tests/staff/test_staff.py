"""Accounts, roles and the functions they allow; an actor on every act."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from core import journal
from core.errors import NotAllowed, NotFound, PhoneInvalid, Refusal, RoleInUse, WrongInput
from core.staff import view
from core.staff.engine import (
    actor,
    change_staff,
    create_staff,
    delete_staff,
    give_one_time,
    give_role,
    set_roles,
)
from core.staff.functions import EVERY_FUNCTION, FUNCTIONS
from core.staff.roles import change_role, create_role, delete_role
from core.values import Actor, ActorKind, Channel
from core.work import Hotline, Work
from tests.builders import CALLER, SEED, clinic


async def staff(hotline: Hotline, login: str = "zhang", number: str | None = None) -> int:
    async with hotline.work(SEED) as work:
        return await create_staff(work, login=login, name="张敏", number=number)


async def role(hotline: Hotline, name: str, *functions: str) -> int:
    async with hotline.work(SEED) as work:
        return await create_role(work, name, set(functions))


async def who(hotline: Hotline, login: str = "zhang") -> Actor:
    async with hotline.read() as db:
        return await actor(db, login, Channel.PHONE)


@pytest.mark.req("R-164", "R-166", "R-172")
async def test_the_rights_of_several_roles_are_united(hotline: Hotline) -> None:
    someone = await staff(hotline)
    for name, functions in (("坐席", ("book", "reveal")), ("班长", ("supervise", "book"))):
        made = await role(hotline, name, *functions)
        async with hotline.work(SEED) as work:
            await give_role(work, someone, made)
            await give_role(work, someone, made)  # a repeat does no harm
    acting = await who(hotline)
    assert acting.functions == {"book", "reveal", "supervise"}
    assert (acting.kind, acting.staff_id, acting.channel) == (ActorKind.STAFF, someone, Channel.PHONE)


async def test_without_a_role_nobody_may_anything(hotline: Hotline) -> None:
    await staff(hotline)
    acting = await who(hotline)
    assert not any(acting.may(function) for function in FUNCTIONS)


@pytest.mark.req("R-170")
async def test_a_deleted_account_acts_no_more_and_keeps_its_login(hotline: Hotline) -> None:
    someone = await staff(hotline, number="1001")
    async with hotline.work(SEED) as work:
        await delete_staff(work, someone)
    with pytest.raises(NotFound):
        await who(hotline)
    with pytest.raises(WrongInput):
        await staff(hotline)
    with pytest.raises(WrongInput):
        await staff(hotline, "other", number="1001")


@pytest.mark.req("R-168")
@pytest.mark.parametrize(("login", "name"), [("", "张敏"), ("  ", "张敏"), ("zhang", " ")])
async def test_an_account_has_a_login_and_a_name(hotline: Hotline, login: str, name: str) -> None:
    with pytest.raises(WrongInput):
        async with hotline.work(SEED) as work:
            await create_staff(work, login=login, name=name)


async def test_a_role_has_a_name_of_its_own_and_functions_that_exist(hotline: Hotline) -> None:
    await role(hotline, "坐席", "book")
    for name, function in (("坐席", "book"), (" ", "book"), ("新", "fly")):
        with pytest.raises(WrongInput):
            await role(hotline, name, function)


async def test_nobody_gives_what_is_not_there_to_whom_is_not_there(hotline: Hotline) -> None:
    someone, made = await staff(hotline), await role(hotline, "坐席", "book")
    for staff_id, role_id in ((someone, 4711), (4711, made)):
        with pytest.raises(NotFound):
            async with hotline.work(SEED) as work:
                await give_role(work, staff_id, role_id)
    with pytest.raises(NotFound):
        async with hotline.work(SEED) as work:
            await delete_staff(work, 4711)


async def test_only_who_may_makes_accounts_and_roles(hotline: Hotline) -> None:
    someone, made = await staff(hotline), await role(hotline, "坐席", "book")
    async with hotline.work(CALLER) as work:
        for act in (
            create_staff(work, login="x", name="x"),
            create_role(work, "x", set()),
            give_role(work, someone, made),
            delete_staff(work, someone),
        ):
            with pytest.raises(NotAllowed):
                await act


def test_each_function_has_a_meaning_and_a_chinese_label() -> None:
    for meaning, label in FUNCTIONS.values():
        assert meaning.isascii()
        assert len(label) >= 3
        assert not label.isascii()


async def test_who_did_it_by_which_way_stands_on_every_event(hotline: Hotline) -> None:
    town = await clinic(hotline)
    someone = await staff(hotline)
    made = await role(hotline, "坐席", "book")
    async with hotline.work(SEED) as work:
        await give_role(work, someone, made)
    session, li = await town.session(), await town.person("李秀英")
    await town.book(session, li, by=await who(hotline))
    async with hotline.read() as db:
        entries = await journal.entries(db, journal.START)
    assert all(entry.actor for entry in entries)
    assert [(e.actor, e.channel) for e in entries if e.event.kind == "appointment.booked"] == [
        ("zhang", "phone")
    ]


async def of(hotline: Hotline, login: str, *functions: str, **more: Any) -> Actor:
    """Somebody with these functions."""
    async with hotline.work(SEED) as work:
        someone = await create_staff(work, login=login, name="李娜", **more)
        made = await create_role(work, f"角色 {login}", set(functions))
        await set_roles(work, someone, {made})
    return await who(hotline, login)


async def refused(hotline: Hotline, by: Actor, act: Callable[[Work], Awaitable[object]]) -> str:
    """The code of the refusal of this act."""
    with pytest.raises(Refusal) as told:
        await hotline.run(act, by)
    return told.value.code


@pytest.mark.req("R-174")
async def test_the_super_administrator_has_every_function_and_stays(hotline: Hotline) -> None:
    async with hotline.work(SEED) as work:
        top = await create_staff(work, login="admin", name="超级管理员", supreme=True)
    admin, other = await who(hotline, "admin"), await of(hotline, "li", "staff")
    assert admin.functions == EVERY_FUNCTION
    for by in (SEED, admin, other):
        assert await refused(hotline, by, lambda work: delete_staff(work, top)) == "super-administrator"
    for act in (
        lambda work: give_one_time(work, top, "hash"),
        lambda work: set_roles(work, top, set()),
        lambda work: change_staff(work, top, name="x", number=None, hospital_id=None, mobile=None),
    ):
        assert await refused(hotline, other, act) == "super-administrator"
    assert (await who(hotline, "admin")).functions == EVERY_FUNCTION


@pytest.mark.req("R-169")
async def test_all_but_login_and_password_can_be_changed(hotline: Hotline) -> None:
    town = await clinic(hotline)
    someone = await staff(hotline, number="1001")
    new = {"name": "张明", "number": "1002", "hospital_id": town.hospital_id, "mobile": "10712345678"}
    async with hotline.work(SEED) as work:
        assert await change_staff(work, someone, **new) == ["name", "number", "hospital", "mobile"]
        assert await change_staff(work, someone, **new) == []
    async with hotline.read() as db:
        it = await view.account(db, hotline.sealer, SEED, someone, now=hotline.clock.now())
    assert (it.login, it.name, it.number, it.hospital_id) == ("zhang", "张明", "1002", town.hospital_id)
    assert it.mobile
    assert it.mobile.masked == "107****5678"


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"name": " "}, WrongInput), ({"name": "长" * 41}, WrongInput), ({"number": "12a"}, WrongInput),
        ({"number": "123456789"}, WrongInput), ({"number": "1001"}, WrongInput), ({"mobile": "12"}, PhoneInvalid),
    ],
)  # fmt: skip
async def test_what_is_no_name_number_or_phone_is_refused(
    hotline: Hotline, fields: dict[str, Any], refusal: type[Refusal]
) -> None:
    await staff(hotline, "li", number="1001")
    someone = await staff(hotline)
    usual = {"name": "张敏", "number": None, "hospital_id": None, "mobile": None}
    with pytest.raises(refusal):
        await hotline.run(lambda work: change_staff(work, someone, **{**usual, **fields}), SEED)


@pytest.mark.req("R-165")
async def test_a_role_is_deleted_when_nobody_has_it(hotline: Hotline) -> None:
    someone, made = await staff(hotline), await role(hotline, "坐席", "book")
    async with hotline.work(SEED) as work:
        await set_roles(work, someone, {made})
    with pytest.raises(RoleInUse):
        async with hotline.work(SEED) as work:
            await delete_role(work, made)
    async with hotline.work(SEED) as work:
        await delete_staff(work, someone)
        await delete_role(work, made)
    async with hotline.read() as db:
        assert await view.roles(db) == []


@pytest.mark.req("R-165", "R-172")
async def test_a_changed_role_counts_from_the_next_moment(hotline: Hotline) -> None:
    by = await of(hotline, "zhang", "book")
    async with hotline.work(SEED) as work:
        (one,) = await view.roles(work.db)
        assert await change_role(work, one.role_id, "坐席", {"book", "desk"})
        assert not await change_role(work, one.role_id, "坐席", {"desk", "book"})
    assert (by.functions, (await who(hotline)).functions) == ({"book"}, {"book", "desk"})


async def test_nobody_gives_themselves_rights(hotline: Hotline) -> None:
    by = await of(hotline, "zhang", "staff")
    made = await role(hotline, "全部", *FUNCTIONS)
    assert by.staff_id
    own = by.staff_id
    async with hotline.read() as db:
        (mine,) = [one.role_id for one in await view.roles(db) if one.holders]
    assert await refused(hotline, by, lambda work: give_role(work, own, made)) == "not-allowed"
    assert await refused(hotline, by, lambda work: delete_staff(work, own)) == "not-allowed"
    wider = {"staff", "reveal"}
    assert await refused(hotline, by, lambda work: change_role(work, mine, "x", wider)) == "not-allowed"


@pytest.mark.req("R-167")
async def test_staff_of_a_hospital_keep_its_staff_and_give_what_they_have(hotline: Hotline) -> None:
    here, there = await clinic(hotline), await clinic(hotline, 2)
    by = await of(hotline, "zhang", "staff", "leave", hospital_id=here.hospital_id)
    theirs = await of(hotline, "wang", "desk", hospital_id=there.hospital_id)
    ours = await of(hotline, "zhao", hospital_id=here.hospital_id)
    senior = await of(hotline, "qian", "rules", hospital_id=here.hospital_id)
    leave, desk = await role(hotline, "停诊", "leave"), await role(hotline, "坐席", "desk")
    ids = [one.staff_id or 0 for one in (theirs, ours, senior)]
    async with hotline.work(by) as work:
        await set_roles(work, ids[1], {leave})
    for act in (
        lambda work: set_roles(work, ids[1], {leave, desk}),
        lambda work: set_roles(work, ids[0], {leave}),
        lambda work: delete_staff(work, ids[0]),
        lambda work: give_one_time(work, ids[0], "hash"),
        lambda work: give_one_time(work, ids[2], "hash"),
        lambda work: create_staff(work, login="x", name="x"),
        lambda work: create_staff(work, login="x", name="x", hospital_id=there.hospital_id),
        lambda work: create_role(work, "x", {"leave"}),
        lambda work: delete_role(work, leave),
    ):
        assert await refused(hotline, by, act) == "not-allowed"


@pytest.mark.req("R-170")
async def test_a_login_in_other_letters_is_the_same_login(hotline: Hotline) -> None:
    await staff(hotline, "zhang")
    for login in ("ZHANG", "ｚｈａｎｇ"):
        with pytest.raises(WrongInput):
            await staff(hotline, login)
