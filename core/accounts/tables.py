"""Accounts of patients, their sessions and codes, whom they book for, and what they keep."""

from datetime import date, datetime

from sqlalchemy import Date, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Instant, Key
from core.partial import only


class Account(Base):
    """A patient who has proved their mobile number; one for each person and each number.

    They log in with that number, or with their identity number (R-179), which stands at the person.
    """

    __tablename__ = "account"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), unique=True)
    phone_print: Mapped[str] = mapped_column(String(32), unique=True)
    phone_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    password: Mapped[str] = mapped_column(String(160))  # argon2id in its own notation
    state: Mapped[str] = mapped_column(String(8), default="active")  # active, closed
    opened_at: Mapped[datetime] = mapped_column(Instant)
    version: Mapped[int] = mapped_column(default=1)


class AccountSession(Base):
    """One login in one browser, or of one telephone's application. print: of its token, which stands nowhere.

    kind: web or app. stage: full, or change: a forgotten password was proved and a new one is due.
    """

    __tablename__ = "account_session"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    print: Mapped[str] = mapped_column(String(32), unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    kind: Mapped[str] = mapped_column(String(4))
    stage: Mapped[str] = mapped_column(String(8), default="full")
    address: Mapped[str] = mapped_column(String(45))
    browser: Mapped[str] = mapped_column(String(60))
    created_at: Mapped[datetime] = mapped_column(Instant)
    seen_at: Mapped[datetime] = mapped_column(Instant)
    ends_at: Mapped[datetime] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    ended_why: Mapped[str | None] = mapped_column(String(12))

    __table_args__ = (Index("ix_account_session_account", "account_id", "ended_at"),)


class PhoneCode(Base):
    """The code that was last sent to a number; a new one voids the old.

    The code itself is a keyed hash of the number's print, its purpose, `number` and `asked_at`, and
    stands nowhere.
    """

    __tablename__ = "phone_code"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    phone_print: Mapped[str] = mapped_column(String(32), unique=True)
    phone_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    purpose: Mapped[str] = mapped_column(String(12))  # register, reset, phone
    number: Mapped[int] = mapped_column(default=1)  # of codes this number was ever sent
    day: Mapped[date] = mapped_column(Date)
    sent_today: Mapped[int] = mapped_column(default=1)
    asked_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant, index=True)
    tries: Mapped[int] = mapped_column(default=0)
    used_at: Mapped[datetime | None] = mapped_column(Instant)


class Captcha(Base):
    """A picture that was shown, or a sound: good for one answer."""

    __tablename__ = "captcha"

    token_print: Mapped[str] = mapped_column(String(32), primary_key=True)
    answer_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    expires_at: Mapped[datetime] = mapped_column(Instant, index=True)


class Attendee(Base):
    """就诊人: somebody for whom an account books, besides its owner (I-007)."""

    __tablename__ = "attendee"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    relation: Mapped[str] = mapped_column(String(12))
    added_at: Mapped[datetime] = mapped_column(Instant)

    __table_args__ = (UniqueConstraint("account_id", "person_id"),)


class Favourite(Base):
    """A hospital or a doctor that somebody wants to find again (I-009). what: hospital or doctor."""

    __tablename__ = "favourite"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    what: Mapped[str] = mapped_column(String(12))
    what_id: Mapped[int] = mapped_column(Key)
    added_at: Mapped[datetime] = mapped_column(Instant)

    __table_args__ = (UniqueConstraint("account_id", "what", "what_id"),)


class ReleaseReminder(Base):
    """Somebody wants a text when a post's next numbers open (I-009); told once, then asked for anew."""

    __tablename__ = "release_reminder"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    post_id: Mapped[int] = mapped_column(ForeignKey("post.id"), index=True)
    after_day: Mapped[date] = mapped_column(Date)  # the last day that was open when it was asked for
    asked_at: Mapped[datetime] = mapped_column(Instant)
    told_at: Mapped[datetime | None] = mapped_column(Instant)
    session_id: Mapped[int | None] = mapped_column(ForeignKey("session.id"))  # of what it told

    __table_args__ = (
        Index("uq_release_reminder_waiting", "account_id", "post_id", unique=True, **only("told_at is null")),
    )
