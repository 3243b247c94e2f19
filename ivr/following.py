"""Keep interactions true after a dialogue has let go of its call, from what the switch tells."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from core.contact import engine as contact
from core.contact.rules import Disposition, State
from core.contact.tables import Interaction
from core.errors import WrongState
from core.events import SwitchLost
from core.values import system
from core.work import Hotline, Work
from ivr.board import Board, Leg
from ivr.lanes import Lanes
from ivr.legs import leg_name, room_of
from ivr.switch_events import (
    AgentCalled,
    AgentConnected,
    AgentMissed,
    ChannelClosed,
    ChannelOpened,
    OriginateEnded,
    QueueJoined,
    Resynced,
    RoomJoined,
    RoomLeft,
    SwitchEvent,
)

log = structlog.get_logger()

SWITCH = system("switch")
# Linkedids of our switch begin so (dialplans/asterisk.conf.j2, systemname), and those of calls that we
# begin ourselves; a terminal's do not.
LINKED_IDS = ("hotline-", "out-")
# A call that is just coming in may be younger than the snapshot it is missing from.
YOUNG = timedelta(seconds=30)

# A call that ended in this state ended so. While its dialogue runs, the dialogue says how.
_ENDED: dict[State, Disposition] = {
    State.QUEUED: Disposition.ABANDONED_QUEUE,
    State.OFFERED: Disposition.ABANDONED_QUEUE,
    State.TALKING: Disposition.ANSWERED,
    State.HELD: Disposition.ANSWERED,
    State.WRAP_UP: Disposition.ANSWERED,
}


class After(Protocol):
    """Who hears of an event after the board knows it.

    leg: the one that the event is about, as it was then. here: who was in the room that it came into.
    """

    async def take(self, event: SwitchEvent, leg: Leg | None, here: Sequence[Leg]) -> None: ...


class InTurn:
    """Several who hear of an event, one after the other."""

    def __init__(self, *afters: After) -> None:
        self._afters = afters

    async def take(self, event: SwitchEvent, leg: Leg | None, here: Sequence[Leg]) -> None:
        for after in self._afters:
            await after.take(event, leg, here)


class Follower:
    """Takes the switch's events: on the board at once and in order, what follows from them call by call.

    No call waits for another's transactions: with hundreds of callers they stand in line for the database,
    and what is heard minutes late is no use to anybody. What fails with one event stops none of the next.

    board: who is where, kept from these events. after: hears each of them when the board has it.
    in_menu: whether the call of this Linkedid is, or was to its end, with a dialogue of ours alone, which
    writes all that becomes of it.
    """

    def __init__(
        self,
        hotline: Hotline,
        board: Board | None = None,
        after: After | None = None,
        in_menu: Callable[[str], bool] = lambda _linked_id: False,
    ) -> None:
        self._hotline = hotline
        self._board = board or Board()
        self._after = after
        self._in_menu = in_menu
        self._lanes = Lanes()

    @property
    def alive(self) -> frozenset[str]:
        """Ids of the calls there are, as far as the switch has told.

        A call is known by the unique id of its caller's channel, which is its Linkedid; that of a call of
        ours may take another Linkedid in a room.
        """
        return self._board.linked_ids | self._board.unique_ids

    @property
    def channels(self) -> frozenset[str]:
        """Unique ids of the channels there are."""
        return self._board.unique_ids

    async def take(self, event: SwitchEvent) -> None:
        """Note one event, with all that follows from it and from those before. Raises nothing."""
        await self.hear(event)
        await self._lanes.idle()

    async def hear(self, event: SwitchEvent) -> None:
        """Note one event; what follows from it is done in its call's turn, from a snapshot at once.

        Raises nothing: a missed step is healed by the next snapshot.
        """
        if isinstance(event, Resynced):
            await self._lanes.idle()  # what was heard before the snapshot belongs before it
        try:
            leg, here = self._note(event)
        except Exception:  # a border: the switch goes on telling
            log.exception("an event of the switch is not on the board", kind=type(event).__name__)
            return
        if isinstance(event, Resynced):
            await self._effect(event, leg, here)
        elif isinstance(event, ChannelClosed) and leg is not None and self._never_left_the_menu(leg):
            return
        elif (call := self._call(event)) is not None:
            self._lanes.put(call, lambda: self._effect(event, leg, here))

    def _never_left_the_menu(self, leg: Leg) -> bool:
        """Of most calls: then nothing follows from their end."""
        return not leg.went_on and leg.unique_id == leg.linked_id and self._in_menu(leg.unique_id)

    def under_way(self, linked_id: str) -> bool:
        """Whether something of this call was heard and is not written yet."""
        return self._lanes.busy(linked_id)

    async def stop(self) -> None:
        await self._lanes.stop()

    def _note(self, event: SwitchEvent) -> tuple[Leg | None, Sequence[Leg]]:
        """Put it on the board; returns what `After.take` is given."""
        now = self._hotline.clock.now()
        match event:
            case ChannelOpened():
                self._board.opened(event, now)
            case ChannelClosed():
                return self._board.closed(event.uniqueid), ()
            case RoomJoined():
                leg = self._board.entered(event.conference, event.uniqueid, now)
                if leg is not None and leg.room is not None:
                    return replace(leg), self._board.in_room(leg.room)
            case QueueJoined():
                self._board.queued(event.uniqueid)
            case RoomLeft():
                leg = self._board.left(event.uniqueid, now)
                return (replace(leg) if leg else None), ()
            case Resynced():
                self._board.start_from(event.snapshot.channels, now)
            case _:
                pass
        return None, ()

    def _call(self, event: SwitchEvent) -> str | None:
        """The call in whose turn an event is dealt with; None: nothing follows from it."""
        match event:
            case ChannelClosed() | OriginateEnded():
                unique_id = event.action_id if isinstance(event, OriginateEnded) else event.uniqueid
                name = leg_name(unique_id)
                return self._board.call_of(name.interaction_id) if name else unique_id
            case RoomJoined() | RoomLeft():
                return room_of(event.conference)[0]
            case QueueJoined() | AgentCalled() | AgentMissed() | AgentConnected():
                return event.linkedid
            case _:
                return None

    async def _effect(self, event: SwitchEvent, leg: Leg | None, here: Sequence[Leg]) -> None:
        try:
            if self._after:  # first what a room's end means, then the end of the contact
                await self._after.take(event, leg, here)
            await self._follow(event)
        except Exception:  # a border: the switch goes on telling
            log.exception("an event of the switch was not noted", kind=type(event).__name__)

    async def _follow(self, event: SwitchEvent) -> None:
        match event:
            case ChannelClosed():
                for call in {event.linkedid, event.uniqueid}:
                    if not self._board.has_call(call):
                        await self._ended(call)
            case QueueJoined():
                await self._move(event.linkedid, State.QUEUED, f"position {event.position}")
            case AgentCalled():
                await self._move(event.linkedid, State.OFFERED, event.agent)
            case AgentMissed():
                await self._move(event.linkedid, State.QUEUED, f"{event.agent} did not answer")
            case AgentConnected():
                await self._move(event.linkedid, State.TALKING, event.agent)
            case Resynced():
                await self._start_anew()
            case _:
                pass

    async def unknown(self, since: datetime, until: datetime) -> None:
        """Nobody heard the switch for a while: the journal says so, and nobody makes anything up."""
        async with self._hotline.work(SWITCH, fleeting=True) as work:
            work.record(SwitchLost(since=since, until=until, calls_now=len(self.alive)))

    async def sweep(self, work: Work) -> int:
        """Close interactions whose call the switch no longer has; for a timer, while the line is up."""
        left = 0
        for prefix in LINKED_IDS:
            left += await contact.close_left_open(work, alive=self.alive, older_than=YOUNG, of=prefix)
        return left

    async def _start_anew(self) -> None:
        async with self._hotline.work(SWITCH, fleeting=True) as work:
            await self.sweep(work)

    async def _move(self, linked_id: str, to: State, detail: str) -> None:
        async with self._hotline.work(SWITCH, fleeting=True) as work:
            found = await contact.by_linked_id(work.db, linked_id)
            if found is None:
                return  # queued by the dialplan alone, while we were away
            try:
                await contact.move(work, found.id, to, detail=detail)
            except WrongState as refusal:
                log.warning("the switch and we disagree about a call", facts=refusal.facts)

    async def _ended(self, linked_id: str) -> None:
        async with self._hotline.read() as db:
            seen: Interaction | None = await contact.by_linked_id(db, linked_id)
        if seen is None or seen.state not in _ENDED:
            return
        async with self._hotline.work(SWITCH, fleeting=True) as work:
            found: Interaction | None = await contact.by_linked_id(work.db, linked_id)
            if found is not None and (ended := _ENDED.get(State(found.state))):
                ours = found.direction == "out" and ended is Disposition.ABANDONED_QUEUE
                await contact.close(work, found.id, Disposition.NOTHING if ours else ended)
