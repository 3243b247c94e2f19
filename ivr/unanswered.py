"""Nobody is free, or nobody is there: a message, and a callback with a promised time."""

import math
from datetime import datetime, timedelta

from core.contact import engine as contact
from core.contact.rules import Disposition, State
from core.values import local
from ivr.call import Prompt
from ivr.line import Line
from ivr.words import Clock, Count, Day

# Shorter than this is a click, not a message; the caller is called back all the same.
SPOKEN_S = 1.5


async def take_message(line: Line, *, after_hours: bool) -> Disposition:
    """Record after the beep; the promise stands whether something was said or not.

    It is written before the recording begins: who hangs up during the beep is called back too.
    """
    due = _due(line, after_hours)
    async with line.hotline.work(line.actor, line.interaction_id) as work:
        await contact.move(work, line.interaction_id, State.MESSAGE)
        callback = await contact.promise_callback(
            work,
            line.interaction_id,
            number=line.number,
            person_id=line.person.id if line.person else None,
            due=due,
        )
    line.done = Disposition.MESSAGE
    await line.call.say(_words(line, after_hours))
    name = f"message-{line.interaction_id}"
    made = await line.call.record(name, seconds=line.manners.message_s)
    async with line.hotline.work(line.actor, line.interaction_id) as work:
        await contact.keep_message(work, callback, recording=made.name, seconds=round(made.seconds))
    await line.call.say(Prompt("message-thanks" if made.seconds >= SPOKEN_S else "message-empty"))
    await line.call.hang_up()
    return Disposition.MESSAGE


def _due(line: Line, after_hours: bool) -> datetime:
    due = line.now + line.manners.callback_within
    if after_hours:  # by ten the next morning, or within the usual time, whichever is later
        here = local(line.now)
        morning = (here + timedelta(days=here.hour >= 8)).replace(hour=10, minute=0, second=0, microsecond=0)
        due = max(due, morning.astimezone(line.now.tzinfo))
    return due


def _words(line: Line, after_hours: bool) -> Prompt:
    if not after_hours:
        hours = math.ceil(line.manners.callback_within.total_seconds() / 3600)
        return Prompt("all-busy", {"hours": Count(hours, "小时")})
    here = local(_due(line, after_hours))
    day, clock = Day(here.date(), local(line.now).date()), Clock(here.time().replace(second=0))
    return Prompt("after-hours", {"day": day, "clock": clock})
