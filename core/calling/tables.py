"""Outbound calls and each attempt at them."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Instant, Key
from core.partial import only_in, written

_DUE = only_in("waiting")
OPEN = ("waiting", "dialling", "handed")
_OPEN = only_in(*OPEN)


class OutboundCall(Base):
    """外呼任务: somebody must be told something by telephone, and must answer with a key.

    subject: what it is about, 'offer/12' or 'reminder/7'; there is one call for each subject.
    """

    __tablename__ = "outbound_call"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    kind: Mapped[str] = mapped_column(String(16))  # calling.rules.Kind
    subject: Mapped[str] = mapped_column(String(40), unique=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    appointment_id: Mapped[int | None] = mapped_column(ForeignKey("appointment.id"), index=True)
    phone_print: Mapped[str] = mapped_column(String(32), index=True)
    phone_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    state: Mapped[str] = mapped_column(String(10))  # calling.rules.State
    answer: Mapped[str | None] = mapped_column(String(16))  # what the key meant; calling.rules.Answer
    tries: Mapped[int] = mapped_column(default=0)
    visit_at: Mapped[datetime | None] = mapped_column(Instant)  # orders the work list; quiet hours look at it
    due_at: Mapped[datetime] = mapped_column(Instant)
    until: Mapped[datetime] = mapped_column(Instant)  # later it makes no sense
    made_at: Mapped[datetime] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    leased_until: Mapped[datetime | None] = mapped_column(Instant)  # whoever dials it must end by then

    __table_args__ = (
        Index("ix_outbound_call_due", "due_at", **_DUE),
        Index("ix_outbound_call_open", "state", "until", **_OPEN),
    )


IS_OPEN = written(OutboundCall.state, *OPEN)


class OutboundAttempt(Base):
    """One try, and what came of it: the proof of notice."""

    __tablename__ = "outbound_attempt"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    call_id: Mapped[int] = mapped_column(ForeignKey("outbound_call.id"))
    number: Mapped[int] = mapped_column()  # 1, 2, 3
    linked_id: Mapped[str] = mapped_column(String(80), unique=True)  # the leg's own name on the switch
    interaction_id: Mapped[int | None] = mapped_column(ForeignKey("interaction.id"), index=True)
    began_at: Mapped[datetime] = mapped_column(Instant)
    answered_at: Mapped[datetime | None] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    outcome: Mapped[str | None] = mapped_column(String(16))  # calling.rules.Outcome
    key: Mapped[str | None] = mapped_column(String(1))

    __table_args__ = (UniqueConstraint("call_id", "number"),)
