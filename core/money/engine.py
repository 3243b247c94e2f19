"""Take payments, carry them over a change, owe refunds; amounts in integer fen."""

from dataclasses import dataclass

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import WrongAmount
from core.events import PaymentReceived, RefundOwed, RefundSettled
from core.money import card
from core.money.rules import PaymentState, RefundState, payment_step
from core.money.tables import Payment, Refund
from core.work import Work


@dataclass(frozen=True)
class Balance:
    """What was paid for an appointment, less what was given or owed back, in fen."""

    paid_fen: int
    refunds_fen: int

    @property
    def left_fen(self) -> int:
        return self.paid_fen - self.refunds_fen


async def ask(work: Work, *, appointment_id: int, hospital_id: int, amount_fen: int) -> int:
    """Open a payment of this amount to the hospital's own account (R-050); return its id."""
    payment = Payment(
        appointment_id=appointment_id,
        hospital_id=hospital_id,
        amount_fen=amount_fen,
        state=PaymentState.CREATED,
        provider="",
        created_at=work.now,
    )
    work.db.add(payment)
    await work.db.flush()
    return payment.id


async def receive(work: Work, *, payment_id: int, provider: str, txn: str, amount_fen: int) -> bool:
    """Believe a cashier's notice once; False for a repeat of one already believed.

    Raises WrongAmount when it is not the amount that was asked for: nothing is booked on it.
    """
    payment = await work.db.get_one(Payment, payment_id)
    if amount_fen != payment.amount_fen:
        raise WrongAmount(facts={"asked_fen": payment.amount_fen, "came_fen": amount_fen})
    taken = await work.db.execute(
        update(Payment)
        .where(Payment.id == payment_id, Payment.state.in_([PaymentState.CREATED, PaymentState.CLOSED]))
        .values(state=PaymentState.PAID, provider=provider, provider_txn=txn, paid_at=work.now)
        .returning(Payment.appointment_id)
    )
    row = taken.one_or_none()
    if row is None:
        return False
    work.record(PaymentReceived(appointment_id=row[0], payment_id=payment_id, amount_fen=amount_fen))
    return True


async def balance(work: Work, appointment_id: int) -> Balance:
    """The money that stands behind an appointment now."""
    return await balance_of(work.db, appointment_id)


async def balance_of(db: AsyncSession, appointment_id: int) -> Balance:
    """The same for a question that changes nothing."""
    paid = select(func.coalesce(func.sum(Payment.amount_fen), 0)).where(
        Payment.appointment_id == appointment_id,
        Payment.state.in_([PaymentState.PAID, PaymentState.REFUNDED]),
    )
    back = (
        select(func.coalesce(func.sum(Refund.amount_fen), 0))
        .join(Payment, Payment.id == Refund.payment_id)
        .where(Payment.appointment_id == appointment_id)
    )
    return Balance(int((await db.execute(paid)).scalar_one()), int((await db.execute(back)).scalar_one()))


async def carry_over(work: Work, *, old_id: int, new_id: int) -> None:
    """Let what was paid for the old appointment stand behind the new one; close open demands."""
    await close_open(work, old_id)
    await work.db.execute(
        update(Payment)
        .where(
            Payment.appointment_id == old_id,
            Payment.state.in_([PaymentState.PAID, PaymentState.REFUNDED]),
        )
        .values(appointment_id=new_id)
    )


async def close_open(work: Work, appointment_id: int) -> None:
    """Nobody is to pay for this any more."""
    await work.db.execute(
        update(Payment)
        .where(Payment.appointment_id == appointment_id, Payment.state == PaymentState.CREATED)
        .values(state=PaymentState.CLOSED)
    )


async def owe_back(work: Work, *, appointment_id: int, amount_fen: int, reason: str) -> int:
    """Owe up to `amount_fen` back out of what was paid; return what is owed in all.

    Spread over the payments that stand behind the appointment, newest first; never more than
    each of them has left. What was paid by card is back on the card at once.
    """
    owed = 0
    payments = await work.db.execute(
        select(Payment, func.coalesce(func.sum(Refund.amount_fen), 0))
        .outerjoin(Refund, Refund.payment_id == Payment.id)
        .where(Payment.appointment_id == appointment_id, Payment.state == PaymentState.PAID)
        .group_by(Payment.id)
        .order_by(Payment.id.desc())
    )
    for payment, already in payments.all():
        part = min(amount_fen - owed, payment.amount_fen - int(already))
        if part <= 0:
            continue
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
        owed += part
        if payment.provider == card.PROVIDER:
            await _to_card(work, payment, refund, all_of_it=part + int(already) == payment.amount_fen)
    return owed


async def _to_card(work: Work, payment: Payment, refund: Refund, *, all_of_it: bool) -> None:
    """What was taken from a card is back on it at once (R-088); other refunds wait for their cashier."""
    await card.give_back(work, refund_id=refund.id, payment_id=payment.id, amount_fen=refund.amount_fen)
    refund.state = RefundState.REFUNDED
    refund.settled_at = work.now
    if all_of_it:
        payment.state = payment_step(PaymentState(payment.state), PaymentState.REFUNDED)
    await work.db.flush()
    work.record(
        RefundSettled(appointment_id=refund.appointment_id, refund_id=refund.id, amount_fen=refund.amount_fen)
    )


async def open_payment(work: Work, appointment_id: int) -> Payment | None:
    """The demand that waits to be paid, if there is one."""
    query = select(Payment).where(
        Payment.appointment_id == appointment_id, Payment.state == PaymentState.CREATED
    )
    return (await work.db.execute(query)).scalars().first()
