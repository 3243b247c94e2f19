"""Who may not book hears why and until when before they choose anything, and objects by one key."""

from core.accounts.appeals import BY_KEY
from core.accounts.credit import object_to
from core.credit.keys import named
from core.credit.tables import BlacklistEntry
from core.errors import AppealClosed
from core.values import day_of
from ivr.call import Prompt, choose
from ivr.choice import said_day
from ivr.line import Line


async def tell_block(line: Line, entry: BlacklistEntry, *, waits: bool) -> None:
    """They are kept from booking everywhere: they hear it, and perhaps appeal. waits: an appeal does already.

    A block of one hospital is told when that hospital is chosen: they may book elsewhere.
    """
    line.reached("blocked")
    why = [Prompt("credit-missed")] if named(entry.rule_key).name == "block.no-show" else []
    if entry.until is None:
        why.append(Prompt("credit-paused"))
    else:
        why.append(Prompt("credit-until", {"day": said_day(day_of(entry.until), line.now)}))
    if waits:
        await line.call.say(*why, Prompt("credit-waiting"))
    elif await choose(line.call, why[0], "12", *why[1:], Prompt("credit-menu")) == "1":
        await line.call.say(Prompt(await _appeal(line, entry.person_id, entry.id)))


async def _appeal(line: Line, person_id: int, entry_id: int) -> str:
    """The sentence that says what came of it."""
    try:
        async with line.hotline.work(line.actor, line.interaction_id) as work:
            await object_to(work, person_id, entry_id, BY_KEY)
    except AppealClosed:  # by another channel in this very moment
        return "credit-waiting"
    return "credit-appealed"
