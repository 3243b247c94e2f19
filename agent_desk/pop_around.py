"""What is around every desk: the queue and the colleagues; the same for everybody."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from agent_desk.pop_operator import skills
from agent_desk.state import readiness
from core.contact import agents, queue_view
from core.contact.agent_rules import AGENT_WORDS, PAUSE_REASONS, AgentState
from core.contact.agent_tables import Agent
from core.contact.agents import AgentView
from core.staff.tables import Staff


async def queue(db: AsyncSession) -> dict[str, Any]:
    """The part `queue`: how many wait, since when, for which skills."""
    standing = await queue_view.standing(db)
    waiting: dict[str | None, int] = {}
    for one in standing.waiting:
        waiting[one.skill] = waiting.get(one.skill, 0) + 1
    named = await skills(db, frozenset(skill for skill in waiting if skill))
    return {
        "waiting": len(standing.waiting),
        "longest_since": min((one.arrived_at for one in standing.waiting), default=None),
        "free": len(standing.free),
        "signed_in": standing.signed_in,
        "by_skill": [{**one, "waiting": waiting[one["code"]]} for one in named],
    }


async def colleagues(db: AsyncSession) -> list[dict[str, Any]]:
    """Everybody signed in, the reader too; who is sooner free stands first."""
    query = (
        select(Agent, Staff.name, Staff.number)
        .join(Staff, Staff.id == Agent.staff_id)
        .where(Agent.signed_out_at.is_(None))
    )
    rows = [(agents.view(row), name, number) for row, name, number in (await db.execute(query)).all()]

    def order(found: tuple[AgentView, str, str | None]) -> tuple[int, Any, int]:
        agent = found[0]
        ready = readiness(agent.state, agent.reason, lost=agent.lost_since is not None)
        return (ready, agent.since, agent.staff_id)

    return [_colleague(*found) for found in sorted(rows, key=order)]


def _colleague(agent: AgentView, name: str, number: str | None) -> dict[str, Any]:
    pause = PAUSE_REASONS.get(agent.reason or "") if agent.state is AgentState.PAUSED else None
    return {
        "staff_id": agent.staff_id,
        "name": name,
        "number": number,
        "state": agent.state,
        "state_words": pause.label if pause else AGENT_WORDS[agent.state],
        "since": agent.since,
        "lost": agent.lost_since is not None,
        "skills": sorted(agent.skills),
    }
