"""What a bare answer means now: the question of ours that it answers; pure.

A figure, a yes or a no answers the newest thing that we asked this number, whether in the talk or by a text
of our own accord, and nothing older: what was asked before it is no longer before the patient's eyes. Of two
that were asked alike (two children, two offers) it is asked which. What is over already is told as it is, and
does nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sms.grammar import Asked, Verb


class Topic(StrEnum):
    """What we may have asked; a talk's question was asked in answer to a text, all others by ourselves."""

    TALK = "talk"
    OFFER = "offer"
    REMINDER = "reminder"
    DRAFT = "draft"  # a slot kept for somebody whose call broke off
    SURVEY = "survey"


@dataclass(frozen=True)
class Question:
    """id: of the offer, the reminder and so on; 0 for the talk. open: whether an answer would do anything."""

    topic: Topic
    id: int
    asked_at: datetime
    open: bool = True


class Sense(StrEnum):
    NOTHING = "nothing"  # nothing was asked
    ANSWER = "answer"  # it answers the one question
    WHICH = "which"  # of several alike: which?
    AGAIN = "again"  # what was asked last is over, and another is open: that one is asked again
    OVER = "over"  # what was asked last is over


@dataclass(frozen=True)
class Meaning:
    sense: Sense
    questions: tuple[Question, ...] = ()


# Answers in words and in figures; all else is a command of its own.
ANSWERS = frozenset({Verb.CHOOSE, Verb.YES, Verb.NO, Verb.MORE, Verb.OTHER})
# What each topic can be answered by beside figures. A word that says nothing to the newest question is for
# the one before it; a figure never is.
WORDS: dict[Topic, frozenset[Verb]] = {
    Topic.TALK: ANSWERS,
    Topic.OFFER: frozenset({Verb.YES, Verb.NO, Verb.OTHER}),
    Topic.REMINDER: frozenset({Verb.YES, Verb.OTHER}),
    Topic.DRAFT: frozenset({Verb.YES, Verb.NO}),
    Topic.SURVEY: frozenset(),
}
# Of these several may be open for one number at once, and an answer to the wrong one would harm.
APART = frozenset({Topic.OFFER, Topic.REMINDER})
# So long after it was asked, what is over is still told as over.
TOLD_AS_OVER = timedelta(hours=24)


def meant(asked: Asked, questions: Sequence[Question], now: datetime) -> Meaning:
    """What an answer is the answer to. questions: in any order; the talk's among them while it counts."""
    heard = [
        one
        for one in questions
        if (one.open or now - one.asked_at <= TOLD_AS_OVER)
        and (asked.verb is Verb.CHOOSE or asked.verb in WORDS[one.topic])
    ]
    if not heard:
        return Meaning(Sense.NOTHING)
    heard.sort(key=_order, reverse=True)
    newest = heard[0]
    alike = tuple(one for one in heard if one.open and one.topic is newest.topic and one.topic in APART)
    if len(alike) > 1:
        return Meaning(Sense.WHICH, alike)
    if newest.open:
        return Meaning(Sense.ANSWER, (newest,))
    # The figure may be a repeat of the one that ended it: it does nothing to another.
    others = [one for one in heard if one.open and one.topic is not Topic.TALK]
    same = [one for one in others if one.topic is newest.topic]
    return Meaning(Sense.AGAIN, (*same, *others)[:1]) if others else Meaning(Sense.OVER, (newest,))


def _order(one: Question) -> tuple[datetime, bool, int]:
    """A talk's question answers a text, so it came behind whatever was there at that moment."""
    return one.asked_at, one.topic is Topic.TALK, one.id


def score(questions: Sequence[Question]) -> Question | None:
    """The survey that 评价5 answers, whatever was asked since: the newest that is open."""
    open_ones = [one for one in questions if one.topic is Topic.SURVEY and one.open]
    return max(open_ones, key=lambda one: one.asked_at, default=None)
