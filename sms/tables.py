"""Texts, in both directions; number and words are sealed, because together they tell who is ill."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Instant, Key


class TextMessage(Base):
    """One text. (subject, version, kind) is its idempotency key: no version of anything is told twice.

    subject: what it is about, 'appointment/12' or 'callback/7'. version: the subject's, as told.
    """

    __tablename__ = "text_message"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    direction: Mapped[str] = mapped_column(String(4), default="out")
    kind: Mapped[str] = mapped_column(String(24))
    subject: Mapped[str] = mapped_column(String(80))
    version: Mapped[int] = mapped_column(default=1)
    appointment_id: Mapped[int | None] = mapped_column(ForeignKey("appointment.id"), index=True)
    journal_id: Mapped[int | None] = mapped_column(ForeignKey("journal.id"))
    phone_print: Mapped[str] = mapped_column(String(32), index=True)
    phone_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    phone_masked: Mapped[str] = mapped_column(String(20))
    body_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)  # None: dropped before it was written
    segments: Mapped[int] = mapped_column(default=0)
    state: Mapped[str] = mapped_column(String(10))  # sms.states.NEXT
    why: Mapped[str | None] = mapped_column(String(80))
    gateway: Mapped[str | None] = mapped_column(String(16))
    gateway_id: Mapped[str | None] = mapped_column(String(80))
    created_at: Mapped[datetime] = mapped_column(Instant)
    sent_at: Mapped[datetime | None] = mapped_column(Instant)
    settled_at: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (
        UniqueConstraint("subject", "version", "kind"),
        Index(
            "uq_text_message_gateway_id",
            "gateway",
            "gateway_id",
            unique=True,
            sqlite_where=text("gateway_id is not null"),
            postgresql_where=text("gateway_id is not null"),
        ),
    )

    @property
    def key(self) -> str:
        """What a gateway drops repeats by."""
        return f"{self.subject}/{self.version}/{self.kind}"
