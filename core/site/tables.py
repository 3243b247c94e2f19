"""Announcements (R-072): plain text, of the whole hotline or of one hospital."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Instant, Key


class Announcement(Base):
    """公告. Shown while it is published, from its first day to its last, both included."""

    __tablename__ = "announcement"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    hospital_id: Mapped[int | None] = mapped_column(ForeignKey("hospital.id"))  # None: the whole hotline's
    kind: Mapped[str] = mapped_column(String(8))  # site.rules.Kind
    title: Mapped[str] = mapped_column(String(60))
    body: Mapped[str] = mapped_column(Text)
    pinned: Mapped[bool] = mapped_column(default=False)
    state: Mapped[str] = mapped_column(String(10))  # site.rules.State
    first_day: Mapped[date] = mapped_column(Date)
    last_day: Mapped[date | None] = mapped_column(Date)
    author: Mapped[str] = mapped_column(String(40))  # the login of who wrote it
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(Instant)
    changed_at: Mapped[datetime] = mapped_column(Instant)
    published_at: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (
        CheckConstraint("last_day is null or last_day >= first_day", name="days"),
        Index("ix_announcement_shown", "state", "published_at"),
        Index("ix_announcement_hospital_id", "hospital_id"),
    )
