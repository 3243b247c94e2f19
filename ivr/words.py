"""How numbers, dates, money and names are said in Mandarin: recordings, in order; pure.

A value that fills a prompt becomes clips. A clip with a fixed key ('digit/3', 'month/11') is one
recording, made once; a name's clip is keyed by what it says and how it is read.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, time

_NUMERALS = "零一二三四五六七八九"
_WEEKDAYS = "一二三四五六日"
HALVES = {"am": "上午", "pm": "下午", "night": "晚上"}


@dataclass(frozen=True)
class Clip:
    """One piece of sound. pinyin: how it is read where the text alone is not clear."""

    key: str
    text: str
    pinyin: str | None = None


PAUSE = Clip("pause", "")


def spoken_number(number: int) -> str:
    """A whole number from 0 to 99,999,999 in Chinese: 105 is 一百零五, 12 is 十二, 20000 is 二万."""
    if not 0 <= number < 10**8:
        raise ValueError("said up to 99,999,999 only")
    if number >= 10_000:
        high, low = divmod(number, 10_000)
        gap = "零" if 0 < low < 1000 else ""
        tens = "一" if 10 <= low < 20 else ""  # 一万零一十二, but 十二 alone
        return _below_10000(high) + "万" + gap + tens + (_below_10000(low) if low else "")
    return _below_10000(number)


def _below_10000(number: int) -> str:
    if number == 0:
        return "零"
    if 10 <= number < 20:
        return "十" + (_NUMERALS[number % 10] if number % 10 else "")
    said, zero = "", False
    for unit, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        figure = number // unit % 10
        if figure:
            said += ("零" if zero and said else "") + _NUMERALS[figure] + name
            zero = False
        else:
            zero = True
    return said


def spoken_digit(character: str) -> str:
    """A digit of a number that is read figure by figure: 1 is 幺, the X of an identity number 叉."""
    if character in "Xx":
        return "叉"
    return "幺" if character == "1" else _NUMERALS[int(character)]


# --- values -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Digits:
    """A number read figure by figure, in groups with a breath between: 2-3-3 for a serial number."""

    figures: str
    groups: tuple[int, ...] = ()

    def clips(self) -> Iterator[Clip]:
        place = 0
        for size in self.groups or (len(self.figures),):
            if place:
                yield PAUSE
            for figure in self.figures[place : place + size]:
                yield Clip(f"digit/{figure.lower()}", spoken_digit(figure))
            place += size


@dataclass(frozen=True)
class Number:
    """A plain number: the key to press, a minute count, a queue place."""

    number: int

    def clips(self) -> Iterator[Clip]:
        yield Clip(f"number/{self.number}", spoken_number(self.number))


@dataclass(frozen=True)
class Count:
    """How many of something: 两个, not 二个."""

    number: int
    measure: str = "个"

    def clips(self) -> Iterator[Clip]:
        said = "两" if self.number == 2 else spoken_number(self.number)
        yield Clip(f"count/{self.number}{_latin(self.measure)}", said + self.measure)


@dataclass(frozen=True)
class Day:
    """十一月二十六日星期四; with `today`, 明天 and 后天 come first."""

    day: date
    today: date | None = None

    def clips(self) -> Iterator[Clip]:
        near = {0: "今天", 1: "明天", 2: "后天"}
        if self.today is not None and (self.day - self.today).days in near:
            away = (self.day - self.today).days
            yield Clip(f"near/{away}", near[away])
        yield Clip(f"month/{self.day.month}", spoken_number(self.day.month) + "月")
        yield Clip(f"day/{self.day.day}", spoken_number(self.day.day) + "日")
        yield Clip(f"weekday/{self.day.isoweekday()}", "星期" + _WEEKDAYS[self.day.weekday()])


def half_of(clock: time) -> str:
    return "am" if clock.hour < 12 else "pm" if clock.hour < 18 else "night"


@dataclass(frozen=True)
class Half:
    """上午, 下午, 晚上."""

    half: str

    def clips(self) -> Iterator[Clip]:
        yield Clip(f"half/{self.half}", HALVES[self.half])


@dataclass(frozen=True)
class Clock:
    """上午九点半, 下午两点零五分: twelve hours, with the half of the day before."""

    clock: time
    with_half: bool = True

    def clips(self) -> Iterator[Clip]:
        if self.with_half:
            yield from Half(half_of(self.clock)).clips()
        hour = (self.clock.hour - 1) % 12 + 1
        yield Clip(f"hour/{hour}", ("两" if hour == 2 else spoken_number(hour)) + "点")
        minute = self.clock.minute
        if minute == 30:
            yield Clip("minute/30", "半")
        elif minute:
            yield Clip(f"minute/{minute}", ("零" if minute < 10 else "") + spoken_number(minute) + "分")


@dataclass(frozen=True)
class Span:
    """上午八点到八点半."""

    starts: time
    ends: time

    def clips(self) -> Iterator[Clip]:
        yield from Clock(self.starts).clips()
        yield Clip("word/to", "到")
        yield from Clock(self.ends, with_half=half_of(self.starts) != half_of(self.ends)).clips()


@dataclass(frozen=True)
class Money:
    """Integer fen: 二十五元五角, 三十元, 零元."""

    fen: int

    def clips(self) -> Iterator[Clip]:
        yuan, rest = divmod(self.fen, 100)
        jiao, fen = divmod(rest, 10)
        if yuan or not rest:
            yield Clip(f"yuan/{yuan}", ("两" if yuan == 2 else spoken_number(yuan)) + "元")
        if jiao:
            yield Clip(f"jiao/{jiao}", _NUMERALS[jiao] + "角")
        if fen:
            yield Clip(f"fen/{fen}", _NUMERALS[fen] + "分")


@dataclass(frozen=True)
class Name:
    """A person's, doctor's, department's or hospital's name; pinyin as it was saved with it."""

    text: str
    pinyin: str | None = None

    def clips(self) -> Iterator[Clip]:
        said = written_out(self.text)
        if said:
            mark = hashlib.blake2b(f"{said}|{self.pinyin or ''}".encode(), digest_size=8).hexdigest()
            yield Clip(f"name/{mark}", said, self.pinyin)


Value = Digits | Number | Count | Day | Half | Clock | Span | Money | Name

_MEASURES = {"个": "ge", "次": "ci", "位": "wei", "分钟": "min", "天": "tian", "周岁": "sui", "小时": "hour"}


def _latin(measure: str) -> str:
    return _MEASURES.get(measure, measure.encode().hex())


# A Chinese voice spells letters as Chinese people do: CT is 西替, X-rays are 艾克斯光.
_LETTERS = dict(
    zip(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        (
            "诶", "必", "西", "弟", "衣", "艾弗", "吉", "艾尺", "艾", "杰", "开", "艾勒", "艾马",
            "恩", "欧", "批", "酷", "阿尔", "艾斯", "替", "优", "威", "大不留", "艾克斯", "歪", "贼德",
        ),
        strict=True,
    )
)  # fmt: skip


def written_out(text: str) -> str:
    """Free text for the voice: digits figure by figure, letters by name, nothing that cannot be said.

    12320 becomes 幺二三二零: a hotline's and a building's numbers are read by figures.
    """
    said = re.sub(r"\d", lambda match: spoken_digit(match[0]), text)
    said = re.sub(r"[A-Za-z]", lambda match: _LETTERS[match[0].upper()], said)
    return re.sub(r"[^\w\u4e00-\u9fff,。、;?! ]", "", said).strip()


def fixed_clips() -> Iterator[Clip]:
    """Every clip of values that can be made before anybody calls."""
    yield PAUSE
    for figure in "0123456789x":
        yield Clip(f"digit/{figure}", spoken_digit(figure))
    values: Iterable[Value] = (
        *(Number(number) for number in range(61)),
        *(Count(number, measure) for number in range(1, 10) for measure in ("个", "次")),
        *(Day(date(2026, 1, number), date(2026, 1, 1)) for number in range(1, 32)),
        *(Day(date(2026, number, 1)) for number in range(1, 13)),
        *(Clock(time(hour, minute)) for hour in range(24) for minute in range(0, 60, 5)),
        Span(time(8), time(9)),
        *(Money(yuan * 100) for yuan in (*range(61), 80, 100, 150, 200, 300)),
        *(Money(jiao * 10) for jiao in range(1, 10)),
    )
    seen = set()
    for value in values:
        for clip in value.clips():
            if clip.key not in seen:
                seen.add(clip.key)
                yield clip
