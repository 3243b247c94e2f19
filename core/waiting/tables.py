"""Entries of the waiting list."""

from datetime import date, datetime

from sqlalchemy import Date, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Instant, Key
from core.partial import only, only_in, written
from core.waiting.rules import LIVE

_LIVE = only_in(*LIVE)
_WAITING = only_in("waiting")


class WaitingEntry(Base):
    """候补: what somebody waits for, since when, and whom to tell.

    want: what the unique index compares, `waiting.rules.Want.name`. offer_id: the offer they have or had
    last, until the list has taken note of how it ended.
    """

    __tablename__ = "waiting_entry"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    state: Mapped[str] = mapped_column(String(8))  # waiting.rules.State
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    phone_print: Mapped[str] = mapped_column(String(32), index=True)  # whom to tell
    phone_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))  # who joined for them
    channel: Mapped[str] = mapped_column(String(16))  # by which they joined: whose share they may have
    hospital_id: Mapped[int] = mapped_column(ForeignKey("hospital.id"))
    department_id: Mapped[int] = mapped_column(ForeignKey("department.id"))
    doctor_id: Mapped[int | None] = mapped_column(ForeignKey("doctor.id"))
    number_kind: Mapped[str | None] = mapped_column(String(12))
    first_day: Mapped[date] = mapped_column(Date)
    last_day: Mapped[date] = mapped_column(Date)
    half: Mapped[str | None] = mapped_column(String(8))  # am, pm, night; None: any
    want: Mapped[str] = mapped_column(String(60))
    joined_at: Mapped[datetime] = mapped_column(Instant)
    since: Mapped[datetime] = mapped_column(Instant)  # the order; later than joined_at after a pause
    offer_id: Mapped[int | None] = mapped_column(ForeignKey("offer.id"))
    misses: Mapped[int] = mapped_column(default=0)  # offers unanswered, one after the other
    served_by: Mapped[int | None] = mapped_column(ForeignKey("appointment.id"))
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    version: Mapped[int] = mapped_column(default=1)

    __table_args__ = (
        # Nobody stands twice for the same thing, however often a button is pressed.
        Index("uq_waiting_entry_want", "person_id", "want", unique=True, **_LIVE),
        Index("ix_waiting_entry_line", "department_id", "since", **_WAITING),
        Index("ix_waiting_entry_over", "last_day", **_LIVE),
        Index("ix_waiting_entry_offer", "offer_id", **only("offer_id is not null")),
    )


IS_LIVE = written(WaitingEntry.state, *LIVE)
