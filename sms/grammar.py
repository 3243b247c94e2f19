"""A patient's text to a command; pure. Nothing is guessed: what is not understood whole does nothing.

A command begins with its word, its initials or its pinyin (预约, yy, yuyue); characters that sound alike
(取销) mean the same. What follows is days, times, figures and names; with cancelling and the like nothing
else may follow. Only a confirmation in a second text does anything that cannot be taken back.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache

from core.pinyin import syllables
from core.values import is_serial
from sms.written import NO_TIME, When, WrongDay, month_and_day, number, plain, squeezed, when


class Verb(StrEnum):
    BOOK = "book"
    QUERY = "query"
    CHANGE = "change"
    CANCEL = "cancel"
    WAIT = "wait"
    WAITING = "waiting"
    UNWAIT = "unwait"
    YES = "yes"
    NO = "no"
    MORE = "more"
    OTHER = "other"
    CHOOSE = "choose"
    SCORE = "score"
    PERSON = "person"
    HELP = "help"
    STOP = "stop"
    START = "start"


@dataclass(frozen=True)
class Asked:
    """What a text asks for.

    names: the words that are no figure and no time, as they stood. figures: those that may be the code of
    a post, for booking. choice: the number of an answer, or a score. serial: a whole serial number.
    """

    verb: Verb
    names: tuple[str, ...] = ()
    figures: str | None = None
    when: When = NO_TIME
    serial: str | None = None
    choice: int | None = None


@dataclass(frozen=True)
class NotUnderstood:
    """near: what it seems to be about, for words that help; never a reason to act. why: a code."""

    why: str = "nothing-known"
    near: Verb | None = None


# What is written; the first of each is what we tell people to write.
WORDS: dict[Verb, tuple[str, ...]] = {
    Verb.BOOK: ("预约", "挂号", "约号", "预订", "预定", "订号", "yy", "gh"),
    Verb.QUERY: ("查询", "查看", "查号", "查", "cx"),
    Verb.CHANGE: ("改约", "变更", "改期", "改号", "更改", "改签", "gy", "bg", "gq"),
    Verb.CANCEL: ("取消", "退号", "退约", "撤销", "作废", "qx", "th"),
    Verb.WAIT: ("候补", "hb"),
    Verb.WAITING: ("候补查询", "查询候补", "查候补", "我的候补"),
    Verb.UNWAIT: ("候补取消", "取消候补", "退出候补", "候补退出"),
    Verb.HELP: ("帮助", "菜单", "说明", "怎么用", "bz", "help", "?"),
    Verb.STOP: ("退订", "td", "unsubscribe"),
    Verb.START: ("订阅", "恢复短信", "dy", "subscribe"),
    Verb.MORE: ("更多", "下一页", "gd", "more"),
    Verb.PERSON: ("人工", "转人工", "人工服务", "话务员", "rg"),
    Verb.YES: (
        "确认", "是", "是的", "对", "对的", "好", "好的", "可以", "同意", "接受", "确定", "行",
        "y", "yes", "ok", "qr",
    ),
    Verb.NO: ("放弃", "不是", "不", "不要", "不用", "不对", "否", "拒绝", "算了", "不约", "n", "no", "jj"),
    Verb.OTHER: ("其他时间", "其它时间", "换时间", "换个时间", "别的时间", "qtsj", "hsj"),
    Verb.SCORE: ("评价", "评分", "满意度", "pj"),
}  # fmt: skip
_VERB_OF = {word: verb for verb, words in WORDS.items() for word in words}
_LEADS = sorted((word for word in _VERB_OF if len(word) > 1 or word == "查"), key=len, reverse=True)


@cache
def _sounds() -> Mapping[str, Verb]:
    """Two characters by their sound, and how the same is typed in letters; reckoned when a text asks."""
    return {
        "".join(syllable[:-1] for syllable in syllables(word)): verb
        for word, verb in _VERB_OF.items()
        if len(word) == 2 and not word.isascii() and verb not in (Verb.YES, Verb.NO)
    }


# Alone they are an answer; before anything else they are part of a sentence.
_ALONE = frozenset(
    {
        Verb.YES,
        Verb.NO,
        Verb.MORE,
        Verb.OTHER,
        Verb.HELP,
        Verb.STOP,
        Verb.START,
        Verb.PERSON,
        Verb.WAITING,
        Verb.UNWAIT,
    }
)
# What may stand beside a verb that acts on an appointment, and says nothing.
_OF_IT = re.compile(r"我的|我|的|那个|这个|预约|挂号|号源|号码|流水号|单号|订单|号|短信|记录|就诊|一下|掉|为")
# A question, a doubt or a refusal is no command, whatever verb it holds.
_DOUBTS = re.compile(r"不|别|没|勿|吗|么|怎|能否|是否|可否|如何|几时|\?$|万一|如果|假如|以前|要是")
_CHOICE = re.compile(r"(?:第|选择?|回复?)?(\d{1,2}|[一二三四五六七八九十])(?:号|个|项)?(?:确认)?")
_SCORES = {"非常满意": 5, "很满意": 5, "满意": 4, "一般": 3, "不满意": 2, "很不满意": 1, "非常不满意": 1}


def read(body: str, today: date) -> Asked | NotUnderstood:
    """What a text asks for. today: in Asia/Shanghai, from which days are counted.

    '预约省人民心内科李建国12月3日上午' books, '取消21456803' cancels, '2' chooses.
    """
    text = plain(body)
    if not text:
        return NotUnderstood("empty")
    answer = _answer(text) or _answer(squeezed(body))  # 算了 is a word, and no courtesy at its end
    if answer is not None:
        return answer
    verb, rest = _verb(text)
    if verb is None:
        near = next((v for word, v in _VERB_OF.items() if len(word) > 1 and word in text), None)
        return NotUnderstood("nothing-known", near)
    if verb in _ALONE:
        return NotUnderstood("more-than-a-word", verb) if rest else Asked(verb)
    if _DOUBTS.search(rest):
        return NotUnderstood("a-question", verb)
    try:
        return _with(verb, rest, today)
    except WrongDay:
        return NotUnderstood("no-such-day", verb)


def _answer(text: str) -> Asked | None:
    """A figure, yes, no, a score: what answers what we asked."""
    bare = text.replace(" ", "")
    if is_serial(bare):
        return Asked(Verb.QUERY, serial=bare)
    if found := _CHOICE.fullmatch(bare):
        return Asked(Verb.CHOOSE, choice=number(found[1]))
    if bare in _SCORES:
        return Asked(Verb.SCORE, choice=_SCORES[bare])
    if found := re.fullmatch(r"(?:评价|评分|满意度|pj)?([1-5])分?", bare):
        return Asked(Verb.SCORE, choice=int(found[1]))
    verb = _VERB_OF.get(bare)
    return Asked(verb) if verb is not None else None


def _verb(text: str) -> tuple[Verb | None, str]:
    """The verb a text begins with, and the rest. '预约取消' and '预约查询' are about the appointment."""
    verb, rest = _lead(text)
    if verb is Verb.BOOK:
        second, after = _lead(rest)
        if second in (Verb.QUERY, Verb.CHANGE, Verb.CANCEL) and not after:
            return second, after
    return verb, rest


def _lead(text: str) -> tuple[Verb | None, str]:
    for word in _LEADS:
        if text.startswith(word) and not (word.isascii() and text[len(word) : len(word) + 1].isalpha() and
                                          text[len(word)].isascii()):  # fmt: skip
            return _VERB_OF[word], text[len(word) :].strip()
    letters = re.match(r"[a-z]+", text)
    if letters:
        typed = letters[0]
        verb = _sounds().get(typed)
        return verb, text[len(typed) :].strip() if verb else text
    first = text[:2]
    if len(first) == 2 and all("\u4e00" <= each <= "\u9fff" for each in first):
        verb = _sounds().get("".join(syllable[:-1] for syllable in syllables(first)))
        if verb is not None and verb not in _ALONE:
            return verb, text[2:].strip()
    return None, text


def _with(verb: Verb, rest: str, today: date) -> Asked | NotUnderstood:
    """A verb with what it is about."""
    serial, rest = _serial(rest)
    said, rest = when(rest, today)
    figures: str | None = None
    names = []
    for word in re.findall(r"\d+|[^\d\s]+", rest):
        if not word.isdecimal():
            names.append(word)
        elif said.day is None and (figures is not None or names) and month_and_day(word, today):
            said = When(month_and_day(word, today), said.half, said.at)
        elif figures is None:
            figures = word
        else:
            return NotUnderstood("too-many-figures", verb)
    if verb in (Verb.BOOK, Verb.WAIT):
        return Asked(verb, tuple(names), figures, said, serial)
    left = [_OF_IT.sub("", name) for name in names]
    if figures is not None or any(left):
        if verb is Verb.CHANGE and said and figures is None:
            return NotUnderstood("unknown-words", verb)
        wrong = "no-such-serial" if figures and len(figures) >= 6 else "unknown-words"
        return NotUnderstood(wrong, verb)
    return Asked(verb, when=said, serial=serial)


def _serial(rest: str) -> tuple[str | None, str]:
    """A serial number with or without blanks between its groups: '21 456 803'."""
    for found in re.finditer(r"(?<!\d)\d(?: ?\d){7}(?!\d)", rest):
        bare = found[0].replace(" ", "")
        if is_serial(bare):
            return bare, f"{rest[: found.start()]} {rest[found.end() :]}".strip()
    return None, rest
