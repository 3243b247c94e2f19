"""Every rule key: what its value is, what holds where no row says otherwise, what may narrow it; pure."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from core.credit.periods import Deadline, ReleaseDay, block_end
from core.errors import RuleInvalid
from core.values import SHANGHAI, Channel, IdentityKind


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


def _code(text: str) -> str:
    """A standard code of 诊疗科目: '07', '03.04'."""
    if not re.fullmatch(r"\d{2}(\.\d{2})*", text):
        raise ValueError
    return text


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
    block_end(length, datetime(2000, 1, 1, tzinfo=SHANGHAI))
    made = Threshold(_number(count), length)
    if made.count < 1:
        raise ValueError
    return made


# What may narrow a row: 'cancel.deadline@kind=expert@channel=web'. A rule that is worked out when a
# session is published knows the session; one that is asked knows the channel and the clock too.
BY_SESSION = ("kind", "department", "half")
BY_ALL = (*BY_SESSION, "channel", "clock")
BY_CHANNEL = (*BY_SESSION, "channel")
BY_NOTHING: tuple[str, ...] = ()


@dataclass(frozen=True)
class KeySpec:
    """One rule: how its value is read, the value where no row says anything, and its name."""

    parse: Callable[[str], Any]
    default: str
    unit: str
    meaning: str
    label: str
    by: tuple[str, ...] = BY_ALL  # the qualifiers that are looked at; a row with another is refused
    period: tuple[str, int] | None = None  # the check period where a row names none


_deadline = Deadline.parse

KEYS: Mapping[str, KeySpec] = {
    # when a session can be booked
    "window.first-day": KeySpec(_number, "1", "days", "Nearest bookable day: 0 today, 1 tomorrow (R-147)", "从第几天开始预约", BY_SESSION),
    "window.last-day": KeySpec(_number, "7", "days", "How many days ahead booking is open (R-148)", "最多预约几天", BY_SESSION),
    "release.day": KeySpec(ReleaseDay.parse, "daily", "release day", "Days on which numbers are released", "放号日", BY_SESSION),
    "release.time": KeySpec(_clock, "07:00", "clock", "Clock time at which numbers are released (R-149)", "号源开放时间", BY_SESSION),
    "book.stop": KeySpec(_deadline, "day-1 23:59", "deadline", "Last moment to book a session (R-150)", "停止预约时间", BY_SESSION),
    "recycle.time": KeySpec(_deadline, "never", "deadline", "From here every channel sells the shares' rest", "号池回收时间", BY_SESSION),
    "release.room": KeySpec(_yes, "yes", "yes/no", "Whoever comes before a release draws for a place in one line", "放号排队抽签", BY_SESSION),
    "release.lead": KeySpec(_number, "15", "minutes", "Registering for the draw begins so long before the release", "提前登记时间", BY_SESSION),
    "release.turn": KeySpec(_number, "90", "seconds", "Time to choose a number when it is one's turn", "轮到后选号时限", BY_SESSION),
    "release.window": KeySpec(_number, "30", "minutes", "So long after a release numbers are given out in order of the line", "排队放号时长", BY_SESSION),
    "channel.open": KeySpec(_yes, "yes", "yes/no", "Whether this channel may book at all (R-069)", "渠道开关"),
    "booking.hours": KeySpec(_hours, "always", "clock-clock", "Hours in which bookings are taken (R-005)", "受理时间", BY_CHANNEL),
    "captcha.web": KeySpec(_one_of("off", "rush", "always"), "rush", "off, rush, always", "Whether a booking on the web asks for a captcha; rush: within 30 minutes of the release, and of an account with three live web bookings of the last hour", "网上预约验证码", BY_SESSION),
    # how many
    "limit.department-day": KeySpec(_number, "1", "numbers", "Per person, department and day", "同科室每日限号"),
    "limit.doctor-day": KeySpec(_number, "1", "numbers", "Per person, doctor and day", "同医生每日限号"),
    "limit.session": KeySpec(_number, "1", "numbers", "Per person and session (one doctor's half-day)", "同班次限号"),
    "limit.day": KeySpec(_number, "2", "numbers", "Per person and day in all hospitals the row applies to", "每日限号"),
    "limit.live": KeySpec(_number, "6", "numbers", "Open appointments of a person", "未就诊预约上限"),
    "limit.period": KeySpec(_number, "0", "bookings", "Made by a person within the period; 0: no limit", "周期内限号", period=("months", 1)),
    "limit.department-period": KeySpec(_number, "0", "bookings", "The same, in one department", "周期内同科室限号", period=("months", 1)),
    "limit.doctor-period": KeySpec(_number, "0", "bookings", "The same, with one doctor", "周期内同医生限号", period=("months", 1)),
    "limit.phone-persons": KeySpec(_number, "5", "persons", "Persons with open appointments by one phone", "同一电话预约人数"),
    "overlap.minutes": KeySpec(_number, "30", "minutes", "Two visits of a person lie this far apart; 0: may overlap", "就诊时间冲突"),
    "rebook.pause-minutes": KeySpec(_number, "0", "minutes", "After cancelling, the same session only after this", "退号后再约间隔"),
    # who
    "age.min": KeySpec(_number, "0", "years", "Youngest patient, in full years on the visit day", "最小年龄"),
    "age.max": KeySpec(_number, "200", "years", "Oldest patient, in full years on the visit day", "最大年龄"),
    "sex.only": KeySpec(_one_of("any", "male", "female"), "any", "any, male, female", "Patients of this sex only", "性别限制"),
    "identity.needed": KeySpec(_yes, "no", "yes/no", "Nobody books without an identity number (R-059)", "必须实名"),
    "identity.first-visit": KeySpec(_kinds, "any", "documents", "Documents that somebody without a card may use", "初诊证件类型"),
    # money and holds
    "pay.mode": KeySpec(_one_of("at-hospital", "online", "either"), "at-hospital", "at-hospital, online, either", "Where the fee is paid", "支付方式"),
    "pay.minutes": KeySpec(_number, "30", "minutes", "Time to pay before the slot is freed", "支付时限"),
    "card.charge": KeySpec(_yes, "no", "yes/no", "The fee may be taken from a visit card when a booking is entered (R-086)", "就诊卡直接扣费"),
    "hold.minutes": KeySpec(_number, "5", "minutes", "How long a chosen slot is kept", "占号时长"),
    "rerelease.delay": KeySpec(_span, "0-0", "minutes-minutes", "A freed slot rests a random time", "退号重放延迟", BY_SESSION),
    # the waiting list
    "waiting.entries": KeySpec(_number, "3", "entries", "Places on the waiting list that a person may have at a time; 0: no waiting list", "候补个数上限", BY_NOTHING),
    "waiting.days": KeySpec(_number, "30", "days", "How far ahead somebody may wait for a slot", "候补最远天数", BY_NOTHING),
    "waiting.first-minutes": KeySpec(_number, "10", "minutes", "A freed slot that somebody waits for is kept from general sale so long; 0: not at all", "候补优先时长", BY_SESSION),
    "waiting.only": KeySpec(_yes, "no", "yes/no", "A freed slot goes to the waiting list only, as long as it fits anybody there", "只放给候补", BY_SESSION),
    "waiting.answer-minutes": KeySpec(_number, "30", "minutes", "Time to answer an offer from the waiting list", "候补答复时限", BY_SESSION),
    "waiting.answer-near": KeySpec(_number, "10", "minutes", "The same for a visit within 24 hours", "临近就诊候补答复时限", BY_SESSION),
    "waiting.hours": KeySpec(_hours, "08:00-20:00", "clock-clock", "Hours in which freed slots are offered to the waiting list", "候补通知时间", BY_SESSION),
    "waiting.night": KeySpec(_one_of("offer", "sale"), "offer", "offer, sale", "What becomes at night of a slot that cannot wait till morning", "夜间临近号源", BY_SESSION),
    "waiting.misses": KeySpec(_number, "2", "offers", "Offers left unanswered one after the other until a place on the list pauses", "候补未答复暂停", BY_NOTHING),
    "waiting.call": KeySpec(_one_of("never", "landline", "always"), "landline", "never, landline, always", "Who is told of an offer by a call", "候补电话通知", BY_SESSION),
    # giving back
    "cancel.deadline": KeySpec(_deadline, "day-1 23:59", "deadline", "Last moment to cancel (R-189)", "退约截止", BY_CHANNEL),
    "change.deadline": KeySpec(_deadline, "day-1 23:59", "deadline", "Last moment to change", "改约截止", BY_CHANNEL),
    "change.max": KeySpec(_number, "3", "times", "How often one visit may be moved", "改约次数上限", BY_SESSION),
    "refund.web": KeySpec(_yes, "yes", "yes/no", "A paid visit may be given back on the web (R-151)", "允许网络退费", BY_SESSION),
    # the visit
    "checkin.from": KeySpec(_deadline, "day-0 00:00", "deadline", "First moment to pick up (R-053)", "取号开始", BY_SESSION),
    "checkin.cutoff": KeySpec(_deadline, "never", "deadline", "Last moment to pick up", "取号截止", BY_SESSION),
    "noshow.late-minutes": KeySpec(_number, "0", "minutes", "Pick-up this late after the period is a miss; 0: not asked", "迟到视为爽约", BY_SESSION),
    "reminder.time": KeySpec(_clock, "16:00", "clock", "Patients are reminded on the day before their visit at this time", "就诊提醒时间", BY_NOTHING),
    "reminder.way": KeySpec(_one_of("auto", "text", "call", "both", "off"), "auto", "auto, text, call, both, off", "How they are reminded; auto: a text, and a call to the old, to whoever has no mobile and to whoever asked to be led", "就诊提醒方式", BY_NOTHING),
    "reminder.call-age": KeySpec(_number, "70", "years", "Whoever is so old is called by reminder.way auto", "电话提醒年龄", BY_NOTHING),
    "noshow.notice-hours": KeySpec(_number, "12", "hours", "A visit that was said to take place after all later than this before its start is not missed by who stays away", "医院通知期限", BY_NOTHING),
    # satisfaction
    "survey.call": KeySpec(_one_of("off", "key", "text", "both"), "both", "off, key, text, both", "A call that an operator answered is asked about: by key after the good-bye, by text when the caller has hung up", "通话满意度调查", BY_NOTHING),
    "survey.visit": KeySpec(_one_of("off", "text"), "text", "off, text", "A visit that took place is asked about", "就诊满意度调查", BY_NOTHING),
    "survey.pause-days": KeySpec(_number, "7", "days", "Nobody is asked again within so many days", "满意度调查间隔", BY_NOTHING),
    "survey.hours": KeySpec(_number, "24", "hours", "So long an answer counts, from the asking or the morning after it", "满意度答复时限", BY_NOTHING),
    # credit
    "block.no-show": KeySpec(_threshold, "3 -> 3m", "count -> length", "Misses lead to a block (R-063)", "爽约限制", BY_NOTHING, ("months", 3)),
    "block.cancel": KeySpec(_threshold, "off", "count -> length", "Cancellations lead to a block", "退约限制", BY_NOTHING, ("month", 1)),
    "block.same-day-cancel": KeySpec(_threshold, "off", "count -> length", "Cancelling on the visit day leads to a block", "当日退约限制", BY_NOTHING, ("month", 1)),
    "block.booked": KeySpec(_threshold, "off", "count -> length", "Many bookings lead to a block (R-064)", "频繁挂号限制", BY_NOTHING, ("months", 1)),
    # a doctor's leave
    "leave.four-eyes": KeySpec(_yes, "yes", "yes/no", "A leave is approved by another than who entered it", "停诊须另一人审核", BY_NOTHING),
    "leave.answer-hours": KeySpec(_number, "4", "hours", "Time to answer an offer after a leave, counted while telephones may ring", "停诊改约答复时限", BY_NOTHING),
    "leave.offers": KeySpec(_number, "3", "offers", "So many slots are offered to a displaced patient who wants other times", "停诊改约最多邀约次数", BY_NOTHING),
    "leave.call-after": KeySpec(_number, "5", "minutes", "From the text to the first call; a number that takes no texts is called at once", "停诊短信后外呼间隔", BY_NOTHING),
    "rules.resolution": KeySpec(
        _one_of("per-key", "whole-set"), "per-key", "per-key, whole-set", "Own rows replace common ones by key, or all of them", "规则适用方式", BY_NOTHING
    ),
}  # fmt: skip

# How each qualifier's own value is read.
QUALIFIERS: Mapping[str, Callable[[str], Any]] = {
    "kind": _one_of("ordinary", "expert", "disease", "special", "emergency"),
    "department": _code,
    "half": _one_of("am", "pm", "night"),
    "channel": Channel,
    "clock": _hours,
}


@dataclass(frozen=True)
class Named:
    """A key taken apart: 'cancel.deadline@kind=expert@channel=web'."""

    name: str
    qualifiers: tuple[tuple[str, str], ...]


def named(key: str) -> Named:
    """Raises RuleInvalid for a key nobody reads, and for a qualifier that its rule never looks at."""
    name, *parts = key.split("@")
    if name not in KEYS:
        raise RuleInvalid(facts={"key": key, "wanted": "key"})
    pairs = []
    for part in parts:
        qualifier, _, value = part.partition("=")
        if qualifier not in KEYS[name].by:
            raise RuleInvalid(facts={"key": key, "wanted": "qualifier"})
        try:
            QUALIFIERS[qualifier](value)
        except ValueError:
            raise RuleInvalid(facts={"key": key, "wanted": qualifier}) from None
        pairs.append((qualifier, value))
    return Named(name, tuple(sorted(pairs)))


def parsed(name: str, value: str) -> Any:
    """The typed value of a rule. Raises RuleInvalid."""
    try:
        return KEYS[name].parse(value.strip())
    except (ValueError, KeyError):
        raise RuleInvalid(facts={"key": name, "value": value}) from None
