"""Our answers, each in one segment: what we understood, and what to write next; pure."""

from collections.abc import Callable, Sequence
from datetime import date, datetime

from core.values import local
from sms.grammar import Verb
from sms.segments import UCS2, units
from sms.texts import SIGNATURE, clock, plain, yuan
from sms.words import refusal

ROOM = UCS2.single
_WEEKDAYS = "一二三四五六日"
HALVES = {"am": "上午", "pm": "下午", "night": "晚上"}
MOST_OPTIONS = 9

HELP = "可发:预约+医院科室医生日期,如“预约省医心内科12月3日上午”;查询、改约、取消、人工"
STOPPED = "已退订提醒短信。停诊、改约通知仍会发给您,订阅请回“订阅”"
STARTED = "已恢复提醒短信。退订请回“退订”"
NO_OFFER = "目前没有等您答复的事。要办什么请写,如“预约省医心内科”“查询”“取消”"
NO_SURVEY = "谢谢您。目前没有等您评价的服务"
NO_WAITING_LIST = "短信暂不能候补,请拨打12320由话务员为您办理"
NO_SUCH_CHOICE = "没有这个数字可选,请按上一条短信回复,或重新写,如“查询”“预约省医心内科”"
CALL_OWED = "已经记下了,话务员会给您回电话"
GIVEN_UP = "好的,没有办理,号已放回。要约请重新写,如“预约省医心内科”"
KEPT = "好的,原预约不变,请按时就诊"
NO_VISITS = "这个手机号名下没有未就诊的预约。查别的预约请写“查询+流水号”,或拨打12320"
ASK_NAME = "请回复就诊人姓名(与证件一致)"
WRONG_NAME = "没看懂姓名。请只回复就诊人姓名,如“王秀英”,回0放弃"
NO_PLACE = "请写明医院和科室或医生,如“预约省医心内科”;短信预约码见网站,或拨打12320"

_NOT_UNDERSTOOD = {
    "empty": HELP,
    "no-such-day": "没有这个日期,请改写后重发,如“预约省医心内科12月3日上午”",
    "a-question": "没看懂,什么也没有办。要办请只写:预约…、查询、改约、取消;咨询请拨打12320",
    "more-than-a-word": "没看懂,什么也没有办。请只写一个词,如“查询”“取消”“退订”",
    "no-such-serial": "流水号是8位数字,请核对后重发,或只写“查询”看您的预约",
    "unknown-words": "没看懂,什么也没有办。请只写“取消”或“取消+8位流水号”,我们会请您确认",
    "too-many-figures": "数字太多,没看懂。请写如“预约 预约码 1203 上午”,或拨打12320",
}


def signed(words: str) -> str:
    return SIGNATURE + words


def fits(words: str) -> bool:
    """Whether a signed answer is one segment."""
    return units(signed(words)) <= ROOM


def first_fitting(*drafts: str) -> str:
    """The fullest draft of those that are one segment; the last one where none is."""
    return signed(next((draft for draft in drafts if fits(draft)), drafts[-1]))


def not_understood(why: str, near: Verb | None) -> str:
    if why == "unknown-words" and near is Verb.CHANGE:
        return signed("没看懂,什么也没有办。请写“改约”,可加日期,如“改约12月3日上午”")
    if why == "nothing-known" and near is None:
        return signed(HELP)
    return signed(_NOT_UNDERSTOOD.get(why, _NOT_UNDERSTOOD["a-question"]))


def refused(code: str, *, more: str = "") -> str:
    """A refusal's words, with what else there is if it fits."""
    words = refusal(code)
    return first_fitting(f"{words}{more}", words) if more else first_fitting(words)


def day_words(day: date) -> str:
    """12月3日周四"""
    return f"{day.month}月{day.day}日周{_WEEKDAYS[day.weekday()]}"


def short_day(day: date) -> str:
    """12/3周四"""
    return f"{day.month}/{day.day}周{_WEEKDAYS[day.weekday()]}"


def listed(head: str, labels: Sequence[str], *, first: int = 0, tail: str = "回数字选") -> tuple[str, int]:
    """A page of a list, and how many of its lines it holds; 'more' is told when some are left.

    labels: of all lines. The page begins at `first`.
    """
    rest = labels[first : first + MOST_OPTIONS]
    for count in range(len(rest), 0, -1):
        lines = " ".join(f"{number}{label}" for number, label in enumerate(rest[:count], 1))
        more = first + count < len(labels) or first > 0
        words = f"{head}{lines},{tail}{',0看更多' if more else ''}"
        if fits(words) or count == 1:
            return signed(words if fits(words) else plain(words, ROOM - len(SIGNATURE))), count
    return signed(head), 0


def _named(most: Sequence[int], draft: Callable[[int], str]) -> str:
    """A draft whose names are cut no more than one segment asks for."""
    return first_fitting(*(draft(length) for length in most))


def confirm_booking(
    *,
    person: str,
    hospital: str,
    department: str,
    doctor: str,
    starts_at: datetime,
    fee: str,
    until: datetime,
) -> str:
    """What is held, for whom, until when, and the figure that books it. fee: 20元到院付."""
    start = local(starts_at)
    when = f"{day_words(start.date())}{clock(start)}"

    def draft(length: int) -> str:
        names = f"{plain(hospital, length)}{plain(department, length)}{plain(doctor, 6)}"
        return f"{plain(person, 6)},{names},{when},{fee}。回1预约,2换时间,0放弃({clock(local(until))}前)"

    return _named((12, 8, 6, 5, 4), draft)


def confirm_change(
    *,
    department: str,
    doctor: str,
    was: datetime,
    now: datetime,
    until: datetime,
    due: str = "",
    back: str = "",
) -> str:
    """From when to when, and what is paid or given back for it: ',补5元'."""

    def draft(length: int) -> str:
        old, new = local(was), local(now)
        return (
            f"{plain(department, length)}{plain(doctor, 6)}:{short_day(old.date())}{clock(old)}改到"
            f"{short_day(new.date())}{clock(new)}{due}{back}。回1改约,2换时间,0不改({clock(local(until))}前)"
        )

    return _named((12, 8, 6, 4), draft)


def confirm_cancel(*, person: str, department: str, doctor: str, starts_at: datetime, refund_fen: int) -> str:
    """What would be given up, and what is paid back for it."""
    start = local(starts_at)
    back = f",退{yuan(refund_fen)}" if refund_fen else ""

    def draft(length: int) -> str:
        names = f"{plain(department, length)}{plain(doctor, 6)}"
        what = f"{plain(person, 6)}{day_words(start.date())}{clock(start)}{names}"
        return f"要取消{what}的预约吗?取消回1{back},不取消回0"

    return _named((12, 8, 6, 4), draft)


def told_visit(
    *, person: str, hospital: str, department: str, doctor: str, starts_at: datetime, serial: str, state: str,
    more: bool,
) -> str:  # fmt: skip
    """One appointment, and what can be done with it. state: words for what is still owed, or ''."""
    start = local(starts_at)

    def draft(length: int) -> str:
        names = f"{plain(hospital, length)}{plain(department, length)}{plain(doctor, 6)}"
        return (
            f"{plain(person, 6)}{day_words(start.date())}{clock(start)}{names},号{serial}{state}。"
            f"改约回1,取消回2{',下一个回0' if more else ''}"
        )

    return _named((12, 8, 6, 5, 4), draft)
