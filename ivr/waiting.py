"""While nobody is free: music, an honest word now and then, and a way out by one key."""

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta

from core.booking import draft
from core.contact import kept, queue_view, queueing
from core.contact.rules import Disposition
from core.errors import CallGone, Refusal, StorageAway
from core.schedule.outlook import Outlook
from core.values import local
from core.waiting import engine as waiting_list
from ivr.call import Prompt
from ivr.line import Line
from ivr.names import Department
from ivr.outlooks import Outlooks
from ivr.unanswered import take_message
from ivr.words import Count, Day

# How often we speak to somebody who waits (ux 4.3-9: at entry and every 45 to 60 seconds).
WORD_EVERY_S = 45.0
FIRST_WORD_S = 4.0
CALL_ME, LIST_ME = "1", "2"
# While the storage is away they keep their place and hear music; for a minute, then the switch takes over.
AWAY_S, AWAY_LOOKS = 5.0, 12


@dataclass
class Wait:
    """One caller's wait. told: the place last told; fact: what was last told of the slots they want."""

    line: Line
    patience: timedelta
    outlooks: Outlooks
    told: int | None = None
    fact: Outlook | None = None
    seen: queue_view.Wait | None = None

    def __post_init__(self) -> None:
        self.began = self.line.now

    @property
    def offered(self) -> bool:
        """Whether the way out is told by now."""
        return self.line.now - self.began >= self.patience

    @property
    def keeps(self) -> bool:
        """Whether they may hang up and be called in their turn."""
        line = self.line
        return line.manners.calls_back and line.number is not None and kept.until(line.now) > line.now

    async def run(self) -> Disposition:
        pause_s = FIRST_WORD_S
        while True:
            seen = await self._looked()
            if not seen.waits:
                return Disposition.TO_PERSON  # somebody has taken the call: the room is next
            if seen.operators == 0:
                return await self._leave()
            self.seen = seen
            words: list[Prompt] = []
            if self.told is not None or pause_s > FIRST_WORD_S:
                words = [*_words(seen.place, self.told), *await self._facts()]
            offered = self.offered
            if offered:
                words.append(Prompt("queue-offer-keep" if self.keeps else "queue-offer"))
            ended = await self._pressed(await self.line.call.ask(*words)) if words else None
            if words:
                self.told = seen.place
            ended = ended or await self._pressed(await self.line.call.rest(pause_s, self._news))
            if ended is not None:
                return ended
            pause_s = WORD_EVERY_S

    async def _looked(self) -> queue_view.Wait:
        """How they wait now. Raises StorageAway when it stays away."""
        for _ in range(AWAY_LOOKS):
            with suppress(StorageAway):
                return await _look(self.line)
            await self.line.call.rest(AWAY_S)
        return await _look(self.line)

    async def _pressed(self, key: str) -> Disposition | None:
        """What a key does; None: they wait on."""
        if key == CALL_ME and self.offered:
            return await self._leave()
        if key == LIST_ME and self.may_list:
            return await self._list()
        return None

    @property
    def may_list(self) -> bool:
        """Whether the waiting list is told as a way out: it is sold out, and we know for whom it is."""
        known = self.seen is not None and self.seen.person_id is not None and self.line.number is not None
        return known and self.fact is not None and self.fact.earliest is None

    async def _facts(self) -> list[Prompt]:
        """What is left of what they want, when they have not been told it as it is now."""
        now = await self._now()
        if now is None or not _differs(now, self.fact):
            return []
        self.fact = now
        wanted = Department(now.department, now.department_pinyin)
        if now.earliest is None:
            sold_out = Prompt("queue-sold-out", {"department": wanted})
            return [sold_out, Prompt("queue-waiting-list")] if self.may_list else [sold_out]
        day = Day(now.earliest, local(self.line.now).date())
        return [Prompt("queue-earliest", {"department": wanted, "day": day})]

    async def _news(self) -> bool:
        """Whether what they wait for has sold out, or is there again."""
        now = await self._now()
        return (
            now is not None
            and self.fact is not None
            and (now.earliest is None) != (self.fact.earliest is None)
        )

    async def _now(self) -> Outlook | None:
        return await self.outlooks.of(self.seen.department_id if self.seen else None)

    async def _list(self) -> Disposition | None:
        """Onto the waiting list, and good-bye; refused: why, and they wait on."""
        line, seen = self.line, self.seen
        assert seen is not None
        assert seen.department_id is not None
        assert seen.person_id is not None
        assert line.number is not None
        try:
            async with line.hotline.work(line.actor, line.interaction_id) as work:
                await waiting_list.join(
                    work, waiting_list.Join(seen.person_id, line.number, seen.department_id)
                )
                await queueing.ended(work, line.interaction_id, "listed")
        except Refusal as refusal:
            await line.call.say(Prompt(f"refusal-{refusal.code}"))
            return None
        line.done = Disposition.LISTED
        await line.told_left(line.interaction_id)
        await line.call.say(Prompt("queue-listed"))
        await line.call.hang_up()
        return Disposition.LISTED

    async def _leave(self) -> Disposition:
        """The place is kept and they are called in their turn, or they leave a message."""
        line = self.line
        if self.keeps and self.offered:
            try:
                return await _keep(line)
            except CallGone:  # somebody has taken the call in this very moment
                return Disposition.TO_PERSON
        return await _message(line)


async def wait(line: Line, patience: timedelta, outlooks: Outlooks) -> Disposition:
    """Until an operator's room takes the call away (a hang-up for this dialogue), the place is kept for a
    call of ours, or a message is left.

    Nobody there: a message at once. After `patience` the way out is offered each time. Who has said what they
    want to book hears what is left of it, and at once when it sells out.
    """
    return await Wait(line, patience, outlooks).run()


def _differs(now: Outlook, told: Outlook | None) -> bool:
    return told is None or now.earliest != told.earliest


def _words(place: int | None, told: int | None) -> list[Prompt]:
    if place is None or place == told:
        return [Prompt("queue-still")]
    return [Prompt("queue-place", {"place": Count(place, "位")})]


async def _look(line: Line) -> queue_view.Wait:
    """Written only when there is something to write: hundreds look, and one at a time may write."""
    async with line.hotline.read() as db:
        seen = await queue_view.waits(db, line.interaction_id, line.now)
        if not seen.waits or (seen.place == seen.told and not await draft.holds(db, line.interaction_id)):
            return seen
    async with line.hotline.work(line.actor, line.interaction_id, fleeting=True) as work:
        place = await queueing.announce(work, line.interaction_id)
        await draft.keep(work, line.interaction_id)
    return replace(seen, waits=place is not None, place=place)


async def _keep(line: Line) -> Disposition:
    """Written before it is said: who hangs up during the words is called all the same. Raises CallGone."""
    assert line.number is not None
    async with line.hotline.work(line.actor, line.interaction_id) as work:
        await kept.keep(work, line.interaction_id, line.number, line.person.id if line.person else None)
    line.done = Disposition.CALLBACK
    await line.told_left(line.interaction_id)  # whoever was being rung for them
    await line.call.say(Prompt("queue-kept"))
    await line.call.hang_up()
    return Disposition.CALLBACK


async def _message(line: Line) -> Disposition:
    async with line.hotline.work(line.actor, line.interaction_id) as work:
        await queueing.ended(work, line.interaction_id, "message")
    await line.told_left(line.interaction_id)  # whoever was being rung for them
    return await take_message(line, after_hours=not line.staffed)
