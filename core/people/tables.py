"""Patients; their identity numbers, phones and cards are sealed, and found by fingerprint."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Instant, Key


class Person(Base):
    """A patient. Without an identity number they are provisional (identity pending)."""

    __tablename__ = "person"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    name: Mapped[str] = mapped_column(String(40))
    pinyin: Mapped[str] = mapped_column(String(120))
    initials: Mapped[str] = mapped_column(String(20), index=True)
    sex: Mapped[str | None] = mapped_column(String(8))
    birth_date: Mapped[date | None] = mapped_column(Date)
    identity_kind: Mapped[str | None] = mapped_column(String(12))
    identity_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    identity_print: Mapped[str | None] = mapped_column(String(32), index=True)
    # HMAC of the last four characters, so that a caller may be asked for them without unsealing.
    identity_tail_print: Mapped[str | None] = mapped_column(String(32))
    address_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    guardian_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    elder_care: Mapped[bool] = mapped_column(default=False)  # asked to be led to a person at once
    language: Mapped[str] = mapped_column(String(12), default="zh")
    verified: Mapped[str] = mapped_column(String(12), default="none")  # none, number, hospital
    created_at: Mapped[datetime] = mapped_column(Instant)
    version: Mapped[int] = mapped_column(default=1)

    __table_args__ = (UniqueConstraint("identity_kind", "identity_print"),)


class PersonPhone(Base):
    """A number by which a person is reached; families share one, people have several."""

    __tablename__ = "person_phone"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    phone_print: Mapped[str] = mapped_column(String(32), index=True)
    phone_tail: Mapped[str | None] = mapped_column(String(32), index=True)  # print of the last four
    phone_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    main: Mapped[bool] = mapped_column(default=True)
    confirmed_at: Mapped[datetime | None] = mapped_column(Instant)
    created_at: Mapped[datetime] = mapped_column(Instant)

    __table_args__ = (UniqueConstraint("person_id", "phone_print"),)


class VisitCard(Base):
    """就诊卡: one hospital's card of a person."""

    __tablename__ = "visit_card"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    hospital_id: Mapped[int] = mapped_column(ForeignKey("hospital.id"))
    card_print: Mapped[str] = mapped_column(String(32), index=True)
    card_tail: Mapped[str | None] = mapped_column(String(32), index=True)  # print of the last four
    card_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    balance_fen: Mapped[int] = mapped_column(default=0)  # the sum of money.CardEntry, moved with each
    state: Mapped[str] = mapped_column(String(12), default="active")

    __table_args__ = (
        UniqueConstraint("hospital_id", "card_print"),
        CheckConstraint("balance_fen >= 0", name="not_negative"),
    )


class IdentityAttempt(Base):
    """A try to name an identity, kept by fingerprint only, so that guessing can be limited."""

    __tablename__ = "identity_attempt"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    by_kind: Mapped[str] = mapped_column(String(8))  # 'phone' or 'identity'
    by_print: Mapped[str] = mapped_column(String(32))
    at: Mapped[datetime] = mapped_column(Instant)
    good: Mapped[bool] = mapped_column()

    __table_args__ = (Index("ix_identity_attempt_by", "by_kind", "by_print", "at"),)


class CompletionLink(Base):
    """A link by which a provisional person gives their identity number, once; known by its print only."""

    __tablename__ = "completion_link"

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    token_print: Mapped[str] = mapped_column(String(32), unique=True)
    tries: Mapped[int] = mapped_column(default=0)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    used_at: Mapped[datetime | None] = mapped_column(Instant)


class PersonCard(Base):
    """健康卡, 医保卡, 市民卡 (R-176): secondary identifiers, which no hospital gave.

    kind: health, insurance, citizen.
    """

    __tablename__ = "person_card"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    kind: Mapped[str] = mapped_column(String(12))
    card_print: Mapped[str] = mapped_column(String(32), index=True)
    card_sealed: Mapped[bytes] = mapped_column(LargeBinary)

    __table_args__ = (UniqueConstraint("person_id", "kind"),)
