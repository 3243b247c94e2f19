"""Offers: a held slot, whom it is for, until when, and what became of it."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Instant, Key
from core.partial import only, only_in

_OPEN = only_in("open")
_WAITING = only("state = 'open' and kind = 'waiting'")


class Offer(Base):
    """邀约: a slot that is kept for one person until they answer. The hold stands behind it.

    source_id: the case of a leave or the entry of the waiting list it was made for; by `kind`.
    """

    __tablename__ = "offer"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    kind: Mapped[str] = mapped_column(String(8))  # leave, waiting
    source_id: Mapped[int] = mapped_column(Key)
    state: Mapped[str] = mapped_column(String(10))  # offers.rules.State
    why: Mapped[str | None] = mapped_column(String(24))  # how it ended, or what it stands in for
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    appointment_id: Mapped[int | None] = mapped_column(ForeignKey("appointment.id"))  # what it replaces
    made_id: Mapped[int | None] = mapped_column(ForeignKey("appointment.id"))  # what came of it
    hold_id: Mapped[str] = mapped_column(String(24))
    slot_id: Mapped[int] = mapped_column(ForeignKey("slot.id"))
    session_id: Mapped[int] = mapped_column(ForeignKey("session.id"), index=True)
    phone_print: Mapped[str] = mapped_column(String(32))  # whom to tell
    phone_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    made_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    channel: Mapped[str | None] = mapped_column(String(16))  # by which it was answered
    version: Mapped[int] = mapped_column(default=1)

    __table_args__ = (
        CheckConstraint("(kind = 'leave') = (appointment_id is not null)", name="displaced"),
        # One offer for a displaced visit at a time, one for a case, and nobody is offered two slots at once.
        Index("uq_offer_open_visit", "appointment_id", unique=True, **_OPEN),
        Index("uq_offer_open_source", "kind", "source_id", unique=True, **_OPEN),
        Index("uq_offer_open_waiting", "person_id", unique=True, **_WAITING),
        Index("ix_offer_due", "expires_at", **_OPEN),
        Index("ix_offer_phone", "phone_print", "made_at"),
        Index("ix_offer_source", "kind", "source_id"),
        Index("ix_offer_appointment", "appointment_id"),
        Index("ix_offer_made", "made_id"),
    )
