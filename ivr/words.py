"""How numbers, dates, money and names are said in Mandarin: recordings, in order; pure.

A value that fills a prompt becomes clips. A clip with a fixed key ('digit/3', 'month/11') is one
recording, made once; a name's clip is keyed by what it says and how it is read.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, time

from ivr.clips import PAUSE, Clip
from ivr.names import NAMES, Department, Hospital, Name, Person, Text, Title
from ivr.numerals import counted, spoken_clock, spoken_digit, spoken_money, spoken_number
from ivr.telephones import telephone_groups

__all__ = [
    "NAMES", "PAUSE", "Clip", "Clock", "Count", "Day", "Department", "Digits", "Half", "Hospital", "MaskedId",
    "Money", "Name", "Number", "Ordinal", "Person", "Phone", "Span", "Spoken", "Text", "Title", "Value",
    "fixed_clips", "half_of", "spoken",
]  # fmt: skip

_WEEKDAYS = "一二三四五六日"
_NEAR: dict[int | None, str] = {0: "今天", 1: "明天", 2: "后天"}
_COINS = {"元": "yuan", "角": "jiao", "分": "fen"}
HALVES = {"dawn": "凌晨", "am": "上午", "noon": "中午", "pm": "下午", "night": "晚上"}


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
class Phone:
    """A telephone number as people say it: 3-4-4 for a mobile, area code first, 12320 in one breath."""

    number: str

    def clips(self) -> Iterator[Clip]:
        figures, groups, extension = telephone_groups(self.number)
        yield from Digits(figures, groups).clips()
        if extension:
            yield Clip("word/extension", "转")
            yield from Digits(extension).clips()


@dataclass(frozen=True)
class MaskedId:
    """The last four of an identity number: more of it is never said. Raises ValueError for more."""

    tail: str

    def __post_init__(self) -> None:
        if len(self.tail) != 4:
            raise ValueError("four figures of an identity number, no more and no less")

    def clips(self) -> Iterator[Clip]:
        yield Clip("word/tail", "尾号")
        yield from Digits(self.tail).clips()


@dataclass(frozen=True)
class Number:
    """A plain number: the key to press."""

    number: int

    def clips(self) -> Iterator[Clip]:
        yield Clip(f"number/{self.number}", spoken_number(self.number))


@dataclass(frozen=True)
class Count:
    """How many of something: 两个, not 二个."""

    number: int
    measure: str = "个"

    def clips(self) -> Iterator[Clip]:
        yield Clip(f"count/{self.number}{_latin(self.measure)}", counted(self.number) + self.measure)


@dataclass(frozen=True)
class Ordinal:
    """A place in an order: 第二位, 第十二."""

    number: int
    measure: str = ""

    def clips(self) -> Iterator[Clip]:
        said = "第" + spoken_number(self.number, rank=True) + self.measure
        yield Clip(f"ordinal/{self.number}{_latin(self.measure)}", said)


@dataclass(frozen=True)
class Day:
    """十一月二十六日星期四; with `today`, 明天 and 后天 come first.

    brief: in a list to choose from, 明天星期四 is enough; the date is read back before it is booked.
    """

    day: date
    today: date | None = None
    brief: bool = False

    def clips(self) -> Iterator[Clip]:
        away = (self.day - self.today).days if self.today else None
        near = _NEAR.get(away)
        if near:
            yield Clip(f"near/{away}", near)
        if not (near and self.brief):
            yield Clip(f"month/{self.day.month}", spoken_number(self.day.month) + "月")
            yield Clip(f"day/{self.day.day}", spoken_number(self.day.day) + "日")
        yield Clip(f"weekday/{self.day.isoweekday()}", "星期" + _WEEKDAYS[self.day.weekday()])


def half_of(clock: time) -> str:
    """The part of the day that a clock time is said with: twelve is neither 上午 nor 下午."""
    for half, until in (("dawn", 6), ("am", 12), ("noon", 13), ("pm", 18)):
        if clock.hour < until:
            return half
    return "night"


@dataclass(frozen=True)
class Half:
    """上午, 下午, 晚上: the half of the day of a session."""

    half: str

    def clips(self) -> Iterator[Clip]:
        yield Clip(f"half/{self.half}", HALVES[self.half])


@dataclass(frozen=True)
class Clock:
    """上午九点半, 下午两点零五分, 中午十二点, 凌晨零点: twelve hours, with the part of the day before."""

    clock: time
    with_half: bool = True

    def clips(self) -> Iterator[Clip]:
        if self.with_half:
            yield from Half(half_of(self.clock)).clips()
        hour, minute = self.clock.hour, self.clock.minute
        hour -= 12 if hour > 12 else 0
        said = spoken_clock(hour, minute)
        yield Clip(f"hour/{hour}", said[0])
        if minute:
            yield Clip(f"minute/{minute}", said[1])


@dataclass(frozen=True)
class Span:
    """上午八点到八点半; with_half: False where the half of the day was said just before."""

    starts: time
    ends: time
    with_half: bool = True

    def clips(self) -> Iterator[Clip]:
        yield from Clock(self.starts, self.with_half).clips()
        yield Clip("word/to", "到")
        crosses = half_of(self.starts) != half_of(self.ends)
        yield from Clock(self.ends, self.with_half and crosses).clips()


@dataclass(frozen=True)
class Money:
    """Integer fen: 二十五元五角, 两元, 一百元零八分, 零元."""

    fen: int

    def clips(self) -> Iterator[Clip]:
        units = {"元": self.fen // 100, "角": self.fen // 10 % 10, "分": self.fen % 10}
        for said in spoken_money(self.fen):
            if said == "零":
                yield Clip("digit/0", said)
            else:
                yield Clip(f"{_COINS[said[-1]]}/{units[said[-1]]}", said)


Value = Digits | Phone | MaskedId | Number | Count | Ordinal | Day | Half | Clock | Span | Money | Name

# --- what is said -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Spoken:
    """text: in Chinese characters, with commas for breaths. pinyin: a syllable for each of them."""

    text: str
    pinyin: str


def spoken(value: Value) -> Spoken:
    """A value as it is heard: the same words and readings as its clips."""
    text = pinyin = ""
    for clip in value.clips():
        if clip == PAUSE:
            text, pinyin = text + ",", pinyin + ","
        else:
            text, pinyin = text + clip.text, f"{pinyin} {clip.reading}".strip()
    return Spoken(text, pinyin)


_MEASURES = {
    "": "",
    "个": "ge",
    "次": "ci",
    "位": "wei",
    "分钟": "min",
    "天": "tian",
    "周岁": "sui",
    "小时": "hour",
}


def _latin(measure: str) -> str:
    return _MEASURES.get(measure, measure.encode().hex())


def fixed_clips() -> Iterator[Clip]:
    """Every clip that sentences fill their slots with and that can be made before anybody calls.

    No sentence has an ordinal, a telephone number or a masked identity number yet: theirs are not among them.
    """
    yield PAUSE
    for figure in "0123456789x":
        yield Clip(f"digit/{figure}", spoken_digit(figure))
    values: Iterable[Value] = (
        *(Number(number) for number in range(61)),
        *(Count(number, measure) for number in range(1, 10) for measure in ("个", "次")),
        *(Count(number, "分钟") for number in (*range(1, 31), 45, 60)),
        *(Count(number, "小时") for number in range(1, 13)),
        *(Day(date(2026, 1, number), date(2026, 1, 1)) for number in range(1, 32)),
        *(Day(date(2026, number, 1)) for number in range(1, 13)),
        *(Clock(time(hour, minute)) for hour in range(24) for minute in range(0, 60, 5)),
        Span(time(8), time(9)),
        *(Money(yuan * 100) for yuan in (*range(61), *range(70, 101, 10), *range(150, 301, 50))),
        *(Money(jiao * 10) for jiao in range(1, 10)),
    )
    seen = set()
    for value in values:
        for clip in value.clips():
            if clip.key not in seen:
                seen.add(clip.key)
                yield clip
