"""Leaves, the sessions each has closed, and the case of each displaced patient."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Instant, Key
from core.partial import only_in

_OPEN = only_in("waiting", "offered", "desk")
_FORCE = only_in("approved", "handling", "done")


class Leave(Base):
    """停诊单: a doctor, or one post of theirs, is away from a half-day to a half-day."""

    __tablename__ = "leave"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    hospital_id: Mapped[int] = mapped_column(ForeignKey("hospital.id"))
    doctor_id: Mapped[int | None] = mapped_column(ForeignKey("doctor.id"))
    post_id: Mapped[int | None] = mapped_column(ForeignKey("post.id"))
    kind: Mapped[str] = mapped_column(String(12))  # leave.rules.Kind
    first_day: Mapped[date] = mapped_column(Date)
    first_half: Mapped[str] = mapped_column(String(8))
    last_day: Mapped[date] = mapped_column(Date)
    last_half: Mapped[str] = mapped_column(String(8))
    reason: Mapped[str] = mapped_column(String(12))  # leave.rules.REASONS
    words: Mapped[str] = mapped_column(String(200), default="")  # ours, never shown to a patient
    source: Mapped[str] = mapped_column(String(20))  # leave.rules.Source
    external_id: Mapped[str | None] = mapped_column(String(64))  # the hospital's own, of a message
    substitute_id: Mapped[int | None] = mapped_column(ForeignKey("doctor.id"))
    keep: Mapped[int | None] = mapped_column()  # so many numbers of each session are seen
    state: Mapped[str] = mapped_column(String(12))  # leave.rules.State
    answer: Mapped[str | None] = mapped_column(String(200))  # why it was returned or withdrawn
    entered_by: Mapped[str] = mapped_column(String(40))
    entered_staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    entered_at: Mapped[datetime] = mapped_column(Instant)
    approved_by: Mapped[str | None] = mapped_column(String(40))
    approved_staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    approved_at: Mapped[datetime | None] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)  # done, or withdrawn
    version: Mapped[int] = mapped_column(default=1)

    __table_args__ = (
        UniqueConstraint("hospital_id", "external_id"),
        CheckConstraint("(doctor_id is null) <> (post_id is null)", name="whose"),
        Index("ix_leave_state", "state", "first_day"),
        Index("ix_leave_force", "last_day", **_FORCE),
    )


class LeaveSession(Base):
    """A session that a leave has closed, and how it was before."""

    __tablename__ = "leave_session"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    leave_id: Mapped[int] = mapped_column(ForeignKey("leave.id"))
    session_id: Mapped[int] = mapped_column(ForeignKey("session.id"), index=True)
    doctor_id: Mapped[int | None] = mapped_column(ForeignKey("doctor.id"))  # who was to see the patients
    slots: Mapped[list[Any] | None] = mapped_column(JSON)  # of a reduction: the slots that were stopped
    closed_at: Mapped[datetime] = mapped_column(Instant)
    opened_at: Mapped[datetime | None] = mapped_column(Instant)  # by the withdrawal

    __table_args__ = (UniqueConstraint("leave_id", "session_id"),)


class LeaveCase(Base):
    """受影响患者: one appointment that a leave displaced, until the patient has another visit or none.

    The number it was booked by is kept as it was: whom we have to tell.
    """

    __tablename__ = "leave_case"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    leave_id: Mapped[int] = mapped_column(ForeignKey("leave.id"))
    appointment_id: Mapped[int] = mapped_column(ForeignKey("appointment.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    session_id: Mapped[int] = mapped_column(ForeignKey("session.id"))
    phone_print: Mapped[str] = mapped_column(String(32))
    phone_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    visit_at: Mapped[datetime] = mapped_column(Instant)
    state: Mapped[str] = mapped_column(String(10))  # leave.rules.CaseState
    need: Mapped[str | None] = mapped_column(String(16))  # why a person is needed; leave.rules.Need
    offers: Mapped[int] = mapped_column(default=0)  # made so far; those that we took back do not count
    offer_id: Mapped[int | None] = mapped_column(ForeignKey("offer.id"))  # the newest
    subject: Mapped[str | None] = mapped_column(String(40))  # of the newest outbound call
    due_at: Mapped[datetime] = mapped_column(Instant)  # look for a slot from then on
    opened_at: Mapped[datetime] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    channel: Mapped[str | None] = mapped_column(String(16))  # by which the end came
    made_id: Mapped[int | None] = mapped_column(ForeignKey("appointment.id"))  # the visit they have now
    disposition: Mapped[str | None] = mapped_column(String(16))  # leave.rules.Disposition
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))  # the operator who closed it
    version: Mapped[int] = mapped_column(default=1)

    # Each UPDATE names the version it has seen: a step from a state that is over fails as a whole.
    __mapper_args__ = {"version_id_col": version, "version_id_generator": False}
    __table_args__ = (
        UniqueConstraint("leave_id", "appointment_id"),
        # Of two leaves that follow each other only one can have the patient's case open.
        Index("uq_leave_case_open", "appointment_id", unique=True, **_OPEN),
        Index("ix_leave_case_leave", "leave_id", "state"),
        # What is open, or ahead: the jobs look every other second.
        Index("ix_leave_case_state", "state", "visit_at"),
    )
