"""Accounts, roles and the functions they allow; an actor on every act."""

import pytest

from core import journal
from core.errors import NotAllowed, NotFound, WrongInput
from core.staff.engine import actor, create_role, create_staff, delete_staff, give_role
from core.staff.functions import FUNCTIONS
from core.values import Actor, ActorKind, Channel
from core.work import Hotline
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
