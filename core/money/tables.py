"""Payments, refunds, hospitals' accounts and their reconciliation, in integer fen.

Money is not a state of the appointment.
"""

from datetime import date, datetime

from sqlalchemy import (
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Instant, Key
from core.money.rules import UNDECIDED
from core.partial import only, only_in, written

_UNDECIDED = only_in(*sorted(UNDECIDED))
_TO_ASK = only("ask_at is not null")
_NAMED = only("txn is not null")
_LIVE = only_in("live")
_DUE = only_in("due")
_FAILED = only_in("failed")


class MerchantAccount(Base):
    """商户号: a hospital's own account at a cashier (R-050, R-201). Its private key is sealed.

    An account that was closed still answers for what was paid into it.
    """

    __tablename__ = "merchant_account"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    hospital_id: Mapped[int] = mapped_column(ForeignKey("hospital.id"))
    provider: Mapped[str] = mapped_column(String(16))
    merchant_no: Mapped[str] = mapped_column(String(32))
    certificate_id: Mapped[str] = mapped_column(String(64))  # the certificate's serial number, decimal
    certificate: Mapped[str] = mapped_column(Text)  # PEM, public
    key_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    state: Mapped[str] = mapped_column(String(8))  # live, closed
    opened_at: Mapped[datetime] = mapped_column(Instant)
    closed_at: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (
        UniqueConstraint("provider", "merchant_no"),
        Index("uq_merchant_account_live", "hospital_id", "provider", unique=True, **_LIVE),
    )


class Payment(Base):
    """支付单. It stays with the money when an appointment is changed: appointment_id moves on."""

    __tablename__ = "payment"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    appointment_id: Mapped[int] = mapped_column(ForeignKey("appointment.id"), index=True)
    hospital_id: Mapped[int] = mapped_column(ForeignKey("hospital.id"))  # whose account it goes to
    amount_fen: Mapped[int] = mapped_column()
    owed_fen: Mapped[int] = mapped_column(default=0)  # of it, given or owed back: the sum of its refunds
    state: Mapped[str] = mapped_column(String(10))  # money.rules.PAYMENT_NEXT
    provider: Mapped[str] = mapped_column(String(16))
    provider_txn: Mapped[str | None] = mapped_column(String(64))
    pay_by: Mapped[datetime | None] = mapped_column(Instant)
    created_at: Mapped[datetime] = mapped_column(Instant)
    paid_at: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (
        CheckConstraint("amount_fen >= 0", name="not_negative"),
        # The last wall against giving back more than came; the guarded UPDATE is the first.
        CheckConstraint("owed_fen between 0 and amount_fen", name="owed"),
        Index("uq_payment_txn", "provider", "provider_txn", unique=True, **only("provider_txn is not null")),
    )


class PaymentAttempt(Base):
    """One order at a cashier: a try to pay a payment. What it brought is the payment of its txn."""

    __tablename__ = "payment_attempt"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    payment_id: Mapped[int] = mapped_column(ForeignKey("payment.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("merchant_account.id"))
    provider: Mapped[str] = mapped_column(String(16))
    number: Mapped[int] = mapped_column()  # of this payment's tries, from 1
    order_no: Mapped[str] = mapped_column(String(32), unique=True)  # money.rules.payment_number
    amount_fen: Mapped[int] = mapped_column()
    state: Mapped[str] = mapped_column(String(10))  # submitted, unknown, paid, failed
    sent_at: Mapped[datetime] = mapped_column(Instant)  # with order_no it names the order to the cashier
    open_until: Mapped[datetime] = mapped_column(Instant)
    ask_at: Mapped[datetime | None] = mapped_column(Instant)  # when to ask how it ended
    asked: Mapped[int] = mapped_column(default=0)
    txn: Mapped[str | None] = mapped_column(String(64))
    settle_day: Mapped[date | None] = mapped_column(Date)
    code: Mapped[str | None] = mapped_column(String(24))  # the cashier's, of a failure
    flag: Mapped[str] = mapped_column(String(16), default="none")  # money.compare.Flag

    __table_args__ = (
        UniqueConstraint("payment_id", "number"),
        # Two windows of one patient get the same order, which can be paid once.
        Index("uq_payment_attempt_undecided", "payment_id", "provider", unique=True, **_UNDECIDED),
        Index("uq_payment_attempt_txn", "provider", "txn", unique=True, **_NAMED),
        Index("ix_payment_attempt_ask", "ask_at", **_TO_ASK),
        Index("ix_payment_attempt_settled", "account_id", "settle_day"),
    )


IS_UNDECIDED = written(PaymentAttempt.state, *sorted(UNDECIDED))


class Refund(Base):
    """退费单. The sum of a payment's refunds never passes what was paid."""

    __tablename__ = "refund"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    payment_id: Mapped[int] = mapped_column(ForeignKey("payment.id"), index=True)
    appointment_id: Mapped[int] = mapped_column(ForeignKey("appointment.id"), index=True)
    amount_fen: Mapped[int] = mapped_column()
    reason: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(10))  # money.rules.REFUND_NEXT
    asked_at: Mapped[datetime] = mapped_column(Instant)
    settled_at: Mapped[datetime | None] = mapped_column(Instant)
    by: Mapped[str] = mapped_column(String(64))
    way: Mapped[str | None] = mapped_column(String(8))  # money.rules.Way
    sendings: Mapped[int] = mapped_column(default=0)
    order_no: Mapped[str | None] = mapped_column(String(32))  # of the last sending
    sent_at: Mapped[datetime | None] = mapped_column(Instant)
    ask_at: Mapped[datetime | None] = mapped_column(Instant)  # when to ask how it ended, or to send it again
    asked: Mapped[int] = mapped_column(default=0)
    txn: Mapped[str | None] = mapped_column(String(64))
    settle_day: Mapped[date | None] = mapped_column(Date)
    code: Mapped[str | None] = mapped_column(String(24))  # why the cashier, or we, gave it up
    settled_by: Mapped[str | None] = mapped_column(String(64))  # who gave it back by hand
    note: Mapped[str | None] = mapped_column(String(200))  # and how
    flag: Mapped[str] = mapped_column(String(16), default="none")  # money.compare.Flag

    __table_args__ = (
        CheckConstraint("amount_fen > 0", name="positive"),
        Index("uq_refund_order_no", "order_no", unique=True),
        Index("ix_refund_ask", "ask_at", **_TO_ASK),
        Index("ix_refund_settle_day", "settle_day"),
        Index("ix_refund_failed", "asked_at", **_FAILED),
    )


IS_FAILED = written(Refund.state, "failed")


class CardEntry(Base):
    """卡流水: what came onto a visit card and went from it. The sum is the card's balance, never below 0."""

    __tablename__ = "card_entry"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    card_id: Mapped[int] = mapped_column(ForeignKey("visit_card.id"), index=True)
    amount_fen: Mapped[int] = mapped_column()  # positive: onto the card
    balance_fen: Mapped[int] = mapped_column()  # what was there afterwards
    kind: Mapped[str] = mapped_column(String(8))  # load, charge, refund
    payment_id: Mapped[int | None] = mapped_column(ForeignKey("payment.id"), index=True)
    refund_id: Mapped[int | None] = mapped_column(ForeignKey("refund.id"), unique=True)
    at: Mapped[datetime] = mapped_column(Instant)
    by: Mapped[str] = mapped_column(String(64))

    __table_args__ = (
        CheckConstraint("amount_fen <> 0", name="something"),
        CheckConstraint("balance_fen >= 0", name="not_negative"),
    )


class Reconciliation(Base):
    """对账: one account on one settlement day. Sums are payments less refunds."""

    __tablename__ = "reconciliation"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("merchant_account.id"))
    day: Mapped[date] = mapped_column(Date, index=True)
    state: Mapped[str] = mapped_column(String(8))  # due, done
    due_at: Mapped[datetime] = mapped_column(Instant)
    tries: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None] = mapped_column(String(200))
    matched: Mapped[int] = mapped_column(default=0)
    platform_fen: Mapped[int] = mapped_column(default=0)
    provider_fen: Mapped[int] = mapped_column(default=0)
    hospital_fen: Mapped[int | None] = mapped_column()
    done_at: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (
        UniqueConstraint("account_id", "day"),
        Index("ix_reconciliation_due", "due_at", **_DUE),
    )


class ReconciliationLine(Base):
    """差错: one difference, and who explained it. None in a sum: that list does not have it."""

    __tablename__ = "reconciliation_line"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    reconciliation_id: Mapped[int] = mapped_column(ForeignKey("reconciliation.id"))
    kind: Mapped[str] = mapped_column(String(8))  # payment, refund
    order_no: Mapped[str] = mapped_column(String(32), index=True)
    flag: Mapped[str] = mapped_column(String(16))  # money.compare.Flag
    platform_fen: Mapped[int | None] = mapped_column()
    provider_fen: Mapped[int | None] = mapped_column()
    hospital_fen: Mapped[int | None] = mapped_column()
    settled_at: Mapped[datetime | None] = mapped_column(Instant)
    settled_by: Mapped[str | None] = mapped_column(String(64))
    reason: Mapped[str | None] = mapped_column(String(200))

    __table_args__ = (UniqueConstraint("reconciliation_id", "kind", "order_no"),)
