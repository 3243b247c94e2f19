"""While nobody is free: music, an honest word now and then, and a way out by one key."""

from dataclasses import replace
from datetime import timedelta

from core.booking import draft
from core.contact import queue_view, queueing
from core.contact.rules import Disposition
from ivr.call import Prompt
from ivr.line import Line
from ivr.unanswered import take_message
from ivr.words import Count

# How often we speak to somebody who waits (ux 4.3-9: at entry and every 45 to 60 seconds).
WORD_EVERY_S = 45.0
FIRST_WORD_S = 4.0
CALL_ME = "1"


async def wait(line: Line, patience: timedelta) -> Disposition:
    """Until an operator's room takes the call away (a hang-up for this dialogue), or a message is left.

    Nobody there: a message at once. After `patience` the way out is offered each time.
    """
    began, pause_s, told = line.now, FIRST_WORD_S, None
    while True:
        seen = await _look(line)
        if not seen.waits:
            return Disposition.TO_PERSON  # somebody has taken the call: the room is next
        if seen.operators == 0:
            return await _message(line)
        words: list[Prompt] = []
        if told is not None or pause_s > FIRST_WORD_S:
            words = _words(seen.place, told)
        offered = line.now - began >= patience
        if offered:
            words.append(Prompt("queue-offer"))
        if words and await line.call.ask(*words) == CALL_ME and offered:
            return await _message(line)
        if words:
            told = seen.place
        if await line.call.rest(pause_s) == CALL_ME and line.now - began >= patience:
            return await _message(line)
        pause_s = WORD_EVERY_S


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


async def _message(line: Line) -> Disposition:
    async with line.hotline.work(line.actor, line.interaction_id) as work:
        await queueing.ended(work, line.interaction_id, "message")
    await line.told_left(line.interaction_id)  # whoever was being rung for them
    return await take_message(line, after_hours=not line.staffed)
