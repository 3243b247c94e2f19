"""The longest values a sentence may plausibly be filled with, by slot."""

from collections.abc import Mapping
from datetime import date, time

from core.values import SERIAL_GROUPS
from ivr.call import Prompt
from ivr.prompts import Sentence
from ivr.words import Clock, Count, Day, Digits, Half, Money, Name, Number, Span, Value

# The longest real name of a hospital of the demo, of a standard department, of a title; a Uighur name.
LONGEST: Mapping[str, Value] = {
    "name": Name("阿卜杜热合曼女士"),
    "hospital": Name("云岭大学附属第一医院"),
    "department": Name("中医老年病科"),
    "doctor": Name("尉迟文华"),
    "title": Name("副主任医师"),
    "day": Day(date(2026, 12, 24), date(2026, 12, 23)),
    "span": Span(time(11, 45), time(12, 15)),
    "half": Half("am"),
    "clock": Clock(time(11, 45)),
    "key": Number(8),
    "fee": Money(15880),
    "count": Count(9),
    "minutes": Count(25, "分钟"),
    "hours": Count(2, "小时"),
    "serial": Digits("82047157", SERIAL_GROUPS),
    "text": Name(
        "国庆节期间各医院门诊安排有变，十月一日至三日停诊，四日起恢复，请以短信通知为准，急诊照常开放。"
    ),
}


def fullest(sentence: Sentence) -> Prompt:
    return Prompt(sentence.name, {slot: LONGEST[slot] for slot in sentence.slots})
