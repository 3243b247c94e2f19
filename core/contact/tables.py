"""Interactions, callbacks, and the data that decide how a call is received."""

from datetime import date, datetime, time

from sqlalchemy import Date, ForeignKey, Index, LargeBinary, String, Time
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Instant, Key
from core.partial import only, only_in, written


class Interaction(Base):
    """服务记录: one contact. A call is known by its Linkedid; it ends exactly once."""

    __tablename__ = "interaction"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    linked_id: Mapped[str] = mapped_column(String(80), unique=True)
    channel: Mapped[str] = mapped_column(String(16))
    direction: Mapped[str] = mapped_column(String(8), default="in")
    ani_print: Mapped[str | None] = mapped_column(String(32), index=True)
    ani_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    dnis: Mapped[str] = mapped_column(String(20))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    state: Mapped[str] = mapped_column(String(12))  # contact.rules.NEXT
    reached: Mapped[str] = mapped_column(String(24), default="greeting")  # how far the menu got
    disposition: Mapped[str | None] = mapped_column(String(24))
    started_at: Mapped[datetime] = mapped_column(Instant)
    staff_id: Mapped[int | None] = mapped_column(Key)  # the operator, or the last one
    queued_at: Mapped[datetime | None] = mapped_column(Instant)
    answered_at: Mapped[datetime | None] = mapped_column(Instant)
    closed_at: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (
        Index("ix_interaction_open", "started_at", **only("closed_at is null")),
        Index("ix_interaction_started", "started_at"),
    )


_OWED = only_in("owed")


class Callback(Base):
    """回拨: a call we owe, with the time we promised."""

    __tablename__ = "callback"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    interaction_id: Mapped[int] = mapped_column(ForeignKey("interaction.id"), index=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    phone_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    recording: Mapped[str | None] = mapped_column(String(120))
    recording_s: Mapped[int] = mapped_column(default=0)
    promised_for: Mapped[datetime] = mapped_column(Instant)
    state: Mapped[str] = mapped_column(String(12), default="owed")  # owed, done, given-up
    created_at: Mapped[datetime] = mapped_column(Instant)
    staff_id: Mapped[int | None] = mapped_column(Key)  # whose it is; None: anybody's
    tries: Mapped[int] = mapped_column(default=0, server_default="0")
    tried_at: Mapped[datetime | None] = mapped_column(Instant)
    settled_at: Mapped[datetime | None] = mapped_column(Instant)
    settled_by: Mapped[int | None] = mapped_column(Key)

    __table_args__ = (Index("ix_callback_owed", "promised_for", **_OWED),)


# Of all that are owed. Of one call the index of calls knows it, without this.
IS_OWED = written(Callback.state, "owed")


class OpeningHours(Base):
    """When people answer, by weekday (1 Monday … 7 Sunday); the machine answers always (R-074)."""

    __tablename__ = "opening_hours"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    dnis: Mapped[str | None] = mapped_column(String(20))  # None: every number
    weekday: Mapped[int] = mapped_column()
    opens: Mapped[time] = mapped_column(Time)
    closes: Mapped[time] = mapped_column(Time)


class Holiday(Base):
    """A day that is not as its weekday says: a holiday, or a working day made up for one."""

    __tablename__ = "holiday"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    name: Mapped[str] = mapped_column(String(30))
    working: Mapped[bool] = mapped_column(default=False)
    staffed: Mapped[bool] = mapped_column(default=True)  # whether people answer on this day


class Greeting(Base):
    """An announcement that replaces or follows the greeting while it is on: surge, storm, closure."""

    __tablename__ = "greeting"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    name: Mapped[str] = mapped_column(String(30), unique=True)
    dnis: Mapped[str | None] = mapped_column(String(20))
    text: Mapped[str] = mapped_column(String(120))
    on: Mapped[bool] = mapped_column(default=False)
    starts_at: Mapped[datetime | None] = mapped_column(Instant)
    ends_at: Mapped[datetime | None] = mapped_column(Instant)
    to_person: Mapped[bool] = mapped_column(default=True)
