"""Comments on sentences."""

from datetime import datetime

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Instant, Key
from core.partial import only


class SentenceComment(Base):
    """A remark that stays: it is settled, never removed. sentence: its name in the catalogue."""

    __tablename__ = "sentence_comment"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    sentence: Mapped[str] = mapped_column(String(80))
    words: Mapped[str] = mapped_column(Text)  # the sentence as it read when this was said of it
    author: Mapped[str] = mapped_column(String(20))  # as they call themselves
    text: Mapped[str] = mapped_column(String(500))
    made_at: Mapped[datetime] = mapped_column(Instant)
    made_by: Mapped[str] = mapped_column(String(64))  # the actor
    settled_at: Mapped[datetime | None] = mapped_column(Instant)
    settled_by: Mapped[str | None] = mapped_column(String(20))

    __table_args__ = (
        Index("ix_sentence_comment_sentence", "sentence", "id"),
        Index("ix_sentence_comment_open", "sentence", **only("settled_at is null")),
    )
