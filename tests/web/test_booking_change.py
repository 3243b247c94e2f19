"""A booking is moved by the same wizard: what is moved stands on every page, and stands until the new one does."""

import asyncio

import pytest

from core.booking.rules import State
from core.work import Hotline
from tests import patients
from tests.builders import CALLER, Clinic
from tests.clocks import FrozenClock
from tests.pages import Open
from tests.public import text, words
from tests.wizard import PHONE, Surfer, li, links, made, serial_of, town

__all__ = ["li", "town"]


async def booked(li: Surfer) -> str:
    """The serial number of an appointment with Dr Chen on Thursday morning."""
    return serial_of(await li.book(await li.hold(await li.town.session("chen"), key="before")))


@pytest.mark.req("R-087")
async def test_a_change_is_carried_from_the_doctors_page_to_its_end(li: Surfer, hotline: Hotline) -> None:
    old = await booked(li)
    session = await li.town.session("chen", half="pm")
    doctor = li.town.doctors["chen"]
    for base in ("", "/m"):
        agenda = await li.get(f"{base}/doctors/{doctor}?day=2026-11-26&change={old}")
        assert "正在改约： 11月26日 周四 08:00 市一医院 心血管内科 陈建国" in words(agenda)
        assert f"{base}/book/{session}?change={old}" in links(agenda)
        assert f"{base}/account/orders/{old}" in links(agenda)  # the way to stop
        department = await li.get(f"{base}/departments/{li.town.department_id}?day=2026-11-26&change={old}")
        assert any(f"/doctors/{doctor}?day=2026-11-26&change={old}" in one for one in links(department))
    page = await li.get(f"/book/{session}?change={old}")
    assert "正在改约" in words(page)
    assert f'name="change" value="{old}"' in page
    held = await li.hold(session, key="k2", change=old)
    assert held.endswith(f"?change={old}")
    agree = await li.get(held)
    assert "为 李秀英 预约 市一医院 心血管内科 陈建国 主任医师，11月26日 周四 14:00–14:30" in words(agree)
    assert 'name="person"' not in agree
    [before] = await made(hotline)
    assert before.state == State.BOOKED  # the old one stands so far
    done = await li.post(held.partition("?")[0], change=old)
    was, now = await made(hotline)
    assert (was.state, now.state, now.replaces_id) == (State.REPLACED, State.BOOKED, was.id)
    assert serial_of(done) == now.serial
    assert (now.session_id, now.person_id, now.account_id) == (session, li.person_id, li.account_id)


async def test_a_double_click_moves_once(li: Surfer, hotline: Hotline) -> None:
    old = await booked(li)
    held = (await li.hold(await li.town.session("chen", half="pm"), change=old)).partition("?")[0]
    one, other = await asyncio.gather(li.post(held, change=old), li.post(held, change=old))
    assert one == other
    assert len(await made(hotline)) == 2


async def test_the_money_that_was_paid_is_told_before_the_change(li: Surfer) -> None:
    """Dr Wu's number costs ten yuan instead of thirty; nothing was paid yet."""
    old = await booked(li)
    held = await li.hold(await li.town.session("wu", half="pm"), change=old)
    assert "挂号费10元，就诊当天到医院付" in words(await li.get(held))


@pytest.mark.req("R-087")
@pytest.mark.parametrize(
    ("rule", "value", "said"),
    [
        ("change.deadline", "day-3 10:10", "变更预约的截止时间是11月23日10:10,现已超过"),
        ("change.max", "0", "一个预约最多变更0次"),
    ],
)
async def test_a_change_that_is_refused_says_so_at_each_step_and_nothing_moves(
    li: Surfer, hotline: Hotline, clock: FrozenClock, rule: str, value: str, said: str
) -> None:
    await li.town.rule(rule, value)
    old = await booked(li)
    session = await li.town.session("chen", half="pm")
    held = await li.hold(session, key="k2", change=old) if rule == "change.deadline" else ""
    clock.set("2026-11-23 10:11")
    page = await li.get(f"/book/{session}?change={old}")
    assert said in words(page)
    assert 'name="period"' not in page
    assert said in words(await li.post(f"/book/{session}", 200, key="k3", period=1, change=old))
    if held:
        assert said in words(await li.get(held))
        assert said in words(await li.post(held.partition("?")[0], 409, change=old))
    [it] = await made(hotline)
    assert it.state == State.BOOKED


async def test_what_was_booked_by_telephone_is_moved_by_the_same_number(li: Surfer, hotline: Hotline) -> None:
    first = await li.town.session("chen")
    old = await li.town.book(first, li.person_id, by=CALLER, phone=PHONE)
    held = await li.hold(await li.town.session("chen", half="pm"), change=old.serial)
    done = await li.post(held.partition("?")[0], change=old.serial)
    assert "预约成功" in words(await li.get(done))
    assert (await made(hotline))[1].channel == "web"


async def test_whose_name_one_may_not_read_is_not_read_back(li: Surfer) -> None:
    """A neighbour was booked for by this number; the account does not book for them."""
    neighbour = await li.town.person("王强")
    old = await li.town.book(await li.town.session("chen"), neighbour, by=CALLER, phone=PHONE)
    held = await li.hold(await li.town.session("chen", half="pm"), change=old.serial)
    page = await li.get(held)
    assert "为 王* 预约" in words(page)
    assert "王强" not in page
    done = await li.get(await li.post(held.partition("?")[0], change=old.serial))
    assert "王强" not in done


async def test_stopping_gives_the_number_back_and_leads_to_what_stays(li: Surfer, hotline: Hotline) -> None:
    old = await booked(li)
    session = await li.town.session("chen", half="pm")
    held = (await li.hold(session, change=old)).partition("?")[0]
    assert await li.post(f"{held}/leave", change=old, stop="yes") == f"/account/orders/{old}"
    assert await li.town.states(session) == {"free": 6}
    [it] = await made(hotline)
    assert it.state == State.BOOKED


@pytest.mark.req("R-167")
async def test_a_public_page_says_nothing_of_anothers_appointment(
    li: Surfer, open_pages: Open, town: Clinic
) -> None:
    old = await booked(li)
    path = f"/doctors/{town.doctors['chen']}?change={old}"
    stranger = await open_pages()
    page = await text(stranger, path)
    assert "陈建国 11月26日" not in words(page)
    assert f"?change={old}" in page  # asked for at the login
    wang = await town.person("王强")
    await patients.enter(stranger, town.hotline, await patients.account(town.hotline, wang, "10988888888"))
    assert old not in (await text(stranger, path)).replace(f"{old}&amp;size", "").replace(path, "")
