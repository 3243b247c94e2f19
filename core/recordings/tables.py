"""Recordings with their files and gaps, how long they are kept, and the quality sheets."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Instant, Key
from core.partial import only, only_in


class Recording(Base):
    """录音: one call's. The row is there before the sound is (beyond-the-peers L14)."""

    __tablename__ = "recording"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    key: Mapped[str] = mapped_column(String(40), unique=True)  # the name of its files
    interaction_id: Mapped[int] = mapped_column(ForeignKey("interaction.id"), index=True)
    staff_id: Mapped[int | None] = mapped_column(Key)  # with whom it began
    state: Mapped[str] = mapped_column(String(10))  # recordings.rules.NEXT
    began_at: Mapped[datetime] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    sealed_at: Mapped[datetime | None] = mapped_column(Instant)
    seconds: Mapped[int] = mapped_column(default=0)
    hold_reason: Mapped[str | None] = mapped_column(String(100))  # legal hold: kept whatever the rule says
    hold_by: Mapped[int | None] = mapped_column(Key)
    erase_after: Mapped[datetime | None] = mapped_column(Instant)
    erased_at: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (
        Index("ix_recording_began", "began_at"),
        Index("ix_recording_due", "erase_after", **only_in("sealed")),
        Index("uq_recording_live", "interaction_id", unique=True, **only_in("live")),
        Index("ix_recording_waiting", "id", **only_in("waiting")),
    )


class RecordingFile(Base):
    """One side of a recording, sealed. sha256: of the plain sound; it outlives the file as proof."""

    __tablename__ = "recording_file"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    recording_id: Mapped[int] = mapped_column(ForeignKey("recording.id"))
    side: Mapped[str] = mapped_column(String(8))  # mixed, caller, heard
    path: Mapped[str] = mapped_column(String(120))  # under the folder of recordings
    sha256: Mapped[str] = mapped_column(String(64))
    plain_bytes: Mapped[int] = mapped_column()
    peaks: Mapped[list[Any]] = mapped_column(JSON, default=list)  # 0..100, evenly over the length
    verify_after: Mapped[datetime | None] = mapped_column(Instant)  # rules.verify_after; None: erased
    fault: Mapped[str | None] = mapped_column(String(8))  # rules.Fault, as it was found last

    __table_args__ = (
        UniqueConstraint("recording_id", "side"),
        Index("ix_recording_file_verify_after", "verify_after", **only("verify_after is not null")),
        Index("ix_recording_file_fault", "fault", **only("fault is not null")),
    )


class RecordingGap(Base):
    """A stretch of silence on purpose, while something secret was said or keyed."""

    __tablename__ = "recording_gap"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    recording_id: Mapped[int] = mapped_column(ForeignKey("recording.id"), index=True)
    began_at: Mapped[datetime] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    why: Mapped[str] = mapped_column(String(20))

    __table_args__ = (Index("ix_recording_gap_open", "recording_id", **only("ended_at is null")),)


class RetentionRule(Base):
    """How many days a recording is kept, by the first disposition of its call; None: every other."""

    __tablename__ = "retention_rule"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    disposition: Mapped[str | None] = mapped_column(String(12), unique=True)
    days: Mapped[int] = mapped_column()


class QualitySheet(Base):
    """质检单: one inspector's judgement of one recording, and what became of it."""

    __tablename__ = "quality_sheet"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    recording_id: Mapped[int] = mapped_column(ForeignKey("recording.id"), index=True)
    staff_id: Mapped[int | None] = mapped_column(Key, index=True)  # whose work was judged
    inspector_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    template: Mapped[str] = mapped_column(String(20))  # recordings.rules.TEMPLATES
    scores: Mapped[dict[str, Any]] = mapped_column(JSON)
    fatal: Mapped[str | None] = mapped_column(String(20))
    total: Mapped[int] = mapped_column()  # of 100
    comment: Mapped[str] = mapped_column(String(300), default="")
    made_at: Mapped[datetime] = mapped_column(Instant)
    appeal: Mapped[str | None] = mapped_column(String(300))
    appealed_at: Mapped[datetime | None] = mapped_column(Instant)
    decision: Mapped[str | None] = mapped_column(String(10))  # upheld, changed
    decided_by: Mapped[int | None] = mapped_column(Key)
    decided_at: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (UniqueConstraint("recording_id", "inspector_id"),)
