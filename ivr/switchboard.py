"""What desks and supervisors ask of the telephone, done on the switch: the port Calls."""

import asyncio
from contextlib import suppress

from core.contact import agents, queueing
from core.contact.agent_rules import IN_CALL, AgentState
from core.contact.calls import Target, TargetKind
from core.contact.distribution import Offer, QueueClass
from core.contact.view import InteractionView, load
from core.errors import CallGone, Engaged, NotSignedIn, Refusal, SwitchAway, WrongState
from core.events import SupervisorActed
from ivr.legs import Place, Role
from ivr.legwork import DESK, Legwork, phone_of
from ivr.targets import called_in_by

SPYING = ("listen", "whisper", "barge")
# A page that is loaded anew is back before this.
PAGE_BACK_S = 2.0


class Switchboard(Legwork):
    """Implements core.contact.calls.Calls."""

    async def refuse(self, staff_id: int) -> None:
        agent = await self._agent(staff_id, AgentState.RINGING)
        assert agent.interaction_id is not None
        async with self._alone(agent.interaction_id):
            async with self._hotline.work(DESK, fleeting=True) as work:
                await queueing.missed(work, agent.interaction_id, staff_id, why="refused")
            await self._drop_legs(agent.interaction_id, staff_id)
        self.woken()

    async def rejoin(self, staff_id: int) -> None:
        async with self._own(staff_id, AgentState.RINGING) as (agent, seen):
            # From now on the old leg's end means nothing.
            self.rung[seen.interaction_id, staff_id] = ""
            await self._drop_legs(seen.interaction_id, staff_id, Role.AGENT)
            aside = agent.state is AgentState.HOLDING
            async with self._hotline.work(DESK, fleeting=True) as work:
                asking = called_in_by(
                    await agents.in_call(work.db, seen.interaction_id), seen.interaction_id, staff_id
                )
                name = self._name(Role.AGENT, seen.interaction_id, staff_id)
                if asking is not None:
                    await self._targets.called(work, seen.interaction_id, asking.staff_id, leg=str(name))
            consulting = agent.state is AgentState.CONSULTING and agent.third is not None
            beside = consulting or (asking is not None and asking.state is AgentState.CONSULTING)
            rings = agent.state is AgentState.RINGING
            exten = "aside" if aside else "consult" if beside else "take" if rings else "join"
            await self._ring(agent, seen, exten, name)
            if exten == "join":
                async with self._hotline.work(DESK, fleeting=True) as work:
                    await queueing.within(work, staff_id, AgentState.TALKING)

    async def hold(self, staff_id: int) -> None:
        async with self._own(staff_id) as (_, seen):
            leg = self._leg(seen, staff_id)
            async with self._hotline.work(DESK, fleeting=True) as work:
                await queueing.within(work, staff_id, AgentState.HOLDING)
            await self._line.move(leg.unique_id, "desk", "aside")

    async def retrieve(self, staff_id: int) -> None:
        async with self._own(staff_id) as (agent, seen):
            await self._back(agent, seen)

    async def finish(self, staff_id: int) -> None:
        """End one's part. With a consulted colleague or hospital on the line the caller is theirs now."""
        if await self._consulting(staff_id):
            await self.complete(staff_id)
            return
        async with self._own(staff_id, AgentState.DIALLING) as (agent, seen):
            if agent.state is AgentState.CONSULTING:
                await self._drop_third(agent, seen)
            async with self._hotline.work(DESK, fleeting=True) as work:
                await queueing.released(work, staff_id, seen.interaction_id)
                others = [
                    one.staff_id
                    for one in await agents.in_call(work.db, seen.interaction_id)
                    if one.interaction_id == seen.interaction_id and one.state in IN_CALL
                ]
            caller = self._board.caller(seen.linked_id)
            if caller is not None and not others:
                if caller.place is Place.ROOM:
                    await self._line.move(caller.unique_id, "farewell")
                else:
                    await self._line.drop(caller.unique_id)
            await self._drop_legs(seen.interaction_id, staff_id)
        self.woken()

    async def _consulting(self, staff_id: int) -> bool:
        """Whether somebody answered this operator's consultation."""
        agent = await self._agent(staff_id, *IN_CALL, AgentState.DIALLING)
        leg = self._board.legs.get(str((agent.third or {}).get("leg")))
        return agent.state is AgentState.CONSULTING and leg is not None and leg.place is Place.CONSULT

    async def consult(self, staff_id: int, target: Target) -> None:
        async with self._own(staff_id) as (agent, seen):
            leg = self._leg(seen, staff_id)
            if agent.state is AgentState.CONSULTING:
                raise WrongState(facts={"state": agent.state.value})
            async with self._hotline.work(DESK, fleeting=True) as work:
                await queueing.within(work, staff_id, AgentState.CONSULTING)
                reached = await self._targets.reserve(work, seen, staff_id, target)
            try:
                await self._line.move(leg.unique_id, "desk", "consult")
                await self._ring_third(seen, staff_id, reached.phone, reached.staff_id, exten="consult")
            except (SwitchAway, CallGone):
                await self._not_consulted(seen, staff_id, reached.staff_id)
                raise

    async def _not_consulted(self, seen: InteractionView, staff_id: int, colleague: int | None) -> None:
        """The consultation did not come about: nobody is kept for it, and the operator has the caller."""
        async with self._hotline.work(DESK, fleeting=True) as work:
            await self._targets.gone(work, seen.interaction_id, staff_id)
            if colleague is not None:
                await queueing.released(work, colleague, seen.interaction_id)
            await queueing.within(work, staff_id, AgentState.TALKING)
        leg = self._board.agent(seen.interaction_id, staff_id)
        if leg is not None and leg.place is not Place.ROOM:
            with suppress(SwitchAway, CallGone):
                await self._line.move(leg.unique_id, "desk", "join")

    async def abandon(self, staff_id: int) -> None:
        async with self._own(staff_id) as (agent, seen):
            await self._drop_third(agent, seen)
            await self._back(agent, seen)

    async def complete(self, staff_id: int) -> None:
        async with self._own(staff_id) as (agent, seen):
            third = self._third(agent, seen)
            async with self._hotline.work(DESK, fleeting=True) as work:
                colleague = third.name.staff_id if third.name and third.name.role is Role.AGENT else None
                await queueing.handed_over(work, seen.interaction_id, staff_id, colleague)
            await self._line.move(third.unique_id, "third" if colleague is None else "desk", "join")
            await self._drop_legs(seen.interaction_id, staff_id, Role.AGENT)
        self.woken()

    async def conference(self, staff_id: int) -> None:
        async with self._own(staff_id) as (agent, seen):
            third = self._third(agent, seen)
            context = "desk" if third.name and third.name.role is Role.AGENT else "third"
            await self._line.move(third.unique_id, context, "join")
            await self._back(agent, seen)

    async def transfer(self, staff_id: int, target: Target) -> None:
        async with self._own(staff_id) as (_, seen):
            caller = self._board.caller(seen.linked_id)
            if caller is None:
                raise CallGone
            aside = target.kind in (TargetKind.HOSPITAL, TargetKind.NUMBER)
            async with self._hotline.work(DESK, fleeting=True) as work:
                reached = await self._targets.reserve(work, seen, staff_id, target) if aside else None
                await queueing.released(work, staff_id, seen.interaction_id)
                before = await queueing.skill_wanted(work.db, seen.interaction_id)
                if not aside:
                    await queueing.enter(
                        work,
                        seen.interaction_id,
                        klass=QueueClass.RECONNECT,
                        skill=target.value or None if target.kind is TargetKind.QUEUE else before,
                        prefers=int(target.value) if target.kind is TargetKind.AGENT else None,
                    )
            try:
                if reached is not None:
                    await self._ring_third(seen, staff_id, reached.phone, None, exten="join")
                else:
                    await self._line.move(caller.unique_id, "waiting")
            finally:  # a caller who is left alone is found, and put back
                await self._drop_legs(seen.interaction_id, staff_id, Role.AGENT)
        self.woken()

    async def keys(self, staff_id: int, digits: str) -> None:
        async with self._own(staff_id) as (agent, seen):
            if not digits or not set(digits) <= set("0123456789*#"):
                raise WrongState(facts={"why": "keys"})
            await self._line.press(self._third(agent, seen).unique_id, digits)

    async def dial(self, staff_id: int, callback_id: int) -> int:
        return await self._dial(staff_id, callback_id)

    async def offer(self, chosen: Offer) -> bool:
        """Ring the operator for who waits, or call who has hung up and kept their place."""
        if chosen.callback_id is None:
            return await super().offer(chosen)
        with suppress(Refusal):  # the operator has another call by now, the caller is back, no line
            await self._dial(chosen.staff_id, chosen.callback_id, in_turn=True)
            return True
        return False

    async def _dial(self, staff_id: int, callback_id: int, *, in_turn: bool = False) -> int:
        """Ring the operator; when they are in the room the patient is called into it (ivr.rooms)."""
        async with self._hotline.work(DESK, fleeting=True) as work:
            begun = await self._targets.call_back(work, staff_id, callback_id, in_turn=in_turn)
            agent = await agents.find(work.db, staff_id)
            seen = await load(work.db, begun)
        assert agent
        async with self._alone(begun):
            try:
                await self._ring(agent, seen, "join")
            except (SwitchAway, CallGone):
                async with self._hotline.work(DESK, fleeting=True) as work:
                    await queueing.released(work, staff_id, begun)
                raise
        return begun

    async def gap(self, interaction_id: int, *, on: bool, why: str) -> None:
        await self._gap(interaction_id, on, why)

    async def page(self, staff_id: int, *, there: bool) -> None:
        if there:
            self.pages.add(staff_id)
            return
        self.pages.discard(staff_id)
        task = asyncio.create_task(self._without_page(staff_id), name="a page went")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _without_page(self, staff_id: int) -> None:
        """A page that died took its ears with it: better music for the caller than silence."""
        await asyncio.sleep(PAGE_BACK_S)
        if staff_id in self.pages:
            return
        with suppress(Refusal):
            agent = await self._agent(staff_id, *IN_CALL)
            if agent.device == "page" and agent.interaction_id is not None:
                await self._drop_legs(agent.interaction_id, staff_id, Role.AGENT)

    async def listen(self, supervisor_id: int, staff_id: int, how: str) -> None:
        for leg in [one for one in self._board.legs.values() if one.name and one.name.role is Role.SPY]:
            if leg.name and leg.name.staff_id == supervisor_id:
                await self._line.drop(leg.unique_id)
        if how == "off":
            return
        if how not in SPYING:
            raise WrongState(facts={"how": how})
        spied = await self._agent(staff_id, *IN_CALL)
        async with self._hotline.work(DESK, fleeting=True) as work:
            supervisor = await agents.find(work.db, supervisor_id)
            seen = await load(work.db, spied.interaction_id or 0)
            work.record(SupervisorActed(act=how, staff_id=staff_id, interaction_id=seen.interaction_id))
        if supervisor is None:
            raise NotSignedIn
        leg = self._leg(seen, staff_id)
        await self._line.ring(
            phone_of(supervisor),
            str(self._name(Role.SPY, seen.interaction_id, supervisor_id)),
            context="spy",
            exten=how,
            variables={"HOTLINE_SPIED": leg.channel},
            asked_for=True,
        )

    async def take_over(self, supervisor_id: int, staff_id: int) -> None:
        """Ring the supervisor; once they are in the room the call is theirs (ivr.rooms), not before."""
        spied = await self._agent(staff_id, *IN_CALL)
        assert spied.interaction_id is not None
        async with self._alone(spied.interaction_id):
            async with self._hotline.read() as db:
                seen = await load(db, spied.interaction_id)
                supervisor = await agents.find(db, supervisor_id)
            if supervisor is None:
                raise NotSignedIn
            if supervisor.state not in (AgentState.READY, AgentState.PAUSED):
                raise Engaged
            await self.listen(supervisor_id, staff_id, "off")
            name = self._name(Role.AGENT, seen.interaction_id, supervisor_id)
            self.taking[str(name)] = staff_id
            try:
                await self._ring(supervisor, seen, "join", name, asked_for=True)
            except (SwitchAway, CallGone):
                del self.taking[str(name)]
                raise

    async def give_way(self, interaction_id: int, staff_id: int) -> None:
        """Somebody else has the call now: this operator's legs in it end."""
        await self._drop_legs(interaction_id, staff_id, Role.AGENT)
        self.woken()
