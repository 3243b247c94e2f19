"""Fees in fen: asked for, taken once, carried over a change, owed back; never more than was paid."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from core.booking import view
from core.booking.cancel import expire_due
from core.booking.commands import Booked, Cancel, Cancelled, Change, Hold
from core.booking.paying import pay
from core.booking.stopping import stop
from core.errors import WrongAmount, WrongState
from core.money.engine import balance, open_payment
from core.money.rules import PAYMENT_NEXT, PaymentState, after_change, payment_step
from core.money.tables import Payment, Refund
from core.values import system
from core.work import Hotline
from tests.builders import CALLER, Clinic, clinic
from tests.clocks import FrozenClock

CASHIER, TIMERS = system("cashier"), system("timers")
EXPERT, ORDINARY = 3000, 1000


@pytest.fixture
async def town(hotline: Hotline) -> Clinic:
    made = await clinic(hotline)
    await made.rule("pay.mode", "online")
    return made


async def booked(town: Clinic, post: str = "chen", name: str = "李秀英") -> Booked:
    person = town.people.get(name) or await town.person(name)
    return await town.book(await town.session(post, slots=1), person)


async def asked(town: Clinic, made: Booked) -> Payment:
    async with town.hotline.work(CASHIER) as work:
        payment = await open_payment(work, made.appointment_id)
    assert payment is not None
    return payment


async def paid(
    town: Clinic, made: Booked, payment: Payment | None = None, amount: int | None = None, txn: str = "T1"
) -> bool:
    payment = payment or await asked(town, made)
    async with town.hotline.work(CASHIER) as work:
        return await pay(
            work,
            payment_id=payment.id,
            appointment_id=made.appointment_id,
            provider="demo",
            txn=txn,
            amount_fen=payment.amount_fen if amount is None else amount,
        )


async def state(town: Clinic, made: Booked) -> str:
    async with town.hotline.read() as db:
        return (await view.load(db, made.appointment_id)).state


async def refunds(town: Clinic) -> list[tuple[int, str, str]]:
    async with town.hotline.read() as db:
        rows = await db.execute(select(Refund.amount_fen, Refund.reason, Refund.state).order_by(Refund.id))
        return [(row[0], row[1], row[2]) for row in rows]


async def change(town: Clinic, made: Booked, post: str) -> Booked:
    held = await town.store.submit(Hold(session_id=await town.session(post, slots=1), owner="mover"), CALLER)
    return await town.store.submit(Change(made.appointment_id, held.hold_id), CALLER)


@pytest.mark.req("R-013", "R-048", "R-050")
async def test_the_hospitals_own_fee_is_asked_for_in_fen_to_its_account(town: Clinic) -> None:
    made = await booked(town)
    payment = await asked(town, made)
    assert (payment.amount_fen, payment.hospital_id) == (EXPERT, town.hospital_id)
    assert (made.state, made.fee_fen) == ("unpaid", EXPERT)


async def test_who_pays_at_the_hospital_owes_us_nothing(town: Clinic) -> None:
    await town.rule("pay.mode", "at-hospital")
    made = await booked(town)
    assert made.state == "booked"
    async with town.hotline.work(CASHIER) as work:
        assert await open_payment(work, made.appointment_id) is None
    cancelled = await town.store.submit(Cancel(made.appointment_id), CALLER)
    assert cancelled == Cancelled(made.appointment_id, 0)


@pytest.mark.req("R-008", "R-049", "R-052")
async def test_a_payment_confirms_once_however_often_it_is_told(town: Clinic) -> None:
    made = await booked(town)
    payment = await asked(town, made)
    assert await paid(town, made, payment)
    assert not await paid(town, made, payment)
    assert await state(town, made) == "booked"
    async with town.hotline.work(CASHIER) as work:
        assert (await balance(work, made.appointment_id)).left_fen == EXPERT


@pytest.mark.parametrize("amount", [0, EXPERT - 1, EXPERT + 1])
async def test_a_wrong_amount_confirms_nothing(town: Clinic, amount: int) -> None:
    made = await booked(town)
    with pytest.raises(WrongAmount):
        await paid(town, made, amount=amount)
    assert await state(town, made) == "unpaid"


@pytest.mark.req("R-088")
async def test_what_was_paid_is_owed_back_in_full_after_a_cancellation(town: Clinic) -> None:
    made = await booked(town)
    await paid(town, made)
    assert (await town.store.submit(Cancel(made.appointment_id), CALLER)).refund_fen == EXPERT
    assert await refunds(town) == [(EXPERT, "patient", "requested")]


@pytest.mark.req("R-089")
async def test_a_doctors_leave_gives_all_back_even_on_the_visit_day(town: Clinic, clock: FrozenClock) -> None:
    made = await booked(town)
    await paid(town, made)
    async with town.hotline.work(system("desk")) as work:
        await stop(work, made.session_id, reason="leave")
    clock.set("2026-11-26 07:50")
    assert (await town.store.submit(Cancel(made.appointment_id), CALLER)).refund_fen == EXPERT


@pytest.mark.req("R-193")
async def test_who_does_not_pay_in_time_loses_the_number_and_owes_nothing(
    town: Clinic, clock: FrozenClock
) -> None:
    made = await booked(town)
    assert made.pay_by is not None
    clock.instant = made.pay_by
    async with town.hotline.work(TIMERS) as work:
        assert await expire_due(work) == 1
        assert await expire_due(work) == 0
        assert await open_payment(work, made.appointment_id) is None
    assert await state(town, made) == "expired"
    assert await town.states(made.session_id) == {"free": 1}


@pytest.mark.parametrize("taken", [False, True])
async def test_late_money_takes_the_number_again_or_goes_back(
    town: Clinic, clock: FrozenClock, taken: bool
) -> None:
    made = await booked(town)
    payment = await asked(town, made)
    clock.advance(minutes=31)
    async with town.hotline.work(TIMERS) as work:
        await expire_due(work)
    if taken:
        await town.book(made.session_id, await town.person("王芳"))
    await paid(town, made, payment)
    assert await state(town, made) == ("expired" if taken else "booked")
    assert await refunds(town) == ([(EXPERT, "too-late", "requested")] if taken else [])


async def test_money_for_what_was_cancelled_goes_back(town: Clinic) -> None:
    made = await booked(town)
    payment = await asked(town, made)
    await town.store.submit(Cancel(made.appointment_id), CALLER)
    await paid(town, made, payment)
    assert await state(town, made) == "cancelled"
    assert await refunds(town) == [(EXPERT, "too-late", "requested")]


@pytest.mark.req("R-087")
async def test_a_change_to_a_cheaper_visit_owes_the_rest_back(town: Clinic) -> None:
    made = await booked(town)
    await paid(town, made)
    new = await change(town, made, "wu")
    assert new.state == "booked"
    assert await refunds(town) == [(EXPERT - ORDINARY, "changed", "requested")]
    assert (await town.store.submit(Cancel(new.appointment_id), CALLER)).refund_fen == ORDINARY


@pytest.mark.req("R-087")
async def test_a_change_to_a_dearer_visit_asks_for_the_rest_only(town: Clinic) -> None:
    made = await booked(town, "wu")
    await paid(town, made)
    new = await change(town, made, "chen")
    payment = await asked(town, new)
    assert (new.state, payment.amount_fen) == ("unpaid", EXPERT - ORDINARY)
    await paid(town, new, payment, txn="T2")
    assert await state(town, new) == "booked"
    assert (await town.store.submit(Cancel(new.appointment_id), CALLER)).refund_fen == EXPERT


async def test_a_rest_that_is_not_paid_gives_back_what_was_paid(town: Clinic, clock: FrozenClock) -> None:
    made = await booked(town, "wu")
    await paid(town, made)
    new = await change(town, made, "chen")
    clock.advance(minutes=31)
    async with town.hotline.work(TIMERS) as work:
        await expire_due(work)
    assert await state(town, new) == "expired"
    assert await refunds(town) == [(ORDINARY, "not-paid", "requested")]


async def test_the_rest_that_comes_too_late_does_not_buy_the_whole(town: Clinic, clock: FrozenClock) -> None:
    made = await booked(town, "wu")
    await paid(town, made)
    new = await change(town, made, "chen")
    payment = await asked(town, new)
    clock.advance(minutes=31)
    async with town.hotline.work(TIMERS) as work:
        await expire_due(work)
    await paid(town, new, payment, txn="T2")
    assert await state(town, new) == "expired"
    assert sum(amount for amount, _, _ in await refunds(town)) == EXPERT


async def test_an_unpaid_visit_that_is_changed_is_asked_for_once(town: Clinic) -> None:
    made = await booked(town)
    new = await change(town, made, "wu")
    assert (new.state, (await asked(town, new)).amount_fen) == ("unpaid", ORDINARY)
    async with town.hotline.work(CASHIER) as work:
        assert await open_payment(work, made.appointment_id) is None


@given(st.integers(0, 100_000), st.integers(0, 100_000))
def test_a_change_never_asks_and_gives_back_at_once(paid_fen: int, fee_fen: int) -> None:
    due, back = after_change(paid_fen, fee_fen)
    assert min(due, back) == 0
    assert paid_fen + due - back == fee_fen


def test_a_payment_lives_by_its_table() -> None:
    for state in PaymentState:
        for to in PaymentState:
            if to in PAYMENT_NEXT[state]:
                assert payment_step(state, to) is to
            else:
                with pytest.raises(WrongState):
                    payment_step(state, to)
