"""Reminders of visits, and what was answered to them."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Instant, Key
from core.partial import only_in

_OPEN = only_in("open")


class VisitReminder(Base):
    """就诊提醒: one version of a booking is reminded of once."""

    __tablename__ = "visit_reminder"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    appointment_id: Mapped[int] = mapped_column(ForeignKey("appointment.id"))
    version: Mapped[int] = mapped_column()  # of the appointment, as it was reminded of
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    way: Mapped[str] = mapped_column(String(8))  # reminding.rules.Way
    state: Mapped[str] = mapped_column(String(8))  # reminding.rules.State
    answer: Mapped[str | None] = mapped_column(String(10))  # reminding.rules.Answer
    channel: Mapped[str | None] = mapped_column(String(16))  # by which it was answered
    visit_at: Mapped[datetime] = mapped_column(Instant)
    made_at: Mapped[datetime] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (
        UniqueConstraint("appointment_id", "version"),
        Index("ix_visit_reminder_open", "visit_at", **_OPEN),
    )
