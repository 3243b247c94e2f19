"""Payments and refunds, in integer fen. Money is not a state of the appointment."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Instant, Key


class Payment(Base):
    """支付单. It stays with the money when an appointment is changed: appointment_id moves on."""

    __tablename__ = "payment"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    appointment_id: Mapped[int] = mapped_column(ForeignKey("appointment.id"), index=True)
    hospital_id: Mapped[int] = mapped_column(ForeignKey("hospital.id"))  # whose account it goes to
    amount_fen: Mapped[int] = mapped_column()
    state: Mapped[str] = mapped_column(String(10))  # money.rules.PAYMENT_NEXT
    provider: Mapped[str] = mapped_column(String(16))
    provider_txn: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(Instant)
    paid_at: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (
        CheckConstraint("amount_fen >= 0", name="not_negative"),
        Index(
            "uq_payment_txn",
            "provider",
            "provider_txn",
            unique=True,
            sqlite_where=text("provider_txn is not null"),
            postgresql_where=text("provider_txn is not null"),
        ),
    )


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

    __table_args__ = (CheckConstraint("amount_fen > 0", name="positive"),)


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
