"""A floor of operators and callers driven by dice through the engine's own functions."""

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from core.contact import agents, engine, matters, queue_view, queueing, stays
from core.contact.agent_rules import PAUSE_REASONS, AgentState
from core.contact.distribution import QueueClass, assign
from core.contact.rules import Disposition
from core.events import AppointmentBooked
from core.staff.tables import Staff
from core.values import Actor, ActorKind, Channel, system
from core.work import Hotline, Work
from tests.clocks import FrozenClock

SWITCH = Actor(ActorKind.SYSTEM, "switch", Channel.PHONE)
SKILLS = ("complaints", "cantonese")


@dataclass
class Floor:
    """`step` does one thing that could happen next, some seconds after the last."""

    hotline: Hotline
    clock: FrozenClock
    dice: random.Random
    staff: list[int] = field(default_factory=list)
    rung: int = 0
    appointments: int = 0

    async def hire(self, number: int) -> None:
        async with self.hotline.work(system("builder")) as work:
            for place in range(number):
                who = Staff(
                    login=f"op{place}", name=f"话务员{place}", number=f"{place:03}", created_at=work.now
                )
                work.db.add(who)
                await work.db.flush()
                self.staff.append(who.id)
                for skill in SKILLS[: place % 3]:
                    work.db.add(agents.AgentSkill(staff_id=who.id, skill=skill))

    async def step(self) -> str:
        """Returns what was done."""
        self.clock.advance(seconds=self.dice.choice((0, 0.4, 1, 3, 7, 20, 90)))
        acts: list[tuple[int, Callable[[Work], Awaitable[object]]]] = [
            (6, self.ring),
            (6, self.queue),
            (12, self.distribute),
            (8, self.talk),
            (4, self.miss),
            (3, self.hold),
            (6, self.release),
            (6, self.tidy),
            (3, self.away),
            (2, self.leave),
            (2, self.give_up),
            (2, self.hang_up),
            (1, self.put_back),
            (1, self.lose),
        ]
        act = self.dice.choices([one for _, one in acts], [weight for weight, _ in acts])[0]
        await self.hotline.run(act, SWITCH)
        return act.__name__

    async def ring(self, work: Work) -> None:
        self.rung += 1
        ani = f"1074{self.rung:07}"
        await engine.open_interaction(work, linked_id=f"floor-{self.rung}", dnis="12320", ani=ani)

    async def queue(self, work: Work) -> None:
        call = await self._call(work, "ivr")
        if call:
            skill = self.dice.choice((None, None, *SKILLS))
            klass = self.dice.choice(list(QueueClass))
            await queueing.enter(work, call, klass=klass, skill=skill)
            place = await queueing.announce(work, call)
            assert place is not None

    async def distribute(self, work: Work) -> None:
        now = await queue_view.standing(work.db)
        for offer in assign(now.waiting, now.free, work.now, skilled=now.skilled)[:1]:
            assert await queueing.offer(work, offer)

    async def talk(self, work: Work) -> None:
        who = await self._agent(work, AgentState.RINGING)
        if who:
            assert who.interaction_id is not None
            await queueing.connected(work, who.interaction_id, who.staff_id)
            await stays.entered(work, who.interaction_id, f"c{who.interaction_id}", "caller")
            leg = f"a{who.staff_id}-{who.interaction_id}"
            await stays.entered(work, who.interaction_id, leg, "agent", who.staff_id)

    async def miss(self, work: Work) -> None:
        who = await self._agent(work, AgentState.RINGING)
        if who:
            assert who.interaction_id is not None
            why = self.dice.choice(("no-answer", "refused", "unreachable"))
            await queueing.missed(work, who.interaction_id, who.staff_id, why=why)

    async def hold(self, work: Work) -> None:
        who = await self._agent(work, AgentState.TALKING, AgentState.HOLDING)
        if who is None or who.interaction_id is None:
            return
        leg = f"a{who.staff_id}-{who.interaction_id}"
        if who.state is AgentState.TALKING:
            await queueing.within(work, who.staff_id, AgentState.HOLDING)
            await stays.left(work, leg)
        else:
            await queueing.within(work, who.staff_id, AgentState.TALKING)
            await stays.entered(work, who.interaction_id, leg, "agent", who.staff_id)

    async def release(self, work: Work) -> None:
        who = await self._agent(work, AgentState.TALKING, AgentState.HOLDING)
        if who is None or who.interaction_id is None:
            return
        if self.dice.random() < 0.4:
            self.appointments += 1
            booked = AppointmentBooked(
                appointment_id=self.appointments, person_id=1, session_id=1, slot_id=1, state="booked", version=1
            )  # fmt: skip
            work.interaction_id = who.interaction_id
            work.record(booked)
        await stays.left(work, f"a{who.staff_id}-{who.interaction_id}")
        await stays.left(work, f"c{who.interaction_id}")
        await queueing.released(work, who.staff_id, who.interaction_id)
        await engine.close(work, who.interaction_id, Disposition.ANSWERED)

    async def put_back(self, work: Work) -> None:
        """The operator hands the caller on to the queue: a second wait of the same call."""
        who = await self._agent(work, AgentState.TALKING)
        if who is None or who.interaction_id is None:
            return
        await stays.left(work, f"a{who.staff_id}-{who.interaction_id}")
        await queueing.released(work, who.staff_id, who.interaction_id)
        await queueing.enter(work, who.interaction_id, klass=QueueClass.RECONNECT)

    async def tidy(self, work: Work) -> None:
        who = await self._agent(work, AgentState.WRAP_UP)
        if who:
            for one in await matters.unfinished(work.db, who.staff_id):
                await matters.dispose(work, one.matter_id, "enquired", "schedule")
            await agents.be_ready(work, who.staff_id)

    async def away(self, work: Work) -> None:
        who = await self._agent(work, AgentState.READY, AgentState.PAUSED, AgentState.TALKING)
        if who is None:
            return
        if who.state is AgentState.PAUSED and self.dice.random() < 0.8:
            await agents.be_ready(work, who.staff_id)
        else:
            await agents.pause(work, who.staff_id, self.dice.choice(list(PAUSE_REASONS)))

    async def leave(self, work: Work) -> None:
        """Somebody comes, or goes home."""
        staff_id = self.dice.choice(self.staff)
        there = await agents.find(work.db, staff_id)
        if there is None:
            await agents.sign_in(work, staff_id, extension=f"80{staff_id:02}", device="phone")
            await agents.be_ready(work, staff_id)
        elif there.state in (AgentState.READY, AgentState.PAUSED) and self.dice.random() < 0.2:
            await agents.sign_out(work, staff_id)

    async def lose(self, work: Work) -> None:
        """Somebody's page is gone, or comes back."""
        who = await self._agent(work, *AgentState)
        if who:
            await (agents.found if who.lost_since else agents.lost)(work, who.staff_id)

    async def give_up(self, work: Work) -> None:
        call = await self._call(work, "queued", "offered")
        if call:
            how = self.dice.choice(("abandoned", "abandoned", "message", "callback"))
            await queueing.ended(work, call, how)
            await stays.left(work, f"c{call}")
            ends = Disposition.ABANDONED_QUEUE if how == "abandoned" else Disposition.MESSAGE
            await engine.close(work, call, ends)

    async def hang_up(self, work: Work) -> None:
        """In the menu."""
        call = await self._call(work, "ivr")
        if call:
            await engine.close(work, call, Disposition.ABANDONED_MENU)

    async def _call(self, work: Work, *states: str) -> int | None:
        rows = await work.db.scalars(
            engine.select(engine.Interaction.id)
            .where(engine.Interaction.state.in_(states))
            .order_by(engine.Interaction.id)
        )
        found = list(rows)
        return self.dice.choice(found) if found else None

    async def _agent(self, work: Work, *states: AgentState) -> agents.AgentView | None:
        found = [one for one in await agents.signed_in(work.db) if one.state in states]
        return self.dice.choice(found) if found else None
