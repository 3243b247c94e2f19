"""My appointments on pages: whose they are, in tens, in words, and given up after a look at the money."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from core.accounts import people
from core.accounts.orders import Money, Order
from core.booking.commands import Booked, Cancel, Change, Hold
from core.booking.paying import pay
from core.booking.rules import State
from core.booking.stopping import stop
from core.booking.tables import Appointment
from core.booking.view import load
from core.http.forms import FIELD
from core.money.link import pay_path
from core.money.rules import RefundState
from core.money.tables import Payment, Refund
from core.values import Actor, ActorKind, Channel
from core.work import Hotline
from tests import patients
from tests.builders import CALLER, SEED, VISIT, Clinic, clinic
from tests.clocks import FrozenClock
from tests.pages import Open
from tests.public import Client, text, words
from tests.web.test_public_light import KNOWN, XHTML, well_formed
from web.mine import order_words
from web.public.query import MOST_PAGES

PHONE = "10912345678"
FORMS = pytest.mark.parametrize("form", ["", "/m"], ids=["full", "light"])


@pytest.fixture
async def town(hotline: Hotline) -> Clinic:
    made = await clinic(hotline)
    await made.person("李秀英")
    return made


@pytest.fixture
async def account(town: Clinic) -> int:
    return await patients.account(town.hotline, town.people["李秀英"], PHONE)


def by(account_id: int) -> Actor:
    return Actor(ActorKind.PATIENT, "web", Channel.WEB, account_id=account_id)


async def booked(town: Clinic, account_id: int | None, *, post: str = "chen", phone: str = PHONE) -> Booked:
    session = await town.session(post, slots=3)
    who = by(account_id) if account_id else CALLER
    return await town.book(session, town.people["李秀英"], by=who, phone=phone)


async def paid(town: Clinic, account_id: int) -> Booked:
    await town.rule("pay.mode", "online")
    made = await booked(town, account_id)
    async with town.hotline.work(SEED) as work:
        (payment,) = (await work.db.execute(select(Payment.id))).scalars()
        await pay(
            work, payment_id=payment, appointment_id=made.appointment_id, provider="unionpay", txn="T1",
            amount_fen=made.fee_fen,
        )  # fmt: skip
    return made


async def confirm(client: Client, path: str, page: str, **changes: str) -> tuple[int, str]:
    """Send the form that a page shows; status and page of what comes of it, redirects followed."""
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page)) | changes
    answer = await client.post(path, data=fields)
    return answer.status, await answer.text()


# --- who ---------------------------------------------------------------------------------------------------


@FORMS
async def test_without_a_login_one_is_sent_to_it_and_back(open_pages: Open, town: Clinic, form: str) -> None:
    client = await open_pages()
    for path in ("orders", "orders/12345678", "orders/12345678/cancel", "credit", "favourites"):
        answer = await client.get(f"{form}/account/{path}", allow_redirects=False)
        assert answer.status == 303
        assert answer.headers["Location"] == f"{form}/account/login?next={form}/account/{path}"


@FORMS
async def test_anothers_order_is_not_there(open_pages: Open, town: Clinic, account: int, form: str) -> None:
    """Neither seen nor given up, and no different from a number that was never given."""
    theirs = await booked(town, account)
    other = await patients.account(town.hotline, await town.person("王强"), "10911112222")
    client = await open_pages()
    token = await patients.enter(client, town.hotline, other)
    pages = [await text(client, f"{form}/account/orders/{one}", 404) for one in (theirs.serial, "12345678")]
    assert words(pages[0]).replace(theirs.serial, "12345678") == words(pages[1])
    path = f"{form}/account/orders/{theirs.serial}/cancel"
    assert (await client.get(path)).status == 404
    assert (await client.post(path, data={FIELD: token, "version": "1"})).status == 404
    assert theirs.serial not in (await text(client, f"{form}/account/orders")).replace(" ", "")


@FORMS
async def test_a_form_that_brings_no_token_changes_nothing(
    open_pages: Open, town: Clinic, account: int, form: str
) -> None:
    made = await booked(town, account)
    client = await open_pages()
    await patients.enter(client, town.hotline, account)
    for data in ({"version": "1"}, {"version": "1", FIELD: "x"}):
        for path in (f"orders/{made.serial}/cancel", "favourites", "credit"):
            assert (await client.post(f"{form}/account/{path}", data=data)).status == 403
    foreign = {"Origin": "https://elsewhere.example"}
    answer = await client.post(f"{form}/account/orders/{made.serial}/cancel", headers=foreign)
    assert answer.status == 403
    assert "预约成功" in await text(client, f"{form}/account/orders/{made.serial}")


# --- the list -----------------------------------------------------------------------------------------------


@pytest.mark.req("R-185", "R-186")
@FORMS
async def test_the_list_says_number_visit_order_time_and_state_in_tens(
    open_pages: Open, town: Clinic, account: int, form: str
) -> None:
    client = await open_pages()
    await patients.enter(client, town.hotline, account)
    assert "还没有预约" in await text(client, f"{form}/account/orders")
    await copies(town, account, 31)
    made = await booked(town, account, post="wu")
    page = await text(client, f"{form}/account/orders")
    serial = " ".join((made.serial[:2], made.serial[2:5], made.serial[5:]))
    for said in (serial, "11月26日 周四 08:00", "11月23日 周一 10:00 预约", "预约成功", "吴敏", "全部 32"):
        assert said in words(page), said
    assert len(set(re.findall(r"/account/orders/(\d{8})", page))) == 10
    assert _pager(page) == ["后一页", "尾页"]
    assert _pager(await text(client, f"{form}/account/orders?page=2")) == ["首页", "前一页", "后一页", "尾页"]
    for beyond in ("4", "5", "999999", str(MOST_PAGES + 1)):
        last = await text(client, f"{form}/account/orders?page={beyond}")
        assert _pager(last) == ["首页", "前一页"]
        assert len(set(re.findall(r"/account/orders/(\d{8})", last))) == 2
    for odd in ("0", "-1", "x", ""):
        assert _pager(await text(client, f"{form}/account/orders?page={odd}")) == ["后一页", "尾页"]
    over = await text(client, f"{form}/account/orders?state=over")
    assert made.serial not in over
    assert "state=over&amp;page=2" in over
    await text(client, f"{form}/account/orders?state=nonsense", 400)


def _pager(page: str) -> list[str]:
    (found,) = re.findall(r'class="pager"[^>]*>(.*?)</(?:nav|p)>', page, re.S)
    return re.findall(r"<a [^>]*>(.*?)</a>", found)


async def copies(town: Clinic, account_id: int, rows: int) -> None:
    """So many that are over."""
    made = await booked(town, account_id)
    await town.store.submit(Cancel(made.appointment_id), by(account_id))
    async with town.hotline.work(SEED) as work:
        table = Appointment.__table__
        found = await work.db.execute(select(table).where(table.c.id == made.appointment_id))
        row = dict(found.mappings().one())
        del row["id"]
        more = [{**row, "serial": f"{number:08}"} for number in range(1, rows)]
        await work.db.execute(table.insert(), more)


@pytest.mark.req("R-193")
async def test_every_state_and_every_refund_has_words(town: Clinic, account: int) -> None:
    made = await booked(town, account)
    async with town.hotline.read() as db:
        seen = await load(db, made.appointment_id)
    said = {}
    for state in State:
        for refund in (None, *RefundState):
            money = Money(3000, 3000, frozenset({refund})) if refund else Money()
            said[state, refund] = order_words.state(Order(replace(seen, state=state), True, money)).words
    assert len({said[state, None] for state in State}) == len(State)
    cancelled = [said[State.CANCELLED, one] for one in (None, *RefundState)]
    assert cancelled == [
        "已取消", "已取消，退款中", "已取消，退款中", "已取消，已退款", "已取消，退款处理中",
    ]  # fmt: skip
    whole = Order(replace(seen, state=State.BOOKED), True, Money(3000))
    assert order_words.state(whole).words == "已支付，预约成功"


# --- one -----------------------------------------------------------------------------------------------------


@pytest.mark.req("R-187")
@FORMS
async def test_a_detail_tells_all_and_masks_the_number(
    open_pages: Open, town: Clinic, account: int, form: str
) -> None:
    made = await booked(town, account)
    client = await open_pages()
    await patients.enter(client, town.hotline, account)
    page = await text(client, f"{form}/account/orders/{made.serial}")
    told = words(page)
    for said in (
        "青石市第一人民医院", "心血管内科", "陈建国", "11月26日 周四", "11月23日 周一 10:00", "109****5678", "李秀英",
        "30.00 元，就诊时到医院支付", "11月25日 周三 23:59 前可以改约或取消（医院规定：就诊前一天 23:59 前）", "网站",
    ):  # fmt: skip
        assert said in told, said
    assert PHONE not in page
    for link in (
        f'"{form}/account/orders/{made.serial}/cancel"', f'"{form}/book/done/{made.serial}"',
        f'"{form}/doctors/{town.doctors["chen"]}?change={made.serial}"',
    ):  # fmt: skip
        assert link in page, link


async def test_who_is_not_of_the_account_is_named_in_part(
    open_pages: Open, town: Clinic, account: int
) -> None:
    await town.person("赵小明")
    session = await town.session()
    theirs = await town.book(session, town.people["赵小明"], phone=PHONE)
    client = await open_pages()
    await patients.enter(client, town.hotline, account)
    for path in ("/account/orders", f"/account/orders/{theirs.serial}"):
        page = await text(client, path)
        assert "赵**" in page
        assert "赵小明" not in page
    async with town.hotline.work(SEED) as work:
        await people.add(work, account, town.people["赵小明"], "child")
    assert "赵小明" in await text(client, "/account/orders")


async def test_an_unpaid_one_leads_to_the_cashier(
    open_pages: Open, town: Clinic, account: int, clock: FrozenClock
) -> None:
    await town.rule("pay.mode", "online")
    made = await booked(town, account)
    client = await open_pages()
    await patients.enter(client, town.hotline, account)
    path, link = f"/account/orders/{made.serial}", pay_path(town.hotline.sealer, made.appointment_id)
    page = await text(client, path)
    assert f'href="{link}"' in page
    assert "请在 11月23日 周一 10:30 前付清" in page
    clock.advance(minutes=31)
    assert link not in await text(client, path)


# --- given up -------------------------------------------------------------------------------------------------


@pytest.mark.req("R-189")
@FORMS
async def test_a_paid_one_is_given_back_after_a_look_and_its_refund_is_seen(
    open_pages: Open, town: Clinic, account: int, form: str
) -> None:
    made = await paid(town, account)
    client = await open_pages()
    await patients.enter(client, town.hotline, account)
    path = f"{form}/account/orders/{made.serial}"
    assert "退号退费" in await text(client, path)
    asked = await text(client, f"{path}/cancel")
    assert "已付的 30.00 元 全部原路退回" in asked
    status, done = await confirm(client, f"{path}/cancel", asked)
    assert status == 200
    assert "已取消，退款中" in done
    assert "退款已受理" in done
    assert "30.00 元" in done
    status, again = await confirm(client, f"{path}/cancel", asked)
    assert (status, "已取消，退款中" in again) == (200, True)
    async with town.hotline.work(SEED) as work:
        assert len((await work.db.execute(select(Refund))).all()) == 1
        await work.db.execute(update(Refund).values(state="refunded", settled_at=work.now))
    assert "已退回原支付方式" in await text(client, path)


@pytest.mark.req("R-188")
async def test_an_unpaid_one_is_given_up_without_money(open_pages: Open, town: Clinic, account: int) -> None:
    await town.rule("pay.mode", "online")
    made = await booked(town, account)
    client = await open_pages()
    await patients.enter(client, town.hotline, account)
    path = f"/account/orders/{made.serial}/cancel"
    asked = await text(client, path)
    assert "取消后不用再付" in asked
    status, done = await confirm(client, path, asked)
    assert (status, "已取消，号已经放出" in done) == (200, True)
    assert await town.states(made.session_id) == {"free": 3}


@pytest.mark.req("R-151")
@FORMS
async def test_where_the_web_refunds_nothing_it_says_where_to_go(
    open_pages: Open, town: Clinic, account: int, form: str
) -> None:
    await town.rule("refund.web", "no")
    made = await paid(town, account)
    client = await open_pages()
    token = await patients.enter(client, town.hotline, account)
    path = f"{form}/account/orders/{made.serial}"
    for page in (await text(client, path), await text(client, f"{path}/cancel")):
        assert "该医院不支持网上退费,请拨打12320或到医院窗口办理" in page
        assert "确认" not in page
    answer = await client.post(f"{path}/cancel", data={FIELD: token, "version": "2"})
    assert answer.status == 409
    page = await answer.text()
    assert "该医院不支持网上退费" in page
    assert 'href="tel:12320"' in page


@pytest.mark.req("R-189")
@FORMS
async def test_too_late_is_told_with_the_limit_and_the_way_on(
    open_pages: Open, town: Clinic, account: int, clock: FrozenClock, form: str
) -> None:
    made = await booked(town, account)
    client = await open_pages()
    await patients.enter(client, town.hotline, account)
    path = f"{form}/account/orders/{made.serial}"
    asked = await text(client, f"{path}/cancel")
    clock.set("2026-11-26 00:00")
    fresh = await patients.enter(client, town.hotline, account)
    status, page = await confirm(client, f"{path}/cancel", asked, **{FIELD: fresh})
    assert status == 409
    assert "取消预约的截止时间是11月25日23:59" in page
    assert f'href="{path}"' in page
    assert f"{path}/cancel" not in await text(client, path)


@FORMS
async def test_what_moved_on_meanwhile_is_told_and_asked_anew(
    open_pages: Open, town: Clinic, account: int, form: str
) -> None:
    made = await booked(town, account)
    client = await open_pages()
    await patients.enter(client, town.hotline, account)
    path = f"{form}/account/orders/{made.serial}"
    asked = await text(client, f"{path}/cancel")
    async with town.hotline.work(SEED) as work:
        await stop(work, made.session_id, reason="病假")
    status, page = await confirm(client, f"{path}/cancel", asked)
    assert status == 409
    assert "刚刚有变化" in page
    assert "医生停诊" in page
    status, done = await confirm(client, f"{path}/cancel", page)
    assert (status, "已取消" in done) == (200, True)


async def test_what_a_call_gave_up_meanwhile_is_not_given_up_twice(
    open_pages: Open, town: Clinic, account: int
) -> None:
    made = await booked(town, account)
    client = await open_pages()
    await patients.enter(client, town.hotline, account)
    path = f"/account/orders/{made.serial}/cancel"
    asked = await text(client, path)
    await town.store.submit(Cancel(made.appointment_id), CALLER)
    status, page = await confirm(client, path, asked)
    assert (status, "刚刚有变化" in page) == (409, True)
    assert "已取消" in page
    assert "电话" in words(await text(client, path.removesuffix("/cancel")))
    status, _ = await confirm(client, path, asked, version="x")
    assert status == 409


async def test_a_visit_that_is_over_offers_the_next(open_pages: Open, town: Clinic, account: int) -> None:
    made = await booked(town, account)
    await town.store.submit(Cancel(made.appointment_id), by(account))
    client = await open_pages()
    await patients.enter(client, town.hotline, account)
    page = await text(client, f"/account/orders/{made.serial}")
    assert "再约一次" in page
    assert "/cancel" not in page
    assert "不用取消" in await text(client, f"/account/orders/{made.serial}/cancel")


@pytest.mark.req("R-098")
async def test_the_fullest_light_page_is_light(open_pages: Open, town: Clinic, account: int) -> None:
    await copies(town, account, 40)
    made = await booked(town, account, post="wu")
    client = await open_pages()
    await patients.enter(client, town.hotline, account)
    for path in (
        "orders?page=2",
        f"orders/{made.serial}",
        f"orders/{made.serial}/cancel",
        "credit",
        "favourites",
    ):
        page = await text(client, f"/m/account/{path}")
        assert len(page.encode()) < 10_000, path
        assert "<script" not in page
        assert {one.tag.removeprefix(XHTML) for one in well_formed(page).iter()} <= KNOWN, path
        away = [one for one in re.findall(r'(?:href|action)="(/[^"]*)"', page.partition("<body>")[2])
                if not one.startswith(("/m/", "/pay/"))]  # fmt: skip
        assert away == [f"/account/{path}"], path


async def test_a_moved_visit_leads_to_the_new_one(open_pages: Open, town: Clinic, account: int) -> None:
    made = await booked(town, account)
    session = await town.session(day=VISIT + timedelta(days=3))
    held = await town.store.submit(Hold(session, owner="x", person_id=town.people["李秀英"]), by(account))
    new = await town.store.submit(Change(made.appointment_id, held.hold_id), by(account))
    client = await open_pages()
    await patients.enter(client, town.hotline, account)
    page = await text(client, f"/account/orders/{made.serial}")
    assert f'href="/account/orders/{new.serial}"' in page
    assert "已改约" in page
