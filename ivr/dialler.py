"""Make the calls that are due, no more than somebody can take, and note how each try ended.

A call of ours is one leg, named `out-…` as its try (core.calling): whatever the switch tells of that leg is
told of that try. Answered, it runs the script `outbound` (ivr.outgoing_desk), which ends the try itself.
"""

import asyncio
from collections.abc import Callable, Collection, Sequence

import structlog

from core.calling import dialling, overdue, view
from core.calling.dialling import Claimed
from core.calling.rules import Outcome, State, room
from core.contact import engine as contact
from core.contact import queue_view
from core.contact.rules import Disposition
from core.errors import CallGone, SwitchAway
from core.health import Report
from core.health import State as Health
from core.values import system
from core.work import Hotline
from ivr.board import Board, Leg
from ivr.control import RING_S, Control
from ivr.rooms import YOUNG
from ivr.switch_events import ChannelClosed, OriginateEnded, Resynced, SwitchEvent

log = structlog.get_logger()

DIALLER = system("dialler")
TICK_S = 1.0
# A landline at home rings long until somebody old is there.
RINGS_S = RING_S * 2
OURS = "out-"

# Q.850: busy, and refused by a key on the telephone.
BUSY = frozenset({17, 21})
# Q.850: nobody there, no answer, our own giving up after RINGS_S.
NOBODY = frozenset({0, 16, 18, 19, 102, 127})


def not_answered(cause: int) -> Outcome:
    """How a try ended whose leg was never answered. cause: Q.850."""
    return Outcome.BUSY if cause in BUSY else Outcome.NO_ANSWER if cause in NOBODY else Outcome.FAILED


class Dialler:
    """One for a hotline; as `ivr.following.After` it hears the switch.

    lines: calls at once. way_out: whether there is a trunk to call by; without one operators make the
    calls that are due. shown: the number that the callee sees. talking: legs whose dialogue runs now.
    """

    def __init__(
        self,
        hotline: Hotline,
        board: Board,
        control: Callable[[], Control | None],
        talking: Collection[str],
        *,
        lines: int,
        way_out: bool,
        shown: str,
    ) -> None:
        self._hotline = hotline
        self._board = board
        self._control = control
        self._talking = talking
        self._lines = lines
        self._way_out = way_out and lines > 0
        self._shown = shown
        self._wake = asyncio.Event()
        self._begun: set[str] = set()  # legs of this process that have not ended
        self._outlived: set[str] = set()  # legs that a process before us began, and that have not ended
        self._looked = False  # whether what the switch said it has was gone through
        self._looking = asyncio.Lock()

    def nudge(self) -> None:
        self._wake.set()

    async def run(self) -> None:
        """For ever."""
        while True:
            try:
                await self.round()
            except Exception:  # a border: who must be told must not wait for the next restart
                log.exception("making calls failed")
            try:
                async with asyncio.timeout(TICK_S):
                    await self._wake.wait()
            except TimeoutError:
                pass
            self._wake.clear()

    async def round(self) -> int:
        """Begin what may be begun now; returns how many telephones ring for it."""
        if not self._looked and self._board.synced:
            await self._look()
        async with self._hotline.read() as db:
            if not await view.any_due(db, self._hotline.clock.now()):
                return 0
        if not self._way_out:
            async with self._hotline.work(DIALLER) as work:
                await overdue.hand_over_due(work)
            return 0
        control = self._control()
        if control is None or not self._looked:
            return 0
        rung = await asyncio.gather(*(self._ring(control, one) for one in await self._claim()))
        return sum(rung)

    async def _claim(self) -> list[Claimed]:
        async with self._hotline.read() as db:
            standing = await queue_view.standing(db)
            there = await queue_view.operators_there(db, self._hotline.clock.now())
            rings = await view.count(db, State.DIALLING)
        # Who has pressed a key still listens, and keeps a line; so does whoever outlived us.
        rings = max(rings, len(self._begun | self._outlived))
        most = room(self._lines, rings, waiting=len(standing.waiting), free=len(standing.free), there=there)
        if not most:
            return []
        async with self._hotline.work(DIALLER) as work:
            return await dialling.claim(work, most)

    async def _ring(self, control: Control, one: Claimed) -> bool:
        self._begun.add(one.leg)
        try:
            await control.ring(
                f"PJSIP/{one.phone.digits}@outbound",
                one.leg,
                context="outbound-call",
                exten="s",
                variables={"HOTLINE_ROOM": one.leg, "CHANNEL(language)": "zh"},
                caller=self._shown,
                within_s=RINGS_S,
            )
        except SwitchAway:  # it may ring all the same: we have lost sight of it
            await self._over(one.leg, Outcome.LOST)
            return False
        except CallGone:
            self._begun.discard(one.leg)
            await self._over(one.leg, Outcome.FAILED)
            return False
        return True

    # --- what the switch tells -------------------------------------------------------------------------

    async def take(self, event: SwitchEvent, leg: Leg | None, here: Sequence[Leg]) -> None:
        """As `ivr.following.After`. What is missed here is ended by its lease."""
        match event:
            case OriginateEnded() if event.action_id.startswith(OURS):
                if event.answered:
                    async with self._hotline.work(DIALLER, fleeting=True) as work:
                        await dialling.answered(work, event.action_id)
                elif event.uniqueid != event.action_id:  # no leg came about
                    self._begun.discard(event.action_id)
                    await self._over(event.action_id, Outcome.FAILED)
                else:
                    await self._not_reached(event.action_id)
            case ChannelClosed() if event.uniqueid.startswith(OURS):
                await self._closed(event.uniqueid, event.cause)
            case Resynced():
                await self._look(anew=True)
            case _:
                pass

    async def _closed(self, leg: str, cause: int) -> None:
        ours = leg in self._begun
        self._begun.discard(leg)
        self._outlived.discard(leg)
        self.nudge()
        if leg in self._talking:  # its dialogue hears of it, too, and says what it came to
            return
        async with self._hotline.read() as db:
            took = await view.was_answered(db, leg)
        if not took:
            await self._over(leg, not_answered(cause))
        else:
            await self._over(leg, Outcome.HUNG_UP if ours else Outcome.LOST)

    async def _not_reached(self, leg: str) -> None:
        """Nobody took it. Why, the leg's end tells, which comes next."""
        async with self._hotline.work(DIALLER) as work:
            known = await view.of_leg(work.db, leg)
            if known is not None and known[0].state is State.DIALLING:
                await contact.close(work, known[1], Disposition.NOT_REACHED)

    async def _over(self, leg: str, outcome: Outcome) -> None:
        async with self._hotline.work(DIALLER) as work:
            if await dialling.ended(work, leg, outcome):
                found = await contact.by_linked_id(work.db, leg)
                if found is not None:
                    await contact.close(work, found.id, _disposition(outcome))
        self.nudge()

    async def _look(self, *, anew: bool = False) -> None:
        """Once for each snapshot; what fails, the next round tries again. anew: there is a new one."""
        async with self._looking:
            if anew or not self._looked:
                self._looked = False
                await self._begin_anew()
                self._looked = True

    async def _begin_anew(self) -> None:
        """After a gap: tries without a leg are lost, a leg that talks to nobody of ours is let go."""
        there = [leg for leg in self._board.legs if leg.startswith(OURS)]
        async with self._hotline.work(DIALLER, fleeting=True) as work:
            tries = await view.tries_among(work.db, there)
            legs = await dialling.legs_under_way(work, YOUNG)
        control = self._control()
        self._begun &= self._board.legs.keys()
        self._outlived = tries & self._board.legs.keys() - self._begun
        for leg in legs:
            seen = self._board.legs.get(leg)
            if seen is None and leg not in self._talking:
                await self._over(leg, Outcome.LOST)
            elif seen is not None and seen.up and leg not in self._talking and control is not None:
                self._begun.discard(leg)
                await control.drop(leg)  # its end is heard as that of any leg

    # --- for the rest of the house ----------------------------------------------------------------------

    async def report(self) -> Report:
        """A probe: whether the calls that we owe are made, and by whom."""
        async with self._hotline.read() as db:
            handed = await view.count(db, State.HANDED)
        if self._way_out:
            return Report(Health.UP, f"{handed}个外呼等话务员打" if handed else "")
        words = "没有外呼线路，到期的外呼由话务员打"
        if handed:
            return Report(Health.DEGRADED, f"{words}：{handed}个待打")
        return Report(Health.ABSENT, words)


def _disposition(outcome: Outcome) -> Disposition:
    return Disposition.UNHEARD if outcome is Outcome.HUNG_UP else Disposition.NOT_REACHED
