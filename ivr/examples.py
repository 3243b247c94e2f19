"""The longest values that a sentence may plausibly meet: for its limit, and for those who read it."""

from collections.abc import Mapping
from datetime import date, time

from core.values import SERIAL_GROUPS
from ivr.call import Prompt
from ivr.prompts import Sentence
from ivr.words import (
    Clock,
    Count,
    Day,
    Department,
    Digits,
    Half,
    Hospital,
    Money,
    Number,
    Person,
    Span,
    Text,
    Title,
    Value,
)

# A Wednesday: every day after it has a long name.
TODAY = date(2026, 12, 23)
# As long as the short names of real hospitals, departments and titles are; a Uighur name.
LONGEST: Mapping[str, Value] = {
    "name": Department("甲状腺乳腺血管外科"),
    "hospital": Hospital("雁鸣精神卫生中心"),
    "department": Department("甲状腺乳腺血管外科"),
    "doctor": Person("阿卜杜热合曼"),
    "title": Title("副主任医师"),
    "day": Day(date(2026, 12, 24), TODAY),
    "span": Span(time(11, 15), time(11, 45)),
    "half": Half("am"),
    "clock": Clock(time(11, 45)),
    "key": Number(4),
    "fee": Money(15880),
    "count": Count(9),
    "minutes": Count(25, "分钟"),
    "place": Count(127, "位"),
    "hours": Count(2, "小时"),
    "serial": Digits("82047157", SERIAL_GROUPS),
    "text": Text(
        "国庆节期间各医院门诊安排有变，十月一日至三日停诊，四日起恢复，请以短信通知为准，急诊照常开放。"
    ),
}
# Where a slot is filled otherwise in one sentence than in most.
OTHERWISE: Mapping[tuple[str, str], Value] = {
    ("ask-tail", "name"): Person("阿卜杜热合曼女士"),
    ("outgoing-leave", "name"): Person("阿卜杜热合曼女士"),
    ("outgoing-waiting", "name"): Person("阿卜杜热合曼女士"),
    ("outgoing-reminder", "name"): Person("阿卜杜热合曼女士"),
    ("option-doctor", "name"): Person("阿卜杜热合曼"),
    ("appointment", "name"): Person("阿卜杜热合曼"),
    ("appointment-department", "name"): Person("阿卜杜热合曼"),
    ("option-day", "day"): Day(date(2026, 12, 26), TODAY, brief=True),
    ("option-period", "span"): Span(time(11, 15), time(11, 45), with_half=False),
}


def fullest(sentence: Sentence, /, **values: Value) -> Prompt:
    """The sentence with the longest values it may meet; those given here instead of ours."""
    ours = {slot: OTHERWISE.get((sentence.name, slot), LONGEST.get(slot)) for slot in sentence.slots}
    return Prompt(sentence.name, {slot: value for slot, value in (ours | values).items() if value})
