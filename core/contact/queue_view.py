"""How the queue stands: who waits, who is free, whose place it is; nothing is written."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Text, cast, func, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from core.contact.agent_rules import IN_CALL, AgentState
from core.contact.agent_tables import Agent, Matter, QueueEntry, SkillHospital
from core.contact.distribution import Free, QueueClass, Waiting, told_place
from core.contact.kept_tables import IS_WAITING, KeptPlace
from core.contact.tables import Interaction
from core.database import Instant

# States of an entry in which the caller hears music.
WAITS = ("waiting", "offered")
# Who waits is among those that go on: a state alone has no index, and all who ever waited are read for it.
_GOES_ON = QueueEntry.ended_at.is_(None)
# Who cannot be reached for longer has gone home without signing out: nobody is asked to wait for them.
LOST_FOR = timedelta(minutes=3)


@dataclass(frozen=True)
class Wait:
    """One caller's wait. place: what may be told of it now; told: what was. operators: how many there are
    to be waited for. department_id, person_id: where they want to book and for whom, where that is known."""

    waits: bool
    place: int | None
    told: int | None
    operators: int
    department_id: int | None = None
    person_id: int | None = None


@dataclass(frozen=True)
class Standing:
    """Who waits, on the line or in a kept place; who is free, and which skills somebody signed in has.

    signed_in: how many are.
    """

    waiting: Sequence[Waiting]
    free: Sequence[Free]
    skilled: frozenset[str]
    signed_in: int


# Columns and not rows: every second, and at every change, all who wait are looked at.
_WAITING = (
    QueueEntry.interaction_id,
    QueueEntry.klass,
    QueueEntry.arrived_at,
    QueueEntry.skill,
    QueueEntry.prefers,
    QueueEntry.waiting_since,
)
_KEPT = (
    KeptPlace.interaction_id,
    KeptPlace.klass,
    KeptPlace.arrived_at,
    KeptPlace.skill,
    KeptPlace.prefers,
    KeptPlace.made_at,
    KeptPlace.callback_id,
)
_FREE = (Agent.staff_id, Agent.skills, Agent.since, Agent.missed)
_SIGNED_IN = Agent.signed_out_at.is_(None)


async def standing(db: AsyncSession) -> Standing:
    """The queue as it is now: what `distribution.assign` decides on."""
    entries = await db.execute(select(*_WAITING).where(QueueEntry.state == "waiting", _GOES_ON))
    kept = await db.execute(select(*_KEPT).where(IS_WAITING))
    free = await db.execute(
        select(*_FREE).where(_SIGNED_IN, Agent.state == AgentState.READY, Agent.lost_since.is_(None))
    )
    # Of hundreds most have the same few skills.
    skills = await db.scalars(select(cast(Agent.skills, Text)).where(_SIGNED_IN).distinct())
    return Standing(
        [Waiting(call, QueueClass(klass), *rest) for call, klass, *rest in [*entries, *kept]],
        [
            Free(staff_id, frozenset(skills), since, frozenset(missed))
            for staff_id, skills, since, missed in free
        ],
        frozenset(skill for some in skills for skill in json.loads(some)),
        (await db.execute(select(func.count()).where(_SIGNED_IN))).scalar_one(),
    )


async def before(db: AsyncSession, entry: QueueEntry) -> int:
    """How many are served before this one: `Waiting.key`, counted where they lie. With hundreds in the
    queue each of them asks this every minute."""
    key = tuple_(QueueEntry.klass, QueueEntry.arrived_at, QueueEntry.interaction_id)
    mine = tuple_(literal(entry.klass), literal(entry.arrived_at, Instant), literal(entry.interaction_id))
    waits = (QueueEntry.state.in_(WAITS), _GOES_ON)
    here = select(func.count()).select_from(QueueEntry).where(*waits, key < mine)
    place = tuple_(KeptPlace.klass, KeptPlace.arrived_at, KeptPlace.interaction_id)
    kept = select(func.count()).select_from(KeptPlace).where(IS_WAITING, place < mine)
    counted = select(here.scalar_subquery(), kept.scalar_subquery())
    return sum((await db.execute(counted)).one())


async def waits(db: AsyncSession, interaction_id: int, now: datetime) -> Wait:
    """How somebody's wait stands; nothing is written."""
    query = select(QueueEntry).where(
        QueueEntry.interaction_id == interaction_id, QueueEntry.ended_at.is_(None)
    )
    entry = (await db.execute(query)).scalar_one_or_none()
    there = await operators_there(db, now)
    if entry is None or entry.state not in WAITS:
        return Wait(False, None, None, there)
    place = told_place(1 + await before(db, entry), entry.announced)
    person_id = await db.scalar(select(Interaction.person_id).where(Interaction.id == interaction_id))
    return Wait(True, place, entry.announced, there, entry.department_id, person_id)


async def operators_there(db: AsyncSession, now: datetime) -> int:
    """`Standing.there`, counted."""
    query = select(func.count()).where(
        Agent.signed_out_at.is_(None), Agent.lost_since.is_(None) | (Agent.lost_since > now - LOST_FOR)
    )
    return (await db.execute(query)).scalar_one()


async def last_operator(db: AsyncSession, ani_print: str, since: datetime) -> int | None:
    """Who served this number last, not longer ago than since: a redial reaches the same person."""
    query = (
        select(Interaction.staff_id)
        .where(
            Interaction.ani_print == ani_print,
            Interaction.staff_id.is_not(None),
            Interaction.answered_at >= since,
        )
        .order_by(Interaction.id.desc())
        .limit(1)
    )
    return (await db.execute(query)).scalar_one_or_none()


async def broken_off(db: AsyncSession, ani_print: str, since: datetime) -> bool:
    """Whether this number's last call ended, since then, with its matter neither done nor disposed of."""
    last = (
        select(Interaction.id, Interaction.closed_at)
        .where(Interaction.ani_print == ani_print, Interaction.answered_at.is_not(None))
        .order_by(Interaction.id.desc())
        .limit(1)
    )
    row = (await db.execute(last)).one_or_none()
    if row is None or row[1] is None or row[1] < since:
        return False
    open_ones = select(Matter.id).where(
        Matter.interaction_id == row[0], Matter.closed_at.is_(None), Matter.by_act.is_(False)
    )
    return (await db.execute(open_ones.limit(1))).first() is not None


async def group_of(db: AsyncSession, hospital_id: int) -> str | None:
    """The skill that callers for this hospital need, where a group of operators looks after it."""
    query = select(SkillHospital.skill).where(SkillHospital.hospital_id == hospital_id)
    return (await db.execute(query)).scalar_one_or_none()


async def in_a_talk(db: AsyncSession, interaction_id: int) -> bool:
    """Whether an operator has this caller."""
    query = select(Agent.id).where(
        Agent.interaction_id == interaction_id,
        Agent.signed_out_at.is_(None),
        Agent.state.in_([state.value for state in IN_CALL]),
    )
    return (await db.execute(query.limit(1))).first() is not None
