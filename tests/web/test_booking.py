"""The booking wizard: look, keep a number, choose for whom, agree, and have it."""

import re

import pytest

from core.booking.rules import State
from core.money.accounts import Certified, open_account
from core.money.cashier import Redirect
from core.work import Hotline
from tests.builders import SEED, Clinic
from tests.clocks import FrozenClock
from tests.pages import Open
from tests.public import text, words
from tests.wizard import PHONE, Surfer, li, links, made, serial_of, surfer, town

__all__ = ["li", "town"]


@pytest.mark.req("I-008")
async def test_anybody_may_look_and_the_choice_leads_by_the_login_back_to_it(
    open_pages: Open, town: Clinic
) -> None:
    session = await town.session("chen", slots=3, minutes=60)
    [first, *_] = await town.periods(session)
    pages = await open_pages()
    page = await text(pages, f"/book/{session}")
    said = words(page)
    for told in (
        "市一医院 心血管内科",
        "陈建国 主任医师",
        "11月26日 周四 上午",
        "专家号",
        "30 元",
        "08:00–09:00 余 1",
    ):
        assert told in said, told
    [to, *_] = [one for one in links(page) if one.startswith("/account/login?next=%2Fbook")]
    assert to == f"/account/login?next=%2Fbook%2F{session}%3Fperiod%3D{first}"
    assert 'class="period asked"' not in page
    answer = await pages.post(f"/book/{session}", data={"period": first}, allow_redirects=False)
    assert answer.status == 303
    assert answer.headers["Location"].startswith("/account/login?next=")
    assert await town.states(session) == {"free": 3}


@pytest.mark.req("I-008", "R-046", "R-047")
async def test_a_number_is_kept_read_back_and_booked(li: Surfer, hotline: Hotline) -> None:
    session = await li.town.session("chen", slots=3, minutes=60)
    page = await li.get(f"/book/{session}?period={(await li.town.periods(session))[1]}")
    assert page.count('class="period asked"') == 1
    held = await li.hold(session, place=1)
    assert await li.town.states(session) == {"free": 2, "held": 1}
    choice = await li.get(held)
    assert "为您保留到 10:05:00" in words(choice)
    assert 'data-left="300"' in choice
    assert "李秀英 本人" in words(choice)
    assert f'value="{li.person_id}"' in choice
    agree = words(await li.get(f"{held}?person={li.person_id}"))
    assert (
        "为 李秀英 预约 市一医院 心血管内科 陈建国 主任医师，11月26日 周四 09:00–10:00，第 2 号；"
        "挂号费30元，就诊当天到医院付。" in agree
    )
    assert "11月25日 周三 23:59 前" in agree
    done = await li.book(held)
    [it] = await made(hotline)
    assert serial_of(done) == it.serial
    assert (it.person_id, it.booker_id, it.account_id, it.channel) == (
        li.person_id,
        None,
        li.account_id,
        "web",
    )
    assert it.contact_print == hotline.sealer.fingerprint(PHONE, "phone")
    assert (it.state, it.sequence) == (State.BOOKED, 2)


@pytest.mark.req("R-035")
async def test_somebody_of_the_family_is_booked_for_by_the_owner(li: Surfer, hotline: Hotline) -> None:
    child = await li.family("李小宝")
    session = await li.town.session("chen")
    held = await li.hold(session)
    assert "李小宝 子女" in words(await li.get(held))
    await li.book(held, child)
    [it] = await made(hotline)
    assert (it.person_id, it.booker_id) == (child, li.person_id)


@pytest.mark.req("R-048", "R-049", "I-008")
async def test_the_end_says_where_when_and_how_to_pay(
    li: Surfer, hotline: Hotline, clock: FrozenClock
) -> None:
    await li.town.rule("pay.mode", "online")
    held = await li.hold(await li.town.session("chen"))
    agree = words(await li.get(f"{held}?person={li.person_id}"))
    assert "在线支付，预约后30分钟内付清，过时号就放出去了" in agree
    assert "挂号费原路全额退回" in agree
    done = await li.book(held)
    page = await li.get(done)
    said = words(page)
    serial = serial_of(done)
    grouped = f"{serial[:2]} {serial[2:5]} {serial[5:]}"
    for told in (
        "号已为您留好，请支付",
        "应付 30 元",
        "请在 10:30 前付清",
        grouped,
        "门诊楼三楼",
        "居民身份证原件",
    ):
        assert told in said, told
    assert 'data-left="1800"' in page
    [pay] = {one for one in links(page) if one.startswith("/pay/")}
    assert "支付挂号费" in words(await li.get(pay))
    assert f'role="img" aria-label="二维码，内容是预约流水号 {grouped}"' in page
    assert "<svg" in page
    assert f"/account/orders/{serial}" in links(page)


@pytest.mark.req("R-059")
async def test_a_patient_without_papers_is_told_to_bring_them_in_time(li: Surfer, hotline: Hotline) -> None:
    child = await li.family("李小宝", identity=False)
    held = await li.hold(await li.town.session("chen"))
    assert "还没有登记证件" in words(await li.get(held))
    page = await li.get(await li.book(held, child))
    assert "已预约，待补登证件" in words(page)
    assert "/account/people" in links(page)


async def nobody_pays(*_asked: object, **_more: object) -> Redirect:
    raise AssertionError("nobody goes to pay here")


async def test_where_the_hospital_leaves_the_choice_the_patient_pays_as_they_like(
    open_pages: Open, town: Clinic, hotline: Hotline
) -> None:
    await town.rule("pay.mode", "either")
    async with hotline.work(SEED) as work:
        await open_account(
            work, hospital_id=town.hospital_id, provider="unionpay", merchant_no="999000000000001",
            certified=Certified("1", "a certificate", "a key"),
        )  # fmt: skip
    surfing = await surfer(open_pages, town, "李秀英", pay=nobody_pays)
    held = await surfing.hold(await town.session("chen"))
    page = await surfing.get(held)
    assert re.findall(r'name="pay" value="([\w-]+)"', page) == ["at-hospital", "online"]
    assert "在线支付" in words(await surfing.get(f"{held}?person={surfing.person_id}&pay=online"))
    await surfing.book(held, pay="online")
    [it] = await made(hotline)
    assert (it.pay_mode, it.state) == ("online", State.UNPAID)


async def test_nobody_is_offered_to_pay_where_there_is_no_cashier(li: Surfer) -> None:
    await li.town.rule("pay.mode", "either")
    held = await li.hold(await li.town.session("chen"))
    assert 'name="pay"' not in await li.get(held)
    assert "就诊当天到医院付" in words(await li.get(f"{held}?person={li.person_id}&pay=online"))
