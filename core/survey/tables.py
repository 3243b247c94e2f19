"""What was asked, of whom, and the score."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Instant, Key
from core.partial import only_in

_OPEN = only_in("open")


class Survey(Base):
    """满意度调查: one question about one call or visit."""

    __tablename__ = "survey"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    subject: Mapped[str] = mapped_column(String(40), unique=True)  # survey.rules.subject
    kind: Mapped[str] = mapped_column(String(8))  # survey.rules.Kind
    way: Mapped[str] = mapped_column(String(8))  # survey.rules.Way: by which it was asked
    state: Mapped[str] = mapped_column(String(8))  # survey.rules.State
    score: Mapped[int | None] = mapped_column()
    channel: Mapped[str | None] = mapped_column(String(16))  # by which it was answered
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    phone_print: Mapped[str] = mapped_column(String(32))
    phone_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    interaction_id: Mapped[int | None] = mapped_column(ForeignKey("interaction.id"), index=True)
    appointment_id: Mapped[int | None] = mapped_column(ForeignKey("appointment.id"), index=True)
    hospital_id: Mapped[int | None] = mapped_column(ForeignKey("hospital.id"))
    staff_id: Mapped[int | None] = mapped_column(Key)  # who served the call
    skill: Mapped[str | None] = mapped_column(String(20))  # the queue it was answered from
    callback_id: Mapped[int | None] = mapped_column(ForeignKey("callback.id"))  # owed after a low score
    asked_at: Mapped[datetime] = mapped_column(Instant, index=True)
    until: Mapped[datetime] = mapped_column(Instant)
    answered_at: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (
        CheckConstraint("score between 1 and 5", name="score"),
        CheckConstraint("(state = 'answered') = (score is not null)", name="answered"),
        Index("ix_survey_open", "until", **_OPEN),
        Index("ix_survey_phone", "phone_print", "asked_at"),
        Index("ix_survey_person", "person_id", "asked_at"),
        Index("ix_survey_answered", "answered_at"),
    )
