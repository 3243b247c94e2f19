"""Tries to pay at a cashier: the guarded statements by which each begins and ends."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Row, Select, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import PaymentLate, WrongState
from core.events import PaymentDoubted, PaymentFailed, PaymentSubmitted
from core.money.cashier import Account
from core.money.rules import (
    PAYMENT_NEXT,
    UNDECIDED,
    Patience,
    PaymentState,
    before,
    payment_number,
)
from core.money.tables import MerchantAccount, Payment, PaymentAttempt
from core.values import day_of
from core.work import Work

# How long a patient may stay on the cashier's page where nothing else says so.
WINDOW = timedelta(minutes=30)


@dataclass(frozen=True)
class Attempt:
    """One order at a cashier, as it is now."""

    attempt_id: int
    payment_id: int
    appointment_id: int
    account_id: int
    merchant_no: str
    provider: str
    order_no: str
    amount_fen: int
    state: PaymentState
    sent_at: datetime
    open_until: datetime
    asked: int


@dataclass(frozen=True)
class Payable:
    """A payment that waits."""

    payment_id: int
    appointment_id: int
    hospital_id: int
    amount_fen: int
    pay_by: datetime | None


# Also while it is at a cashier: a patient may go there again.
_SUBMITTABLE = [*before(PAYMENT_NEXT, PaymentState.SUBMITTED), PaymentState.SUBMITTED.value]


async def payable(work: Work, appointment_id: int) -> Payable:
    """What an appointment still has to pay. Raises WrongState when nothing, PaymentLate."""
    query = select(
        Payment.id, Payment.appointment_id, Payment.hospital_id, Payment.amount_fen, Payment.pay_by
    ).where(Payment.appointment_id == appointment_id, Payment.state.in_(_SUBMITTABLE))
    row = (await work.db.execute(query)).first()
    if row is None:
        raise _nothing()
    found = Payable(*row)
    if found.pay_by is not None and found.pay_by <= work.now:
        raise PaymentLate
    return found


def _nothing() -> WrongState:
    return WrongState(facts={"state": "not-payable", "wanted": PaymentState.SUBMITTED.value})


async def open_attempt(
    work: Work, due: Payable, account: Account, patience: Patience
) -> tuple[Attempt, bool]:
    """The order under which a payment goes to a cashier, and whether it is a new one.

    An order can be paid once, so a patient who begins again is given the same; a new one only after the
    cashier has said that the last did not work. Raises WrongState when the payment was ended meanwhile.
    """
    # The payment's row is held from here: of two windows the second finds what the first has opened.
    still = await work.db.execute(
        update(Payment)
        .where(Payment.id == due.payment_id, Payment.state.in_(_SUBMITTABLE))
        .values(state=PaymentState.SUBMITTED)
        .returning(Payment.id)
    )
    if still.one_or_none() is None:
        raise _nothing()
    there = _loaded().where(
        PaymentAttempt.payment_id == due.payment_id,
        PaymentAttempt.provider == account.provider,
        PaymentAttempt.state.in_(UNDECIDED),
    )
    if (row := (await work.db.execute(there)).one_or_none()) is not None:
        return _read(row), False
    last = select(func.coalesce(func.max(PaymentAttempt.number), 0)).where(
        PaymentAttempt.payment_id == due.payment_id
    )
    number = int((await work.db.execute(last)).scalar_one()) + 1
    made = PaymentAttempt(
        payment_id=due.payment_id,
        account_id=account.account_id,
        provider=account.provider,
        number=number,
        order_no=payment_number(due.payment_id, number),
        amount_fen=due.amount_fen,
        state=PaymentState.SUBMITTED,
        # A cashier's clock has whole seconds, and this moment is part of the order's name.
        sent_at=work.now.replace(microsecond=0),
        open_until=due.pay_by or work.now + WINDOW,
        ask_at=work.now + patience.first,
    )
    work.db.add(made)
    await work.db.flush()
    work.record(
        PaymentSubmitted(
            appointment_id=due.appointment_id,
            payment_id=due.payment_id,
            provider=account.provider,
            number=number,
        )
    )
    opened = await work.db.execute(_loaded().where(PaymentAttempt.id == made.id))
    return _read(opened.one()), True


async def numbered(db: AsyncSession, provider: str, order_no: str) -> Attempt | None:
    """The try with this order number."""
    query = _loaded().where(PaymentAttempt.provider == provider, PaymentAttempt.order_no == order_no)
    row = (await db.execute(query)).one_or_none()
    return None if row is None else _read(row)


async def came(work: Work, attempt: Attempt, *, txn: str, settle_day: date | None) -> None:
    """This try has brought money; what that pays for is decided by booking, in this transaction."""
    await work.db.execute(
        update(PaymentAttempt)
        .where(PaymentAttempt.id == attempt.attempt_id, PaymentAttempt.state != PaymentState.PAID)
        .values(state=PaymentState.PAID, txn=txn, settle_day=settle_day or day_of(work.now), ask_at=None)
    )


async def failed(work: Work, attempt: Attempt, code: str) -> bool:
    """This try did not work: the patient may try again. False when it was decided already."""
    if not await _decide(work, attempt, PaymentState.FAILED, code=code[:24], ask_at=None):
        return False
    await _payment_to(work, attempt.payment_id, PaymentState.FAILED)
    work.record(
        PaymentFailed(appointment_id=attempt.appointment_id, payment_id=attempt.payment_id, code=code[:24])
    )
    return True


async def doubted(work: Work, attempt: Attempt, when: datetime | None) -> None:
    """The cashier does not know yet; when: it is asked again."""
    if not await _decide(work, attempt, PaymentState.UNKNOWN, ask_at=when):
        return
    if attempt.state is not PaymentState.UNKNOWN:
        await _payment_to(work, attempt.payment_id, PaymentState.UNKNOWN)
        work.record(PaymentDoubted(appointment_id=attempt.appointment_id, payment_id=attempt.payment_id))


async def unpaid(work: Work, payment_id: int) -> None:
    """What a try brought was not this payment: it still waits, for another try."""
    await _payment_to(work, payment_id, PaymentState.FAILED)


async def ask_at(work: Work, attempt_id: int, when: datetime | None) -> None:
    """When to ask how a try ended that nobody knows yet, or that is said to have failed; None: no more."""
    await work.db.execute(
        update(PaymentAttempt)
        .where(PaymentAttempt.id == attempt_id, PaymentAttempt.state != PaymentState.PAID)
        .values(ask_at=when)
    )


async def take_due(work: Work, *, lease: timedelta, limit: int) -> Sequence[Attempt]:
    """Tries about which a cashier is to be asked now; nobody else is given them while the lease lasts."""
    chosen = (
        select(PaymentAttempt.id)
        .where(PaymentAttempt.ask_at <= work.now)
        .order_by(PaymentAttempt.ask_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("chosen")
    )
    took = await work.db.execute(
        update(PaymentAttempt)
        .where(PaymentAttempt.id.in_(select(chosen.c.id)), PaymentAttempt.ask_at <= work.now)
        .values(ask_at=work.now + lease, asked=PaymentAttempt.asked + 1)
        .returning(PaymentAttempt.id)
        .execution_options(synchronize_session=False)
    )
    ids = took.scalars().all()
    rows = await work.db.execute(_loaded().where(PaymentAttempt.id.in_(ids)).order_by(PaymentAttempt.id))
    return [_read(row) for row in rows]


async def _decide(work: Work, attempt: Attempt, to: PaymentState, **more: object) -> bool:
    """Nobody decides what is decided; only that money came may still be said of a failure."""
    decided = await work.db.execute(
        update(PaymentAttempt)
        .where(PaymentAttempt.id == attempt.attempt_id, PaymentAttempt.state.in_(UNDECIDED))
        .values(state=to, **more)
        .returning(PaymentAttempt.id)
    )
    return decided.one_or_none() is not None


async def _payment_to(work: Work, payment_id: int, to: PaymentState) -> None:
    """Follow the try, where the payment still waits for it."""
    await work.db.execute(
        update(Payment).where(Payment.id == payment_id, Payment.state.in_(UNDECIDED)).values(state=to)
    )


def _loaded() -> Select[*tuple[Any, ...]]:
    """The columns of an Attempt, in order."""
    return (
        select(
            PaymentAttempt.id,
            PaymentAttempt.payment_id,
            Payment.appointment_id,
            PaymentAttempt.account_id,
            MerchantAccount.merchant_no,
            PaymentAttempt.provider,
            PaymentAttempt.order_no,
            PaymentAttempt.amount_fen,
            PaymentAttempt.state,
            PaymentAttempt.sent_at,
            PaymentAttempt.open_until,
            PaymentAttempt.asked,
        )
        .join(Payment, Payment.id == PaymentAttempt.payment_id)
        .join(MerchantAccount, MerchantAccount.id == PaymentAttempt.account_id)
    )


def _read(row: Row[*tuple[Any, ...]]) -> Attempt:
    values = list(row)
    values[8] = PaymentState(values[8])
    return Attempt(*values)
