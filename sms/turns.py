"""One text against what was last asked: the turn that answers it."""

from datetime import timedelta

from core.contact import engine as contact
from core.contact.rules import Disposition
from core.values import day_of
from sms import agreeing, choosing, replies, stopping, visiting
from sms.grammar import Asked, NotUnderstood, Verb, read
from sms.sender import BY, Sender
from sms.talk import Ask, Talk, Turn

_ANSWERS = frozenset({Verb.CHOOSE, Verb.YES, Verb.NO, Verb.MORE})
_OF_VISITS = frozenset({Ask.VISIT, Ask.ACT, Ask.CANCEL})
# A call that a text asks for is promised within this.
CALLED_WITHIN = timedelta(hours=2)


async def turn(sender: Sender, talk: Talk, body: str) -> tuple[Turn, Verb | None]:
    """What a text leads to, and how it was understood. talk: what was last asked, if it still counts."""
    asked = read(body, day_of(sender.now))
    if talk.ask is Ask.NAME:
        answered = await _name(sender, talk, asked, body)
        if answered is not None:
            return answered, None
    if isinstance(asked, NotUnderstood):
        return Turn(replies.not_understood(asked.why, asked.near), talk, f"not-understood-{asked.why}"), None
    if asked.verb in _ANSWERS:
        return await _answer(sender, talk, asked), asked.verb
    return await _command(sender, talk, asked), asked.verb


async def _name(sender: Sender, talk: Talk, asked: Asked | NotUnderstood, body: str) -> Turn | None:
    """A name was asked for; whoever writes a command instead wants that."""
    if isinstance(asked, NotUnderstood):
        return await agreeing.named(sender, talk, body)
    if asked.verb is Verb.NO or (asked.verb is Verb.CHOOSE and asked.choice == 0):
        return await agreeing.give_up(sender, talk)
    return await agreeing.named(sender, talk, body) if asked.verb in _ANSWERS else None


async def _answer(sender: Sender, talk: Talk, asked: Asked) -> Turn:
    """A figure, a yes, a no: they mean only what was asked a short while ago."""
    found: Turn | None = None
    if talk.ask in _OF_VISITS:
        found = await visiting.answer(sender, talk, asked)
    elif talk.ask is not Ask.NOTHING:
        found = await _towards_a_slot(sender, talk, asked)
    if found is not None:
        return found
    if talk.ask is Ask.NOTHING:
        return Turn(replies.signed(replies.NO_OFFER), talk, "nothing-asked")
    return Turn(replies.signed(replies.NO_SUCH_CHOICE), talk, "no-such-choice")


async def _towards_a_slot(sender: Sender, talk: Talk, asked: Asked) -> Turn | None:
    figure = asked.choice if asked.verb is Verb.CHOOSE else None
    if talk.ask in (Ask.BOOK, Ask.CHANGE):
        if figure == 1 or asked.verb is Verb.YES:
            return await agreeing.agree(sender, talk)
        if figure == 2:
            return await choosing.another_time(sender, talk)
        no = figure == 0 or asked.verb is Verb.NO
        return await agreeing.give_up(sender, talk) if no else None
    more = talk.first + talk.shown < len(talk.options) or talk.first > 0
    if asked.verb is Verb.MORE or (figure == 0 and more and talk.ask is not Ask.WHO):
        return choosing.turned(talk)
    if figure == 0 or asked.verb is Verb.NO:
        return await agreeing.give_up(sender, talk)
    chosen = talk.chosen(figure)
    return None if chosen is None else await choosing.chosen(sender, talk, chosen)


async def _command(sender: Sender, talk: Talk, asked: Asked) -> Turn:
    """A new matter: what was under way is let go."""
    if asked.verb in (Verb.BOOK, Verb.QUERY, Verb.CHANGE, Verb.CANCEL) and talk.hold_id is not None:
        await agreeing.give_up(sender, talk)
    match asked.verb:
        case Verb.BOOK:
            return await choosing.begin(sender, asked)
        case Verb.QUERY | Verb.CHANGE | Verb.CANCEL:
            return await visiting.begin(sender, asked)
        case Verb.PERSON:
            return await _call_me(sender, talk)
        case Verb.STOP:
            await stopping.stop(sender)
            return Turn(replies.signed(replies.STOPPED), talk, "stopped")
        case Verb.START:
            await stopping.resume(sender)
            return Turn(replies.signed(replies.STARTED), talk, "resumed")
        case Verb.SCORE:
            return Turn(replies.signed(replies.NO_SURVEY), talk, "no-survey")
        case Verb.WAIT:
            return Turn(replies.signed(replies.NO_WAITING_LIST), talk, "no-waiting-list")
        case _:
            return Turn(replies.signed(replies.HELP), talk, "helped")


async def _call_me(sender: Sender, talk: Talk) -> Turn:
    """A call is owed; the text that promises it is the answer. Asked again, it is still one call."""
    async with sender.hotline.work(BY, sender.interaction_id) as work:
        if await contact.promised(work.db, sender.interaction_id):
            return Turn(replies.signed(replies.CALL_OWED), talk, "call-owed")
        await contact.promise_callback(
            work, sender.interaction_id, number=sender.phone, person_id=talk.person_id,
            due=sender.now + CALLED_WITHIN,
        )  # fmt: skip
    return Turn(None, talk, "call-promised", Disposition.MESSAGE)
