"""Sentences of the catalogue by chance, filled as a call might fill them."""

import random
from collections.abc import Callable, Mapping
from datetime import date, time, timedelta

from core.values import SERIAL_GROUPS
from hotline.demo_words import GENERAL, GIVEN, HOSPITALS, SURNAMES, TITLES
from ivr.call import Prompt
from ivr.names import Department, Hospital, Name, Person, Text, Title
from ivr.prompts import Sentence, catalogue
from ivr.words import Clock, Count, Day, Digits, Half, Money, Number, Span, Value

TODAY = date(2026, 11, 23)


def _clock(chance: random.Random) -> time:
    return time(chance.randrange(8, 17), chance.choice((0, 10, 15, 20, 30, 40, 45, 50)))


def _span(chance: random.Random) -> Span:
    starts = _clock(chance)
    minute = starts.hour * 60 + starts.minute + chance.choice((15, 30))
    return Span(starts, time(minute // 60, minute % 60))


def _day(chance: random.Random) -> Day:
    return Day(TODAY + timedelta(days=chance.randrange(15)), TODAY)


def _person(chance: random.Random) -> Person:
    given = chance.choice(list(GIVEN.values()))
    return Person(chance.choice(list(SURNAMES)) + "".join(chance.sample(given, chance.choice((1, 2)))))


# By the type of a slot.
FILLED: Mapping[type, Callable[[random.Random], Value]] = {
    Number: lambda chance: Number(chance.randrange(1, 9)),
    Day: _day,
    Span: _span,
    Clock: lambda chance: Clock(_clock(chance)),
    Half: lambda chance: Half(chance.choice(("am", "pm"))),
    Digits: lambda chance: Digits("".join(str(chance.randrange(10)) for _ in range(8)), SERIAL_GROUPS),
    Money: lambda chance: Money(chance.choice((500, 1000, 1250, 2000, 2550, 3000, 5000))),
    Count: lambda chance: Count(chance.randrange(1, 10)),
    Person: _person,
    Hospital: lambda chance: Hospital(chance.choice(HOSPITALS).short),
    Department: lambda chance: Department(chance.choice(GENERAL)[1]),
    Title: lambda chance: Title(chance.choice(list(TITLES))),
    Name: lambda chance: Department(chance.choice(GENERAL)[1]),
    Text: lambda chance: Text(f"{chance.choice(('明天', '下周一', '国庆节'))}门诊照常,急诊不停。"),
}


def filled(sentence: Sentence, chance: random.Random) -> Prompt:
    """The sentence with plausible values."""
    return Prompt(sentence.name, {slot: FILLED[kind](chance) for slot, kind in sentence.slots.items()})


def prompts(count: int, chance: random.Random) -> list[Prompt]:
    """So many sentences, none twice while others are left."""
    found = list(catalogue().sentences)
    chosen: list[Sentence] = []
    while len(chosen) < count:
        chosen += chance.sample(found, min(len(found), count - len(chosen)))
    return [filled(sentence, chance) for sentence in chosen]
