"""Every few seconds our states beside the switch's own list: what disagrees twice is put right, and said."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from core.contact import agents, queueing, stays
from core.contact.agent_rules import ENGAGED, IN_CALL, AgentState
from core.contact.agents import AgentView
from core.contact.view import InteractionView, in_hand
from core.errors import SwitchAway
from core.events import AgentCorrected
from core.work import Hotline
from ivr.board import Board, Leg
from ivr.control import Control
from ivr.legs import Place, Role
from ivr.legwork import DESK
from ivr.rooms import Rooms
from ivr.switch_events import read_snapshot
from ivr.switchboard import Switchboard
from ivr.targets import consulted_by

log = structlog.get_logger()

# Asterisk's device states of a phone that nobody can ring.
AWAY = frozenset({"UNAVAILABLE", "INVALID"})
# Seen for a whole grace already.
BROKE = ("operator-gone", "consulted-gone")


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

    def caller(self, interaction_id: int) -> Leg | None:
        call = self.calls.get(interaction_id)
        return self.legs.get(call.linked_id) if call else None

    def agent_legs(self, interaction_id: int, staff_id: int) -> list[Leg]:
        return [
            leg
            for leg in self.legs.values()
            if leg.name
            and leg.name.role is Role.AGENT
            and (leg.name.interaction_id, leg.name.staff_id) == (interaction_id, staff_id)
        ]


def doubts(seen: Seen, *, grace: timedelta) -> list[Doubt]:
    """What does not agree; pure. grace: how long a caller waits for an operator whose leg broke."""
    found = [
        Doubt("stay", "in the room", "gone", one.interaction_id, one.staff_id, one.unique_id)
        for one in seen.present
        if one.unique_id not in seen.legs
    ]
    for agent in seen.agents:
        found += _of_agent(agent, seen, grace)
    for call in seen.calls.values():
        found += _of_call(call, seen)
    return found


def _of_agent(agent: AgentView, seen: Seen, grace: timedelta) -> list[Doubt]:
    if agent.interaction_id is None or agent.state not in ENGAGED:
        return []
    who = (agent.interaction_id, agent.staff_id)
    legs = seen.agent_legs(agent.interaction_id, agent.staff_id)
    caller = seen.caller(agent.interaction_id)
    if caller is None and agent.state is not AgentState.DIALLING:
        return [Doubt("caller-gone", agent.state.value, "no such call", *who)]
    if legs or seen.now - agent.since < timedelta(seconds=3):
        return []
    if agent.state is AgentState.RINGING:
        return [Doubt("not-ringing", "ringing", "no leg", *who)]
    if agent.state is AgentState.DIALLING:
        return [Doubt("caller-gone", "dialling", "no leg", *who)]
    if agent.state in IN_CALL and seen.now - seen.legless.get(who, seen.now) >= grace:
        if consulted_by(seen.agents, *who):
            return [Doubt("consulted-gone", agent.state.value, "no leg", *who)]
        return [Doubt("operator-gone", agent.state.value, "no leg", *who)]
    return []


def _of_call(call: InteractionView, seen: Seen) -> list[Doubt]:
    caller = seen.legs.get(call.linked_id)
    if caller is None and any(
        agent.interaction_id == call.interaction_id and agent.state is AgentState.DIALLING
        for agent in seen.agents
    ):
        return []
    if caller is None:
        return [Doubt("call-gone", call.state, "no channel", call.interaction_id)]
    held_by = [agent for agent in seen.agents if agent.interaction_id == call.interaction_id]
    names = (leg.name for leg in seen.legs.values() if leg.name)
    beside = [name for name in names if name.interaction_id == call.interaction_id]
    if caller.place is Place.ROOM and not beside and not any(a.state in ENGAGED for a in held_by):
        return [Doubt("alone", call.state, "alone in the room", call.interaction_id)]
    return []


class Verifier:
    """Looks, and mends what it saw twice: between two looks an event may simply have been under way."""

    def __init__(
        self,
        hotline: Hotline,
        board: Board,
        switchboard: Switchboard,
        rooms: Rooms,
        *,
        grace: timedelta,
    ) -> None:
        self._hotline = hotline
        self._board = board
        self._switchboard = switchboard
        self._rooms = rooms
        self._grace = grace
        self._before: set[Doubt] = set()
        self._legless: dict[tuple[int, int], datetime] = {}
        self.healed = 0
        self.checked_at: datetime | None = None

    async def check(self, control: Control) -> list[Doubt]:
        """One look; returns what was put right. Raises SwitchAway."""
        channels = read_snapshot(await control.channels(), []).channels
        board = Board()
        now = self._hotline.clock.now()
        board.legs = dict(self._board.legs)  # for how long they have been where they are
        board.start_from(channels, now)
        async with self._hotline.read() as db:
            calls = {call.interaction_id: call for call in await in_hand(db)}
            signed_in = list(await agents.signed_in(db))
            present = list(await stays.present(db))
        seen = Seen(board.legs, calls, signed_in, present, self._legless, now)
        self._count_legless(seen)
        found = doubts(seen, grace=self._grace)
        certain = [doubt for doubt in found if doubt in self._before or doubt.what in BROKE]
        self._before = set(found)
        for doubt in certain:
            try:
                await self._mend(doubt)
            except SwitchAway:
                raise
            except Exception:  # a border: one that cannot be mended stops none of the others
                log.exception("a disagreement with the switch was not mended", what=doubt.what)
        await self._phones(control, signed_in)
        self.checked_at = now
        return certain

    def _count_legless(self, seen: Seen) -> None:
        """Since when operators in a call have had no leg in it."""
        now = [
            (agent.interaction_id, agent.staff_id)
            for agent in seen.agents
            if agent.interaction_id is not None
            and agent.state in IN_CALL
            and not seen.agent_legs(agent.interaction_id, agent.staff_id)
        ]
        before = dict(self._legless)
        self._legless.clear()
        self._legless.update({who: before.get(who, seen.now) for who in now})

    async def _mend(self, doubt: Doubt) -> None:
        async with self._hotline.work(DESK) as work:
            work.record(
                AgentCorrected(
                    staff_id=doubt.staff_id,
                    interaction_id=doubt.interaction_id,
                    ours=f"{doubt.what}: {doubt.ours}"[:60],
                    theirs=doubt.theirs,
                    done="ours",
                )
            )
            if doubt.what == "stay":
                await stays.left(work, doubt.unique_id)
            elif doubt.what == "caller-gone" and doubt.staff_id and doubt.interaction_id:
                await queueing.released(work, doubt.staff_id, doubt.interaction_id)
            elif doubt.what == "not-ringing" and doubt.staff_id and doubt.interaction_id:
                await queueing.missed(work, doubt.interaction_id, doubt.staff_id, why="unreachable")
            elif doubt.what == "call-gone" and doubt.interaction_id:
                await queueing.ended(work, doubt.interaction_id, "abandoned")
        self.healed += 1
        log.warning("our state and the switch's disagreed", what=doubt.what)
        if doubt.what in ("operator-gone", "alone") and doubt.interaction_id:
            await self._switchboard.put_back(doubt.interaction_id, prefers=doubt.staff_id)
        elif doubt.what == "consulted-gone" and doubt.interaction_id and doubt.staff_id:
            await self._switchboard.consultation_over(doubt.interaction_id, doubt.staff_id)
        self._switchboard.woken()

    async def _phones(self, control: Control, signed_in: list[AgentView]) -> None:
        """A ready operator whose phone cannot be rung is not ready, whatever they think (L12)."""
        states = await control.phones()
        for agent in signed_in:
            name = f"page-{agent.extension}" if agent.device == "page" else agent.extension
            away = states.get(name, "UNAVAILABLE") in AWAY
            if away == (agent.lost_since is not None) or agent.state in ENGAGED:
                continue
            async with self._hotline.work(DESK) as work:
                await (agents.lost if away else agents.found)(work, agent.staff_id)
            if not away:
                self._switchboard.woken()
