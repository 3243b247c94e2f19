"""The money of an appointment as a page shows it; read-only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.money.rules import PaymentState, RefundState
from core.money.tables import Payment, PaymentAttempt, Refund


@dataclass(frozen=True)
class RefundView:
    refund_id: int
    amount_fen: int
    reason: str
    state: RefundState
    asked_at: datetime
    settled_at: datetime | None


@dataclass(frozen=True)
class PaymentView:
    """One payment and what of it goes back. tries: how often the patient was sent to a cashier."""

    payment_id: int
    amount_fen: int
    state: PaymentState
    provider: str
    pay_by: datetime | None
    paid_at: datetime | None
    tries: int
    refunds: Sequence[RefundView]


async def payments_of(db: AsyncSession, appointment_id: int) -> Sequence[PaymentView]:
    """All that was asked, paid and given back for an appointment, oldest first."""
    refunds: dict[int, list[RefundView]] = {}
    of_it = (
        select(Refund)
        .join(Payment, Payment.id == Refund.payment_id)
        .where(Payment.appointment_id == appointment_id)
    )
    for row in (await db.execute(of_it.order_by(Refund.id))).scalars():
        seen = RefundView(
            row.id, row.amount_fen, row.reason, RefundState(row.state), row.asked_at, row.settled_at
        )
        refunds.setdefault(row.payment_id, []).append(seen)
    tries = (
        select(func.count())
        .where(PaymentAttempt.payment_id == Payment.id)
        .correlate(Payment)
        .scalar_subquery()
    )
    query = select(Payment, tries).where(Payment.appointment_id == appointment_id).order_by(Payment.id)
    return [
        PaymentView(
            row.id,
            row.amount_fen,
            PaymentState(row.state),
            row.provider,
            row.pay_by,
            row.paid_at,
            tried,
            refunds.get(row.id, ()),
        )
        for row, tried in (await db.execute(query)).all()
    ]
