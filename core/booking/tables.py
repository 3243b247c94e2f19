"""Appointments, the drafts they come from, and the keys of commands already done."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BindParameter,
    CheckConstraint,
    ColumnElement,
    Date,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    func,
)
from sqlalchemy.orm import Mapped, mapped_column

from core.booking.rules import LIVE
from core.database import Base, Instant, Key
from core.partial import only, only_in, written

ONGOING = ("open", "left")  # a draft
UNPAID, DUE = ("unpaid",), ("booked", "checked_in")
_LIVE = only_in(*sorted(LIVE))
_ONGOING = only_in(*ONGOING)
_TOLD = only("contact_print is not null")


class Appointment(Base):
    """预约单: one booking. What it promised (time, room, fee, rules) is kept as it was promised.

    Booker and attendee are two references (R-195): `person_id` visits, `booker_*` asked for it.
    """

    __tablename__ = "appointment"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    serial: Mapped[str] = mapped_column(String(8), unique=True)
    slot_id: Mapped[int] = mapped_column(ForeignKey("slot.id"))
    session_id: Mapped[int] = mapped_column(ForeignKey("session.id"), index=True)
    hospital_id: Mapped[int] = mapped_column(ForeignKey("hospital.id"))
    department_id: Mapped[int] = mapped_column(ForeignKey("department.id"))
    doctor_id: Mapped[int | None] = mapped_column(ForeignKey("doctor.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    booker_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    contact_print: Mapped[str] = mapped_column(String(32), index=True)  # the phone it was booked by
    contact_tail: Mapped[str | None] = mapped_column(String(32), index=True)  # print of the last four
    contact_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    channel: Mapped[str] = mapped_column(String(16))
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)  # who booked it
    partner_id: Mapped[int | None] = mapped_column(ForeignKey("partner.id"), index=True)  # or by whom
    interaction_id: Mapped[int | None] = mapped_column(ForeignKey("interaction.id"), index=True)
    day: Mapped[date] = mapped_column(Date)
    starts_at: Mapped[datetime] = mapped_column(Instant)
    ends_at: Mapped[datetime] = mapped_column(Instant)
    sequence: Mapped[int] = mapped_column()
    number_kind: Mapped[str] = mapped_column(String(12))
    room: Mapped[str] = mapped_column(String(40), default="")
    fee_fen: Mapped[int] = mapped_column()
    pay_mode: Mapped[str] = mapped_column(String(12))  # at-hospital, online
    pay_by: Mapped[datetime | None] = mapped_column(Instant)
    state: Mapped[str] = mapped_column(String(12))  # booking.rules.NEXT
    fhir: Mapped[str] = mapped_column(String(16))  # FHIR R4 Appointment.status of that state
    reason: Mapped[str | None] = mapped_column(String(24))  # why cancelled, expired, stopped
    queue_number: Mapped[str | None] = mapped_column(String(12))  # the hospital's own
    replaces_id: Mapped[int | None] = mapped_column(ForeignKey("appointment.id"))
    replaced_by_id: Mapped[int | None] = mapped_column(ForeignKey("appointment.id"))
    changes: Mapped[int] = mapped_column(default=0)  # how often this visit was moved
    promised: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # the rules as they stood
    booked_at: Mapped[datetime] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    checked_in_at: Mapped[datetime | None] = mapped_column(Instant)
    version: Mapped[int] = mapped_column(default=1)

    __table_args__ = (
        CheckConstraint("fee_fen >= 0", name="fee"),
        # The last wall against a double sale; the guarded UPDATE of the slot is the first.
        Index("uq_appointment_live_slot", "slot_id", unique=True, **_LIVE),
        # Answers "what has this person booked" with and without history: no partial index, whose
        # statistics are empty on release day and mislead the planner.
        Index("ix_appointment_person_day", "person_id", "day"),
        Index("ix_appointment_day_hospital", "day", "hospital_id"),
        Index("ix_appointment_pay_by", "pay_by", **only_in(*UNPAID)),
        Index("ix_appointment_due", "day", **only_in(*DUE)),
    )


# Live, but in words that no planner takes for its partial index: while hardly any are, that one looks cheaper
# than the index of the person or the phone who is asked for, and is read as a whole (docs/performance.md).
IS_LIVE = func.coalesce(Appointment.state.in_(sorted(LIVE)), False)
IS_UNPAID = written(Appointment.state, *UNPAID)
IS_DUE = written(Appointment.state, *DUE)


def not_before(day: date | BindParameter[date]) -> ColumnElement[bool]:
    """On that day or later, in words that no planner takes for the index by day, as IS_LIVE: by a night's
    statistics nothing is to come, and all that was booked since would be read for each phone asked for."""
    return func.coalesce(Appointment.day, Appointment.day) >= day


class CommandKey(Base):
    """A command that was done, by the key its face gave it: a repeat is answered as before."""

    __tablename__ = "command_key"

    key: Mapped[str] = mapped_column(String(80), primary_key=True)
    verb: Mapped[str] = mapped_column(String(16))
    fingerprint: Mapped[str] = mapped_column(String(32))
    outcome: Mapped[dict[str, Any]] = mapped_column(JSON)
    at: Mapped[datetime] = mapped_column(Instant, index=True)


class Draft(Base):
    """办理草稿: what is being done for a caller, as far as it has got; one for each matter.

    The voice menu writes into it, an operator goes on with it, on whichever computer; a redial, a text
    or the web after them (docs/recovery.md).
    """

    __tablename__ = "draft"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    interaction_id: Mapped[int | None] = mapped_column(ForeignKey("interaction.id"), index=True)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))  # None: the menu's, nobody's yet
    place: Mapped[str] = mapped_column(String(8), default="menu")  # booking.draft_places.Place
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))  # while it is on the web
    ani_print: Mapped[str | None] = mapped_column(String(32))  # who redials is found by it
    contact_print: Mapped[str | None] = mapped_column(String(32))  # the mobile that was told of it
    version: Mapped[int] = mapped_column(default=1)  # every save is guarded by it
    body_sealed: Mapped[bytes] = mapped_column(LargeBinary)  # draft_rules.FIELDS: names, numbers
    hold_id: Mapped[str | None] = mapped_column(String(24))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    appointment_id: Mapped[int | None] = mapped_column(ForeignKey("appointment.id"))  # what came of it
    state: Mapped[str] = mapped_column(String(8))  # open, left, booked, closed
    opened_at: Mapped[datetime] = mapped_column(Instant)
    saved_at: Mapped[datetime] = mapped_column(Instant)
    left_until: Mapped[datetime | None] = mapped_column(Instant)  # until then a redial goes on with it
    closed_at: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (
        # Two desks that open the draft of one call at once get the same one.
        Index("uq_draft_live", "interaction_id", unique=True, **_ONGOING),
        Index("ix_draft_ani", "ani_print", "saved_at"),
        Index("ix_draft_contact", "contact_print", **_TOLD),
        Index("ix_draft_account", "account_id", **_ONGOING),
        Index("ix_draft_ongoing", "saved_at", **_ONGOING),
    )


IS_ONGOING = written(Draft.state, *ONGOING)
