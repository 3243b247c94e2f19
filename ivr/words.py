"""How numbers, dates, money and names are said in Mandarin: recordings, in order; pure.

A value that fills a prompt becomes clips. A clip with a fixed key ('digit/3', 'month/11') is one
recording, made once; a name's clip is keyed by what it says and how it is read.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, time

from ivr.free_text import written_out
from ivr.numerals import spoken_clock, spoken_digit, spoken_money, spoken_number

_WEEKDAYS = "一二三四五六日"
_NEAR: dict[int | None, str] = {0: "今天", 1: "明天", 2: "后天"}
_COINS = {"元": "yuan", "角": "jiao", "分": "fen"}
HALVES = {"am": "上午", "pm": "下午", "night": "晚上"}


@dataclass(frozen=True)
class Clip:
    """One piece of sound. pinyin: how it is read where the text alone is not clear."""

    key: str
    text: str
    pinyin: str | None = None


PAUSE = Clip("pause", "")


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
        hour, minute = (self.clock.hour - 1) % 12 + 1, self.clock.minute
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
    """Integer fen: 二十五元五角, 三十元, 零元."""

    fen: int

    def clips(self) -> Iterator[Clip]:
        units = {"元": self.fen // 100, "角": self.fen // 10 % 10, "分": self.fen % 10}
        for said in spoken_money(self.fen):
            yield Clip(f"{_COINS[said[-1]]}/{units[said[-1]]}", said)


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
