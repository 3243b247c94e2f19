"""A whole telephone side on one real switch: dialogues, queue, rooms and operators with real telephones."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from core.booking.store import PlainStore
from core.chance import SystemChance, SystemClock
from core.contact import agents, stays
from core.contact import engine as contact
from core.contact.agents import AgentView
from core.contact.distribution import Policy
from core.contact.tables import Interaction
from core.contact.view import InteractionView, in_hand, load
from core.staff import engine as staff
from core.values import system
from core.work import Hotline
from ivr.agi_call import AgiCall
from ivr.ami import Ami, AmiState
from ivr.board import Board
from ivr.control import Control
from ivr.dialler import Dialler
from ivr.distributing import Distributor
from ivr.following import Follower, InTurn
from ivr.line import Manners
from ivr.outgoing_desk import OutgoingDesk
from ivr.reception import Desk
from ivr.recorder import NotRecording
from ivr.rooms import Rooms
from ivr.switchboard import Switchboard
from ivr.targets import Targets
from ivr.verifying import Verifier
from tests.phones import Phone, phone
from tests.switch.conftest import Exchange
from tests.switch.players import PACE

SOON_S = 60.0


@dataclass
class Floor:
    """Operators at work. staff: staff ids by telephone number."""

    hotline: Hotline
    exchange: Exchange
    switchboard: Switchboard
    verifier: Verifier
    control: Control
    board: Board
    staff: dict[str, int] = field(default_factory=dict)

    async def until(self, look: Callable[[], Awaitable[Any]], wanted: Callable[[Any], bool]) -> Any:
        """Look until it is as wanted. Raises TimeoutError with the last look."""
        answer = None
        try:
            async with asyncio.timeout(SOON_S):
                while not wanted(answer := await look()):  # noqa: ASYNC110 it is another process
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise TimeoutError(str(answer)) from None
        return answer

    async def agent(self, number: str) -> AgentView | None:
        async with self.hotline.read() as db:
            return await agents.find(db, self.staff[number])

    async def state(self, number: str, wanted: str) -> AgentView:
        """Wait until an operator is in this state."""
        return await self.until(
            lambda: self.agent(number), lambda one: one is not None and one.state == wanted
        )

    async def state_of_any(self, wanted: str) -> str:
        """Wait until one operator is in this state; returns the telephone's number."""

        async def look() -> list[str]:
            found = {number: await self.agent(number) for number in self.staff}
            return [number for number, one in found.items() if one and one.state == wanted]

        found: list[str] = await self.until(look, bool)
        return found[0]

    async def check_and(self, number: str) -> AgentView | None:
        """An operator after one more look at the switch."""
        await self.verifier.check(self.control)
        return await self.agent(number)

    async def open_call(self) -> InteractionView:
        async with self.hotline.read() as db:
            (one,) = await in_hand(db)
        return one

    async def contact(self, interaction_id: int) -> InteractionView:
        async with self.hotline.read() as db:
            return await load(db, interaction_id)

    async def call(self, linked_id: str) -> Interaction | None:
        async with self.hotline.read() as db:
            return await contact.by_linked_id(db, linked_id)

    async def present(self, *roles: str) -> list[stays.Present]:
        """Wait until exactly these roles are in rooms."""

        async def look() -> list[stays.Present]:
            async with self.hotline.read() as db:
                return list(await stays.present(db))

        return await self.until(look, lambda seen: sorted(one.role for one in seen) == sorted(roles))

    async def work(self, act: Callable[..., Awaitable[Any]], *given: Any, **named: Any) -> Any:
        async with self.hotline.work(system("test")) as work:
            return await act(work, *given, **named)


@asynccontextmanager
async def floor(
    exchange: Exchange,
    hotline: Hotline,
    number: str = "12320",
    manners: Manners | None = None,
    lines: int = 0,
) -> AsyncIterator[Floor]:
    """The telephone side of `hotline` on this switch, without any operator yet. lines: calls of ours at once."""
    board, at = Board(), exchange.at
    ami = Ami(at.ami_port, "hotline", at.ami_secret, clock=SystemClock(), chance=SystemChance())
    recorder, targets = NotRecording(), Targets(outbound=at.outbound is not None)

    def control() -> Control | None:
        return Control(ami) if ami.state is AmiState.UP else None

    switchboard = Switchboard(hotline, board, control, targets, gap=recorder.gap)
    rooms = Rooms(hotline, board, switchboard, targets, recorder)
    distributor = Distributor(hotline, switchboard, policy=Policy())
    outgoing = OutgoingDesk(hotline, PlainStore(hotline), manners, distributor.nudge)
    dialler = Dialler(hotline, board, control, outgoing.talking, lines=lines, way_out=lines > 0, shown=number)
    follower = Follower(hotline, board, InTurn(dialler, rooms), lambda linked_id: desk.gone(linked_id))
    verifier = Verifier(
        hotline,
        board,
        switchboard,
        rooms,
        grace=timedelta(seconds=2),
        under_way=follower.under_way,
    )
    desk = Desk(hotline, PlainStore(hotline), manners or Manners(), distributor.nudge)

    async def receive(call: AgiCall) -> None:
        await desk.receive(call)

    async def wait(call: AgiCall) -> None:
        await desk.wait(call)

    async def called(call: AgiCall) -> None:
        call.pace = PACE
        await outgoing.receive(call)

    async def follow() -> None:
        while True:
            await follower.hear(await ami.events.get())

    exchange.answers[number], exchange.later[number] = receive, wait
    exchange.outbound[number] = called
    await ami.start()
    await ami.until_up()
    running = [
        asyncio.create_task(follow()),
        asyncio.create_task(distributor.run()),
        asyncio.create_task(dialler.run()),
    ]
    try:
        yield Floor(hotline, exchange, switchboard, verifier, Control(ami), board)
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await follower.stop()
        await ami.stop()


@asynccontextmanager
async def operators(made: Floor, count: int, **more: Any) -> AsyncIterator[list[Phone]]:
    """Operators with real telephones, signed in and ready."""
    async with AsyncExitStack() as stack:
        phones = []
        for place in range(count):
            agent = made.exchange.at.agents[place]
            one = await stack.enter_async_context(phone(made.exchange.sip_port, agent.number, agent.password))
            await one.until("registered")
            phones.append(one)
            made.staff[agent.number] = await made.work(
                staff.create_staff, login=agent.number, name=f"话务员{agent.number}", number=agent.number
            )
            await made.work(agents.sign_in, made.staff[agent.number], extension=agent.number, device="phone")
            await made.work(agents.be_ready, made.staff[agent.number])
        yield phones
