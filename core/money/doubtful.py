"""Payments of which nobody knows how they ended: a list for people, who may have the cashier asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import ChangedMeanwhile, NotFound
from core.money.rules import UNDECIDED, PaymentState
from core.money.tables import IS_UNDECIDED, Payment, PaymentAttempt
from core.staff import audit
from core.values import Actor
from core.work import Work


@dataclass(frozen=True)
class Doubtful:
    """A try without an end. ask_at: when the cashier is asked next by itself; None: no more."""

    attempt_id: int
    order_no: str
    appointment_id: int
    hospital_id: int
    amount_fen: int
    state: str  # money.rules.PaymentState
    sent_at: datetime
    open_until: datetime
    ask_at: datetime | None
    asked: int


def _in_doubt(by: Actor, now: datetime) -> ColumnElement[bool]:
    """The cashier does not know, or the patient's time to pay is over and nobody has told."""
    late = and_(PaymentAttempt.state == PaymentState.SUBMITTED, PaymentAttempt.open_until < now)
    doubt = and_(IS_UNDECIDED, or_(PaymentAttempt.state == PaymentState.UNKNOWN, late))
    return doubt if by.hospital_id is None else and_(doubt, Payment.hospital_id == by.hospital_id)


async def doubtful(db: AsyncSession, by: Actor, *, now: datetime, limit: int = 200) -> Sequence[Doubtful]:
    """Oldest first. Staff of one hospital see its own and no other's."""
    query = (
        select(
            PaymentAttempt.id,
            PaymentAttempt.order_no,
            Payment.appointment_id,
            Payment.hospital_id,
            PaymentAttempt.amount_fen,
            PaymentAttempt.state,
            PaymentAttempt.sent_at,
            PaymentAttempt.open_until,
            PaymentAttempt.ask_at,
            PaymentAttempt.asked,
        )
        .join(Payment, Payment.id == PaymentAttempt.payment_id)
        .where(_in_doubt(by, now))
        .order_by(PaymentAttempt.sent_at)
        .limit(limit)
    )
    rows: Sequence[Any] = (await db.execute(query)).all()
    return [Doubtful(*row) for row in rows]


async def in_doubt(db: AsyncSession, by: Actor, *, now: datetime) -> int:
    """How many there are."""
    query = select(func.count()).select_from(PaymentAttempt).join(Payment).where(_in_doubt(by, now))
    return (await db.execute(query)).scalar_one()


async def ask_now(work: Work, attempt_id: int) -> None:
    """The cashier is asked at once how it ended. Raises NotFound, NotAllowed, ChangedMeanwhile."""
    query = select(Payment.hospital_id).join(PaymentAttempt).where(PaymentAttempt.id == attempt_id)
    hospital_id = (await work.db.execute(query)).scalar_one_or_none()
    if hospital_id is None:
        raise NotFound(facts={"what": "payment"})
    work.by.must_see(hospital_id)
    asked = await work.db.execute(
        update(PaymentAttempt)
        .where(PaymentAttempt.id == attempt_id, PaymentAttempt.state.in_(UNDECIDED))
        .values(ask_at=work.now)
        .returning(PaymentAttempt.id)
    )
    if asked.one_or_none() is None:
        raise ChangedMeanwhile
    await audit.note(work, "payment-asked", what="支付单", subject_id=attempt_id)
