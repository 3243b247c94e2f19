"""Whatever the gateway does, it ends balanced: money, slot and appointment agree, and so do the books."""

from datetime import date

import pytest
from sqlalchemy import select

from core import journal
from core.events import NoticeRefused
from core.links.unionpay.sandbox_book import Planted
from core.money.cashier import Kind
from core.money.compare import Flag
from core.money.settlements import settle
from core.money.stuck import send_again, settled_by_hand, stuck
from core.staff.tables import AuditEntry
from core.values import Actor, ActorKind
from tests.money.shop import FEE, Shop

MONDAY = date(2026, 11, 23)
ACCOUNTANT = Actor(ActorKind.STAFF, "zhang", staff_id=None)


async def ends_balanced(shop: Shop) -> None:
    await shop.settle()
    await shop.balanced()
    assert (await shop.reconciled()).differences == []
    assert await shop.named() == []


@pytest.mark.req("R-048", "R-049", "R-050", "R-052")
async def test_an_honest_payment_books_and_a_cancellation_gives_it_back(shop: Shop) -> None:
    made = await shop.appointment()
    await shop.pay(made)
    await shop.settle()
    assert await shop.state(made) == "booked"
    await shop.cancel(made)
    await shop.settle()
    assert await shop.refunds() == [(FEE, "patient", "refunded")]
    await ends_balanced(shop)


# script: state after two hours, what went back by then
SCRIPTS = {
    "honest": ("booked", 0),
    "repeated": ("booked", 0),
    "stale": ("booked", 0),
    "lost": ("booked", 0),
    "forged": ("booked", 0),
    "wrong-notice": ("booked", 0),
    "wrong-amount": ("expired", FEE - 100),
    "unknown": ("booked", 0),
    "refund-fails": ("booked", 0),
    "refund-twice": ("booked", 0),
    "no-void": ("booked", 0),
}


@pytest.mark.parametrize("script", SCRIPTS)
async def test_whatever_the_script_it_ends_balanced(shop: Shop, script: str) -> None:
    made = await shop.appointment()
    await shop.pay(made, script)
    await shop.passes(120)
    state, back = SCRIPTS[script]
    assert await shop.state(made) == state
    assert sum(amount for amount, _, _ in await shop.refunds()) == back
    if state == "booked":
        await shop.cancel(made)
        await shop.passes(180)
        assert sum(amount for amount, _, _ in await shop.refunds()) == FEE
    await ends_balanced(shop)


async def test_a_late_notice_takes_the_number_again_when_it_is_free(shop: Shop) -> None:
    shop.looking = False
    made = await shop.appointment()
    await shop.pay(made, "late")
    await shop.passes(35)
    assert await shop.state(made) == "expired"
    await shop.passes(10)
    assert await shop.state(made) == "booked"
    await ends_balanced(shop)


async def test_a_late_notice_for_a_number_that_is_taken_goes_back_in_full(shop: Shop) -> None:
    shop.looking = False
    session = await shop.town.session("chen", slots=1)
    made = await shop.appointment(session_id=session)
    await shop.pay(made, "late")
    await shop.passes(35)
    other = await shop.appointment("王芳", session)
    await shop.pay(other)
    await shop.passes(10)
    assert (await shop.state(made), await shop.state(other)) == ("expired", "booked")
    assert await shop.refunds() == [(FEE, "too-late", "refunding")]
    await shop.passes(45)  # its notice is late, too
    assert await shop.refunds() == [(FEE, "too-late", "refunded")]
    await ends_balanced(shop)


async def test_a_doubt_is_cleared_before_the_time_to_pay_is_over(shop: Shop) -> None:
    made = await shop.appointment()
    await shop.pay(made, "lost")
    await shop.settle()
    assert await shop.state(made) == "unpaid"
    await shop.passes(10)
    assert await shop.state(made) == "booked"
    await ends_balanced(shop)


async def test_who_does_not_pay_leaves_nothing_behind(shop: Shop) -> None:
    made = await shop.appointment()
    await shop.go(made)
    await shop.passes(90)
    assert await shop.state(made) == "expired"
    assert await shop.attempts() == ["failed"]
    await ends_balanced(shop)


async def test_a_failed_try_may_be_followed_by_a_good_one(shop: Shop) -> None:
    made = await shop.appointment()
    first = await shop.pay(made, how="failed")
    second = await shop.go(made)
    assert first.order != second.order
    await shop.press(second)
    await shop.settle()
    assert await shop.state(made) == "booked"
    assert await shop.attempts() == ["failed", "paid"]
    await ends_balanced(shop)


async def test_a_result_that_takes_its_time_is_waited_for(shop: Shop) -> None:
    made = await shop.appointment()
    await shop.pay(made, how="later")
    await shop.settle()
    assert await shop.state(made) == "unpaid"
    await shop.passes(5)
    assert await shop.state(made) == "booked"
    await ends_balanced(shop)


async def test_two_windows_have_one_order_which_is_paid_once(shop: Shop) -> None:
    made = await shop.appointment()
    first, second = await shop.go(made), await shop.go(made)
    assert first is second
    await shop.press(first)
    await shop.press(second)
    await shop.settle()
    assert await shop.state(made) == "booked"
    await ends_balanced(shop)


@pytest.mark.req("R-088")
async def test_what_is_paid_while_the_patient_cancels_goes_back(shop: Shop) -> None:
    made = await shop.appointment()
    trade = await shop.go(made)
    await shop.cancel(made)
    await shop.press(trade)
    await shop.settle()
    assert await shop.state(made) == "cancelled"
    assert await shop.refunds() == [(FEE, "too-late", "refunded")]
    await ends_balanced(shop)


async def test_after_a_wrong_sum_the_patient_may_pay_anew(shop: Shop) -> None:
    made = await shop.appointment()
    await shop.pay(made, "wrong-amount")
    await shop.settle()
    assert await shop.state(made) == "unpaid"
    assert await shop.refunds() == [(FEE - 100, "wrong-amount", "refunded")]
    await shop.pay(made)
    await shop.settle()
    assert await shop.state(made) == "booked"
    await ends_balanced(shop)


async def test_a_forged_notice_books_nothing_and_is_in_the_audit(shop: Shop) -> None:
    made = await shop.appointment()
    trade = await shop.go(made)
    fields = shop.gateway.front(trade) | {"respCode": "00", "queryId": "1"}
    for _ in range(3):
        async with shop.http.post(f"{shop.home}pay/unionpay/back", data=fields) as answer:
            assert answer.status == 400
    assert await shop.state(made) == "unpaid"
    async with shop.hotline.read() as db:
        (told,) = await journal.latest(db, NoticeRefused, 10)
        acts = (await db.execute(select(AuditEntry.act, AuditEntry.what))).all()
    assert (told.why, told.times) == ("forged", 1)
    assert acts == [("notice-refused", "unionpay: forged")]
    await shop.passes(90)
    assert await shop.state(made) == "expired"
    await ends_balanced(shop)


async def test_the_browser_that_comes_back_shows_and_decides_nothing(shop: Shop) -> None:
    made = await shop.appointment()
    trade = await shop.go(made)
    page = await shop.press(trade, script="lost")
    assert await shop.come_back(page) == f"/appointments/{made.appointment_id}"
    assert await shop.state(made) == "unpaid"
    shop.clock.advance(seconds=11)  # the cashier is asked soon, as its own notice does not come
    await shop.settle()
    assert await shop.state(made) == "booked"
    assert await shop.come_back(page.replace('name="txnAmt" value="3000"', 'name="txnAmt" value="1"')) == "/"
    await ends_balanced(shop)


async def test_what_was_paid_today_is_voided_and_tomorrow_refunded(shop: Shop) -> None:
    made, other = await shop.appointment(), await shop.appointment("王芳")
    for one in (made, other):
        await shop.pay(one)
    await shop.settle()
    await shop.cancel(made)
    await shop.settle()
    assert (await shop.reconciled()).differences == []
    await shop.cancel(other)
    await shop.settle()
    kinds = [one.kind for one in shop.book.trades.values() if one.of]
    assert kinds == ["31", "04"]
    await ends_balanced(shop)


async def test_a_refund_that_is_refused_for_good_waits_for_a_person(shop: Shop) -> None:
    made = await shop.appointment()
    trade = await shop.pay(made)
    await shop.settle()
    trade.query_id = "gone from the gateway's book"
    await shop.cancel(made)
    await shop.passes(30)
    async with shop.hotline.read() as db:
        (waiting,) = await stuck(db, ACCOUNTANT)
    assert (waiting.amount_fen, waiting.code, waiting.sendings) == (FEE, "34", 2)
    async with shop.hotline.work(ACCOUNTANT) as work:
        await send_again(work, waiting.refund_id)
    await shop.settle()
    async with shop.hotline.work(ACCOUNTANT) as work:
        await settled_by_hand(work, waiting.refund_id, "银行转账退回，凭证 8817", amount_fen=FEE)
    async with shop.hotline.read() as db:
        assert await stuck(db, ACCOUNTANT) == []
    assert await shop.refunds() == [(FEE, "patient", "refunded")]


async def test_the_outbox_waits_for_a_gateway_that_is_away(shop: Shop) -> None:
    made = await shop.appointment()
    await shop.pay(made)
    await shop.settle()
    shop.looking = False
    away, shop.book.give_back = shop.book.give_back, lambda fields: "06"  # type: ignore[method-assign, assignment]
    await shop.cancel(made)
    await shop.settle()
    assert await shop.refunds() == [(FEE, "patient", "refunding")]
    shop.book.give_back = away  # type: ignore[method-assign]
    await shop.passes(5)
    assert await shop.refunds() == [(FEE, "patient", "refunded")]
    await ends_balanced(shop)


# --- reconciliation -------------------------------------------------------------------------------------


@pytest.mark.req("R-138")
async def test_the_reconciliation_names_every_planted_difference(shop: Shop) -> None:
    made = [await shop.appointment(name) for name in ("李秀英", "王芳", "张伟", "刘洋", "陈静")]
    trades = [await shop.pay(one) for one in made]
    await shop.settle()
    await shop.cancel(made[4])
    await shop.settle()
    back = next(one.order for one in shop.book.trades.values() if one.of)
    shop.book.planted[MONDAY] = Planted(
        left_out={trades[0].order, back},
        changed={trades[1].order: 2900},
        doubled={trades[2].order},
        invented=[("01", "P00000000009901", 700)],
    )
    found = await shop.reconciled()
    assert [
        (one.kind, one.order, one.flag, one.platform_fen, one.provider_fen) for one in found.differences
    ] == [
        (Kind.PAYMENT, trades[0].order, Flag.PLATFORM_ONLY, FEE, None),
        (Kind.PAYMENT, trades[1].order, Flag.AMOUNT_DIFF, FEE, 2900),
        (Kind.PAYMENT, trades[2].order, Flag.AMOUNT_DIFF, FEE, 6000),
        (Kind.PAYMENT, "P00000000009901", Flag.PROVIDER_ONLY, None, 700),
        (Kind.REFUND, back, Flag.PLATFORM_ONLY, FEE, None),
    ]
    assert len(found.matched) == 2
    kept = await shop.named()
    assert [(one.order_no, one.flag) for one in kept] == [(one.order, one.flag) for one in found.differences]


async def test_a_difference_is_settled_once_with_who_and_why(shop: Shop) -> None:
    trade = await shop.pay(await shop.appointment())
    await shop.settle()
    shop.book.planted[MONDAY] = Planted(left_out={trade.order})
    await shop.reconciled()
    (line,) = await shop.named()
    async with shop.hotline.work(ACCOUNTANT) as work:
        await settle(work, line.line_id, "银联确认次日入账")
    (line,) = await shop.named()
    assert (line.settled_by, line.reason) == ("zhang", "银联确认次日入账")
    again = await shop.counter.reconciler.reconcile(await shop.account(), MONDAY)
    assert len(again.differences) == 1
    (line,) = await shop.named()
    assert line.settled_by == "zhang"


async def test_what_comes_a_day_later_in_the_file_is_no_difference_any_more(shop: Shop) -> None:
    trade = await shop.pay(await shop.appointment())
    await shop.settle()
    settled, trade.settled = trade.settled, "20261124"
    assert settled == "20261123"
    await shop.reconciled()
    assert [one.flag for one in await shop.named()] == [Flag.PLATFORM_ONLY]
    assert (await shop.reconciled()).differences == []
    (line,) = await shop.named()
    assert line.settled_by == "reconciliation"


async def test_money_we_never_heard_of_is_found_in_the_file_and_booked(shop: Shop) -> None:
    made = await shop.appointment()
    shop.looking = False
    await shop.pay(made, "lost")
    await shop.passes(60)
    assert await shop.state(made) == "expired"
    found = await shop.reconciled()
    assert [one.flag for one in found.differences] == [Flag.PROVIDER_ONLY]
    shop.looking = True
    await shop.settle()
    assert await shop.state(made) == "booked"
    shop.clock.advance(minutes=30)
    assert await shop.counter.reconciler.reconcile_due() > 0
    (line,) = await shop.named()
    assert line.settled_by == "reconciliation"
    await shop.balanced()


async def test_every_account_is_reconciled_for_every_day_by_itself(shop: Shop) -> None:
    made = await shop.appointment()
    await shop.pay(made)
    await shop.settle()
    shop.clock.set("2026-11-24 08:00")
    assert await shop.counter.reconciler.reconcile_due() == 0
    shop.clock.set("2026-11-24 09:05")
    assert await shop.counter.reconciler.reconcile_due() == 1
    assert await shop.counter.reconciler.reconcile_due() == 0
    shop.clock.set("2026-11-25 10:00")  # a day on which nothing moved has no file
    assert await shop.counter.reconciler.reconcile_due() == 1
    shop.clock.set("2026-11-25 18:30")
    assert await shop.counter.reconciler.reconcile_due() == 1
    assert await shop.counter.reconciler.reconcile_due() == 0
    assert await shop.named() == []
