"""What the switch tells of rooms and legs, made true in core.contact: connected, left, missed, gone."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import structlog

from core.contact import agents, queueing, stays
from core.contact import engine as contact
from core.contact.agent_rules import ENGAGED, IN_CALL, AgentState
from core.contact.agents import AgentView
from core.contact.rules import Disposition, State
from core.contact.tables import Interaction
from core.contact.view import in_hand, load
from core.errors import Refusal
from core.events import SupervisorActed
from core.work import Hotline, Work
from ivr.board import Board, Leg
from ivr.control import RING_S
from ivr.legs import LegName, Place, Role, conference_of, leg_name
from ivr.legwork import DESK
from ivr.recorder import Recorder
from ivr.switch_events import ChannelClosed, OriginateEnded, Resynced, RoomJoined, RoomLeft, SwitchEvent
from ivr.switchboard import Switchboard
from ivr.targets import Targets

log = structlog.get_logger()

# Q.850 causes with which a phone says that nobody is there at all (3, 20, 27, 38, 41, 58).
UNREACHABLE = frozenset({3, 20, 27, 38, 41, 58})
REFUSED = frozenset({17, 21})
NORMAL_CLEARING = 16
# A call so young may be missing from a list that the switch was telling when it began.
YOUNG = timedelta(seconds=5)

ROLES = {Role.AGENT: "agent", Role.THIRD: "third"}


class Rooms:
    """Takes the switch's events after the board has taken them, those of each call in order."""

    def __init__(
        self, hotline: Hotline, board: Board, switchboard: Switchboard, targets: Targets, recorder: Recorder
    ) -> None:
        self._hotline = hotline
        self._board = board
        self._switchboard = switchboard
        self._targets = targets
        self._recorder = recorder

    async def take(self, event: SwitchEvent, leg: Leg | None, here: Sequence[Leg]) -> None:
        """As `ivr.following.After`. Raises nothing: what is missed here is healed later."""
        try:
            match event:
                case RoomJoined() if leg is not None:
                    await self._joined(leg, here)
                case RoomLeft():
                    async with self._hotline.work(DESK, fleeting=True) as work:
                        await stays.left(work, event.uniqueid)
                case ChannelClosed() if leg is not None:
                    await self._closed(leg, event.cause)
                case OriginateEnded() if not event.answered:
                    await self._not_answered(event.action_id)
                case Resynced():
                    await self._begin_anew()
                case _:
                    pass
        except Exception:  # a border: the switch goes on telling
            log.exception("an event of a room was not noted", kind=type(event).__name__)

    async def _joined(self, leg: Leg, here: Sequence[Leg]) -> None:
        """here: who was in the room at that moment. Some may have left by now: that is heard after this."""
        assert leg.room is not None
        room, beside = leg.room, leg.place is Place.CONSULT
        await self._taken_over(room, leg)
        async with self._hotline.work(DESK, fleeting=True) as work:
            found = await contact.by_linked_id(work.db, room)
            if found is None:
                return
            connected: list[int] = []
            if beside:
                await self._consulted(work, found.id, leg)
            else:
                connected = await self._in_room(work, found, leg, here)
            calls_out = not beside and not connected and await self._dialling(work, found, leg)
        for staff_id in connected:
            await self._recorder.begin(found.id, room, staff_id)
        if calls_out:
            await self._switchboard.call_out(found.id)

    async def _taken_over(self, room: str, leg: Leg) -> None:
        """A supervisor is in the room of a call that they take over: it is theirs from now on."""
        staff_id = self._switchboard.taking.pop(leg.unique_id, None)
        if staff_id is None or leg.name is None:
            return
        try:
            async with self._hotline.work(DESK, fleeting=True) as work:
                found = await contact.by_linked_id(work.db, room)
                if found is None:
                    return
                await queueing.handed_over(work, found.id, staff_id, leg.name.staff_id)
                work.record(SupervisorActed(act="take-over", staff_id=staff_id, interaction_id=found.id))
        except Refusal as refusal:  # the call ended, or the supervisor has another by now
            log.info("a call was not taken over", code=refusal.code)
            await self._switchboard.give_way(leg.name.interaction_id, leg.name.staff_id)
            return
        await self._switchboard.give_way(found.id, staff_id)

    async def _in_room(self, work: Work, found: Interaction, leg: Leg, here: Sequence[Leg]) -> list[int]:
        """Somebody came in; returns the operators who thereby got their caller."""
        caller = leg.unique_id == found.linked_id
        name = leg.name
        if not caller and name is None:
            return []
        role = "caller" if caller or name is None else ROLES.get(name.role, "")
        if not role:
            return []
        staff_id = name.staff_id if name and role == "agent" else None
        await stays.entered(work, found.id, leg.unique_id, role, staff_id)
        if role == "third" and name is not None:
            await self._answered(work, found.id, name.staff_id)
            return []
        if not any(one.unique_id == found.linked_id for one in here):
            return []
        operators = [
            one.name.staff_id for one in here if one.name is not None and one.name.role is Role.AGENT
        ]
        connected = []
        for agent in await self._of(work, found.id, operators):
            if agent.state in (AgentState.RINGING, AgentState.DIALLING) and await queueing.connected(
                work, found.id, agent.staff_id
            ):
                connected.append(agent.staff_id)
        return connected

    async def _dialling(self, work: Work, found: Interaction, leg: Leg) -> bool:
        """Whether an operator is in the room of a call of ours whose patient has not been called yet."""
        if found.direction != "out" or leg.name is None or leg.name.role is not Role.AGENT:
            return False
        agent = await agents.find(work.db, leg.name.staff_id)
        return agent is not None and agent.state is AgentState.DIALLING

    async def _consulted(self, work: Work, interaction_id: int, leg: Leg) -> None:
        """The colleague or the hospital answered the consultation."""
        if leg.name is None:
            return
        if leg.name.role is Role.THIRD:
            await self._answered(work, interaction_id, leg.name.staff_id)
            return
        for agent in await agents.in_call(work.db, interaction_id):
            if agent.third and agent.third.get("leg") == leg.unique_id:
                await self._answered(work, interaction_id, agent.staff_id)
                row = await agents.live(work, leg.name.staff_id)
                if row.state == AgentState.RINGING:
                    await agents.step(work, row, AgentState.TALKING, interaction_id=interaction_id)

    async def _answered(self, work: Work, interaction_id: int, staff_id: int) -> None:
        if await agents.find(work.db, staff_id):
            await self._targets.answered(work, interaction_id, staff_id)

    async def _of(self, work: Work, interaction_id: int, staff: list[int]) -> list[AgentView]:
        return [
            agent
            for agent in await agents.in_call(work.db, interaction_id)
            if agent.staff_id in staff and agent.interaction_id == interaction_id
        ]

    async def _begin_anew(self) -> None:
        """The switch came back, perhaps without its calls: whoever is not there any more has left.

        A call that began while the switch was telling what it has is in no list yet: the verifier looks.
        """
        async with self._hotline.work(DESK, fleeting=True) as work:
            for one in await stays.present(work.db):
                if one.unique_id not in self._board.legs:
                    await stays.left(work, one.unique_id)
            calls = [call for call in await in_hand(work.db) if call.started_at < work.now - YOUNG]
            lost = [call for call in calls if self._board.caller(call.linked_id) is None]
        for call in lost:
            await self.caller_gone(call.linked_id)
            async with self._hotline.work(DESK, fleeting=True) as work:
                await contact.close(work, call.interaction_id, lost_disposition(State(call.state)))
        async with self._hotline.read() as db:
            engaged = [one for one in await agents.signed_in(db) if one.state in ENGAGED]
        for agent in engaged:
            iid = agent.interaction_id
            if iid is not None:
                async with self._hotline.work(DESK, fleeting=True) as work:
                    if not (await load(work.db, iid)).open:
                        await queueing.released(work, agent.staff_id, iid)
        for leg in list(self._board.legs.values()):
            if leg.room is not None:
                await self.heard_late(leg)
        await self._recorder.again()

    async def heard_late(self, leg: Leg) -> None:
        """This leg is in a conference, and perhaps nobody told us. Told twice is no matter."""
        assert leg.room is not None
        conference = conference_of(leg.room, beside=leg.place is Place.CONSULT)
        seen = self._board.entered(conference, leg.unique_id, self._hotline.clock.now())
        if seen is not None:
            await self._joined(replace(seen), self._board.in_room(leg.room))

    # --- legs that end -----------------------------------------------------------------------------------

    async def _closed(self, leg: Leg, cause: int) -> None:
        if leg.went_on:
            async with self._hotline.work(DESK, fleeting=True) as work:
                await stays.left(work, leg.unique_id)
        if leg.name is None:
            if leg.unique_id == leg.linked_id:
                await self.caller_gone(leg.unique_id)
        else:
            await self._leg_gone(leg.name, leg.unique_id, cause)

    async def caller_gone(self, linked_id: str) -> None:
        """The caller has left: nobody waits any more, and whoever talked to them wraps up."""
        async with self._hotline.read() as db:
            seen = await contact.by_linked_id(db, linked_id)
        if seen is None or _only_in_the_menu(seen):
            return
        async with self._hotline.work(DESK, fleeting=True) as work:
            found = await contact.by_linked_id(work.db, linked_id)
            if found is None or _only_in_the_menu(found):
                return
            await queueing.ended(work, found.id, "abandoned")
            for agent in await agents.in_call(work.db, found.id):
                if agent.interaction_id == found.id and agent.state in ENGAGED:
                    await queueing.released(work, agent.staff_id, found.id)
        await self._recorder.ended(found.id)
        await self._switchboard.clear(found.id)
        self._switchboard.woken()

    async def _not_answered(self, action_id: str) -> None:
        name = leg_name(action_id)
        if name is not None:
            await self._leg_gone(name, action_id, 19)
        elif action_id.startswith("out-"):
            await self.caller_gone(action_id)
            await self._nobody_reached(action_id)

    async def _nobody_reached(self, linked_id: str) -> None:
        """A call of ours that nobody took is over; the callback is still owed."""
        async with self._hotline.work(DESK, fleeting=True) as work:
            found = await contact.by_linked_id(work.db, linked_id)
            if found is not None and found.answered_at is None:
                await contact.close(work, found.id, Disposition.NOTHING)

    async def _leg_gone(self, name: LegName, unique_id: str, cause: int) -> None:
        self._switchboard.taking.pop(unique_id, None)
        if name.role is Role.THIRD:
            await self._third_gone(name, unique_id)
        elif name.role is Role.AGENT:
            newest = self._switchboard.rung.get((name.interaction_id, name.staff_id))
            if newest in (None, unique_id):
                await self._agent_gone(name, cause)

    async def _third_gone(self, name: LegName, unique_id: str) -> None:
        """With nobody else in the call: a good-bye after a talk, the queue again where there was none."""
        async with self._hotline.work(DESK, fleeting=True) as work:
            talked = await stays.was_in(work.db, unique_id)
            if await agents.find(work.db, name.staff_id):
                await self._targets.gone(work, name.interaction_id, name.staff_id)
            busy = [
                agent
                for agent in await agents.in_call(work.db, name.interaction_id)
                if agent.interaction_id == name.interaction_id and agent.state in ENGAGED
            ]
        if not busy and talked:
            await self._switchboard.let_go(name.interaction_id)
        elif not busy:
            await self._switchboard.put_back(name.interaction_id, prefers=name.staff_id)

    async def _agent_gone(self, name: LegName, cause: int) -> None:
        async with self._hotline.work(DESK, fleeting=True) as work:
            agent = await agents.find(work.db, name.staff_id)
            if agent is None:
                return
            mine = agent.interaction_id == name.interaction_id
            consulting = [
                one.staff_id
                for one in await agents.in_call(work.db, name.interaction_id)
                if one.third
                and one.third.get("leg")
                and one.staff_id != name.staff_id
                and one.interaction_id == name.interaction_id
                and leg_name(str(one.third["leg"])) == name
            ]
            # Audio that broke with its page comes back with it; a finished consultation was said to be.
            broke = mine and agent.device == "page" and agent.state in IN_CALL
            for staff_id in consulting:
                told = self._targets.away if broke else self._targets.gone
                await told(work, name.interaction_id, staff_id)
            if not mine:  # they refused it, or were let go
                return
            if agent.state is AgentState.RINGING:
                rang = self._hotline.clock.now() - agent.since
                why = _why(cause, in_page=agent.device == "page", rang_s=rang.total_seconds())
                await queueing.missed(work, name.interaction_id, name.staff_id, why=why)
            elif (consulting and not broke) or agent.state is AgentState.DIALLING:
                await queueing.released(work, name.staff_id, name.interaction_id)
            if agent.state is AgentState.DIALLING:
                seen = await load(work.db, name.interaction_id)
                if self._board.caller(seen.linked_id) is None:  # the patient has not even been called
                    await contact.close(work, name.interaction_id, Disposition.NOTHING)
        if agent.state in IN_CALL and agent.device == "phone" and cause == NORMAL_CLEARING and not consulting:
            # Putting the handset down is how a desk phone says that the talk is over. One that fell
            # silent (44) or whose network went has said nothing: its operator may come back.
            try:
                await self._switchboard.finish(name.staff_id)
            except Refusal as refusal:
                log.info("a handset was put down after its call", code=refusal.code)
        self._switchboard.woken()


def lost_disposition(state: State) -> Disposition:
    """How a call ended that went with its switch."""
    return Disposition.ABANDONED_QUEUE if state in (State.QUEUED, State.OFFERED) else Disposition.FAILED


def _why(cause: int, *, in_page: bool, rang_s: float) -> str:
    """Why a leg was not answered. rang_s: for how long it rang.

    The phone in a page never gives up by itself, and a refusal is a command: what ends early is the page.
    """
    if in_page:
        return "page-gone" if rang_s < RING_S - 1 else "no-answer"
    return "unreachable" if cause in UNREACHABLE else "refused" if cause in REFUSED else "no-answer"


def _only_in_the_menu(found: Interaction) -> bool:
    """Nobody was waited for and nobody has talked: there is nobody to be told that the caller is gone."""
    menu = found.state in (State.IVR, State.CLOSED)
    return menu and found.queued_at is None and found.answered_at is None
