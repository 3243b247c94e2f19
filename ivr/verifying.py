"""Every few seconds our states beside the switch's own list: what disagrees twice is put right, and said."""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from core.contact import agents, queueing, stays
from core.contact import engine as contact
from core.contact.agent_rules import ENGAGED, IN_CALL, AgentState
from core.contact.agents import AgentView
from core.contact.rules import State
from core.contact.view import in_hand
from core.errors import NotSignedIn, SwitchAway
from core.events import AgentCorrected
from core.work import Hotline
from ivr.board import Board, Leg
from ivr.control import Control
from ivr.doubts import Doubt, Seen, doubts
from ivr.legwork import DESK
from ivr.rooms import Rooms, lost_disposition
from ivr.switch_events import read_snapshot
from ivr.switchboard import Switchboard

log = structlog.get_logger()

# Asterisk's device states of a phone that nobody can ring.
AWAY = frozenset({"UNAVAILABLE", "INVALID"})
# ... and of one that rings or talks.
IN_USE = frozenset({"INUSE", "BUSY", "RINGING", "RINGINUSE", "ONHOLD"})
# A floor where nobody waits, is rung or talks is compared so often; what could be wrong there is a leg or a
# room that we have not heard of, and the list of those who are in the menu may be long.
QUIET_EVERY = timedelta(seconds=10)
# Seen for a whole grace already.
BROKE = ("operator-gone", "one-of-several-gone")


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
        self._seen_legs: dict[str, Leg] = {}  # at the last look
        self._legless: dict[tuple[int, int], datetime] = {}
        self._in_use: set[int] = set()  # operators whose phone was in use for others at the last look
        self.healed = 0
        self.checked_at: datetime | None = None

    async def look(self, control: Control) -> list[Doubt]:
        """As `check`, for a timer: while there is nothing to compare, now and then; phones always.

        Raises SwitchAway.
        """
        recent = self.checked_at is not None and self._hotline.clock.now() - self.checked_at < QUIET_EVERY
        on_the_floor = any(leg.name is not None or leg.went_on for leg in self._board.legs.values())
        if recent and not on_the_floor and not self._before:
            async with self._hotline.read() as db:
                signed_in = list(await agents.signed_in(db))
                engaged = any(agent.state in ENGAGED for agent in signed_in)
                quiet = not (engaged or await in_hand(db) or await stays.present(db))
            if quiet:
                await self._phones(control, signed_in)
                return []
        return await self.check(control)

    async def check(self, control: Control) -> list[Doubt]:
        """One look; returns what was put right. Raises SwitchAway."""
        channels = read_snapshot(await control.channels(), []).channels
        board = Board()
        now = self._hotline.clock.now()
        board.legs = dict(self._board.legs)  # for how long they have been where they are
        board.start_from(channels, now)
        self._seen_legs = board.legs
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
                put_right = await queueing.unoffered(work, doubt.interaction_id)
                # The switch's own queue had rung somebody, and the caller is with us by now.
                if not put_right and not await agents.in_call(work.db, doubt.interaction_id):
                    await contact.move(work, doubt.interaction_id, State.QUEUED)
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
                if leg is None or leg.room is None:  # it came into its room, and we were not told
                    leg = self._seen_legs.get(doubt.unique_id)
                if leg is not None and leg.room is not None:
                    self._board.legs[leg.unique_id] = leg
                    await self._rooms.heard_late(leg)
            case Doubt("leg-too-many"):
                await self._switchboard.drop(doubt.unique_id)
            case Doubt("stray"):
                await self._switchboard.to_the_switch_alone(doubt.unique_id)
            case _:
                pass

    async def _phones(self, control: Control, signed_in: list[AgentView]) -> None:
        """A ready operator whose phone cannot be rung is not ready, whatever they think (L12)."""
        states = await control.phones() if signed_in else {}
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
