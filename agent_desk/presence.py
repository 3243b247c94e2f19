"""Whether an operator's page is there: told to the telephone, and after a grace to everybody."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Coroutine

import structlog

from agent_desk.house import AgentHouse
from agent_desk.resting import rest
from core.contact import agents
from core.contact.agent_rules import IN_CALL, AgentState
from core.contact.agents import AgentView
from core.errors import NotSignedIn, Refusal
from core.values import system

log = structlog.get_logger()

BY = system("desks")


class Presence:
    """Acts on what is true now, not on what was said: a reload is a page that went and came."""

    def __init__(self, house: AgentHouse, present: Callable[[int], bool]) -> None:
        self._house = house
        self._present = present
        self._turns: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._tasks: set[asyncio.Task[None]] = set()
        self._absences: dict[int, object] = {}
        self._ended = asyncio.Event()

    async def run(self) -> None:
        """After a start of ours nobody's page is there yet: each has its grace to come back."""
        async with self._house.hotline.read() as db:
            signed_in = await agents.signed_in(db)
        for agent in signed_in:
            if not self._present(agent.staff_id):
                self._lose_later(agent.staff_id)
        await self._ended.wait()
        await asyncio.gather(*self._tasks)

    def end(self) -> None:
        self._ended.set()

    def came(self, staff_id: int) -> None:
        """A page of this operator is open, or they have signed in at it."""
        self._absences.pop(staff_id, None)
        self._start(self._settle(staff_id))

    def went(self, staff_id: int) -> None:
        self._start(self._settle(staff_id))
        self._lose_later(staff_id)

    def _lose_later(self, staff_id: int) -> None:
        self._absences[staff_id] = absence = object()
        self._start(self._lose(staff_id, absence))

    def _start(self, act: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(act, name="presence")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _settle(self, staff_id: int) -> None:
        try:
            async with self._turns[staff_id]:
                async with self._house.hotline.read() as db:
                    agent = await agents.find(db, staff_id)
                if agent is None:
                    return
                if self._present(staff_id):
                    await self._returned(agent)
                else:
                    await self._house.calls.page(staff_id, there=False)
        except Refusal as refusal:  # no switch, signed out meanwhile: nothing to be told
            log.info("presence was not told", staff_id=staff_id, code=refusal.code)
        except Exception:  # a border: presence is told again with the next page
            log.exception("presence was not told", staff_id=staff_id)

    async def _returned(self, agent: AgentView) -> None:
        await self._house.calls.page(agent.staff_id, there=True)
        # A phone in the page dies with the page: it says itself when it is back (`registered`). Until
        # then nobody rings it. One on the desk was there all the time.
        if agent.device == "phone" or not self._house.phones.up():
            await self._find(agent)

    async def _find(self, agent: AgentView) -> None:
        if agent.lost_since is not None:
            async with self._house.hotline.work(BY) as work:
                await agents.found(work, agent.staff_id)
            self._house.nudge()

    async def registered(self, staff_id: int) -> bool:
        """The phone in the page can be rung (again). True when it now rings for the call that is theirs.

        Raises NotSignedIn, SwitchAway.
        """
        async with self._turns[staff_id]:
            async with self._house.hotline.read() as db:
                agent = await agents.find(db, staff_id)
            if agent is None:
                raise NotSignedIn(facts={"staff_id": staff_id})
            await self._find(agent)
            if agent.state not in (*IN_CALL, AgentState.RINGING):
                return False
            # The page has no call of its own in hand: a leg that is still there, or still rings, was the
            # page's before.
            await self._house.calls.rejoin(staff_id)
            return True

    async def _lose(self, staff_id: int, absence: object) -> None:
        ends = await rest(self._ended, self._house.manners.grace_s)
        if ends or self._absences.get(staff_id) is not absence:  # they were here in between
            return
        try:
            async with self._turns[staff_id]:
                if not self._present(staff_id):
                    async with self._house.hotline.work(BY) as work:
                        await agents.lost(work, staff_id)
        except NotSignedIn:
            pass
        except Exception:  # a border: the operator stays as they were
            log.exception("nobody was told that a page is gone", staff_id=staff_id)
