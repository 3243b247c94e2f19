"""An answer to what we asked ourselves: led to what it means now, or asked which it means."""

from dataclasses import replace
from typing import Protocol

from sms import agreeing, offered, questions, recovering, reminding, replies, scoring
from sms.grammar import Asked, Verb
from sms.meaning import ANSWERS, Meaning, Question, Sense, Topic, meant, score
from sms.sender import Sender
from sms.talk import Ask, Talk, Turn


class _Subject(Protocol):
    """What a module knows of the questions of a topic; key: the id of one."""

    async def answer(self, sender: Sender, key: int, asked: Asked) -> Turn | None:
        """What an answer does; None when it answers nothing of what was asked."""

    async def over(self, sender: Sender, key: int) -> Turn:
        """What became of it."""

    async def again(self, sender: Sender, key: int) -> Turn:
        """It is asked once more."""


class _Apart(_Subject, Protocol):
    """Of these several may be open at once."""

    async def label(self, sender: Sender, key: int) -> str:
        """One in a list."""


_APART: dict[Topic, _Apart] = {Topic.OFFER: offered, Topic.REMINDER: reminding}
_OF: dict[Topic, _Subject] = {**_APART, Topic.DRAFT: recovering, Topic.SURVEY: scoring}


async def to_us(sender: Sender, talk: Talk, asked: Asked) -> Turn | None:
    """None when it is for the talk to answer. What was under way there is let go for another matter."""
    if asked.verb is Verb.SCORE:
        found = score(await questions.asked(sender))
        return await scoring.answer(sender, found.id, asked) if found is not None else None
    if asked.verb not in ANSWERS:
        return None
    meaning = await _meaning(sender, talk, asked)
    if not meaning.questions or meaning.questions[0].topic is Topic.TALK:
        return None
    turn = await _taken(sender, meaning, asked)
    if turn is None:
        return Turn(replies.signed(replies.NO_SUCH_CHOICE), talk, "no-such-choice")
    if meaning.sense is Sense.OVER and talk.ask is not Ask.NOTHING:
        return replace(turn, talk=talk, end=None)  # what the talk asked before is the next question again
    if talk.hold_id is not None and talk.hold_id != turn.talk.hold_id:
        await agreeing.let_go(sender, talk)
    return turn


async def _meaning(sender: Sender, talk: Talk, asked: Asked) -> Meaning:
    found = list(await questions.asked(sender))
    if talk.ask is not Ask.NOTHING:
        found.append(Question(Topic.TALK, 0, sender.asked_at))
    return meant(asked, found, sender.now)


async def _taken(sender: Sender, meaning: Meaning, asked: Asked) -> Turn | None:
    first = meaning.questions[0]
    match meaning.sense:
        case Sense.WHICH:
            return await _which(sender, first.topic, [one.id for one in meaning.questions], asked)
        case Sense.AGAIN:
            return await _OF[first.topic].again(sender, first.id)
        case Sense.OVER:
            return await _OF[first.topic].over(sender, first.id)
        case _:
            return await _OF[first.topic].answer(sender, first.id, asked)


async def _which(sender: Sender, topic: Topic, keys: list[int], asked: Asked) -> Turn:
    labels = [await _APART[topic].label(sender, key) for key in keys]
    reply, shown = replies.listed(replies.WHICH, labels)
    said = str(asked.choice) if asked.verb is Verb.CHOOSE else asked.verb.value
    talk = Talk(ask=Ask.WHICH, topic=topic.value, options=tuple(keys), shown=shown, said=said)
    return Turn(reply, talk, f"asked-which-{topic.value}")


async def goes_on(sender: Sender, talk: Talk, asked: Asked) -> Turn | None:
    """The talk's own question was what we had asked before: told again, or which of several."""
    if talk.ask is Ask.AGAIN:
        assert talk.about is not None
        return await _OF[Topic(talk.topic)].answer(sender, talk.about, asked)
    chosen = talk.chosen(asked.choice if asked.verb is Verb.CHOOSE else None)
    if chosen is None:
        no = asked.choice == 0 or asked.verb is Verb.NO
        return Turn(replies.signed(replies.NOTHING_DONE), Talk(), "left-as-it-is") if no else None
    said = Asked(Verb.CHOOSE, choice=int(talk.said)) if talk.said.isdecimal() else Asked(Verb(talk.said))
    return await _OF[Topic(talk.topic)].answer(sender, chosen, said)
