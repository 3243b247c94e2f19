"""The operator of a desk: who they are, what they do now, what they can, and the phone in their page."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from agent_desk.house import AgentHouse
from core.contact import agents
from core.contact.agent_rules import AGENT_WORDS, PAUSE_REASONS, WRAP_UP_S
from core.contact.agent_tables import Agent, Skill
from core.contact.agents import AgentView
from core.staff.tables import Staff
from core.values import Actor


@dataclass(frozen=True)
class Signed:
    """An account at a phone. number: their 工号."""

    agent: AgentView
    name: str
    number: str | None


async def signed(db: AsyncSession, staff_id: int) -> Signed | None:
    """None when they are not signed in at a phone."""
    query = (
        select(Agent, Staff.name, Staff.number)
        .join(Staff, Staff.id == Agent.staff_id)
        .where(Agent.staff_id == staff_id, Agent.signed_out_at.is_(None))
    )
    row = (await db.execute(query)).one_or_none()
    return Signed(agents.view(row[0]), row[1], row[2]) if row else None


async def me(db: AsyncSession, at: Signed, by: Actor) -> dict[str, Any]:
    """The part `me`."""
    agent = at.agent
    pause = PAUSE_REASONS.get(agent.reason or "")
    return {
        "staff_id": agent.staff_id,
        "name": at.name,
        "number": at.number,
        "extension": agent.extension,
        "device": agent.device,
        "state": agent.state,
        "state_words": AGENT_WORDS[agent.state],
        "reason": agent.reason,
        "reason_words": pause.label if pause else None,
        "wanted": agent.wanted,
        "wanted_words": _wanted(agent.wanted),
        "since": agent.since,
        "lost": agent.lost_since is not None,
        "skills": await skills(db, agent.skills),
        "pause_limit_s": pause.limit_s if pause else None,
        "wrap_up_s": WRAP_UP_S,
        "functions": sorted(by.functions),
    }


def _wanted(wanted: str | None) -> str | None:
    if wanted is None:
        return None
    return "通话后签出" if wanted == "off" else f"通话后{PAUSE_REASONS[wanted].label}"


async def skills(db: AsyncSession, codes: frozenset[str]) -> list[dict[str, str]]:
    """Skills with their words."""
    if not codes:
        return []
    rows = await db.execute(select(Skill).where(Skill.code.in_(codes)).order_by(Skill.code))
    named = {row.code: row.label for row in rows.scalars()}
    return [{"code": code, "label": named.get(code, code)} for code in sorted(codes)]


def phone(house: AgentHouse, at: Signed | None) -> dict[str, Any]:
    """The part `phone`: whether the switch is up, and how the page registers with it."""
    account = None
    if at is not None and at.agent.device == "page":
        account = house.phones.account(at.agent.extension)
    return {
        "switch": "up" if house.phones.up() else "down",
        "socket_url": account.socket_url if account else None,
        "user": account.user if account else None,
        "password": account.password if account else None,
        "domain": account.domain if account else None,
    }
