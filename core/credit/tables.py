"""Booking rules as rows, the credit ledger, the black list and appeals."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Instant, Key
from core.partial import only


class BookingRule(Base):
    """R-158's seven attributes: key, value, state, priority, hospital, period type and value."""

    __tablename__ = "booking_rule"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    key: Mapped[str] = mapped_column(String(60))
    value: Mapped[str] = mapped_column(String(120))
    state: Mapped[str] = mapped_column(String(4), default="on")  # on, off
    priority: Mapped[int] = mapped_column(default=0)  # larger wins
    hospital_id: Mapped[int | None] = mapped_column(ForeignKey("hospital.id"), index=True)
    period_type: Mapped[str | None] = mapped_column(String(12))
    period_value: Mapped[int | None] = mapped_column()
    updated_at: Mapped[datetime] = mapped_column(Instant)


class CreditEvent(Base):
    """The ledger: append-only. A line that must not count is forgiven, never removed."""

    __tablename__ = "credit_event"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    kind: Mapped[str] = mapped_column(String(16))  # credit.rules: no-show, late-cancel, cancel, booked …
    hospital_id: Mapped[int | None] = mapped_column(ForeignKey("hospital.id"))
    appointment_id: Mapped[int | None] = mapped_column(index=True)
    at: Mapped[datetime] = mapped_column(Instant)
    proof: Mapped[str] = mapped_column(String(120), default="")
    forgiven_at: Mapped[datetime | None] = mapped_column(Instant)
    forgiven_why: Mapped[str | None] = mapped_column(String(120))

    __table_args__ = (Index("ix_credit_event_person", "person_id", "at"),)


class BlacklistEntry(Base):
    """A person who may not book for a while; at most one active entry for each rule key."""

    __tablename__ = "blacklist_entry"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    rule_key: Mapped[str] = mapped_column(String(60))
    rule_row_id: Mapped[int | None] = mapped_column(ForeignKey("booking_rule.id"))
    hospital_id: Mapped[int | None] = mapped_column(ForeignKey("hospital.id"))  # None: everywhere
    reason: Mapped[str] = mapped_column(String(120))
    from_at: Mapped[datetime] = mapped_column(Instant)
    until: Mapped[datetime | None] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    ended_why: Mapped[str | None] = mapped_column(String(120))

    @property
    def rule_value(self) -> str:
        """The rule's value when it blocked; its row may say something else by now."""
        return self.reason.partition(f" x {self.rule_key} ")[2]

    __table_args__ = (
        Index("ix_blacklist_person", "person_id", "until"),
        Index(
            "uq_blacklist_active",
            "person_id",
            "rule_key",
            text("coalesce(hospital_id, 0)"),
            unique=True,
            **only("ended_at is null"),
        ),
    )


class Appeal(Base):
    __tablename__ = "appeal"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("blacklist_entry.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    words: Mapped[str] = mapped_column(String(400))
    state: Mapped[str] = mapped_column(String(10), default="open")  # open, granted, refused
    made_at: Mapped[datetime] = mapped_column(Instant)
    decided_at: Mapped[datetime | None] = mapped_column(Instant)
    decided_by: Mapped[str | None] = mapped_column(String(64))
    answer: Mapped[str | None] = mapped_column(String(400))
