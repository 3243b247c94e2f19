"""What goes on with drafts whether or not a page is open: they follow their call, and keep their slot."""

import asyncio
from collections.abc import Coroutine, Sequence
from datetime import timedelta

import structlog
from sqlalchemy import bindparam, exists, select

from agent_desk.house import AgentHouse
from agent_desk.resting import rest
from core import events as e
from core.accounts import drafts
from core.booking import draft
from core.booking.draft_end import leave
from core.booking.draft_slot import heartbeat
from core.booking.known import begin_with
from core.booking.tables import IS_ONGOING, Draft
from core.contact.agent_rules import IN_CALL, AgentState
from core.contact.agent_tables import Agent
from core.contact.tables import Interaction
from core.gathering import Gathering
from core.journal import Entry
from core.values import Phone, system
from core.work import Work

log = structlog.get_logger()

BY = system("desks")
# Slots kept in one unit of work: nobody waits long for SQLite's one writer.
AT_ONCE = 20
# Calls that end within so many seconds are looked at together.
ENDED_S = 0.2
OPEN = select(Draft.interaction_id).where(
    Draft.interaction_id.in_(bindparam("calls", expanding=True)), IS_ONGOING, Draft.state == "open"
)
# By when they were saved, as their index has them: in the order of their ids all drafts would be read.
OPERATORS = (
    select(Draft.id, Draft.hold_id, Interaction.closed_at)
    .join(Interaction, Interaction.id == Draft.interaction_id)
    .where(IS_ONGOING, Draft.state == "open", Draft.staff_id.is_not(None))
    .order_by(Draft.saved_at)
)


class Tending:
    """Hears every event; what it missed while the house was down it finds when it hears again, or beats."""

    def __init__(self, house: AgentHouse) -> None:
        self._house = house
        self._tasks: set[asyncio.Task[None]] = set()
        self._ended = asyncio.Event()
        self._open = Gathering(self._any_open, moment_s=ENDED_S)

    async def run(self) -> None:
        """Beat until the end: keep the slots of drafts whose call lives, leave those whose call is gone."""
        while True:
            try:
                await self.beat()
            except Exception:  # a border: a slot outlives more than one beat that was missed
                log.exception("slots were not kept")
            if await rest(self._ended, self._house.manners.beat_s):
                break
        await asyncio.gather(*self._tasks)

    def end(self) -> None:
        self._ended.set()

    def hear(self, entry: Entry) -> None:
        match entry.event:
            case e.CallOffered(interaction_id=call, staff_id=staff_id):
                self._start(self._follow(call, staff_id))
            case e.CallConnected(interaction_id=call, staff_id=staff_id):
                self._start(self._follow(call, staff_id))
            case e.InteractionClosed(interaction_id=call):
                self._start(self._leave(call))
            case _:
                pass

    async def catch_up(self) -> None:
        """Somebody was given a call while nothing was heard: their draft follows now."""
        theirs = exists().where(
            Draft.interaction_id == Agent.interaction_id, Draft.staff_id == Agent.staff_id
        )
        engaged = [state.value for state in (AgentState.RINGING, *IN_CALL)]
        query = select(Agent.interaction_id, Agent.staff_id).where(
            Agent.signed_out_at.is_(None), Agent.state.in_(engaged), ~theirs
        )
        async with self._house.hotline.read() as db:
            left_behind = (await db.execute(query)).all()
        for interaction_id, staff_id in left_behind:
            if interaction_id is not None:
                self._start(self._follow(interaction_id, staff_id))

    def _start(self, act: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(act, name="draft")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _follow(self, interaction_id: int, staff_id: int) -> None:
        """The draft is with whoever has the call."""

        async def act(work: Work) -> None:
            call = await work.db.get(Interaction, interaction_id)
            if call is not None and call.closed_at is None:
                if call.ani_sealed is not None:
                    await drafts.bring(work, Phone(work.sealer.open(call.ani_sealed, "phone")))
                seen = await draft.open_draft(
                    work, interaction_id=interaction_id, ani_print=call.ani_print, staff_id=staff_id
                )
                await begin_with(work, seen, call.ani_sealed)

        try:
            await self._house.hotline.run(act, BY, interaction_id)
        except Exception:  # a border: the desk opens a draft with the first thing that is typed
            log.exception("a draft did not follow its call", interaction_id=interaction_id)

    async def _leave(self, interaction_id: int) -> None:
        async def act(work: Work) -> None:
            await draft.left(work, interaction_id, self._grace)

        try:
            if await self._open.ask(interaction_id):  # nearly always its dialogue has seen to it
                await self._house.hotline.run(act, BY, interaction_id)
        except Exception:  # a border: the next beat finds it
            log.exception("a draft was not left", interaction_id=interaction_id)

    async def _any_open(self, calls: Sequence[int]) -> Sequence[bool]:
        """Whether these calls have an open draft, of all that ended within a moment."""
        async with self._house.hotline.read() as db:
            found = set(await db.scalars(OPEN, {"calls": list(calls)}))
        return [call in found for call in calls]

    @property
    def _grace(self) -> timedelta:
        return timedelta(seconds=self._house.manners.left_s)

    async def beat(self) -> None:
        """One look at all open drafts that belong to a call and an operator."""
        async with self._house.hotline.read() as db:
            rows = (await db.execute(OPERATORS)).all()
        gone = sorted(row.id for row in rows if row.closed_at is not None)
        holding = sorted(row.id for row in rows if row.closed_at is None and row.hold_id is not None)
        for first in range(0, len(gone), AT_ONCE):
            async with self._house.hotline.work(BY) as work:
                for draft_id in gone[first : first + AT_ONCE]:
                    await leave(work, draft_id, self._grace)
        for first in range(0, len(holding), AT_ONCE):
            async with self._house.hotline.work(BY) as work:
                for draft_id in holding[first : first + AT_ONCE]:
                    await heartbeat(work, draft_id)
