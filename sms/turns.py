"""One text against what was last asked: the turn that answers it."""

from datetime import timedelta

from core.contact import engine as contact
from core.contact.rules import Disposition
from core.values import day_of
from sms import agreeing, answering, choosing, recovering, replies, scoring, stopping, visiting, waiting
from sms.grammar import Asked, NotUnderstood, Verb, read
from sms.meaning import ANSWERS, Topic
from sms.sender import BY, Sender
from sms.talk import Ask, Talk, Turn

_OF_VISITS = frozenset({Ask.VISIT, Ask.ACT, Ask.CANCEL})
_OF_LIST = frozenset({Ask.PLACES, Ask.LEAVE})
_MATTERS = frozenset({Verb.BOOK, Verb.QUERY, Verb.CHANGE, Verb.CANCEL, Verb.WAIT, Verb.WAITING, Verb.UNWAIT})
# A call that a text asks for is promised within this.
CALLED_WITHIN = timedelta(hours=2)


async def turn(sender: Sender, talk: Talk, body: str) -> tuple[Turn, Verb | None]:
    """What a text leads to, and how it was understood. talk: what was last asked, if it still counts."""
    asked = read(body, day_of(sender.now))
    if isinstance(asked, Asked) and (told := await answering.to_us(sender, talk, asked)) is not None:
        return told, asked.verb
    if talk.ask is Ask.NAME:
        answered = await _name(sender, talk, asked, body)
        if answered is not None:
            return answered, None
    if isinstance(asked, NotUnderstood):
        return Turn(replies.not_understood(asked.why, asked.near), talk, f"not-understood-{asked.why}"), None
    if asked.verb in ANSWERS:
        return await _answer(sender, talk, asked), asked.verb
    return await _command(sender, talk, asked), asked.verb


async def _name(sender: Sender, talk: Talk, asked: Asked | NotUnderstood, body: str) -> Turn | None:
    """A name was asked for; whoever writes a command instead wants that."""
    if isinstance(asked, Asked):
        if asked.verb is Verb.NO or (asked.verb is Verb.CHOOSE and asked.choice == 0):
            return await agreeing.give_up(sender, talk)
        wrong = Turn(replies.signed(replies.WRONG_NAME), talk, "asked-name")  # nobody is called 确认
        return wrong if asked.verb in ANSWERS else None
    named = waiting.named if talk.verb == Verb.WAIT else agreeing.named
    return await named(sender, talk, body)


async def _answer(sender: Sender, talk: Talk, asked: Asked) -> Turn:
    """A figure, a yes, a no: they mean only what was asked a short while ago."""
    found: Turn | None = None
    if talk.ask in (Ask.AGAIN, Ask.WHICH):
        found = await answering.goes_on(sender, talk, asked)
    elif talk.ask in _OF_LIST:
        found = await waiting.answer(sender, talk, asked)
    elif talk.ask in _OF_VISITS:
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
        broken_off = talk.topic == Topic.DRAFT
        if figure == 1 or asked.verb is Verb.YES:
            agree = recovering.confirmed if broken_off else agreeing.agree
            return await agree(sender, talk)
        if figure == 2 or asked.verb is Verb.OTHER:
            other = recovering.another_time if broken_off else choosing.another_time
            return await other(sender, talk)
        no = figure == 0 or asked.verb is Verb.NO
        return await agreeing.give_up(sender, talk) if no else None
    if talk.ask is Ask.WAIT and (figure == 1 or asked.verb is Verb.YES):
        return await waiting.agreed(sender, talk)
    more = talk.first + talk.shown < len(talk.options) or talk.first > 0
    if asked.verb is Verb.MORE or (figure == 0 and more and talk.ask is not Ask.WHO):
        return choosing.turned(talk)
    if figure == 0 or asked.verb is Verb.NO:
        return await agreeing.give_up(sender, talk)
    chosen = talk.chosen(figure)
    if chosen is None:
        return None
    go_on = waiting.chosen if talk.verb == Verb.WAIT else choosing.chosen
    return await go_on(sender, talk, chosen)


async def _command(sender: Sender, talk: Talk, asked: Asked) -> Turn:
    """A new matter: what was under way is let go."""
    if asked.verb in _MATTERS:
        await agreeing.let_go(sender, talk)
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
            return await waiting.begin(sender, talk, asked)
        case Verb.WAITING | Verb.UNWAIT:
            return await waiting.mine(sender, asked.verb)
        case _:
            return Turn(replies.signed(replies.HELP), talk, "helped")


async def _call_me(sender: Sender, talk: Talk) -> Turn:
    """A call is owed; the text that promises it is the answer. Asked again, it is still one call."""
    due = sender.now + CALLED_WITHIN
    if talk.topic == Topic.SURVEY and talk.about is not None:
        told = await scoring.call_back(sender, talk.about, due)
        if told is not None:
            return told
    async with sender.hotline.work(BY, sender.interaction_id) as work:
        if await contact.promised(work.db, sender.interaction_id):
            return Turn(replies.signed(replies.CALL_OWED), talk, "call-owed")
        await contact.promise_callback(
            work, sender.interaction_id, number=sender.phone, person_id=talk.person_id,
            due=due,
        )  # fmt: skip
    return Turn(None, talk, "call-promised", Disposition.MESSAGE)
