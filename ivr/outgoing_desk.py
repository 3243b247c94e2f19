"""Serve whoever took a call of ours: the dialogue of its subject, its end, and what follows from it."""

from collections.abc import Awaitable, Callable, Mapping

import structlog

from core.booking import draft
from core.booking.store import Store
from core.calling import dialling
from core.calling import view as calls
from core.calling.rules import Answer, Kind, Outcome
from core.contact import engine as contact
from core.contact import queue_view
from core.contact.rules import Disposition
from core.people.rules import is_elder
from core.people.tables import Person
from core.values import Actor, ActorKind, Channel, Phone, day_of
from core.work import Hotline
from ivr.call import Call, HungUp, NeedsPerson, Prompt
from ivr.line import Line, Manners, nobody_rings
from ivr.memory import Memory
from ivr.outgoing import Outgoing, Unheard, WrongNumber
from ivr.outgoing_offers import leave, waiting
from ivr.outgoing_reminder import remind
from ivr.reception import to_person
from ivr.scribe import Scribe
from ivr.story import StoryCall

log = structlog.get_logger()

DIALOGUES: Mapping[Kind, Callable[[Outgoing], Awaitable[Disposition]]] = {
    Kind.LEAVE: leave,
    Kind.WAITING: waiting,
    Kind.REMINDER: remind,
}


class OutgoingDesk:
    """As `ivr.reception.Desk`, for calls that we made. talking: the legs that are listening to us now."""

    def __init__(
        self,
        hotline: Hotline,
        store: Store,
        manners: Manners | None = None,
        queued: Callable[[], None] = lambda: None,
        left: Callable[[int], Awaitable[None]] = nobody_rings,
        notes: Scribe | None = None,
        memory: Memory | None = None,
    ) -> None:
        self._hotline = hotline
        self._store = store
        self._manners = manners or Manners()
        self._queued = queued
        self._left = left
        self._notes = notes or Scribe(hotline)
        self._memory = memory or Memory(hotline)
        self.talking: set[str] = set()

    async def receive(self, call: Call) -> Disposition | None:
        """From the answer to the disposition; None for a leg that we know nothing of: it is let go.

        A dialogue that fails hands the callee to a person, and the try counts as lost.
        """
        self.talking.add(call.id)
        try:
            going = await self._open(call)
            if going is None:
                await call.hang_up()
                return None
            try:
                ended = await self._serve(going)
            except HungUp:
                ended = self._hung_up(going)
            except Exception:
                going.outcome = Outcome.LOST
                await self._close(going, Disposition.TO_PERSON)
                raise
            await self._close(going, ended)
            return ended
        finally:
            self.talking.discard(call.id)

    async def _open(self, call: Call) -> Outgoing | None:
        actor = Actor(ActorKind.PATIENT, "ivr", Channel.PHONE)
        rows = await self._memory.timetable(call.dnis)
        async with self._hotline.work(actor) as work:
            known = await calls.of_leg(work.db, call.id)
            if known is None or not await dialling.answered(work, call.id):
                return None
            told, interaction_id = known
            person = await work.db.get_one(Person, told.person_id)
            there = await queue_view.operators_there(work.db, work.now)
        reception = contact.received(rows, call.dnis, self._hotline.clock.now())
        line = Line(
            StoryCall(call, self._hotline.clock),
            self._hotline,
            self._store,
            self._manners,
            interaction_id,
            Phone(self._hotline.sealer.open(told.sealed, "phone")),
            self._notes,
            self._memory,
            staffed=reception.staffed or there > 0,
            told_queued=self._queued,
            told_left=self._left,
        )
        return Outgoing(line, told, person)

    async def _serve(self, going: Outgoing) -> Disposition:
        call = going.line.call
        try:
            return await self._converse(going)
        except Unheard:
            going.outcome = Outcome.SILENT
            await call.say(Prompt("outgoing-later"))
        except WrongNumber:
            going.outcome = Outcome.WRONG
            await call.say(Prompt("outgoing-wrong"))
        await call.hang_up()
        return Disposition.UNHEARD

    async def _converse(self, going: Outgoing) -> Disposition:
        try:
            return await DIALOGUES[going.told.kind](going)
        except NeedsPerson as wish:
            if wish.reason == "no-key":  # they laid the telephone aside: no operator should listen to that
                raise Unheard from None
            await going.heard(Answer.PERSON)
            going.line.wants(**going.wants)
            who, today = going.person, day_of(going.line.now)
            elder = is_elder(who.birth_date, who.elder_care, today)
            return await to_person(going.line, wish.reason, elder=elder)

    def _hung_up(self, going: Outgoing) -> Disposition:
        if going.line.queued:  # who was fetched by an operator is a hang-up for this dialogue, too
            return Disposition.TO_PERSON
        return going.line.done or Disposition.UNHEARD

    async def _close(self, going: Outgoing, ended: Disposition) -> None:
        """Write how it ended, the try and the contact in one act."""
        line = going.line
        await line.keep_hold(self._manners.hold_grace)
        await line.settle()
        self._notes.forget(line.interaction_id)
        async with self._hotline.work(line.actor, line.interaction_id) as work:
            if not going.settled:
                key = going.key if going.outcome in (Outcome.WRONG, Outcome.HUNG_UP) else None
                await dialling.ended(work, line.call.id, going.outcome, key=key)
            if ended is not Disposition.TO_PERSON:
                await draft.left(work, line.interaction_id, self._manners.hold_grace)
                await contact.close(work, line.interaction_id, ended)
