"""Texts, in both directions; number and words are sealed, because together they tell who is ill."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Instant, Key
from core.partial import only


class TextMessage(Base):
    """One text. (subject, version, kind) is its idempotency key: no version of anything is told twice.

    subject: what it is about, 'appointment/12' or 'callback/7'. version: the subject's, as told. One from
    a patient is known by its gateway's name for it, so that a repeat is the same row.
    """

    __tablename__ = "text_message"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    direction: Mapped[str] = mapped_column(String(4), default="out")
    kind: Mapped[str] = mapped_column(String(24))
    subject: Mapped[str] = mapped_column(String(80))
    version: Mapped[int] = mapped_column(default=1)
    appointment_id: Mapped[int | None] = mapped_column(ForeignKey("appointment.id"), index=True)
    journal_id: Mapped[int | None] = mapped_column(ForeignKey("journal.id"), index=True)
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
        Index("ix_text_message_created_at", "created_at"),
        Index(
            "uq_text_message_gateway_id",
            "gateway",
            "gateway_id",
            unique=True,
            **only("gateway_id is not null"),
        ),
    )

    @property
    def key(self) -> str:
        """What a gateway drops repeats by."""
        return f"{self.subject}/{self.version}/{self.kind}"


class TextPart(Base):
    """One part of a text as its gateway knows it, and what it last said of it; either may come first."""

    __tablename__ = "text_part"

    gateway: Mapped[str] = mapped_column(String(16), primary_key=True)
    part_id: Mapped[str] = mapped_column(String(80), primary_key=True)
    text_id: Mapped[int | None] = mapped_column(ForeignKey("text_message.id"), index=True)
    delivered: Mapped[bool | None] = mapped_column()  # None: nothing said yet
    why: Mapped[str] = mapped_column(String(80), default="")
    at: Mapped[datetime] = mapped_column(Instant)


class TextTalk(Base):
    """What we last asked a number, until when an answer means that; state: sms.talk.Talk, ids only.

    version: whoever begins or ends a turn names the one they have seen (sms.talks).
    """

    __tablename__ = "text_talk"

    phone_print: Mapped[str] = mapped_column(String(32), primary_key=True)
    state: Mapped[dict[str, Any]] = mapped_column(JSON)
    version: Mapped[int] = mapped_column(default=1)
    interaction_id: Mapped[int | None] = mapped_column(ForeignKey("interaction.id"))
    expires_at: Mapped[datetime] = mapped_column(Instant, index=True)


class TextStop(Base):
    """A number that wants duty messages only (退订)."""

    __tablename__ = "text_stop"

    phone_print: Mapped[str] = mapped_column(String(32), primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant)
