"""Every rule key: what its value is, what holds where no row says otherwise; pure."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import time
from typing import Any

from core.credit.periods import Deadline, block_end
from core.errors import RuleInvalid
from core.values import IdentityKind


@dataclass(frozen=True)
class Threshold:
    """'3 -> 90d': from the third time within the row's period, blocked for this long."""

    count: int
    length: str


def _number(text: str) -> int:
    if not re.fullmatch(r"\d{1,5}", text):
        raise ValueError
    return int(text)


def _clock(text: str) -> time:
    if not re.fullmatch(r"\d{2}:\d{2}", text):
        raise ValueError
    return time.fromisoformat(text)


def _hours(text: str) -> tuple[time, time] | None:
    """'07:30-17:00'; None for 'always'."""
    if text == "always":
        return None
    opens, closes = text.split("-")
    return _clock(opens), _clock(closes)


def _span(text: str) -> tuple[int, int]:
    low, high = (_number(part) for part in text.split("-"))
    if low > high:
        raise ValueError
    return low, high


def _yes(text: str) -> bool:
    return {"yes": True, "no": False}[text]


def _one_of(*words: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in words:
            raise ValueError
        return text

    return parse


def _kinds(text: str) -> frozenset[IdentityKind] | None:
    return None if text == "any" else frozenset(IdentityKind(part.strip()) for part in text.split(","))


def _threshold(text: str) -> Threshold | None:
    """'3 -> 90d'; None for 'off'."""
    if text == "off":
        return None
    count, _, length = (part.strip() for part in text.partition("->"))
    from datetime import datetime

    from core.values import SHANGHAI

    block_end(length, datetime(2000, 1, 1, tzinfo=SHANGHAI))
    made = Threshold(_number(count), length)
    if made.count < 1:
        raise ValueError
    return made


@dataclass(frozen=True)
class KeySpec:
    """One rule: how its value is read, the value where no row says anything, and its name."""

    parse: Callable[[str], Any]
    default: str
    meaning: str
    label: str
    period: tuple[str, int] | None = None  # the check period where a row names none


KEYS: Mapping[str, KeySpec] = {
    # when a session can be booked
    "window.first-day": KeySpec(_number, "1", "Nearest bookable day: 0 today, 1 tomorrow (R-147)", "从第几天开始预约"),
    "window.last-day": KeySpec(_number, "7", "How many days ahead booking is open (R-148)", "最多预约几天"),
    "release.time": KeySpec(_clock, "07:00", "Clock time at which a new day is released (R-149)", "号源开放时间"),
    "book.stop": KeySpec(Deadline.parse, "day-1 23:59", "Last moment to book a session (R-150)", "停止预约时间"),
    "booking.hours": KeySpec(_hours, "always", "Hours in which bookings are taken (R-005)", "受理时间"),
    "recycle.time": KeySpec(Deadline.parse, "never", "From here every channel sells the shares' rest", "号池回收时间"),
    # how many
    "limit.department-day": KeySpec(_number, "1", "Per person, department and day", "同科室每日限号"),
    "limit.doctor-day": KeySpec(_number, "1", "Per person, doctor and day", "同医生每日限号"),
    "limit.day": KeySpec(_number, "2", "Per person and day in all hospitals the row applies to", "每日限号"),
    "limit.live": KeySpec(_number, "6", "Open appointments of a person", "未就诊预约上限"),
    "limit.period": KeySpec(_number, "0", "Bookings of a person within the period; 0: no limit", "周期内限号", ("months", 1)),
    "limit.phone-persons": KeySpec(_number, "5", "Persons with open appointments by one phone", "同一电话预约人数"),
    "overlap.minutes": KeySpec(_number, "30", "Two visits of a person lie this far apart; 0: may overlap", "就诊时间冲突"),
    "rebook.pause-minutes": KeySpec(_number, "0", "After cancelling, the same session only after this", "退号后再约间隔"),
    # who
    "age.min": KeySpec(_number, "0", "Youngest patient, in full years on the visit day", "最小年龄"),
    "age.max": KeySpec(_number, "200", "Oldest patient, in full years on the visit day", "最大年龄"),
    "sex.only": KeySpec(_one_of("any", "male", "female"), "any", "Patients of this sex only", "性别限制"),
    "identity.needed": KeySpec(_yes, "no", "Nobody books without an identity number (R-059)", "必须实名"),
    "identity.first-visit": KeySpec(_kinds, "any", "Documents that somebody without a card may use", "初诊证件类型"),
    # money and holds
    "pay.mode": KeySpec(_one_of("at-hospital", "online", "either"), "at-hospital", "Where the fee is paid", "支付方式"),
    "pay.minutes": KeySpec(_number, "30", "Time to pay before the slot is freed", "支付时限"),
    "hold.minutes": KeySpec(_number, "5", "How long a chosen slot is kept", "占号时长"),
    "rerelease.delay": KeySpec(_span, "0-0", "A freed slot rests a random number of minutes", "退号重放延迟"),
    # giving back
    "cancel.deadline": KeySpec(Deadline.parse, "day-1 23:59", "Last moment to cancel (R-189)", "退约截止"),
    "change.deadline": KeySpec(Deadline.parse, "day-1 23:59", "Last moment to change", "改约截止"),
    "change.max": KeySpec(_number, "3", "How often one visit may be moved", "改约次数上限"),
    "refund.web": KeySpec(_yes, "yes", "A paid visit may be given back on the web (R-151)", "允许网络退费"),
    # the visit
    "checkin.from": KeySpec(Deadline.parse, "day-0 00:00", "First moment to pick up (R-053)", "取号开始"),
    "checkin.cutoff": KeySpec(Deadline.parse, "never", "Last moment to pick up", "取号截止"),
    "noshow.late-minutes": KeySpec(_number, "0", "Pick-up this late after the period is a miss; 0: not asked", "迟到视为爽约"),
    # credit
    "block.no-show": KeySpec(_threshold, "3 -> 3m", "Misses lead to a block (R-063)", "爽约限制", ("months", 3)),
    "block.cancel": KeySpec(_threshold, "off", "Cancellations lead to a block", "退约限制", ("month", 1)),
    "block.same-day-cancel": KeySpec(_threshold, "off", "Cancelling on the visit day leads to a block", "当日退约限制", ("month", 1)),
    "block.booked": KeySpec(_threshold, "off", "Many bookings lead to a block (R-064)", "频繁挂号限制", ("months", 1)),
    "rules.resolution": KeySpec(
        _one_of("per-key", "whole-set"), "per-key", "Own rows replace common ones by key, or all of them", "规则适用方式"
    ),
}  # fmt: skip

QUALIFIERS = ("kind", "department", "channel", "half")


@dataclass(frozen=True)
class Named:
    """A key taken apart: 'cancel.deadline@kind=expert@channel=web'."""

    name: str
    qualifiers: tuple[tuple[str, str], ...]


def named(key: str) -> Named:
    """Raises RuleInvalid for a key nobody reads."""
    name, *parts = key.split("@")
    pairs = []
    for part in parts:
        qualifier, _, value = part.partition("=")
        if qualifier not in QUALIFIERS or not value:
            raise RuleInvalid(facts={"key": key, "wanted": "qualifier"})
        pairs.append((qualifier, value))
    if name not in KEYS:
        raise RuleInvalid(facts={"key": key, "wanted": "key"})
    return Named(name, tuple(sorted(pairs)))


def parsed(name: str, value: str) -> Any:
    """The typed value of a rule. Raises RuleInvalid."""
    try:
        return KEYS[name].parse(value.strip())
    except (ValueError, KeyError):
        raise RuleInvalid(facts={"key": name, "value": value}) from None
