"""Answer, greet, walk the menu, hand over: nobody is ever hung up on, and nobody pays for our errors."""

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

import structlog

from core.booking.store import Store
from core.contact import engine as contact
from core.contact import queue_view, queueing
from core.contact.engine import Arrival
from core.contact.rules import Disposition, Reception
from core.contact.view import load
from core.people.rules import is_elder
from core.values import day_of
from core.work import Hotline
from ivr import redial
from ivr.call import BACK, PERSON, REPEAT, SLOW, Call, HungUp, NeedsPerson, Prompt
from ivr.line import Line, Manners, nobody_rings
from ivr.memory import Memory
from ivr.menus import MAIN
from ivr.outlooks import Outlooks
from ivr.scribe import Scribe
from ivr.story import StoryCall, nothing_to_write
from ivr.unanswered import take_message
from ivr.waiting import wait
from ivr.words import Text

log = structlog.get_logger()

# With these a contact goes on without the menu.
TO_OTHERS = (Disposition.TO_PERSON, Disposition.MESSAGE)
# So many ended calls are remembered until the switch has told of their end, too.
OVER = 200


class Desk:
    """Receives calls for one hotline: `receive` for a new call, `wait` while nobody is free for it.

    notes: who writes down what becomes known of calls; without one, each call's own at once.
    memory: of what is the same for all; without one, it is asked anew each time.
    queued: called when somebody has begun to wait. left: called with the interaction of a caller who waits
    no more, for whom a phone may still ring.
    """

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
        self._outlooks = Outlooks(hotline)
        self._talking: dict[str, Line] = {}
        self._over: deque[str] = deque(maxlen=OVER)
        self._gone: set[str] = set()

    async def receive(self, call: Call) -> Disposition:
        """A new call from its greeting to its disposition. A hang-up is one of its normal ends."""
        line, reception = await self._open(call)
        self._talking[call.id] = line
        try:
            try:
                ended = await self._serve(line, reception)
            except HungUp:
                # Who waits for a person may have been fetched by one: what became of it the switch tells.
                ended = Disposition.TO_PERSON if line.queued else line.done or Disposition.ABANDONED_MENU
            await self._close(line, ended)
        finally:
            # Or each would hold the other until all memory is looked through.
            line.call.before = nothing_to_write
            del self._talking[call.id]
            gone = call.id in self._gone
            self._gone.discard(call.id)
        if ended not in TO_OTHERS:
            self._over.append(call.id)
        elif gone and ended is Disposition.TO_PERSON:
            await self._gave_up(line)
        return ended

    def gone(self, call_id: str) -> bool:
        """The switch has this call no more. True: it was with this dialogue alone, which writes what becomes
        of it, and nobody else need."""
        line = self._talking.get(call_id)
        if line is None:
            return call_id in self._over
        if line.queued or line.done in TO_OTHERS:
            return False
        self._gone.add(call_id)
        return True

    async def _gave_up(self, line: Line) -> None:
        """They were gone in the very moment in which they were put into the queue."""
        async with self._hotline.work(line.actor, line.interaction_id) as work:
            await queueing.ended(work, line.interaction_id, "abandoned")
            await contact.close(work, line.interaction_id, Disposition.ABANDONED_QUEUE)
        await self._left(line.interaction_id)

    async def wait(self, call: Call) -> Disposition:
        """While nobody is free: until a person takes the call, or a message is left."""
        line, _ = await self._open(call)
        async with self._hotline.work(line.actor, line.interaction_id, fleeting=True) as work:
            # Who comes here waits, whoever sent them, but for one who was just taken by an operator.
            if not await queue_view.in_a_talk(work.db, line.interaction_id):
                await queueing.enter(work, line.interaction_id)
            over = not (await load(work.db, line.interaction_id)).open
        if over:  # nobody knows of this call any more: the dialplan looks for a person by itself
            await call.transfer("fallback")
            return Disposition.TO_PERSON
        line.queued = True
        self._queued()
        try:
            ended = await wait(line, self._manners.patience, self._outlooks)
            if ended is Disposition.TO_PERSON:
                await call.transfer("room")
        except HungUp:
            ended = line.done or Disposition.TO_PERSON
        await self._close(line, ended)
        return ended

    async def _open(self, call: Call) -> tuple[Line, Reception]:
        opened = await self._notes.open(Arrival(call.id, call.dnis, call.ani))
        now, rows = self._hotline.clock.now(), await self._memory.timetable(call.dnis)
        reception = contact.received(rows, call.dnis, now)
        if not reception.staffed:
            async with self._hotline.read() as db:
                if await queue_view.operators_there(db, now):
                    # The timetable says when people should be there; who is signed in and can be rung is.
                    reception = replace(reception, staffed=True)
        line = Line(
            StoryCall(call, self._hotline.clock),
            self._hotline,
            self._store,
            self._manners,
            opened.interaction_id,
            opened.number,
            self._notes,
            self._memory,
            staffed=reception.staffed,
            told_queued=self._queued,
            told_left=self._left,
        )
        return line, reception

    async def _serve(self, line: Line, reception: Reception) -> Disposition:
        try:
            try:
                return await _converse(line, reception)
            except NeedsPerson as wish:
                return await to_person(line, wish.reason)
        except HungUp:
            raise
        except Exception:  # a border: the caller must not pay for our error
            log.exception("dialogue failed", interaction_id=line.interaction_id)
            return await _apologise(line)

    async def _close(self, line: Line, ended: Disposition) -> None:
        """Write how it ended, and let what is held live on for its grace."""
        await line.keep_hold(self._manners.hold_grace)
        await line.close(ended)


async def _apologise(line: Line) -> Disposition:
    """To a person, with a word if there is still a voice; it may be the voice that failed."""
    try:
        await line.call.say(Prompt("technical-trouble"))
        return await to_person(line, "failed")
    except HungUp:
        raise
    except Exception:  # a border, as above
        log.exception("nothing can be said", interaction_id=line.interaction_id)
        await line.wait_for_person()
        await line.call.transfer("queue")
        return Disposition.TO_PERSON


async def _converse(line: Line, reception: Reception) -> Disposition:
    if await _is_elder(line):
        if line.staffed:  # somebody's phone rings while the greeting is still being said
            await line.wait_for_person(elder=True)
        await line.call.say(Prompt("greeting"))
        return await to_person(line, "elder", Prompt("to-person-elder"), elder=True)
    opening = first_words(
        [spoken.text for spoken in reception.announcements],
        recording=line.manners.recording,
        staffed=reception.staffed,
    )
    back = await redial.left(line)
    while True:
        if back is not None:
            heard = first_words([], recording=line.manners.recording, staffed=reception.staffed)
            done, back = await redial.resume(line, back, heard), None
        else:
            key = await _main_menu(line, *opening)
            name, dialogue = MAIN[key]
            line.reached(name)
            done = await dialogue(line)
        if done is not Disposition.NOTHING:
            line.done = done
            if await line.call.ask(Prompt("next-matter")) != "1":
                await line.call.say(Prompt("goodbye"))
                await line.call.hang_up()
                return done
        opening = ()


def first_words(announcements: Sequence[str], *, recording: bool, staffed: bool) -> tuple[Prompt, ...]:
    """What every caller hears before the main menu. recording: calls are recorded."""
    said = [Prompt("greeting")]
    if recording:
        said.append(Prompt("recording-notice"))
    said += [Prompt("announcement", {"text": Text(text)}) for text in announcements]
    if not staffed:
        said += [Prompt("closed"), Prompt("emergency")]
    return tuple(said)


async def _main_menu(line: Line, *opening: Prompt) -> str:
    """No key, 0, or an unknown key twice lead to a person; 9 slows us down."""
    said: tuple[Prompt, ...] = (*opening, Prompt("main-menu"))
    misses = 0
    while True:
        key = await line.call.ask(*said)
        if key in MAIN:
            return key
        if key == "":
            raise NeedsPerson("no-key")
        if key == PERSON:
            raise NeedsPerson("asked")
        said = (Prompt("main-menu"),)
        if key == BACK:
            line.call.pace = SLOW
            said = (Prompt("slower"), *said)
        elif key != REPEAT:
            misses += 1
            if misses == 2:
                raise NeedsPerson("wrong-key")
            said = (Prompt("not-a-choice"), *said)


async def _is_elder(line: Line) -> bool:
    """A number by which only elders are known leads to a person at once."""
    family = await line.family()
    today = day_of(line.now)
    return bool(family) and all(is_elder(one.birth_date, one.elder_care, today) for one in family)


async def to_person(
    line: Line, reason: str, words: Prompt | None = None, *, elder: bool = False
) -> Disposition:
    """The queue while people are there; else a message with a promised call. What is held stays held.

    They wait from now on: an operator may be rung while the words are still being said.
    """
    line.call.tell({"to-person": reason})
    await line.settle()
    if not line.staffed:
        return await take_message(line, after_hours=True)
    await line.wait_for_person(elder=elder)
    await line.call.say(words or Prompt("to-person"))
    await line.call.transfer("queue")
    return Disposition.TO_PERSON
