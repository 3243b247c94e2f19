"""The parts of a desk from the database: one look for all that is due, few queries each."""

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from agent_desk import pop_around, pop_call, pop_caller, pop_draft, pop_operator, pop_outbound, pop_owed
from agent_desk.house import AgentHouse
from agent_desk.state import Watching
from core.catalogue import engine as catalogue
from core.contact.agent_rules import DISPOSITIONS, PAUSE_REASONS, AgentState
from core.contact.agent_tables import Skill
from core.contact.agents import AgentView
from core.values import Actor

REASONS_REVEAL = ("核对身份", "患者要求核对", "医院要求", "投诉处理")


@dataclass(frozen=True)
class Built:
    """The parts that were due, and where the desk now looks."""

    parts: dict[str, Any]
    seen: Watching


async def build(
    house: AgentHouse,
    by: Actor,
    seen: Watching,
    parts: frozenset[str],
    *,
    typed: frozenset[str] = frozenset(),
    gapped: bool = False,
) -> Built:
    """Those parts of one desk as they are now.

    typed: fields of the draft that this page typed itself, and sees whole. gapped: the recording of
    their call pauses.
    """
    async with house.hotline.read() as db:
        signed = await pop_operator.signed(db, seen.staff_id)
        built: dict[str, Any] = {}
        if "me" in parts:
            built["me"] = await pop_operator.me(db, signed, by) if signed else None
        if "phone" in parts:
            built["phone"] = pop_operator.phone(house, signed)
        agent = signed.agent if signed else None
        interaction_id = agent.interaction_id if agent else None
        if seen.interaction_id != interaction_id:
            seen = Watching(seen.staff_id, interaction_id)
        if of_call := parts & {"call", "caller", "draft"}:
            seen = await _of_the_call(_Look(house, db, by, typed, gapped), agent, of_call, built, seen)
        if "matters" in parts:
            built["matters"] = await pop_owed.matters_of(db, interaction_id, seen.staff_id)
        if "callbacks" in parts:
            built["callbacks"] = await pop_owed.callbacks_of(house, db, by, seen.staff_id)
        if "outbound" in parts:
            built["outbound"] = await pop_outbound.outbound(house, db, by, seen.staff_id)
        if "messages" in parts:
            built["messages"] = await pop_owed.messages_of(house, db, seen.staff_id)
    return Built(built, seen)


@dataclass(frozen=True)
class _Look:
    house: AgentHouse
    db: AsyncSession
    by: Actor
    typed: frozenset[str]
    gapped: bool


async def _of_the_call(
    look: _Look, agent: AgentView | None, parts: frozenset[str], built: dict[str, Any], seen: Watching
) -> Watching:
    if agent is None or agent.interaction_id is None:
        built.update(dict.fromkeys(parts))
        return seen
    house, db = look.house, look.db
    now = house.hotline.clock.now()
    # While it rings nobody can act yet: what may be done, and what to warn of, is asked when they talk.
    asked = agent.state is not AgentState.RINGING
    if parts & {"call", "caller"}:
        contact = await pop_call.contact(db, agent.interaction_id)
        if "call" in parts:
            built["call"] = await pop_call.call(house, db, agent, contact, now, gapped=look.gapped)
        if "caller" in parts:
            caller = await pop_caller.caller(house, db, look.by, contact, now, asked=asked)
            built["caller"] = caller.shown
            seen = replace(seen, people=caller.people)
    if "draft" in parts:
        draft = await pop_draft.draft(house, db, look.by, agent.interaction_id, look.typed, asked=asked)
        built["draft"] = draft.shown
        seen = replace(seen, hold_id=draft.hold_id)
    return seen


def who(by: Actor) -> dict[str, Any]:
    """Who the page belongs to, signed in at a phone or not."""
    return {"staff_id": by.staff_id, "login": by.name, "functions": sorted(by.functions)}


# --- the same for everybody -----------------------------------------------------------------------


async def shared(house: AgentHouse, parts: frozenset[str]) -> dict[str, Any]:
    """The queue and the colleagues, as they are now."""
    built: dict[str, Any] = {}
    async with house.hotline.read() as db:
        if "queue" in parts:
            built["queue"] = await pop_around.queue(db)
        if "colleagues" in parts:
            built["colleagues"] = await pop_around.colleagues(db)
    return built


async def words(house: AgentHouse) -> dict[str, Any]:
    """What the page offers to choose from, with its words."""
    async with house.hotline.read() as db:
        skills = (await db.execute(select(Skill).order_by(Skill.code))).scalars().all()
        hospitals = await catalogue.live_hospitals(db)
    return {
        "dispositions": {
            code: {"label": choice.label, "second": choice.second}
            for code, choice in DISPOSITIONS.items()
            if code != "untidy"  # the system says it, nobody chooses it
        },
        "pauses": [
            {"code": code, "label": reason.label, "limit_s": reason.limit_s}
            for code, reason in PAUSE_REASONS.items()
            if reason.chosen
        ],
        "reasons_reveal": list(REASONS_REVEAL),
        "skills": [{"code": row.code, "label": row.label} for row in skills],
        "hospitals_desks": [{"hospital_id": one.id, "label": one.name} for one in hospitals],
    }
