"""Partners, what their signatures have used up, and a log of their calls without anybody's data."""

from datetime import date, datetime

from sqlalchemy import JSON, CheckConstraint, Date, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Instant, Key


class Partner(Base):
    """合作单位. state: live, sandbox (answered by the rules, nothing is kept), off.

    functions: keys of partners.rules.FUNCTIONS. quota: bookings a day. pace: requests a minute.
    """

    __tablename__ = "partner"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    name: Mapped[str] = mapped_column(String(40))
    key_id: Mapped[str] = mapped_column(String(24), unique=True)  # public; the secret is what signs
    secret_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    state: Mapped[str] = mapped_column(String(8))
    functions: Mapped[list[str]] = mapped_column(JSON)
    quota: Mapped[int] = mapped_column()
    pace: Mapped[int] = mapped_column()
    created_at: Mapped[datetime] = mapped_column(Instant)
    changed_at: Mapped[datetime] = mapped_column(Instant)

    __table_args__ = (CheckConstraint("quota >= 0 and pace > 0", name="limits"),)


class PartnerNonce(Base):
    """A nonce that was used: its request is not believed a second time."""

    __tablename__ = "partner_nonce"

    partner_id: Mapped[int] = mapped_column(ForeignKey("partner.id"), primary_key=True)
    nonce: Mapped[str] = mapped_column(String(64), primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant, index=True)


class PartnerDay(Base):
    """How much a partner has booked on a day; what is cancelled is not given back."""

    __tablename__ = "partner_day"

    partner_id: Mapped[int] = mapped_column(ForeignKey("partner.id"), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    booked: Mapped[int] = mapped_column(default=0)


class PartnerCall(Base):
    """One signed call, for the audit of a partner's behaviour: no name, no number, no address of anybody."""

    __tablename__ = "partner_call"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    partner_id: Mapped[int] = mapped_column(ForeignKey("partner.id"))
    operation: Mapped[str] = mapped_column(String(40))
    status: Mapped[int] = mapped_column()
    code: Mapped[str | None] = mapped_column(String(40))  # of the refusal
    took_ms: Mapped[int] = mapped_column()
    at: Mapped[datetime] = mapped_column(Instant, index=True)

    __table_args__ = (Index("ix_partner_call_partner", "partner_id", "at"),)
