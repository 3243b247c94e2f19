"""Operators at work: signed-in agents, their intervals, the queue, who was in which room when."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Instant, Key
from core.partial import only


class Agent(Base):
    """坐席班次: somebody signed in at a phone. One live row for a person, and one for a phone."""

    __tablename__ = "agent"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    extension: Mapped[str] = mapped_column(String(10))  # the SIP name of the phone
    device: Mapped[str] = mapped_column(String(8))  # 'page' or 'phone'
    state: Mapped[str] = mapped_column(String(12))  # agent_rules.AGENT_NEXT
    reason: Mapped[str | None] = mapped_column(String(12))  # of a pause: agent_rules.PAUSE_REASONS
    wanted: Mapped[str | None] = mapped_column(String(12))  # the pause, or 'off', after this call
    since: Mapped[datetime] = mapped_column(Instant)
    interaction_id: Mapped[int | None] = mapped_column(ForeignKey("interaction.id"))
    # The colleague or hospital called beside the caller: {"kind", "label", "state", "leg"}.
    third: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    skills: Mapped[list[Any]] = mapped_column(JSON, default=list)
    misses: Mapped[int] = mapped_column(default=0)
    missed: Mapped[list[Any]] = mapped_column(JSON, default=list)  # interactions they let ring
    lost_since: Mapped[datetime | None] = mapped_column(Instant)  # page and phone cannot be reached
    signed_in_at: Mapped[datetime] = mapped_column(Instant)
    signed_out_at: Mapped[datetime | None] = mapped_column(Instant)
    version: Mapped[int] = mapped_column(default=1)

    __table_args__ = (
        Index("uq_agent_live_staff", "staff_id", unique=True, **only("signed_out_at is null")),
        Index("uq_agent_live_extension", "extension", unique=True, **only("signed_out_at is null")),
    )


class AgentInterval(Base):
    """A stretch of one state with one reason. Never rewritten but for its end."""

    __tablename__ = "agent_interval"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id"), index=True)
    staff_id: Mapped[int] = mapped_column(Key)
    state: Mapped[str] = mapped_column(String(12))
    reason: Mapped[str | None] = mapped_column(String(12))
    interaction_id: Mapped[int | None] = mapped_column(Key, index=True)
    began_at: Mapped[datetime] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (
        Index("ix_agent_interval_began", "began_at", "staff_id"),
        Index("uq_agent_interval_open", "agent_id", unique=True, **only("ended_at is null")),
    )


class AgentSkill(Base):
    """What somebody can do beyond the ordinary: a dialect, complaints, a group of hospitals."""

    __tablename__ = "agent_skill"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    skill: Mapped[str] = mapped_column(String(20))

    __table_args__ = (UniqueConstraint("staff_id", "skill"),)


class Skill(Base):
    """A skill with its Chinese name."""

    __tablename__ = "skill"

    code: Mapped[str] = mapped_column(String(20), primary_key=True)
    label: Mapped[str] = mapped_column(String(20))


class SkillHospital(Base):
    """A hospital whose callers a group of operators looks after: at most one group for each."""

    __tablename__ = "skill_hospital"

    hospital_id: Mapped[int] = mapped_column(ForeignKey("hospital.id"), primary_key=True)
    skill: Mapped[str] = mapped_column(ForeignKey("skill.code"))


class QueueEntry(Base):
    """排队: one wait of one caller. Who is put back keeps the time of arrival."""

    __tablename__ = "queue_entry"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    interaction_id: Mapped[int] = mapped_column(ForeignKey("interaction.id"), index=True)
    klass: Mapped[int] = mapped_column()  # distribution.QueueClass
    skill: Mapped[str | None] = mapped_column(String(20))
    prefers: Mapped[int | None] = mapped_column(Key)  # the operator who served them last
    department_id: Mapped[int | None] = mapped_column(Key)  # what they want, as far as it is known
    arrived_at: Mapped[datetime] = mapped_column(Instant)
    entered_at: Mapped[datetime] = mapped_column(Instant)  # this wait; later than arrived_at when put back
    waiting_since: Mapped[datetime] = mapped_column(Instant)  # since nobody rings for them
    state: Mapped[str] = mapped_column(String(12))  # waiting, offered, served; how queueing.ended
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    offered_at: Mapped[datetime | None] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    announced: Mapped[int | None] = mapped_column()  # the place last told; never grows

    __table_args__ = (
        Index("uq_queue_entry_live", "interaction_id", unique=True, **only("ended_at is null")),
        Index("ix_queue_entry_entered", "entered_at"),
    )


class RoomStay(Base):
    """Somebody's stay in a call's room: our own leg log, from which talk and hold are reckoned."""

    __tablename__ = "room_stay"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    interaction_id: Mapped[int] = mapped_column(ForeignKey("interaction.id"))
    unique_id: Mapped[str] = mapped_column(String(80))  # of the leg
    role: Mapped[str] = mapped_column(String(10))  # caller, agent, third, supervisor
    staff_id: Mapped[int | None] = mapped_column(Key)
    entered_at: Mapped[datetime] = mapped_column(Instant)
    left_at: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (
        Index("ix_room_stay_interaction", "interaction_id", "id"),
        Index("uq_room_stay_live", "interaction_id", "unique_id", unique=True, **only("left_at is null")),
        Index("ix_room_stay_entered", "entered_at"),
    )


class Matter(Base):
    """事项: what one caller wanted, with its disposition. A family's second booking is a second matter."""

    __tablename__ = "matter"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    interaction_id: Mapped[int] = mapped_column(ForeignKey("interaction.id"), index=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    ordinal: Mapped[int] = mapped_column()
    person_id: Mapped[int | None] = mapped_column(Key)
    first: Mapped[str | None] = mapped_column(String(12))  # agent_rules.DISPOSITIONS
    second: Mapped[str | None] = mapped_column(String(12))
    by_act: Mapped[bool] = mapped_column(default=False)
    opened_at: Mapped[datetime] = mapped_column(Instant)
    closed_at: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (
        UniqueConstraint("interaction_id", "ordinal"),
        Index("ix_matter_opened", "opened_at", "staff_id"),
        Index("ix_matter_open", "staff_id", **only("closed_at is null")),
    )


class DeskMessage(Base):
    """A line from a supervisor to one operator, or to all (to_staff_id None); shown as a strip."""

    __tablename__ = "desk_message"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    from_staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    to_staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    text: Mapped[str] = mapped_column(String(200))
    sent_at: Mapped[datetime] = mapped_column(Instant)
