"""Deadlines and check periods as rules write them; days are days in Asia/Shanghai; pure."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from core.errors import RuleInvalid
from core.values import SHANGHAI, instant_of, local

_BEFORE_DAY = re.compile(r"(day|workday)-(\d{1,3}) (\d{2}):(\d{2})")
_BEFORE_START = re.compile(r"start([+-])(\d{1,4})(m|h)")


@dataclass(frozen=True)
class Deadline:
    """An instant told from a visit: 'day-1 17:00', 'workday-2 23:59', 'start-30m', 'start-4h', 'never'.

    day-0 is the visit day itself. workday-2 counts two working days back. 'start+30m' lies after
    the start. 'never' gives no instant: nothing is ever too late, or the thing never happens.
    """

    text: str

    @classmethod
    def parse(cls, text: str) -> "Deadline":
        """Raises RuleInvalid."""
        text = text.strip()
        clock = _BEFORE_DAY.fullmatch(text)
        good_clock = clock is not None and int(clock[3]) < 24 and int(clock[4]) < 60
        if text != "never" and not good_clock and not _BEFORE_START.fullmatch(text):
            raise RuleInvalid(facts={"value": text, "wanted": "deadline"})
        return cls(text)

    def instant(self, day: date, starts_at: datetime, is_working: Callable[[date], bool]) -> datetime | None:
        """The last instant at which it is still in time, for a visit on this day; None for 'never'."""
        if self.text == "never":
            return None
        if match := _BEFORE_START.fullmatch(self.text):
            amount = int(match[2]) * (60 if match[3] == "h" else 1)
            return starts_at + timedelta(minutes=amount if match[1] == "+" else -amount)
        match = _BEFORE_DAY.fullmatch(self.text)
        assert match is not None
        back, clock = int(match[2]), time(int(match[3]), int(match[4]))
        if match[1] == "day":
            return instant_of(day - timedelta(days=back), clock)
        while back:
            day -= timedelta(days=1)
            back -= is_working(day)
        return instant_of(day, clock)


@dataclass(frozen=True)
class ReleaseDay:
    """When numbers come out: 'daily', 'weekly-1' (each Monday), 'monthly-25' (each 25th)."""

    text: str

    @classmethod
    def parse(cls, text: str) -> "ReleaseDay":
        """Raises RuleInvalid."""
        match = re.fullmatch(r"daily|weekly-[1-7]|monthly-([1-9]|1\d|2[0-8])", text)
        if match is None:
            raise RuleInvalid(facts={"value": text, "wanted": "release day"})
        return cls(text)

    def on_or_after(self, day: date) -> date:
        """The first release day that is not before `day`."""
        rhythm, _, number = self.text.partition("-")
        if rhythm == "weekly":
            return day + timedelta(days=(int(number) - day.isoweekday()) % 7)
        if rhythm == "monthly":
            this = day.replace(day=int(number))
            return this if this >= day else months_later(this, 1)
        return day


PERIOD_TYPES = ("day", "week", "month", "quarter", "half-year", "year", "days", "months")


@dataclass(frozen=True)
class CheckPeriod:
    """校验周期 of R-158: type and value.

    day … year: calendar units; value 1 is the one now is in, 3 months are this one and the two
    before. days, months: rolling back from now.
    """

    kind: str
    value: int = 1

    @classmethod
    def parse(cls, kind: str, value: int | None) -> "CheckPeriod":
        """Raises RuleInvalid."""
        if kind not in PERIOD_TYPES or (value is not None and not 1 <= value <= 400):
            raise RuleInvalid(facts={"value": f"{kind} {value}", "wanted": "period"})
        return cls(kind, value or 1)

    def window(self, now: datetime) -> tuple[datetime, datetime]:
        """From (included) and until (excluded) of the period that `now` lies in."""
        today = local(now).date()
        if self.kind == "days":
            return now - timedelta(days=self.value), now + timedelta(microseconds=1)
        if self.kind == "months":
            clock = local(now).timetz()
            start = datetime.combine(months_later(today, -self.value), clock)
            return start, now + timedelta(microseconds=1)
        if self.kind in ("day", "week"):
            length = 1 if self.kind == "day" else 7
            first = today if self.kind == "day" else today - timedelta(days=today.weekday())
            start_day = first - timedelta(days=length * (self.value - 1))
            end_day = first + timedelta(days=length)
        else:
            length = {"month": 1, "quarter": 3, "half-year": 6, "year": 12}[self.kind]
            first = today.replace(month=(today.month - 1) // length * length + 1, day=1)
            start_day = months_later(first, -length * (self.value - 1))
            end_day = months_later(first, length)
        return instant_of(start_day, time(0, 0)), instant_of(end_day, time(0, 0))


def months_later(day: date, months: int) -> date:
    """The same day some months on (or back); the last day of a shorter month."""
    place = day.year * 12 + day.month - 1 + months
    year, month = divmod(place, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month + 1, min(day.day, last))
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")


_LENGTH = re.compile(r"(\d{1,3})([dm])|month-end|year-end|for-ever")


def block_end(length: str, now: datetime) -> datetime | None:
    """When a block of this length that begins now ends: '90d', '3m', 'month-end', 'year-end'.

    None for 'for-ever'. Raises RuleInvalid.
    """
    match = _LENGTH.fullmatch(length)
    if match is None:
        raise RuleInvalid(facts={"value": length, "wanted": "length"})
    today = local(now).date()
    if length == "for-ever":
        return None
    if length == "month-end":
        return instant_of(months_later(today.replace(day=1), 1), time(0, 0))
    if length == "year-end":
        return instant_of(date(today.year + 1, 1, 1), time(0, 0))
    if match[2] == "d":
        return now + timedelta(days=int(match[1]))
    return datetime.combine(months_later(today, int(match[1])), local(now).time(), SHANGHAI)
