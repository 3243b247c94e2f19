"""The floor as supervisors see it: operators with their names, numbers, callbacks; read-only."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.contact.agent_rules import ENGAGED, PAUSE_REASONS, AgentState
from core.contact.agent_tables import Agent, DeskMessage, Matter, Skill
from core.contact.callbacks import HANDED
from core.contact.tables import IS_OWED, Callback, Interaction
from core.sealing import Sealer
from core.staff.tables import Staff
from core.values import Phone


@dataclass(frozen=True)
class Lane:
    """One signed-in operator. limit_s: how long this pause may last; None: no limit."""

    agent_id: int
    staff_id: int
    name: str
    number: str | None
    state: AgentState
    reason: str | None
    wanted: str | None
    since: datetime
    interaction_id: int | None
    skills: tuple[str, ...]
    lost_since: datetime | None
    missed: frozenset[int]

    @property
    def engaged(self) -> bool:
        return self.state in ENGAGED

    @property
    def free(self) -> bool:
        return self.state is AgentState.READY and self.lost_since is None

    @property
    def limit_s(self) -> int | None:
        return PAUSE_REASONS[self.reason].limit_s if self.reason in PAUSE_REASONS else None


async def lanes(db: AsyncSession) -> Sequence[Lane]:
    """Everybody who is signed in, by number (工号), whatever they do, so that nobody jumps about."""
    query = select(Agent, Staff.name, Staff.number).join(Staff, Staff.id == Agent.staff_id)
    rows = await db.execute(query.where(Agent.signed_out_at.is_(None)).order_by(Staff.number, Staff.id))
    return [
        Lane(
            row.id,
            row.staff_id,
            name,
            number,
            AgentState(row.state),
            row.reason,
            row.wanted,
            row.since,
            row.interaction_id,
            tuple(row.skills),
            row.lost_since,
            frozenset(row.missed),
        )
        for row, name, number in rows
    ]


async def numbers(db: AsyncSession, sealer: Sealer, ids: Iterable[int]) -> dict[int, str]:
    """The masked telephone numbers of contacts; those without one are left out."""
    query = select(Interaction.id, Interaction.ani_sealed).where(
        Interaction.id.in_(list(ids)), Interaction.ani_sealed.is_not(None)
    )
    rows = await db.execute(query)
    return {row[0]: Phone(sealer.open(row[1], "phone")).masked for row in rows if row[1]}


async def skills(db: AsyncSession) -> Mapping[str, str]:
    """Code to Chinese name."""
    rows = await db.execute(select(Skill.code, Skill.label).order_by(Skill.code))
    return {row[0]: row[1] for row in rows}


async def names(db: AsyncSession) -> Mapping[int, str]:
    """Of every account that there is or was, also of those who have signed out."""
    rows = await db.execute(select(Staff.id, Staff.name))
    return {row[0]: row[1] for row in rows}


async def dispositions(db: AsyncSession, first: datetime, last: datetime) -> Counter[tuple[str, str]]:
    """(first level, second level) → matters opened in [first, last) and closed."""
    query = (
        select(Matter.first, Matter.second, func.count())
        .where(Matter.opened_at >= first, Matter.opened_at < last, Matter.closed_at.is_not(None))
        .group_by(Matter.first, Matter.second)
    )
    return Counter({(str(one), str(two)): times for one, two, times in await db.execute(query)})


async def booked(db: AsyncSession, first: datetime, last: datetime) -> Mapping[int, int]:
    """Operator → matters opened in [first, last) that ended with a booking."""
    query = (
        select(Matter.staff_id, func.count())
        .where(Matter.opened_at >= first, Matter.opened_at < last, Matter.first == "booked")
        .group_by(Matter.staff_id)
    )
    return {row[0]: row[1] for row in await db.execute(query)}


async def people(db: AsyncSession) -> Mapping[int, tuple[str, str]]:
    """Every account's name and number (工号, or nothing)."""
    rows = await db.execute(select(Staff.id, Staff.name, Staff.number))
    return {staff_id: (name, number or "") for staff_id, name, number in rows}


async def disposed(db: AsyncSession, first: str, since: datetime, limit: int = 200) -> list[tuple[int, str]]:
    """Contacts with a matter that ended so, newest first, each with its second level."""
    query = (
        select(Matter.interaction_id, Matter.second)
        .where(Matter.opened_at >= since, Matter.first == first, Matter.closed_at.is_not(None))
        .order_by(Matter.id.desc())
        .limit(limit)
    )
    return [(one, second or "") for one, second in await db.execute(query)]


@dataclass(frozen=True)
class OwedCall:
    """A callback that is owed. staff_id: whose it is; None: anybody's."""

    callback_id: int
    interaction_id: int
    promised_for: datetime
    staff_id: int | None
    tries: int


async def owed_calls(db: AsyncSession) -> Sequence[OwedCall]:
    """Every callback we owe, the most urgent first."""
    rows = await db.execute(
        select(Callback.id, Callback.interaction_id, Callback.promised_for, Callback.staff_id, Callback.tries)
        .join(Interaction, Interaction.id == Callback.interaction_id)
        .where(IS_OWED, Interaction.reached != HANDED)
        .order_by(Callback.promised_for, Callback.id)
    )
    return [OwedCall(*row) for row in rows]


@dataclass(frozen=True)
class Said:
    """A line of a supervisor to the floor, or to one operator (to)."""

    by: str
    to: str | None
    text: str
    sent_at: datetime


@dataclass(frozen=True)
class Hand:
    """An operator who asked for help and has had no word since."""

    staff_id: int
    text: str
    at: datetime


# Lines that are looked at; older ones have been read or have lost their point.
_LINES = 200


async def lines(db: AsyncSession, since: datetime) -> tuple[list[Said], list[Hand]]:
    """What supervisors said, newest first, and the hands that are still up, longest first."""
    newest = select(DeskMessage).where(DeskMessage.sent_at >= since).order_by(DeskMessage.id.desc())
    rows = (await db.execute(newest.limit(_LINES))).scalars().all()
    known = await names(db)
    up: dict[int, Hand] = {}
    said: list[Said] = []
    for row in reversed(rows):
        if row.from_staff_id == row.to_staff_id:  # a line to oneself: a raised hand
            up.setdefault(row.from_staff_id, Hand(row.from_staff_id, row.text, row.sent_at))
            continue
        if row.to_staff_id is not None:
            up.pop(row.to_staff_id, None)
        to = known.get(row.to_staff_id) if row.to_staff_id else None
        said.append(Said(known.get(row.from_staff_id, ""), to, row.text, row.sent_at))
    return said[::-1], list(up.values())
