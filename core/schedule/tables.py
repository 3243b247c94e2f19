"""Weekly templates, dated exceptions, sessions, periods, slots, holds and pools."""

from datetime import date, datetime, time
from typing import Any

from sqlalchemy import (
    JSON,
    Date,
    ForeignKey,
    Index,
    String,
    Time,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Instant, Key
from core.partial import only_in, written


class Template(Base):
    """排班模板: what a post does on one weekday, from one week to another."""

    __tablename__ = "schedule_template"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("post.id"), index=True)
    weekday: Mapped[int] = mapped_column()  # 1 Monday … 7 Sunday
    half: Mapped[str] = mapped_column(String(8))  # am, pm, night
    starts: Mapped[time] = mapped_column(Time)
    ends: Mapped[time] = mapped_column(Time)
    period_minutes: Mapped[int] = mapped_column()  # 15..60
    capacity: Mapped[int] = mapped_column()
    shares: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # channel -> slots or 'n%'
    room: Mapped[str] = mapped_column(String(40), default="")
    valid_from: Mapped[date] = mapped_column(Date)
    valid_until: Mapped[date | None] = mapped_column(Date)

    __table_args__ = (UniqueConstraint("post_id", "weekday", "half", "valid_from"),)


class ScheduleException(Base):
    """One day on which a post does not follow its template: off, extra, or otherwise."""

    __tablename__ = "schedule_exception"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("post.id"))
    day: Mapped[date] = mapped_column(Date)
    half: Mapped[str] = mapped_column(String(8))
    kind: Mapped[str] = mapped_column(String(8))  # off, extra, amend
    starts: Mapped[time | None] = mapped_column(Time)
    ends: Mapped[time | None] = mapped_column(Time)
    period_minutes: Mapped[int | None] = mapped_column()
    capacity: Mapped[int | None] = mapped_column()
    room: Mapped[str | None] = mapped_column(String(40))
    reason: Mapped[str] = mapped_column(String(60), default="")

    __table_args__ = (UniqueConstraint("post_id", "day", "half"),)


class Session(Base):
    """班次: one post on one half-day. Release and stop are instants: opening is a comparison."""

    __tablename__ = "session"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("post.id"))
    hospital_id: Mapped[int] = mapped_column(ForeignKey("hospital.id"))
    department_id: Mapped[int] = mapped_column(ForeignKey("department.id"))
    doctor_id: Mapped[int | None] = mapped_column(ForeignKey("doctor.id"))
    number_kind: Mapped[str] = mapped_column(String(12))
    day: Mapped[date] = mapped_column(Date)
    half: Mapped[str] = mapped_column(String(8))
    starts_at: Mapped[datetime] = mapped_column(Instant)
    ends_at: Mapped[datetime] = mapped_column(Instant)
    room: Mapped[str] = mapped_column(String(40), default="")
    fee_fen: Mapped[int] = mapped_column()
    total: Mapped[int] = mapped_column()
    state: Mapped[str] = mapped_column(String(12))  # schedule.rules.SESSION_NEXT
    release_at: Mapped[datetime] = mapped_column(Instant)
    stop_at: Mapped[datetime] = mapped_column(Instant)
    # From here on every channel may sell what the shares have left; again a comparison.
    recycle_at: Mapped[datetime | None] = mapped_column(Instant)
    source: Mapped[str] = mapped_column(String(10), default="template")
    external_id: Mapped[str | None] = mapped_column(String(40))
    version: Mapped[int] = mapped_column(default=1)

    __table_args__ = (
        UniqueConstraint("post_id", "day", "half"),
        Index("ix_session_department_day", "department_id", "day"),
        Index("ix_session_doctor_day", "doctor_id", "day"),
        Index("ix_session_hospital_day", "hospital_id", "day"),
        Index("ix_session_day", "day", "hospital_id"),
    )


class Period(Base):
    """时段: a part of a session with its own capacity (R-009)."""

    __tablename__ = "period"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    session_id: Mapped[int] = mapped_column(ForeignKey("session.id"), index=True)
    starts_at: Mapped[datetime] = mapped_column(Instant)
    ends_at: Mapped[datetime] = mapped_column(Instant)
    capacity: Mapped[int] = mapped_column()


class Slot(Base):
    """号: one number of a session. Its state changes by guarded UPDATE only (schedule.slots)."""

    __tablename__ = "slot"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    session_id: Mapped[int] = mapped_column(ForeignKey("session.id"))
    period_id: Mapped[int] = mapped_column(ForeignKey("period.id"), index=True)
    sequence: Mapped[int] = mapped_column()
    pool: Mapped[str] = mapped_column(String(12))  # 'common' or a channel's own share
    state: Mapped[str] = mapped_column(String(10))  # schedule.rules.SLOT_NEXT
    fhir: Mapped[str] = mapped_column(String(18))  # FHIR R4 Slot.status of that state
    hold_id: Mapped[str | None] = mapped_column(String(24))
    stopped_from: Mapped[str | None] = mapped_column(String(10))  # what a withdrawn leave restores
    # A freed slot may rest a random while before it is offered again (anti-scalping).
    rests_until: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (
        UniqueConstraint("session_id", "sequence"),
        # Of all states: an index of the free ones alone looks empty to a planner when all is sold, and is
        # then read as a whole for whatever is asked (docs/performance.md).
        Index("ix_slot_session_state", "session_id", "state", "sequence"),
    )


class Hold(Base):
    """占号: somebody's promise on a slot, with owner, reason and end."""

    __tablename__ = "hold"

    id: Mapped[str] = mapped_column(String(24), primary_key=True)
    slot_id: Mapped[int] = mapped_column(ForeignKey("slot.id"), index=True)
    session_id: Mapped[int] = mapped_column(ForeignKey("session.id"), index=True)
    owner: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str] = mapped_column(String(16))  # 'choice', 'leave-offer', 'waiting-offer'
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    interaction_id: Mapped[int | None] = mapped_column(ForeignKey("interaction.id"), index=True)
    channel: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(10))  # live, used, released, lapsed
    made_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    heartbeat_at: Mapped[datetime] = mapped_column(Instant)

    __table_args__ = (
        Index("ix_hold_due", "expires_at", **only_in("live")),
        Index("uq_hold_live_slot", "slot_id", unique=True, **only_in("live")),
        # Who chooses lets go of what they chose before; the live ones alone are thousands at a release.
        Index("ix_hold_owner", "owner"),
    )


LIVE_HOLD = written(Hold.state, "live")


class Awaited(Base):
    """候补标记: whose slots somebody waits for, and until which day; the waiting list keeps it.

    doctor_id 0: any session of the department will do. Freeing a slot asks for one key here.
    """

    __tablename__ = "awaited"

    department_id: Mapped[int] = mapped_column(
        ForeignKey("department.id"), primary_key=True, autoincrement=False
    )
    doctor_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    until: Mapped[date] = mapped_column(Date)


class FreedSlot(Base):
    """A free slot that rests for the waiting list; gone once it is offered, sold, or given to sale.

    sale_at: until then general sale waits anyway (rerelease.delay). due_at: looked at not before.
    """

    __tablename__ = "freed_slot"

    slot_id: Mapped[int] = mapped_column(ForeignKey("slot.id"), primary_key=True, autoincrement=False)
    session_id: Mapped[int] = mapped_column(ForeignKey("session.id"), index=True)
    freed_at: Mapped[datetime] = mapped_column(Instant)
    sale_at: Mapped[datetime | None] = mapped_column(Instant)
    due_at: Mapped[datetime] = mapped_column(Instant, index=True)
