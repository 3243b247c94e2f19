"""Take payments, carry them over a change, owe refunds; amounts in integer fen."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import WrongAmount
from core.events import PaymentReceived, RefundOwed, RefundSettled
from core.money import card
from core.money.rules import OPEN, PAYMENT_NEXT, PaymentState, RefundState, before
from core.money.tables import Payment, Refund
from core.work import Work

_CAME = (PaymentState.PAID, PaymentState.REFUNDED)


@dataclass(frozen=True)
class Balance:
    """What was paid for an appointment, less what was given or owed back, in fen."""

    paid_fen: int
    refunds_fen: int

    @property
    def left_fen(self) -> int:
        return self.paid_fen - self.refunds_fen


class Came(StrEnum):
    """What a cashier's word about money was to us."""

    FIRST = "first"
    AGAIN = "again"  # we knew
    TWICE = "twice"  # more money for what was paid already


async def ask(
    work: Work,
    *,
    appointment_id: int,
    hospital_id: int,
    amount_fen: int,
    pay_by: datetime | None = None,
) -> int:
    """Open a payment of this amount to the hospital's own account (R-050); return its id."""
    payment = Payment(
        appointment_id=appointment_id,
        hospital_id=hospital_id,
        amount_fen=amount_fen,
        state=PaymentState.CREATED,
        provider="",
        pay_by=pay_by,
        created_at=work.now,
    )
    work.db.add(payment)
    await work.db.flush()
    return payment.id


async def receive(work: Work, *, payment_id: int, provider: str, txn: str, amount_fen: int) -> Came:
    """Believe a cashier's word that money came; what came for a paid one is owed back in full.

    Raises WrongAmount when it is not the amount that was asked for: nothing is booked on it.
    """
    payment = await work.db.get_one(Payment, payment_id)
    if amount_fen != payment.amount_fen:
        raise WrongAmount(facts={"asked_fen": payment.amount_fen, "came_fen": amount_fen})
    if await _known(work, provider, txn):
        return Came.AGAIN
    taken = await work.db.execute(
        update(Payment)
        .where(Payment.id == payment_id, Payment.state.in_(before(PAYMENT_NEXT, PaymentState.PAID)))
        .values(state=PaymentState.PAID, provider=provider, provider_txn=txn, paid_at=work.now)
        .returning(Payment.appointment_id)
    )
    row = taken.one_or_none()
    if row is None:
        more = await return_odd(
            work, payment_id=payment_id, provider=provider, txn=txn, amount_fen=amount_fen, reason="twice"
        )
        return Came.TWICE if more else Came.AGAIN
    work.record(PaymentReceived(appointment_id=row[0], payment_id=payment_id, amount_fen=amount_fen))
    return Came.FIRST


async def return_odd(
    work: Work, *, payment_id: int, provider: str, txn: str, amount_fen: int, reason: str
) -> bool:
    """Money came that pays for nothing: it is written down beside `payment_id` and owed back, all of it.

    False when it was written down already.
    """
    beside = select(Payment.appointment_id, Payment.hospital_id).where(Payment.id == payment_id)
    appointment_id, hospital_id = (await work.db.execute(beside)).one()
    maker = sqlite.insert if work.house.database.sqlite else postgresql.insert
    row = {
        "appointment_id": appointment_id, "hospital_id": hospital_id, "amount_fen": amount_fen,
        "state": PaymentState.PAID.value, "provider": provider, "provider_txn": txn,
        "created_at": work.now, "paid_at": work.now,
    }  # fmt: skip
    added = await work.db.execute(maker(Payment).values(row).on_conflict_do_nothing().returning(Payment.id))
    odd_id = added.scalar_one_or_none()
    if odd_id is None:
        return False
    work.record(PaymentReceived(appointment_id=appointment_id, payment_id=odd_id, amount_fen=amount_fen))
    odd = await work.db.get_one(Payment, odd_id)
    await _owe(work, odd, amount_fen, appointment_id=appointment_id, reason=reason)
    return True


async def balance(work: Work, appointment_id: int) -> Balance:
    """The money that stands behind an appointment now."""
    return await balance_of(work.db, appointment_id)


async def balance_of(db: AsyncSession, appointment_id: int) -> Balance:
    """The same for a question that changes nothing."""
    sums = select(
        func.coalesce(func.sum(Payment.amount_fen), 0), func.coalesce(func.sum(Payment.owed_fen), 0)
    ).where(Payment.appointment_id == appointment_id, Payment.state.in_(_CAME))
    paid, back = (await db.execute(sums)).one()
    return Balance(int(paid), int(back))


async def carry_over(work: Work, *, old_id: int, new_id: int) -> None:
    """Let what was paid for the old appointment stand behind the new one; close open demands."""
    await close_open(work, old_id)
    await work.db.execute(
        update(Payment)
        .where(Payment.appointment_id == old_id, Payment.state.in_(_CAME))
        .values(appointment_id=new_id)
    )


async def close_open(work: Work, appointment_id: int) -> None:
    """Nobody is to pay for this any more. What is at a cashier meanwhile is given back when it comes."""
    await work.db.execute(
        update(Payment)
        .where(Payment.appointment_id == appointment_id, Payment.state.in_(OPEN))
        .values(state=PaymentState.CLOSED)
    )


async def owe_back(work: Work, *, appointment_id: int, amount_fen: int, reason: str) -> int:
    """Owe up to `amount_fen` back out of what was paid; return what is owed in all.

    Spread over the payments that stand behind the appointment, newest first; never more than
    each of them has left. What was paid by card is back on the card at once.
    """
    owed = 0
    payments = await work.db.execute(
        select(Payment)
        .where(Payment.appointment_id == appointment_id, Payment.state == PaymentState.PAID)
        .order_by(Payment.id.desc())
        .execution_options(populate_existing=True)
    )
    for payment in payments.scalars().all():
        part = min(amount_fen - owed, payment.amount_fen - payment.owed_fen)
        if part > 0 and await _owe(work, payment, part, appointment_id=appointment_id, reason=reason):
            owed += part
    return owed


async def _owe(work: Work, payment: Payment, part: int, *, appointment_id: int, reason: str) -> bool:
    """One refund out of one payment; False when somebody else owed it back meanwhile."""
    guarded = await work.db.execute(
        update(Payment)
        .where(Payment.id == payment.id, Payment.owed_fen + part <= Payment.amount_fen)
        .values(owed_fen=Payment.owed_fen + part)
        .returning(Payment.owed_fen)
        .execution_options(synchronize_session=False)
    )
    owed_fen = guarded.scalar_one_or_none()
    if owed_fen is None:
        return False
    refund = Refund(
        payment_id=payment.id,
        appointment_id=appointment_id,
        amount_fen=part,
        reason=reason,
        state=RefundState.REQUESTED,
        asked_at=work.now,
        by=work.by.name,
    )
    work.db.add(refund)
    await work.db.flush()
    work.record(
        RefundOwed(appointment_id=appointment_id, refund_id=refund.id, amount_fen=part, reason=reason)
    )
    if payment.provider == card.PROVIDER:
        await card.give_back(work, refund_id=refund.id, payment_id=payment.id, amount_fen=part)
        await settle_refund(work, refund.id)
    return True


async def settle_refund(work: Work, refund_id: int, *, by_hand: bool = False, **more: object) -> bool:
    """The money is back: told once, however often it is said. False for a repeat.

    more: further columns of the refund. The payment is refunded when all of it is back.
    """
    done = await work.db.execute(
        update(Refund)
        .where(Refund.id == refund_id, Refund.state != RefundState.REFUNDED)
        .values(state=RefundState.REFUNDED, settled_at=work.now, ask_at=None, **more)
        .returning(Refund.payment_id, Refund.appointment_id, Refund.amount_fen)
    )
    row = done.one_or_none()
    if row is None:
        return False
    payment_id, appointment_id, amount_fen = row
    back = (
        select(func.sum(Refund.amount_fen))
        .where(Refund.payment_id == payment_id, Refund.state == RefundState.REFUNDED)
        .scalar_subquery()
    )
    await work.db.execute(
        update(Payment)
        .where(Payment.id == payment_id, Payment.state == PaymentState.PAID, Payment.amount_fen == back)
        .values(state=PaymentState.REFUNDED)
    )
    work.record(
        RefundSettled(
            appointment_id=appointment_id, refund_id=refund_id, amount_fen=amount_fen, by_hand=by_hand
        )
    )
    return True


async def open_payment(work: Work, appointment_id: int) -> Payment | None:
    """The demand that waits to be paid, if there is one."""
    query = select(Payment).where(Payment.appointment_id == appointment_id, Payment.state.in_(OPEN))
    return (await work.db.execute(query)).scalars().first()


async def _known(work: Work, provider: str, txn: str) -> bool:
    query = select(Payment.id).where(Payment.provider == provider, Payment.provider_txn == txn)
    return (await work.db.execute(query)).first() is not None
