"""Every few seconds our states beside the switch's own list: what disagrees twice is put right, and said."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

import structlog

from core.contact import agents, queueing, stays
from core.contact import engine as contact
from core.contact.agent_rules import ENGAGED, IN_CALL, AgentState
from core.contact.agents import AgentView
from core.contact.rules import State
from core.contact.view import InteractionView, in_hand
from core.errors import NotSignedIn, SwitchAway
from core.events import AgentCorrected
from core.work import Hotline
from ivr.board import Board, Leg
from ivr.control import Control
from ivr.legs import Place, Role
from ivr.legwork import DESK
from ivr.rooms import Rooms, lost_disposition
from ivr.switch_events import read_snapshot
from ivr.switchboard import Switchboard
from ivr.targets import called_in_by

log = structlog.get_logger()

# Asterisk's device states of a phone that nobody can ring.
AWAY = frozenset({"UNAVAILABLE", "INVALID"})
# ... and of one that rings or talks.
IN_USE = frozenset({"INUSE", "BUSY", "RINGING", "RINGINUSE", "ONHOLD"})
# Seen for a whole grace already.
BROKE = ("operator-gone", "one-of-several-gone")


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


class Verifier:
    """Looks, and mends what it saw twice: between two looks an event may simply have been under way.

    under_way: whether something of the call with this Linkedid was heard and is not written yet.
    """

    def __init__(
        self,
        hotline: Hotline,
        board: Board,
        switchboard: Switchboard,
        rooms: Rooms,
        *,
        grace: timedelta,
        under_way: Callable[[str], bool] = lambda _linked_id: False,
    ) -> None:
        self._hotline = hotline
        self._under_way = under_way
        self._board = board
        self._switchboard = switchboard
        self._rooms = rooms
        self._grace = grace
        self._before: set[Doubt] = set()
        self._legless: dict[tuple[int, int], datetime] = {}
        self._in_use: set[int] = set()  # operators whose phone was in use for others at the last look
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
        taking = self._switchboard.taking.keys()
        seen = Seen(board.legs, calls, signed_in, present, self._legless, now, taking)
        self._count_legless(seen)
        found = doubts(seen, grace=self._grace)
        certain = [
            doubt
            for doubt in found
            if (doubt in self._before or doubt.what in BROKE) and not self._unwritten(doubt, seen)
        ]
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

    def _unwritten(self, doubt: Doubt, seen: Seen) -> bool:
        """Whether what the switch told of this call is still being written: then the doubt is about us."""
        call = seen.calls.get(doubt.interaction_id or 0)
        return self._under_way(call.linked_id if call else doubt.unique_id)

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
        async with self._hotline.work(DESK, fleeting=True) as work:
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
                await contact.close(work, doubt.interaction_id, lost_disposition(State(doubt.ours)))
            elif doubt.what == "rings-nobody" and doubt.interaction_id:
                await queueing.unoffered(work, doubt.interaction_id)
        self.healed += 1
        log.warning("our state and the switch's disagreed", what=doubt.what)
        await self._move(doubt)
        self._switchboard.woken()

    async def _move(self, doubt: Doubt) -> None:
        """What is done on the switch for it."""
        match doubt:
            case Doubt("operator-gone" | "alone", interaction_id=int(call)):
                await self._switchboard.put_back(call, prefers=doubt.staff_id)
            case Doubt("one-of-several-gone" | "not-ringing", interaction_id=int(call), staff_id=int(staff)):
                await self._switchboard.goes_on_without(call, staff)
            case Doubt("unheard"):
                leg = self._board.legs.get(doubt.unique_id)
                if leg is not None and leg.room is not None:
                    await self._rooms.heard_late(leg)
            case Doubt("leg-too-many"):
                await self._switchboard.drop(doubt.unique_id)
            case Doubt("stray"):
                await self._switchboard.to_the_switch_alone(doubt.unique_id)
            case _:
                pass

    async def _phones(self, control: Control, signed_in: list[AgentView]) -> None:
        """A ready operator whose phone cannot be rung is not ready, whatever they think (L12)."""
        states = await control.phones()
        in_use = set()
        for agent in signed_in:
            name = f"page-{agent.extension}" if agent.device == "page" else agent.extension
            state = states.get(name, "UNAVAILABLE")
            busy = state in IN_USE and not self._ours(name)
            if busy:
                in_use.add(agent.staff_id)
            away = state in AWAY or (busy and agent.staff_id in self._in_use)
            if away == (agent.lost_since is not None) or agent.state in ENGAGED:
                continue
            if busy and agent.state is not AgentState.READY:
                continue  # whoever is away may telephone
            await self._phone_is(agent.staff_id, away=away, why="phone-busy" if busy else "lost")
        self._in_use = in_use

    def _ours(self, phone: str) -> bool:
        """Whether this phone is in use for us: a leg that we began."""
        return any(
            leg.name is not None and leg.channel.startswith(f"PJSIP/{phone}-")
            for leg in self._board.legs.values()
        )

    async def _phone_is(self, staff_id: int, *, away: bool, why: str) -> None:
        try:
            async with self._hotline.work(DESK, fleeting=True) as work:
                if away:
                    await agents.lost(work, staff_id, why=why)
                else:
                    await agents.found(work, staff_id)
        except NotSignedIn:
            return
        if not away:
            self._switchboard.woken()
