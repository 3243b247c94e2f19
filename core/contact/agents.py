"""Operators: sign in, be ready, pause, wrap up, sign out; each state an interval of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from core.contact.agent_rules import ENGAGED, PAUSE_REASONS, AgentState, agent_step, may_be_ready
from core.contact.agent_tables import Agent, AgentInterval, AgentSkill, Matter
from core.errors import DispositionMissing, Engaged, NotSignedIn, PhoneTaken, WrongInput
from core.events import AgentLost, AgentMoved, AgentWants
from core.work import Work


@dataclass(frozen=True)
class AgentView:
    """A signed-in operator as they are now."""

    agent_id: int
    staff_id: int
    extension: str
    device: str
    state: AgentState
    reason: str | None
    wanted: str | None
    since: datetime
    interaction_id: int | None
    third: dict[str, Any] | None
    skills: frozenset[str]
    lost_since: datetime | None
    signed_in_at: datetime
    version: int


def view(row: Agent) -> AgentView:
    return AgentView(
        row.id,
        row.staff_id,
        row.extension,
        row.device,
        AgentState(row.state),
        row.reason,
        row.wanted,
        row.since,
        row.interaction_id,
        row.third,
        frozenset(row.skills),
        row.lost_since,
        row.signed_in_at,
        row.version,
    )


async def signed_in(db: AsyncSession) -> Sequence[AgentView]:
    """Everybody who is signed in, by staff id."""
    rows = await db.execute(select(Agent).where(Agent.signed_out_at.is_(None)).order_by(Agent.staff_id))
    return [view(row) for row in rows.scalars()]


async def in_call(db: AsyncSession, interaction_id: int) -> Sequence[AgentView]:
    """Who has to do with this contact now, by staff id; on a floor of hundreds these are one or two."""
    query = (
        select(Agent)
        .where(Agent.interaction_id == interaction_id, Agent.signed_out_at.is_(None))
        .order_by(Agent.staff_id)
    )
    return [view(row) for row in (await db.execute(query)).scalars()]


async def find(db: AsyncSession, staff_id: int) -> AgentView | None:
    query = select(Agent).where(Agent.staff_id == staff_id, Agent.signed_out_at.is_(None))
    row = (await db.execute(query)).scalar_one_or_none()
    return view(row) if row else None


async def live(work: Work, staff_id: int) -> Agent:
    """The signed-in operator's row, for this unit of work alone. Raises NotSignedIn."""
    query = select(Agent).where(Agent.staff_id == staff_id, Agent.signed_out_at.is_(None))
    if not work.house.database.sqlite:
        query = query.with_for_update()
    row = (await work.db.execute(query.execution_options(populate_existing=True))).scalar_one_or_none()
    if row is None:
        raise NotSignedIn(facts={"staff_id": staff_id})
    return row


async def sign_in(work: Work, staff_id: int, *, extension: str, device: str) -> AgentView:
    """Begin a shift at a phone, paused; again from another computer continues the shift as it stands.

    device: 'page' for the phone in the page, 'phone' for one on the desk. Raises PhoneTaken.
    """
    query = select(Agent).where(Agent.staff_id == staff_id, Agent.signed_out_at.is_(None))
    row = (await work.db.execute(query)).scalar_one_or_none()
    if row is not None:
        row.device = device
        return view(row)
    skills = await work.db.scalars(select(AgentSkill.skill).where(AgentSkill.staff_id == staff_id))
    row = Agent(
        staff_id=staff_id,
        extension=extension,
        device=device,
        state=AgentState.OFF.value,
        since=work.now,
        skills=sorted(skills),
        missed=[],
        misses=0,
        signed_in_at=work.now,
        version=1,
    )
    try:
        async with work.db.begin_nested():
            work.db.add(row)
            await work.db.flush()
    except IntegrityError:
        raise PhoneTaken(facts={"extension": extension}) from None
    await step(work, row, AgentState.PAUSED, reason="signed-in")
    return view(row)


async def step(
    work: Work, row: Agent, to: AgentState, *, reason: str | None = None, interaction_id: int | None = None
) -> None:
    """Move an operator on; the interval of the old state ends now. Raises WrongState."""
    agent_step(AgentState(row.state), to)
    row.state, row.reason, row.since = to.value, reason, work.now
    if row.interaction_id != interaction_id or to is AgentState.WRAP_UP:
        row.third = None
    row.interaction_id = interaction_id
    row.version += 1
    await work.db.execute(
        update(AgentInterval)
        .where(AgentInterval.agent_id == row.id, AgentInterval.ended_at.is_(None))
        .values(ended_at=work.now)
    )
    if to is AgentState.OFF:
        row.signed_out_at = work.now
    else:
        work.db.add(
            AgentInterval(
                agent_id=row.id,
                staff_id=row.staff_id,
                state=to.value,
                reason=reason,
                interaction_id=interaction_id,
                began_at=work.now,
            )
        )
    await work.db.flush()
    work.record(
        AgentMoved(
            agent_id=row.id,
            staff_id=row.staff_id,
            state=to.value,
            reason=reason,
            interaction_id=interaction_id,
        )
    )


async def be_ready(work: Work, staff_id: int) -> AgentView:
    """Take the next call, or the pause that was asked for during the last one.

    Raises NotSignedIn, Engaged, DispositionMissing.
    """
    row = await live(work, staff_id)
    if row.state in ENGAGED:
        raise Engaged
    await _tidy(work, row)
    if row.wanted:
        return await settle_wanted(work, row)
    if row.state != AgentState.READY:
        row.misses, row.missed = 0, []
        await step(work, row, AgentState.READY)
    return view(row)


async def _tidy(work: Work, row: Agent) -> None:
    unfinished = await work.db.scalars(
        select(Matter.id).where(Matter.staff_id == row.staff_id, Matter.closed_at.is_(None))
    )
    matters = list(unfinished)
    if not may_be_ready(matters):
        raise DispositionMissing(facts={"matters": matters})


async def settle_wanted(work: Work, row: Agent) -> AgentView:
    """The pause or sign-out that was asked for, now."""
    wanted, row.wanted = row.wanted, None
    if wanted == "off":
        await step(work, row, AgentState.OFF)
    else:
        await step(work, row, AgentState.PAUSED, reason=wanted)
    return view(row)


async def pause(work: Work, staff_id: int, reason: str) -> AgentView:
    """Be away for a reason; during a call it takes effect after it (ux 4.1).

    Raises NotSignedIn, WrongInput, DispositionMissing when a call is being wrapped up.
    """
    if reason not in PAUSE_REASONS:
        raise WrongInput(facts={"field": "reason"})
    return await _away(work, staff_id, reason)


async def sign_out(work: Work, staff_id: int) -> AgentView:
    """End the shift; during a call it takes effect after it. Raises as `pause`."""
    return await _away(work, staff_id, "off")


async def _away(work: Work, staff_id: int, wanted: str) -> AgentView:
    row = await live(work, staff_id)
    row.wanted = wanted
    if row.state in ENGAGED:
        row.version += 1
        work.record(AgentWants(agent_id=row.id, staff_id=row.staff_id, wanted=wanted))
        return view(row)
    if row.state == AgentState.WRAP_UP:
        await _tidy(work, row)
    return await settle_wanted(work, row)


async def lost(work: Work, staff_id: int, *, why: str = "lost") -> bool:
    """Page or phone cannot be reached. A ready operator is paused; a call stays theirs for its grace.

    why: the reason of that pause, 'lost' or 'phone-busy'. False when it was known.
    """
    row = await live(work, staff_id)
    if row.lost_since is not None:
        return False
    row.lost_since = work.now
    row.version += 1
    work.record(AgentLost(agent_id=row.id, staff_id=staff_id, found=False))
    if row.state == AgentState.READY:
        await step(work, row, AgentState.PAUSED, reason=why)
    return True


async def found(work: Work, staff_id: int) -> bool:
    """They can be reached again; who was paused for that alone is ready. False when they were not lost."""
    row = await live(work, staff_id)
    if row.lost_since is None:
        return False
    row.lost_since = None
    row.version += 1
    work.record(AgentLost(agent_id=row.id, staff_id=staff_id, found=True))
    if row.state == AgentState.PAUSED and row.reason in ("lost", "phone-busy"):
        await step(work, row, AgentState.READY)
    return True
