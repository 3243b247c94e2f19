"""A hundred thousand texts by chance: none breaks the reading, none acts without being understood."""

import random
from datetime import date

import pytest

from core.pinyin import syllables
from sms.grammar import WORDS, Asked, NotUnderstood, Verb, read
from sms.written import plain

TODAY = date(2026, 11, 28)
TEXTS = 100_000
ACTS = (Verb.CANCEL, Verb.CHANGE, Verb.STOP)
DOUBTS = set("不别没勿吗么怎")
WORDS_OF_ALL = [word for words in WORDS.values() for word in words]
PIECES = [
    *WORDS_OF_ALL, "心内科", "省医", "李建国", "12月3日", "1203", "21456803", "21456804", "上午", "9点半", "明天",
    "不", "别", "没", "吗", "?", "！", " ", "　", "，", "的", "我", "我的", "请", "谢谢", "1", "２", "十", "号", "\n",
    "\x00", "😀", "\u202e", "预", "消", "http://a.b", "<b>", "'; drop table", "%s", "{{x}}", "９９９", "-", "/", ".",
]  # fmt: skip
ALPHABETS = (
    "的一是不了在人有我他这",
    "abcxyzqxyyth",
    "0123456789０１２",
    "預約掛號查詢取銷",
    "\u0300\u200b\ufeff\ue000😀",
)


def bodies(dice: random.Random) -> str:
    kind = dice.randrange(3)
    if kind == 0:
        return "".join(dice.choice(PIECES) for _ in range(dice.randrange(1, 8)))
    if kind == 1:
        return "".join(dice.choice(dice.choice(ALPHABETS)) for _ in range(dice.randrange(0, 40)))
    return (
        "".join(chr(dice.randrange(1, 0x1FFFF)) for _ in range(dice.randrange(0, 30)))
        .encode("utf-16", "ignore")
        .decode("utf-16", "ignore")
    )


def sound(text: str) -> str:
    return "".join(syllable.rstrip("12345") for syllable in syllables(text))


def begins_with(text: str, verb: Verb) -> bool:
    """Whether a text begins with a word of this verb, written, typed or sounding like it."""
    start = text.removeprefix("预约").strip() if verb is not Verb.STOP else text
    return any(
        text.startswith((word, sound(word))) or start.startswith(word) or sound(text[:2]) == sound(word)
        for word in WORDS[verb]
    )


@pytest.mark.slow
@pytest.mark.req("I-011")
def test_no_text_breaks_the_reading_and_none_acts_without_being_understood() -> None:
    dice = random.Random(12320)
    understood = 0
    for _ in range(TEXTS):
        body = bodies(dice)
        found = read(body, TODAY)
        assert isinstance(found, Asked | NotUnderstood)
        if not isinstance(found, Asked):
            continue
        understood += 1
        if found.verb in ACTS:
            assert begins_with(plain(body), found.verb), body
            assert not DOUBTS & set(body), body
    assert understood > TEXTS / 50
