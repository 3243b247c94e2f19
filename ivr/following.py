"""Keep interactions true after a dialogue has let go of its call, from what the switch tells."""

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
from ivr.switch_events import (
    AgentCalled,
    AgentConnected,
    AgentMissed,
    ChannelClosed,
    ChannelOpened,
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
    """Who hears of an event after the board knows it. gone: the leg that a ChannelClosed ended."""

    async def take(self, event: SwitchEvent, gone: Leg | None) -> None: ...


class Follower:
    """Takes the switch's events in order; what fails with one of them stops none of the next.

    board: who is where, kept from these events. after: hears each of them when the board has it.
    """

    def __init__(self, hotline: Hotline, board: Board | None = None, after: After | None = None) -> None:
        self._hotline = hotline
        self._board = board or Board()
        self._after = after

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
        """Note one event. Raises nothing: a missed step is healed by the next snapshot."""
        try:
            await self._take(event)
        except Exception:  # a border: the switch goes on telling
            log.exception("an event of the switch was not noted", kind=type(event).__name__)

    async def _take(self, event: SwitchEvent) -> None:
        now, gone = self._hotline.clock.now(), None
        match event:
            case ChannelOpened():
                self._board.opened(event, now)
            case ChannelClosed():
                gone = self._board.closed(event.uniqueid)
            case RoomJoined():
                self._board.entered(event.conference, event.uniqueid, now)
            case RoomLeft():
                self._board.left(event.uniqueid, now)
            case Resynced():
                self._board.start_from(event.snapshot.channels, now)
            case _:
                pass
        if self._after:  # first what a room's end means, then the end of the contact
            await self._after.take(event, gone)
        await self._follow(event)

    async def _follow(self, event: SwitchEvent) -> None:
        match event:
            case ChannelClosed():
                for call in {event.linkedid, event.uniqueid} - self.alive:
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
        async with self._hotline.work(SWITCH) as work:
            work.record(SwitchLost(since=since, until=until, calls_now=len(self.alive)))

    async def sweep(self, work: Work) -> int:
        """Close interactions whose call the switch no longer has; for a timer, while the line is up."""
        left = 0
        for prefix in LINKED_IDS:
            left += await contact.close_left_open(work, alive=self.alive, older_than=YOUNG, of=prefix)
        return left

    async def _start_anew(self) -> None:
        async with self._hotline.work(SWITCH) as work:
            await self.sweep(work)

    async def _move(self, linked_id: str, to: State, detail: str) -> None:
        async with self._hotline.work(SWITCH) as work:
            found = await contact.by_linked_id(work.db, linked_id)
            if found is None:
                return  # queued by the dialplan alone, while we were away
            try:
                await contact.move(work, found.id, to, detail=detail)
            except WrongState as refusal:
                log.warning("the switch and we disagree about a call", facts=refusal.facts)

    async def _ended(self, linked_id: str) -> None:
        async with self._hotline.work(SWITCH) as work:
            found: Interaction | None = await contact.by_linked_id(work.db, linked_id)
            if found is not None and (ended := _ENDED.get(State(found.state))):
                ours = found.direction == "out" and ended is Disposition.ABANDONED_QUEUE
                await contact.close(work, found.id, Disposition.NOTHING if ours else ended)
