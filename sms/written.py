"""A patient's text made plain: one width, simple characters, no courtesies; and the times it names; pure."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, time, timedelta
from functools import cache

from opencc import OpenCC

# Longer texts are letters, not commands; what comes after is not looked at.
MOST = 300

_COURTESIES = re.compile(
    r"^(?:您好|你好|请问|请您|请帮我|请|麻烦您?|帮我|帮忙|给我|我想要|我想|我要|想要|想|要|谢谢|回复|回)+"
)
_ENDINGS = re.compile(r"(?:一下|谢谢您?|多谢|好吗|吧|啊|呢|了|哈|哦)+$")
_FIGURES = {
    "零": 0,
    "〇": 0,
    "一": 1,
    "二": 2,
    "两": 2,
    "三": 3,
    "四": 4,
    "五": 5,
    "六": 6,
    "七": 7,
    "八": 8,
    "九": 9,
}
_NUMBER = "[零〇一二两三四五六七八九十]{1,3}"


@cache
def _converter() -> OpenCC:
    return OpenCC("t2s")


def squeezed(body: str) -> str:
    """Half width, simplified, lower case, single blanks, no marks: '我要預約！' is '我要预约'."""
    text = unicodedata.normalize("NFKC", body[:MOST])
    text = _converter().convert(text).lower()
    text = "".join(" " if unicodedata.category(each)[0] in "CZ" else each for each in text)
    text = re.sub(r"[,;!。、·“”\"'()\[\]{}<>《》【】|~_^]+", " ", text)
    return " ".join(text.split())


def plain(body: str) -> str:
    """The same without courtesies at either end: '請幫我預約　省醫院１２月３號！' is '预约 省医院12月3号'."""
    text = squeezed(body)
    while True:
        shorter = _ENDINGS.sub("", _COURTESIES.sub("", text).strip()).strip(" .")
        if shorter == text or not shorter:
            return text
        text = shorter


def number(written: str) -> int | None:
    """'12', '十二', '二十' or '三十一'; None for what is no number below a hundred."""
    if written.isdecimal():
        return int(written)
    tens, ten, ones = written.rpartition("十")
    if any(each not in _FIGURES for each in tens + ones) or len(tens) > 1 or len(ones) > 1:
        return None
    if not ten:
        return _FIGURES.get(written)
    return (_FIGURES[tens] if tens else 1) * 10 + (_FIGURES[ones] if ones else 0)


@dataclass(frozen=True)
class When:
    """What a text says of time. half: am, pm or night, as sessions have it; at: a clock time."""

    day: date | None = None
    half: str | None = None
    at: time | None = None

    def __bool__(self) -> bool:
        return bool(self.day or self.half or self.at)


NO_TIME = When()


class WrongDay(ValueError):
    """A day was named that there is not: the 30th of February."""


def when(text: str, today: date) -> tuple[When, str]:
    """The times a text names, and the text without them.

    A day without a year is the next such day, today included. Raises WrongDay.
    """
    day, text = _day(text, today)
    at, half, text = _clock(text)
    if half is None:
        half, text = _half(text)
    return When(day, half, at), " ".join(text.split())


_DAYS = {"今天": 0, "今日": 0, "明天": 1, "明日": 1, "后天": 2, "大后天": 3}
_WEEKDAYS = "一二三四五六日"
_N = rf"(\d{{1,2}}|{_NUMBER})"
_DATES: tuple[tuple[str, Callable[[re.Match[str], date], date | None]], ...] = (
    (
        r"(?<!\d)(20\d\d)[-/.年]?(\d{1,2})[-/.月]?(\d{1,2})[日号]?(?!\d)",
        lambda found, today: date(int(found[1]), int(found[2]), int(found[3])),
    ),
    (rf"{_N}月{_N}[日号]?", lambda found, today: _next(found[1], found[2], today)),
    (
        r"(?<![\d:])(\d{1,2})[-/.](\d{1,2})[日号]?(?![\d:点时])",
        lambda found, today: _next(found[1], found[2], today),
    ),
    ("大后天|今天|今日|明天|明日|后天", lambda found, today: today + timedelta(days=_DAYS[found[0]])),
    (r"(下下?)?(?:个)?(?:周|星期|礼拜)([一二三四五六日天1-6])", lambda found, today: _weekday(found, today)),
    (rf"(?<!\d){_N}[日号](?!楼|院)", lambda found, today: _of_month(found[1], today)),
)  # fmt: skip


def _day(text: str, today: date) -> tuple[date | None, str]:
    for pattern, read in _DATES:
        if found := re.search(pattern, text):
            try:
                day = read(found, today)
            except ValueError:
                raise WrongDay(found[0]) from None
            if day is not None:
                return day, f"{text[: found.start()]} {text[found.end() :]}"
    return None, text


def month_and_day(figures: str, today: date) -> date | None:
    """'1203' is the next 3rd of December; None when it is no day."""
    if not re.fullmatch(r"\d{4}", figures):
        return None
    try:
        return _next(figures[:2], figures[2:], today)
    except ValueError:
        return None


def _next(month: str, day: str, today: date) -> date | None:
    m, d = number(month), number(day)
    if m is None or d is None:
        return None
    found = date(today.year, m, d)
    return found if found >= today else date(today.year + 1, m, d)


def _of_month(day: str, today: date) -> date | None:
    d = number(day)
    if d is None:
        return None
    if d >= today.day:
        return today.replace(day=d)
    first = (today.replace(day=1) + timedelta(days=32)).replace(day=1)
    return first.replace(day=d)


def _weekday(found: re.Match[str], today: date) -> date:
    """周三 is the next one, today included; 下周三 that of next week, which begins on Monday."""
    wanted = int(found[2]) - 1 if found[2].isdecimal() else _WEEKDAYS.index(found[2].replace("天", "日"))
    if found[1]:
        monday = today - timedelta(days=today.weekday())
        return monday + timedelta(days=7 * len(found[1]) + wanted)
    return today + timedelta(days=(wanted - today.weekday()) % 7)


_HALVES = {
    "am": ("上午", "早上", "早晨", "am", "sw"),
    "pm": ("下午", "中午", "午后", "pm", "xw"),
    "night": ("晚上", "夜间", "夜门诊", "晚间", "ws"),
}
_HALF_OF = {word: half for half, words in _HALVES.items() for word in words}
_HALF = re.compile("|".join(f"(?<![a-z]){word}(?![a-z])" if word.isascii() else word for word in _HALF_OF))
_TIME = re.compile(
    rf"(?<![\d:]){_N}(?::|点钟?|时)(半|一刻|三刻|[0-5]\d(?!\d))?分?(?:\s*[-~到至]\s*[\d:点半]+)?"
)
_MINUTES = {"半": 30, "一刻": 15, "三刻": 45}


def _half(text: str) -> tuple[str | None, str]:
    found = _HALF.search(text)
    if found is None:
        return None, text
    return _HALF_OF[found[0]], f"{text[: found.start()]} {text[found.end() :]}"


def _clock(text: str) -> tuple[time | None, str | None, str]:
    """A time with the half-day beside it: 下午3点 is 15:00."""
    found = _TIME.search(text)
    hour = number(found[1]) if found else None
    if found is None or hour is None or hour > 23:
        return None, None, text
    minute = _MINUTES.get(found[2] or "", 0) or (int(found[2]) if (found[2] or "").isdecimal() else 0)
    rest = f"{text[: found.start()]} {text[found.end() :]}"
    half, rest = _half(rest)
    if half in ("pm", "night") and 1 <= hour < 12:
        hour += 12
    return time(hour, minute), half, rest
