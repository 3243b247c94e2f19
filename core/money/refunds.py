"""Refunds on their way to a cashier: the guarded statements by which each is sent and ends."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import and_, select, update

from core.events import RefundRefused, RefundSent
from core.money.engine import settle_refund
from core.money.rules import Again, Patience, RefundState, Way, refund_number, way_back
from core.money.tables import Payment, PaymentAttempt, Refund
from core.work import Work

# The try that brought the money of a refund's payment.
_PAID_BY = and_(PaymentAttempt.provider == Payment.provider, PaymentAttempt.txn == Payment.provider_txn)


@dataclass(frozen=True)
class Sending:
    """A refund and how it is sent. again: it may be at the cashier already. account_id: None without one."""

    refund_id: int
    appointment_id: int
    amount_fen: int
    way: Way
    number: str
    sent_at: datetime
    sendings: int
    asked: int
    again: bool
    provider: str
    account_id: int | None
    of: str
    txn: str


async def prepare(work: Work, refund_id: int, *, patience: Patience) -> Sending | None:
    """Take a refund to send it, or to ask how it ended; None when there is nothing to do.

    Of two who want to send it one gives it its number; the other has nothing to do.
    """
    found, payment, account_id, of = await _load(work, refund_id)
    if found.state == RefundState.REFUNDING:
        return _sending(found, payment, account_id, of, again=True)
    if found.state != RefundState.REQUESTED:
        return None
    way = Way(found.way) if found.way else _first_way(work, found, payment)
    taken = await work.db.execute(
        update(Refund)
        .where(
            Refund.id == refund_id,
            Refund.state == RefundState.REQUESTED,
            Refund.sendings == found.sendings,
        )
        .values(
            state=RefundState.REFUNDING,
            sendings=found.sendings + 1,
            way=way,
            order_no=refund_number(refund_id, found.sendings + 1),
            sent_at=work.now.replace(microsecond=0),
            ask_at=work.now + patience.first,
            asked=0,
        )
        .returning(Refund.id)
        .execution_options(synchronize_session=False)
    )
    if taken.one_or_none() is None:
        return None
    await work.db.refresh(found)
    work.record(
        RefundSent(appointment_id=found.appointment_id, refund_id=refund_id, way=way, number=found.sendings)
    )
    return _sending(found, payment, account_id, of, again=False)


async def told_of(work: Work, provider: str, refund_id: int) -> Sending | None:
    """A refund about which this cashier says something; None: it never had it from us."""
    if await work.db.get(Refund, refund_id) is None:
        return None
    found, payment, account_id, of = await _load(work, refund_id)
    if payment.provider != provider or not found.sendings:
        return None
    return _sending(found, payment, account_id, of, again=True)


async def _load(work: Work, refund_id: int) -> tuple[Refund, Payment, int | None, str | None]:
    query = (
        select(Refund, Payment, PaymentAttempt.account_id, PaymentAttempt.order_no)
        .join(Payment, Payment.id == Refund.payment_id)
        .outerjoin(PaymentAttempt, _PAID_BY)
        .where(Refund.id == refund_id)
        .execution_options(populate_existing=True)
    )
    found, payment, account_id, of = (await work.db.execute(query)).one()
    return found, payment, account_id, of


def _sending(
    found: Refund, payment: Payment, account_id: int | None, of: str | None, *, again: bool
) -> Sending:
    assert found.sent_at
    assert found.order_no
    assert found.way
    return Sending(
        refund_id=found.id,
        appointment_id=found.appointment_id,
        amount_fen=found.amount_fen,
        way=Way(found.way),
        number=found.order_no,
        sent_at=found.sent_at,
        sendings=found.sendings,
        asked=found.asked,
        again=again,
        provider=payment.provider,
        account_id=account_id,
        of=of or "",
        txn=payment.provider_txn or "",
    )


def _first_way(work: Work, refund: Refund, payment: Payment) -> Way:
    assert payment.paid_at
    return way_back(
        part_fen=refund.amount_fen, whole_fen=payment.amount_fen, paid_at=payment.paid_at, now=work.now
    )


async def refused(work: Work, sending: Sending, *, code: str, again: Again | None) -> bool:
    """The cashier would not; again: it is sent once more, later. False when it was decided already."""
    values: dict[str, object] = {"code": code[:24]}
    if again is None:
        values |= {"state": RefundState.FAILED, "ask_at": None}
    else:
        values |= {"state": RefundState.REQUESTED, "way": again.way, "ask_at": work.now + again.wait}
    changed = await work.db.execute(
        update(Refund)
        .where(
            Refund.id == sending.refund_id,
            Refund.state == RefundState.REFUNDING,
            Refund.order_no == sending.number,
        )
        .values(**values)
        .returning(Refund.id)
    )
    if changed.one_or_none() is None:
        return False
    work.record(
        RefundRefused(
            appointment_id=sending.appointment_id,
            refund_id=sending.refund_id,
            code=code[:24],
            again=again is not None,
        )
    )
    return True


async def ask_at(work: Work, refund_id: int, when: datetime) -> None:
    """When to ask again how a refund ended."""
    await work.db.execute(
        update(Refund)
        .where(Refund.id == refund_id, Refund.state == RefundState.REFUNDING)
        .values(ask_at=when)
    )


async def take_due(work: Work, *, lease: timedelta, limit: int) -> Sequence[int]:
    """Refunds that are to be asked about or sent again now; nobody else is given them for the lease."""
    chosen = (
        select(Refund.id)
        .where(Refund.ask_at <= work.now)
        .order_by(Refund.ask_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("chosen")
    )
    took = await work.db.execute(
        update(Refund)
        .where(Refund.id.in_(select(chosen.c.id)), Refund.ask_at <= work.now)
        .values(ask_at=work.now + lease, asked=Refund.asked + 1)
        .returning(Refund.id)
        .execution_options(synchronize_session=False)
    )
    return took.scalars().all()


async def settled(work: Work, refund_id: int, *, number: str, txn: str, settle_day: date | None) -> bool:
    """The cashier has given it back; False for a repeat."""
    return await settle_refund(
        work, refund_id, order_no=number, txn=txn or None, settle_day=settle_day, code=None
    )
