"""Legs of calls: rung, moved, dropped, and the caller put back; what desks and the distributor stand on."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

from core.contact import agents, queueing
from core.contact.agent_rules import ENGAGED, IN_CALL, AgentState
from core.contact.agents import AgentView
from core.contact.distribution import Offer, QueueClass
from core.contact.rules import State
from core.contact.view import InteractionView, load
from core.errors import CallGone, NotSignedIn, SwitchAway
from core.values import Phone, system
from core.work import Hotline
from ivr.board import Board, Leg
from ivr.control import RING_S, Control
from ivr.legs import LegName, Place, Role, leg_name
from ivr.targets import Targets, called_in_by

DESK = system("desk")


class Legwork:
    """One act at a time for each call.

    The caller is in the room or waits; everything else is a leg that comes and goes. Nothing here is the
    truth: states are core.contact's, and the switch's own list of channels says where the legs are.

    gap: stops and resumes a call's recording. woken: called when somebody may have become free.
    """

    def __init__(
        self,
        hotline: Hotline,
        board: Board,
        control: Callable[[], Control | None],
        targets: Targets,
        *,
        gap: Callable[[int, bool, str], Awaitable[None]],
        woken: Callable[[], None] = lambda: None,
    ) -> None:
        self._hotline = hotline
        self._board = board
        self._control = control
        self._targets = targets
        self._gap = gap
        self.woken = woken
        # Each lives as long as somebody holds or awaits it.
        self._locks: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        self._ordinal = int(hotline.clock.now().timestamp() * 1000)
        self._tasks: set[asyncio.Task[None]] = set()
        self.pages: set[int] = set()  # operators whose page is open
        self.rung: dict[tuple[int, int], str] = {}  # the newest leg begun for (interaction, operator)
        self.taking: dict[str, int] = {}  # a supervisor's leg on its way, and whose call it takes over

    async def offer(self, chosen: Offer) -> bool:
        """Ring the chosen operator; False when one of the two is not free for it any more."""
        async with self._alone(chosen.interaction_id):
            async with self._hotline.work(DESK, fleeting=True) as work:
                if not await queueing.offer(work, chosen):
                    return False
                agent = await agents.find(work.db, chosen.staff_id)
                seen = await load(work.db, chosen.interaction_id)
            assert agent
            try:
                await self._ring(agent, seen, "take")
            except (SwitchAway, CallGone):
                async with self._hotline.work(DESK, fleeting=True) as work:
                    await queueing.missed(work, chosen.interaction_id, chosen.staff_id, why="unreachable")
                return False
        return True

    @property
    def _line(self) -> Control:
        control = self._control()
        if control is None:
            raise SwitchAway
        return control

    @asynccontextmanager
    async def _alone(self, interaction_id: int) -> AsyncIterator[None]:
        """One act at a time for each call."""
        lock = self._locks.get(interaction_id)
        if lock is None:
            lock = self._locks[interaction_id] = asyncio.Lock()
        async with lock:
            yield

    @asynccontextmanager
    async def _own(
        self, staff_id: int, *more: AgentState
    ) -> AsyncIterator[tuple[AgentView, InteractionView]]:
        """An operator's own call, alone with it. Raises NotSignedIn, CallGone, SwitchAway."""
        agent = await self._agent(staff_id, *IN_CALL, *more)
        assert agent.interaction_id is not None
        _ = self._line  # before anything is written: without a switch nothing is promised
        async with self._alone(agent.interaction_id):
            agent = await self._agent(staff_id, *IN_CALL, *more)
            async with self._hotline.read() as db:
                seen = await load(db, agent.interaction_id or 0)
            if not seen.open:
                raise CallGone
            yield agent, seen

    async def _agent(self, staff_id: int, *states: AgentState) -> AgentView:
        async with self._hotline.read() as db:
            agent = await agents.find(db, staff_id)
        if agent is None:
            raise NotSignedIn
        if agent.state not in states or agent.interaction_id is None:
            raise CallGone(facts={"state": agent.state.value})
        return agent

    def _leg(self, seen: InteractionView, staff_id: int) -> Leg:
        leg = self._board.agent(seen.interaction_id, staff_id)
        if leg is None or leg.place is Place.RINGING:
            raise CallGone(facts={"why": "no leg"})
        return leg

    def _third(self, agent: AgentView, seen: InteractionView) -> Leg:
        """The leg of whoever is consulted, answered. Raises CallGone."""
        named = (agent.third or {}).get("leg")
        leg = self._board.legs.get(str(named))
        if leg is None or leg.place is Place.RINGING:
            raise CallGone(facts={"why": "no third"})
        return leg

    def _name(self, role: Role, interaction_id: int, staff_id: int) -> LegName:
        self._ordinal += 1
        return LegName(role, interaction_id, staff_id, self._ordinal)

    async def _ring(
        self,
        agent: AgentView,
        seen: InteractionView,
        exten: str,
        name: LegName | None = None,
        *,
        asked_for: bool = False,
    ) -> None:
        """asked_for: by the operator a moment ago, so that the phone in their page need not ask them."""
        # Masked as on the page: a telephone's display keeps its list of callers for everybody.
        shown = Phone(self._hotline.sealer.open(seen.ani_sealed, "phone")).masked if seen.ani_sealed else ""
        leg = str(name or self._name(Role.AGENT, seen.interaction_id, agent.staff_id))
        self.rung[seen.interaction_id, agent.staff_id] = leg
        self._board.belongs(seen.interaction_id, seen.linked_id)
        await self._line.ring(
            phone_of(agent),
            leg,
            context="desk",
            exten=exten,
            variables={"HOTLINE_ROOM": seen.linked_id, "HOTLINE_CALLER": seen.linked_id},
            caller=shown,
            asked_for=asked_for,
        )

    async def _ring_third(
        self, seen: InteractionView, staff_id: int, phone: str, colleague: int | None, *, exten: str
    ) -> None:
        role = Role.THIRD if colleague is None else Role.AGENT
        name = self._name(role, seen.interaction_id, staff_id if colleague is None else colleague)
        async with self._hotline.work(DESK, fleeting=True) as work:
            await self._targets.called(work, seen.interaction_id, staff_id, leg=str(name))
        self._board.belongs(seen.interaction_id, seen.linked_id)
        if colleague is not None:
            self.rung[seen.interaction_id, colleague] = str(name)
        await self._line.ring(
            phone,
            str(name),
            context="third" if colleague is None else "desk",
            exten=exten,
            variables={"HOTLINE_ROOM": seen.linked_id},
            within_s=RING_S * 2,
        )

    async def call_out(self, interaction_id: int) -> None:
        """The operator of a call of ours is in its room: now the patient is called into it."""
        async with self._hotline.read() as db:
            seen = await load(db, interaction_id)
        if seen.ani_sealed is None or self._board.caller(seen.linked_id) is not None:
            return
        number = self._hotline.sealer.open(seen.ani_sealed, "phone")
        await self._line.ring(
            f"PJSIP/{number}@outbound",
            seen.linked_id,
            context="room",
            exten="s",
            variables={"HOTLINE_ROOM": seen.linked_id, "CHANNEL(language)": "zh"},
            within_s=RING_S * 2,
        )

    async def put_back(self, interaction_id: int, *, prefers: int | None) -> None:
        """The caller lost everybody by no fault of theirs: first in the queue, music meanwhile.

        Nothing happens when the operator is back, somebody else has a leg in the room, or they wait already.
        """
        async with self._alone(interaction_id):
            if any(leg.place is Place.ROOM for leg in self._board.of(interaction_id)):
                return
            async with self._hotline.work(DESK, fleeting=True) as work:
                seen = await load(work.db, interaction_id)
                if not seen.open or seen.state in (State.QUEUED, State.OFFERED):
                    return
                for agent in await agents.in_call(work.db, interaction_id):
                    if agent.interaction_id == interaction_id and agent.state in ENGAGED:
                        await queueing.released(work, agent.staff_id, interaction_id)
                skill = await queueing.skill_wanted(work.db, interaction_id)
                await queueing.enter(
                    work, interaction_id, klass=QueueClass.RECONNECT, skill=skill, prefers=prefers
                )
            for leg in self._board.of(interaction_id):
                await self._line.drop(leg.unique_id)
            caller = self._board.caller(seen.linked_id)
            if caller is not None:
                await self._line.move(caller.unique_id, "waiting")
        self.woken()

    async def let_go(self, interaction_id: int) -> None:
        """Nobody is left in the room but the caller, and nobody is to come: the good-bye."""
        async with self._hotline.read() as db:
            seen = await load(db, interaction_id)
        caller = self._board.caller(seen.linked_id)
        if caller is not None and caller.place is Place.ROOM:
            await self._line.move(caller.unique_id, "farewell")

    async def drop(self, unique_id: str) -> None:
        """End a leg that rings or talks for nothing."""
        await self._line.drop(unique_id)

    async def to_the_switch_alone(self, unique_id: str) -> None:
        """A caller of whom we know nothing any more: the switch finds them a person, or takes a message."""
        await self._line.move(unique_id, "without-us")

    async def wait_again(self, unique_id: str) -> None:
        """A caller whom the switch led alone waits in our queue from now on."""
        await self._line.move(unique_id, "waiting")

    async def clear(self, interaction_id: int) -> None:
        """The caller is gone: end whatever still rings or waits for them."""
        for leg in self._board.of(interaction_id):
            await self._line.drop(leg.unique_id)
        for key in [key for key in self.rung if key[0] == interaction_id]:
            del self.rung[key]

    async def _back(self, agent: AgentView, seen: InteractionView) -> None:
        leg = self._board.agent(seen.interaction_id, agent.staff_id)
        if leg is None:
            await self._ring(agent, seen, "join")
        elif leg.place is not Place.ROOM:
            await self._line.move(leg.unique_id, "desk", "join")
        async with self._hotline.work(DESK, fleeting=True) as work:
            await queueing.within(work, agent.staff_id, AgentState.TALKING)

    async def goes_on_without(self, interaction_id: int, staff_id: int) -> None:
        """One of several operators in a call has not come back; whoever is left has the caller."""
        async with self._alone(interaction_id):
            async with self._hotline.work(DESK, fleeting=True) as work:
                signed_in = await agents.in_call(work.db, interaction_id)
                asking = called_in_by(signed_in, interaction_id, staff_id)
                if asking is not None:
                    await self._targets.gone(work, interaction_id, asking.staff_id)
                seen = await load(work.db, interaction_id)
                heirs = [
                    agent.staff_id
                    for agent in signed_in
                    if agent.interaction_id == interaction_id
                    and agent.state in IN_CALL
                    and agent.staff_id != staff_id
                ]
                if seen.staff_id == staff_id and heirs:
                    await queueing.handed_over(work, interaction_id, staff_id, heirs[0])
                else:
                    await queueing.released(work, staff_id, interaction_id)

    async def _drop_third(self, agent: AgentView, seen: InteractionView) -> None:
        """The colleague or the hospital is let go, and knows it."""
        named = str((agent.third or {}).get("leg"))
        name = leg_name(named)
        async with self._hotline.work(DESK, fleeting=True) as work:
            await self._targets.gone(work, seen.interaction_id, agent.staff_id)
            if name and name.role is Role.AGENT and await agents.find(work.db, name.staff_id):
                await queueing.released(work, name.staff_id, seen.interaction_id)
        if named in self._board.legs:
            await self._line.drop(named)

    async def _drop_legs(self, interaction_id: int, staff_id: int, role: Role | None = None) -> None:
        names = {leg.unique_id for leg in self._board.of(interaction_id, role, staff_id)}
        if role in (None, Role.AGENT):  # one that has only just begun may not have been told of yet
            names |= {self.rung.get((interaction_id, staff_id), "")} - {""}
        for name in sorted(names):
            await self._line.drop(name)


def phone_of(agent: AgentView) -> str:
    """What the switch rings: the phone in the page, or the one on the desk."""
    return f"PJSIP/page-{agent.extension}" if agent.device == "page" else f"PJSIP/{agent.extension}"
