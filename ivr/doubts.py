"""Where our states and the switch's own list disagree; pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from core.contact import stays
from core.contact.agent_rules import ENGAGED, IN_CALL, AgentState
from core.contact.agents import AgentView
from core.contact.rules import State
from core.contact.view import InteractionView
from ivr.board import Leg
from ivr.legs import Place, Role
from ivr.targets import called_in_by


@dataclass(frozen=True)
class Doubt:
    """Something that does not agree. what: a word for the journal; ours, theirs: the two states."""

    what: str
    ours: str
    theirs: str
    interaction_id: int | None = None
    staff_id: int | None = None
    unique_id: str = ""


@dataclass(frozen=True)
class Seen:
    """Both sides at one moment."""

    legs: Mapping[str, Leg]
    calls: Mapping[int, InteractionView]  # open and past the menu
    agents: list[AgentView]
    present: list[stays.Present]
    legless: Mapping[tuple[int, int], datetime]  # (interaction, operator) without a leg, since when
    now: datetime
    taking: Collection[str] = ()  # legs of supervisors who take a call over

    def caller(self, interaction_id: int) -> Leg | None:
        call = self.calls.get(interaction_id)
        return self.legs.get(call.linked_id) if call else None

    # Looked up for each leg of a floor of hundreds.

    @cached_property
    def by_linked_id(self) -> Mapping[str, InteractionView]:
        return {call.linked_id: call for call in self.calls.values()}

    @cached_property
    def by_staff(self) -> Mapping[int, AgentView]:
        return {agent.staff_id: agent for agent in self.agents}

    @cached_property
    def heard(self) -> Collection[str]:
        """Unique ids of the legs that we think are in rooms."""
        return frozenset(one.unique_id for one in self.present)

    @cached_property
    def named(self) -> Mapping[int, list[Leg]]:
        """The legs that we began, by contact."""
        found: dict[int, list[Leg]] = {}
        for leg in self.legs.values():
            if leg.name is not None:
                found.setdefault(leg.name.interaction_id, []).append(leg)
        return found

    @cached_property
    def engaged(self) -> Mapping[int | None, list[AgentView]]:
        """Operators by the contact that they have to do with."""
        found: dict[int | None, list[AgentView]] = {}
        for agent in self.agents:
            found.setdefault(agent.interaction_id, []).append(agent)
        return found

    def others_in_room(self, interaction_id: int, staff_id: int) -> bool:
        """Whether somebody beside this operator talks to the caller."""
        return any(
            leg.place is Place.ROOM
            and leg.name is not None
            and (leg.name.role, leg.name.staff_id) != (Role.AGENT, staff_id)
            for leg in self.named.get(interaction_id, ())
        )

    def agent_legs(self, interaction_id: int, staff_id: int) -> list[Leg]:
        return [
            leg
            for leg in self.named.get(interaction_id, ())
            if leg.name and (leg.name.role, leg.name.staff_id) == (Role.AGENT, staff_id)
        ]


def doubts(seen: Seen, *, grace: timedelta) -> list[Doubt]:
    """What does not agree; pure. grace: how long a caller waits for an operator whose leg broke."""
    found = [
        Doubt("stay", "in the room", "gone", one.interaction_id, one.staff_id, one.unique_id)
        for one in seen.present
        if one.unique_id not in seen.legs or seen.legs[one.unique_id].place is not Place.ROOM
    ]
    for agent in seen.agents:
        found += _of_agent(agent, seen, grace)
    for call in seen.calls.values():
        found += _of_call(call, seen)
    for leg in seen.legs.values():
        found += _of_leg(leg, seen)
    return found


def _of_agent(agent: AgentView, seen: Seen, grace: timedelta) -> list[Doubt]:
    if agent.interaction_id is None or agent.state not in ENGAGED:
        return []
    who = (agent.interaction_id, agent.staff_id)
    legs = seen.agent_legs(agent.interaction_id, agent.staff_id)
    caller = seen.caller(agent.interaction_id)
    if caller is None and agent.state is not AgentState.DIALLING:
        return [Doubt("caller-gone", agent.state.value, "no such call", *who)]
    if agent.state is AgentState.RINGING and any(leg.place in (Place.ROOM, Place.CONSULT) for leg in legs):
        return []  # answered, and nobody told us: see _of_leg
    if legs or seen.now - agent.since < timedelta(seconds=3):
        return []
    if agent.state is AgentState.RINGING:
        return [Doubt("not-ringing", "ringing", "no leg", *who)]
    if agent.state is AgentState.DIALLING:
        return [Doubt("caller-gone", "dialling", "no leg", *who)]
    if agent.state in IN_CALL and seen.now - seen.legless.get(who, seen.now) >= grace:
        if called_in_by(seen.agents, *who) or seen.others_in_room(*who):
            return [Doubt("one-of-several-gone", agent.state.value, "no leg", *who)]
        return [Doubt("operator-gone", agent.state.value, "no leg", *who)]
    return []


def _of_leg(leg: Leg, seen: Seen) -> list[Doubt]:
    """Joins that nobody told us of, phones that ring for nothing, and callers in a room of no call."""
    unheard = leg.place is Place.ROOM and leg.unique_id not in seen.heard
    if leg.name is None:
        if leg.place is not Place.ROOM or leg.unique_id != leg.room:
            return []
        call = seen.by_linked_id.get(leg.unique_id)
        if call is None:
            alone = not any(one.name and one.room == leg.room for one in seen.legs.values())
            return [Doubt("stray", "no call", "in a room", unique_id=leg.unique_id)] if alone else []
        who: tuple[int, int | None] = (call.interaction_id, None)
        return [Doubt("unheard", "absent", "in the room", *who, leg.unique_id)] if unheard else []
    who = (leg.name.interaction_id, leg.name.staff_id)
    agent = seen.by_staff.get(leg.name.staff_id)
    engaged = agent is not None and agent.interaction_id == leg.name.interaction_id and agent.state in ENGAGED
    if leg.name.role is Role.AGENT and not engaged and leg.unique_id not in seen.taking:
        return [Doubt("leg-too-many", agent.state.value if agent else "off", "a leg", *who, leg.unique_id)]
    if leg.name.role in (Role.AGENT, Role.THIRD) and unheard:
        return [Doubt("unheard", "absent", "in the room", *who, leg.unique_id)]
    if leg.place is Place.CONSULT and agent is not None and agent.state is AgentState.RINGING:
        return [Doubt("unheard", "ringing", "consulting", *who, leg.unique_id)]
    return []


def _of_call(call: InteractionView, seen: Seen) -> list[Doubt]:
    caller = seen.legs.get(call.linked_id)
    states = {agent.state for agent in seen.engaged.get(call.interaction_id, ())}
    if caller is None and AgentState.DIALLING in states:
        return []
    if caller is None:
        return [Doubt("call-gone", call.state, "no channel", call.interaction_id)]
    offered = call.state == State.OFFERED and call.direction != "out" and caller.place is not Place.ROOM
    if offered and AgentState.RINGING not in states:
        return [Doubt("rings-nobody", call.state, "nobody rings", call.interaction_id)]
    beside = seen.named.get(call.interaction_id)
    if caller.place is Place.ROOM and not beside and not states & ENGAGED:
        return [Doubt("alone", call.state, "alone in the room", call.interaction_id)]
    return []
