"""What pages see of payments, and how the house is told that a person must look."""

from collections.abc import Sequence
from datetime import date

import pytest

from core.errors import ChangedMeanwhile, NotAllowed, NotFound, WrongInput
from core.health import State
from core.links.cashiers import cashiers_probe, open_counter
from core.links.unionpay.adapter import NAME
from core.money.cashier import Kind, Line
from core.money.compare import Flag
from core.money.reconcile import Reconciler
from core.money.settlements import differences, settle, settlements
from core.money.stuck import settled_by_hand, stuck
from core.money.tables import Payment
from core.money.view import payments_of
from core.values import Actor, ActorKind
from tests.money.shop import FEE, Shop

MONDAY = date(2026, 11, 23)


class Books:
    """A hospital that has written down something else."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self._lines = lines

    async def lines(self, hospital_id: int, day: date) -> Sequence[Line] | None:
        return self._lines if day == MONDAY else None


async def test_a_payment_is_seen_from_the_first_try_to_the_refund(shop: Shop) -> None:
    made = await shop.appointment()
    await shop.pay(made, how="failed")
    await shop.pay(made)
    await shop.settle()
    await shop.cancel(made)
    await shop.settle()
    async with shop.hotline.read() as db:
        (seen,) = await payments_of(db, made.appointment_id)
    assert (seen.amount_fen, seen.state, seen.provider, seen.tries) == (FEE, "refunded", "unionpay", 2)
    assert seen.pay_by == made.pay_by
    assert [(one.amount_fen, one.reason, one.state) for one in seen.refunds] == [(FEE, "patient", "refunded")]


async def test_money_of_a_provider_without_a_cashier_waits_for_a_person_and_play_money_is_back(
    shop: Shop,
) -> None:
    counter = open_counter(shop.hotline, {}, play=frozenset({"demo"}))
    both = [await shop.appointment(name) for name in ("李秀英", "王芳")]
    for made in both:
        await shop.pay(made)
    await shop.settle()
    for made in both:
        await shop.cancel(made)
    async with shop.hotline.read() as db:
        (first,), (second,) = [await payments_of(db, made.appointment_id) for made in both]
    probe = cashiers_probe(shop.hotline, counter.doubts)
    assert (await probe()).state is State.UP
    await counter.refunding.send(first.refunds[0].refund_id)
    assert (await probe()).words == "1笔退款等人处理"
    async with shop.hotline.work(Actor(ActorKind.SYSTEM, "test")) as work:
        (await work.db.get_one(Payment, second.payment_id)).provider = "demo"
    await counter.refunding.send(second.refunds[0].refund_id)
    assert [state for _, _, state in await shop.refunds()] == ["failed", "refunded"]


@pytest.mark.req("R-138")
async def test_the_report_shows_each_account_and_day_and_staff_see_their_own(shop: Shop) -> None:
    trade = await shop.pay(await shop.appointment())
    await shop.settle()
    books = Books([Line(Kind.PAYMENT, trade.order, FEE), Line(Kind.PAYMENT, "P9", 5)])
    await Reconciler(shop.hotline, {NAME: shop.cashier}, books=books).reconcile(await shop.account(), MONDAY)
    ours = Actor(ActorKind.STAFF, "li", hospital_id=shop.town.hospital_id)
    stranger = Actor(ActorKind.STAFF, "wang", hospital_id=shop.town.hospital_id + 1)
    async with shop.hotline.read() as db:
        (day,) = await settlements(db, ours, since=MONDAY, until=MONDAY)
        assert await settlements(db, stranger, since=MONDAY, until=MONDAY) == []
        (line,) = await differences(db, ours, day.reconciliation_id)
        with pytest.raises(NotAllowed):
            await differences(db, stranger, day.reconciliation_id)
        with pytest.raises(NotFound):
            await differences(db, ours, 999)
    assert (day.platform_fen, day.provider_fen, day.hospital_fen) == (FEE, FEE, FEE + 5)
    assert (day.matched, day.differences, day.open_differences, day.state) == (1, 1, 1, "done")
    assert (line.flag, line.order_no, line.hospital_fen) == (Flag.HOSPITAL_ONLY, "P9", 5)
    for by, reason, refusal in ((stranger, "我看过了", NotAllowed), (ours, "  ", WrongInput)):
        with pytest.raises(refusal):
            async with shop.hotline.work(by) as work:
                await settle(work, line.line_id, reason)
    async with shop.hotline.work(ours) as work:
        await settle(work, line.line_id, "医院补记")
    with pytest.raises(ChangedMeanwhile):
        async with shop.hotline.work(ours) as work:
            await settle(work, line.line_id, "医院补记")


async def test_only_what_is_stuck_is_settled_by_hand_and_by_its_own_hospital(shop: Shop) -> None:
    made = await shop.appointment()
    await shop.pay(made)
    await shop.settle()
    await shop.cancel(made)
    await shop.settle()
    stranger = Actor(ActorKind.STAFF, "wang", hospital_id=shop.town.hospital_id + 1)
    async with shop.hotline.read() as db:
        (seen,) = await payments_of(db, made.appointment_id)
        assert await stuck(db, stranger) == []
    refund_id = seen.refunds[0].refund_id
    ours = Actor(ActorKind.STAFF, "li")
    for by, note, refusal in (
        (ours, "现金", ChangedMeanwhile),
        (stranger, "现金", NotAllowed),
        (ours, " ", WrongInput),
    ):
        with pytest.raises(refusal):
            async with shop.hotline.work(by) as work:
                await settled_by_hand(work, refund_id, note, amount_fen=seen.refunds[0].amount_fen)
