"""Call control without a switch: legs are rows of the leg log, the engine's functions are the real ones."""

from dataclasses import dataclass, field

from core.contact import agents, queueing, stays
from core.contact import engine as contact
from core.contact.agent_rules import IN_CALL, AgentState
from core.contact.agents import AgentView
from core.contact.calls import Target, TargetKind
from core.contact.distribution import Offer, QueueClass
from core.contact.tables import Callback, Interaction
from core.errors import CallGone, NotFound, NotSignedIn, SwitchAway, WrongState
from core.events import SupervisorActed, ThirdMoved
from core.values import Channel, system
from core.work import Hotline, Work

SWITCH = system("switch")


@dataclass
class Switchless:
    """Implements core.contact.calls.Calls. A phone that is not `dead` answers at once when it is rung.

    asked: what was asked for, in order: (what, whose or which). there: whose page is open.
    """

    hotline: Hotline
    up: bool = True
    dead: set[int] = field(default_factory=set)
    there: set[int] = field(default_factory=set)
    asked: list[tuple[str, int]] = field(default_factory=list)
    gaps: dict[int, bool] = field(default_factory=dict)
    _legs: int = 0

    # --- what callers do ---------------------------------------------------------------------------

    async def comes_in(
        self, ani: str | None = "10912345678", *, skill: str | None = None, prefers: int | None = None
    ) -> int:
        """Somebody calls and waits for a person; returns the interaction."""
        async with self.hotline.work(SWITCH) as work:
            linked_id = f"test-{work.chance.token()}"
            opened = await contact.open_interaction(work, linked_id=linked_id, dnis="12320", ani=ani)
            await stays.entered(work, opened.interaction_id, linked_id, "caller")
            await queueing.enter(work, opened.interaction_id, skill=skill, prefers=prefers)
        return opened.interaction_id

    async def offers(self, interaction_id: int, staff_id: int) -> bool:
        """The operator's phone rings."""
        async with self.hotline.work(SWITCH) as work:
            return await queueing.offer(work, Offer(interaction_id, staff_id))

    async def answers(self, staff_id: int) -> int:
        """The operator takes the call that rings."""
        async with self.hotline.work(SWITCH) as work:
            agent = await agents.live(work, staff_id)
            assert agent.interaction_id is not None
            await self._enter(work, agent.interaction_id, staff_id)
            await queueing.connected(work, agent.interaction_id, staff_id)
            return agent.interaction_id

    async def hangs_up(self, interaction_id: int) -> None:
        """The caller is gone."""
        async with self.hotline.work(SWITCH) as work:
            await queueing.ended(work, interaction_id, "abandoned")
            for one in await agents.signed_in(work.db):
                if one.interaction_id == interaction_id:
                    await queueing.released(work, one.staff_id, interaction_id)
            for leg in await stays.present(work.db):
                if leg.interaction_id == interaction_id:
                    await stays.left(work, leg.unique_id)
            await contact.close(work, interaction_id, contact.Disposition.ANSWERED)

    async def breaks(self, staff_id: int) -> None:
        """The operator's phone dies with its page; the caller hears music."""
        async with self.hotline.work(SWITCH) as work:
            await self._leave(work, staff_id)

    # --- Calls -------------------------------------------------------------------------------------

    async def refuse(self, staff_id: int) -> None:
        agent = await self._agent("refuse", staff_id, AgentState.RINGING)
        async with self.hotline.work(SWITCH) as work:
            await queueing.missed(work, agent.interaction_id or 0, staff_id, why="refused")

    async def rejoin(self, staff_id: int) -> None:
        agent = await self._agent("rejoin", staff_id, *IN_CALL, AgentState.RINGING)
        if agent.state is AgentState.RINGING:
            return
        async with self.hotline.work(SWITCH) as work:
            await self._leave(work, staff_id)
            if staff_id not in self.dead:
                await self._enter(work, agent.interaction_id or 0, staff_id)
            await queueing.within(work, staff_id, AgentState.TALKING)

    async def hold(self, staff_id: int) -> None:
        await self._agent("hold", staff_id, *IN_CALL)
        async with self.hotline.work(SWITCH) as work:
            await queueing.within(work, staff_id, AgentState.HOLDING)
            await self._leave(work, staff_id)

    async def retrieve(self, staff_id: int) -> None:
        await self._back("retrieve", staff_id)

    async def finish(self, staff_id: int) -> None:
        agent = await self._agent("finish", staff_id, *IN_CALL, AgentState.DIALLING)
        async with self.hotline.work(SWITCH) as work:
            await queueing.released(work, staff_id, agent.interaction_id or 0)
            await self._leave(work, staff_id)
            if not await self._others(work, agent):
                await contact.close(work, agent.interaction_id or 0, contact.Disposition.ANSWERED)

    async def consult(self, staff_id: int, target: Target) -> None:
        agent = await self._agent("consult", staff_id, *IN_CALL)
        if agent.state is AgentState.CONSULTING:
            raise WrongState(facts={"state": agent.state.value})
        async with self.hotline.work(SWITCH) as work:
            await queueing.within(work, staff_id, AgentState.CONSULTING)
            await self._leave(work, staff_id)
            await self._third(work, agent, target, "talking")

    async def complete(self, staff_id: int) -> None:
        agent = await self._agent("complete", staff_id, AgentState.CONSULTING)
        third = agent.third or {}
        to = int(third["value"]) if third.get("kind") == TargetKind.AGENT else None
        async with self.hotline.work(SWITCH) as work:
            await queueing.handed_over(work, agent.interaction_id or 0, staff_id, to)
            if to is not None:
                await self._enter(work, agent.interaction_id or 0, to)

    async def conference(self, staff_id: int) -> None:
        await self._back("conference", staff_id, AgentState.CONSULTING)

    async def abandon(self, staff_id: int) -> None:
        agent = await self._back("abandon", staff_id, AgentState.CONSULTING)
        async with self.hotline.work(SWITCH) as work:
            await self._third(work, agent, None, "gone")

    async def transfer(self, staff_id: int, target: Target) -> None:
        agent = await self._agent("transfer", staff_id, *IN_CALL)
        async with self.hotline.work(SWITCH) as work:
            await queueing.released(work, staff_id, agent.interaction_id or 0)
            await self._leave(work, staff_id)
            await queueing.enter(
                work,
                agent.interaction_id or 0,
                klass=QueueClass.RECONNECT,
                skill=target.value or None if target.kind is TargetKind.QUEUE else None,
                prefers=int(target.value) if target.kind is TargetKind.AGENT else None,
            )

    async def keys(self, staff_id: int, digits: str) -> None:
        agent = await self._agent("keys", staff_id, *IN_CALL)
        if agent.third is None:
            raise CallGone

    async def dial(self, staff_id: int, callback_id: int) -> int:
        self.asked.append(("dial", staff_id))
        self._line()
        async with self.hotline.work(SWITCH) as work:
            owed = await work.db.get(Callback, callback_id)
            if owed is None:
                raise NotFound(facts={"what": "callback"})
            made = Interaction(
                linked_id=f"out-{work.chance.token()}", channel=Channel.PHONE.value, direction="out", dnis="",
                ani_sealed=owed.phone_sealed, person_id=owed.person_id, state="ivr", reached="callback",
                staff_id=staff_id, started_at=work.now,
            )  # fmt: skip
            work.db.add(made)
            await work.db.flush()
            row = await agents.live(work, staff_id)
            await agents.step(work, row, AgentState.DIALLING, interaction_id=made.id)
            owed.tries += 1
            return made.id

    async def gap(self, interaction_id: int, *, on: bool, why: str) -> None:
        self._line()
        self.gaps[interaction_id] = on
        self.asked.append(("gap on" if on else "gap off", interaction_id))

    async def page(self, staff_id: int, *, there: bool) -> None:
        (self.there.add if there else self.there.discard)(staff_id)
        self.asked.append(("page there" if there else "page gone", staff_id))

    async def listen(self, supervisor_id: int, staff_id: int, how: str) -> None:
        agent = await self._agent("listen", staff_id, *IN_CALL)
        async with self.hotline.work(SWITCH) as work:
            work.record(SupervisorActed(act=how, staff_id=staff_id, interaction_id=agent.interaction_id))

    async def take_over(self, supervisor_id: int, staff_id: int) -> None:
        agent = await self._agent("take-over", staff_id, *IN_CALL)
        async with self.hotline.work(SWITCH) as work:
            await queueing.handed_over(work, agent.interaction_id or 0, staff_id, supervisor_id)
            await self._leave(work, staff_id)
            await self._enter(work, agent.interaction_id or 0, supervisor_id)

    # --- parts of the above ------------------------------------------------------------------------

    def _line(self) -> None:
        if not self.up:
            raise SwitchAway

    async def _agent(self, what: str, staff_id: int, *states: AgentState) -> AgentView:
        self.asked.append((what, staff_id))
        async with self.hotline.read() as db:
            agent = await agents.find(db, staff_id)
        if agent is None:
            raise NotSignedIn
        if agent.state not in states or agent.interaction_id is None:
            raise CallGone(facts={"state": agent.state.value})
        self._line()
        return agent

    async def _back(self, what: str, staff_id: int, *states: AgentState) -> AgentView:
        agent = await self._agent(what, staff_id, *(states or IN_CALL))
        async with self.hotline.work(SWITCH) as work:
            await self._enter(work, agent.interaction_id or 0, staff_id)
            await queueing.within(work, staff_id, AgentState.TALKING)
        return agent

    async def _enter(self, work: Work, interaction_id: int, staff_id: int) -> None:
        self._legs += 1
        await stays.entered(work, interaction_id, f"leg-{staff_id}-{self._legs}", "agent", staff_id)

    async def _leave(self, work: Work, staff_id: int) -> None:
        for leg in await stays.present(work.db):
            if leg.staff_id == staff_id:
                await stays.left(work, leg.unique_id)

    async def _others(self, work: Work, agent: AgentView) -> bool:
        there = await stays.present(work.db)
        return any(
            leg.interaction_id == agent.interaction_id
            and leg.role != "caller"
            and leg.staff_id != agent.staff_id
            for leg in there
        )

    async def _third(self, work: Work, agent: AgentView, target: Target | None, state: str) -> None:
        row = await agents.live(work, agent.staff_id)
        kind = target.kind.value if target else str((agent.third or {}).get("kind"))
        row.third = (
            None
            if target is None
            else {"kind": kind, "label": target.label, "state": state, "leg": None, "value": target.value}
        )
        work.record(
            ThirdMoved(
                interaction_id=agent.interaction_id or 0, staff_id=agent.staff_id, target=kind, state=state
            )
        )
