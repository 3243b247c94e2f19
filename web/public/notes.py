"""A hospital's booking rules in Chinese, as far as somebody who wants to book must know them; pure."""

import re
from datetime import datetime, time
from typing import Any

from core.credit.book import RuleBook
from core.values import Channel, local

Note = tuple[str, str]

_WEEKDAYS = "一二三四五六日"
_PAYING = {
    "at-hospital": "就诊当天到医院支付",
    "online": "网上支付",
    "either": "网上支付，或就诊当天到医院支付",
}
_CHANNELS = {Channel.WEB: "网站", Channel.PHONE: "电话", Channel.SMS: "短信"}
_SEXES = {"female": "女性", "male": "男性"}


def of_hospital(book: RuleBook) -> list[Note]:
    """From when to when it can be booked, paid for, given back (R-147 to R-151); what, and in words."""

    def says(name: str) -> Any:
        return book.ruling(name).value

    first, last = says("window.first-day"), says("window.last-day")
    notes = [
        ("可约日期", f"{_ahead(first)}起，最远可约到 {last} 天后"),
        ("放号时间", f"{_release_day(says('release.day').text)} {says('release.time'):%H:%M}"),
        ("停止预约", deadline(says("book.stop").text)),
        ("取消预约", _until(says("cancel.deadline").text)),
        ("改约", _until(says("change.deadline").text)),
        ("挂号费", _paying(says("pay.mode"), says("pay.minutes"))),
    ]
    if says("pay.mode") != "at-hospital":
        notes.append(("网上退费", "支持" if says("refund.web") else "不支持，请到医院窗口办理"))
    if hours := says("booking.hours"):
        notes.append(("受理时间", _hours(hours)))
    closed = [name for channel, name in _CHANNELS.items() if not _open(book, channel)]
    if closed:
        notes.append(("渠道", f"暂不接受{'、'.join(closed)}预约"))
    if says("identity.needed"):
        notes.append(("实名", "预约时须提供就诊人的证件号码"))
    return notes


def of_department(book: RuleBook, standard_code: str) -> list[Note]:
    """Whom the department sees, where that is not everybody."""
    notes = []

    def says(name: str) -> Any:
        return book.ruling(name, department=standard_code).value

    youngest, oldest = says("age.min"), says("age.max")
    if youngest > 0 and oldest < 200:
        notes.append(("年龄", f"只接诊 {youngest} 至 {oldest} 周岁"))
    elif youngest > 0:
        notes.append(("年龄", f"只接诊 {youngest} 周岁及以上"))
    elif oldest < 200:
        notes.append(("年龄", f"只接诊 {oldest} 周岁及以下"))
    if only := _SEXES.get(says("sex.only")):
        notes.append(("性别", f"只接诊{only}"))
    return notes


def takes(book: RuleBook, channel: Channel, *, kind: str, department: str, half: str, now: datetime) -> bool:
    """Whether the hospital takes a booking by this channel at this hour (R-069), as core.booking.may asks."""
    way = book.ruling(
        "channel.open", kind=kind, department=department, half=half, channel=channel.value, now=now
    )
    if not way.value:
        return False
    hours = book.ruling(
        "booking.hours", kind=kind, department=department, half=half, channel=channel.value
    ).value
    return hours is None or bool(hours[0] <= local(now).time() < hours[1])


def _open(book: RuleBook, channel: Channel) -> bool:
    return bool(book.ruling("channel.open", channel=channel.value).value)


def deadline(text: str) -> str:
    """'day-1 23:00' is 就诊前一天 23:00, 'start-4h' is 就诊前 4 小时 (core.credit.periods.Deadline)."""
    if text == "never":
        return "没有限制"
    if match := re.fullmatch(r"start([+-])(\d+)(m|h)", text):
        amount = f"{int(match[2])} {'小时' if match[3] == 'h' else '分钟'}"
        if int(match[2]) == 0:
            return "就诊开始时"
        return f"就诊前 {amount}" if match[1] == "-" else f"就诊开始后 {amount}"
    kind, back, clock = re.split("[- ]", text)
    if back == "0":
        return f"就诊当天 {clock}"
    if kind == "workday":
        return f"就诊前 {back} 个工作日 {clock}"
    return f"就诊前一天 {clock}" if back == "1" else f"就诊前 {back} 天 {clock}"


def _until(text: str) -> str:
    return "随时可以" if text == "never" else f"{deadline(text)} 前"


def _ahead(days: int) -> str:
    return {0: "当天", 1: "明天", 2: "后天"}.get(days, f"{days} 天后")


def _release_day(text: str) -> str:
    rhythm, _, number = text.partition("-")
    if rhythm == "weekly":
        return f"每周{_WEEKDAYS[int(number) - 1]}"
    return f"每月 {number} 日" if rhythm == "monthly" else "每天"


def _paying(mode: str, minutes: int) -> str:
    return _PAYING[mode] if mode == "at-hospital" else f"{_PAYING[mode]}；网上支付须在 {minutes} 分钟内完成"


def _hours(hours: tuple[time, time]) -> str:
    return f"每天 {hours[0]:%H:%M} 至 {hours[1]:%H:%M} 受理预约"
