"""Refunds that a cashier would not do: the list of those a person must look at, and what they may do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import ChangedMeanwhile, NotFound, WrongInput
from core.money.engine import settle_refund
from core.money.rules import RefundState, Way
from core.money.tables import IS_FAILED, Payment, Refund
from core.staff import audit
from core.values import Actor
from core.work import Work


@dataclass(frozen=True)
class Stuck:
    """A refund that the cashier would not do. code: the cashier's last word, or ours."""

    refund_id: int
    appointment_id: int
    hospital_id: int
    amount_fen: int
    reason: str
    code: str
    sendings: int
    asked_at: datetime


async def stuck(db: AsyncSession, by: Actor, limit: int = 200) -> Sequence[Stuck]:
    """Oldest first. Staff of one hospital see its own and no other's."""
    query = (
        select(
            Refund.id,
            Refund.appointment_id,
            Payment.hospital_id,
            Refund.amount_fen,
            Refund.reason,
            Refund.code,
            Refund.sendings,
            Refund.asked_at,
        )
        .join(Payment, Payment.id == Refund.payment_id)
        .where(IS_FAILED)
        .order_by(Refund.asked_at)
        .limit(limit)
    )
    if by.hospital_id is not None:
        query = query.where(Payment.hospital_id == by.hospital_id)
    return [Stuck(*row[:5], row[5] or "", *row[6:]) for row in (await db.execute(query)).all()]


async def waiting(db: AsyncSession, by: Actor | None = None) -> int:
    """How many refunds a person must look at; by: of those that they see."""
    query = select(func.count()).select_from(Refund).where(IS_FAILED)
    if by is not None and by.hospital_id is not None:
        query = query.join(Payment, Payment.id == Refund.payment_id)
        query = query.where(Payment.hospital_id == by.hospital_id)
    return (await db.execute(query)).scalar_one()


async def send_again(work: Work, refund_id: int) -> None:
    """Somebody has cleared the way: it is sent at once. Raises NotFound, NotAllowed, ChangedMeanwhile."""
    await _must_see(work, refund_id)
    again = await work.db.execute(
        update(Refund)
        .where(Refund.id == refund_id, Refund.state == RefundState.FAILED)
        # What cannot be voided any more is refunded.
        .values(state=RefundState.REQUESTED, way=Way.REFUND, ask_at=work.now)
        .returning(Refund.id)
    )
    if again.one_or_none() is None:
        raise ChangedMeanwhile
    await audit.note(work, "refund-sent-again", what="退费单", subject_id=refund_id)


async def settled_by_hand(work: Work, refund_id: int, note: str, *, amount_fen: int | None) -> None:
    """The money was given back outside of the cashier; note: how. amount_fen: by its proof; None: unreadable.

    Raises WrongInput without a note or for another amount, NotFound, NotAllowed, ChangedMeanwhile.
    """
    await _must_see(work, refund_id)
    note = note.strip()
    if not note:
        raise WrongInput(facts={"field": "reason", "why": "empty"})
    owed = (await work.db.execute(select(Refund.amount_fen).where(Refund.id == refund_id))).scalar_one()
    if owed != amount_fen:
        raise WrongInput(facts={"field": "amount", "why": "other"})
    locked = await work.db.execute(
        update(Refund)
        .where(Refund.id == refund_id, Refund.state == RefundState.FAILED)
        .values(settled_by=work.by.name[:64], note=note[:200])
        .returning(Refund.id)
    )
    if locked.one_or_none() is None or not await settle_refund(work, refund_id, by_hand=True):
        raise ChangedMeanwhile
    await audit.note(work, "refund-by-hand", what="退费单", subject_id=refund_id, reason=note)


async def _must_see(work: Work, refund_id: int) -> None:
    query = select(Payment.hospital_id).join(Refund, Refund.payment_id == Payment.id)
    hospital_id = (await work.db.execute(query.where(Refund.id == refund_id))).scalar_one_or_none()
    if hospital_id is None:
        raise NotFound(facts={"what": "refund"})
    work.by.must_see(hospital_id)
