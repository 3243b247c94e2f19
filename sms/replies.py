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

HELP = "可发:预约+医院科室医生日期,如“预约省医心内科12月3日上午”;查询、改约、取消、候补、人工"
STOPPED = "已退订提醒短信。停诊、改约通知仍会发给您,订阅请回“订阅”"
STARTED = "已恢复提醒短信。退订请回“退订”"
NO_OFFER = "目前没有等您答复的事。要办什么请写,如“预约省医心内科”“查询”“取消”"
NO_SURVEY = "谢谢您。目前没有等您评价的服务"
NO_SUCH_CHOICE = "没有这个数字可选,请按上一条短信回复,或重新写,如“查询”“预约省医心内科”"
CALL_OWED = "已经记下了,话务员会给您回电话"
GIVEN_UP = "好的,没有办理,号已放回。要约请重新写,如“预约省医心内科”"
KEPT = "好的,原预约不变,请按时就诊"
STOPPED_VISIT = "好的,没有办理。这次就诊已停诊,请回复“改约”选别的时间,或“取消”退号退费"
STOPPED_OFFERED = "好的,没有办理。为您留的号还在,接受回1,其他时间回2,退号退费回3"
NO_WAITING_PLACE = "请写明候补哪里,如“候补省医心内科李建国12月3日”;看候补写“候补查询”"
NO_WAITING = "这个手机号名下没有候补。要候补请写,如“候补省医心内科李建国”"
STILL_WAITING = "好的,继续为您候补,有号发短信给您"
WAITS_NO_MORE = "已退出候补。要再候补请写,如“候补省医心内科李建国”"
FULL_WAIT = "约满了。要候补请回1,有人退号就为您留;不要回0"
SCORED = "谢谢您的评价"
SCORED_LOW = "谢谢您的评价,很抱歉没有让您满意。要我们给您回电请回复“人工”"
SCORE_AGAIN = "请回复1到5的数字评价我们的服务,5最满意,1最不满意"
DRAFT_GOES_ON = "您的号正在电话里接着办,办好会发短信给您"
DRAFT_GONE = "为您留的号已放回。要约请重新写,如“预约省医心内科”,或拨打12320"
NOTHING_DONE = "好的,什么也没有办"
WHICH = "您回的是哪个?"
NO_OTHER_TIMES = "现在没有别的时间。为您留的号还在,接受回1,退号退费回3,或回“人工”"
LEAVE_REFUSED = "好的,这个号不为您留了。改约请回复“改约”,退号退费请回复“取消”"
LEAVE_LAPSED = "为您留的号已放回。请回复“改约”选别的时间,或“取消”退号退费;话务员也会联系您"
LEAVE_WITHDRAWN = "为您留的号已收回。请回复“查询”看您现在的预约"
WAITING_REFUSED = "好的,这个号给下一位了。看候补回复“候补查询”"
WAITING_LAPSED = "候补到的号已超时,给下一位了。看候补回复“候补查询”"
WAITING_WITHDRAWN = "候补到的号已收回,很抱歉。看候补回复“候补查询”"
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


def kept_visit(*, person: str, department: str, doctor: str, starts_at: datetime) -> str:
    """A visit that was reminded of takes place."""
    start = local(starts_at)

    def draft(length: int) -> str:
        names = f"{plain(department, length)}{plain(doctor, 6)}"
        return f"好的,为您保留:{plain(person, 6)}{day_words(start.date())}{clock(start)}{names},请按时就诊"

    return _named((12, 8, 6, 4), draft)


def reminded(*, person: str, department: str, doctor: str, starts_at: datetime) -> str:
    """The question of a reminder, once more."""
    start = local(starts_at)

    def draft(length: int) -> str:
        names = f"{plain(department, length)}{plain(doctor, 6)}"
        return f"{plain(person, 6)}{day_words(start.date())}{clock(start)}{names}:保留回1,改约回2,取消回3"

    return _named((12, 8, 6, 4), draft)


def waits(
    *, person: str, hospital: str, department: str, doctor: str, days: str, ahead: int | None, tail: str
) -> str:
    """A place on the waiting list. days: 12/3上午 or 12/3-12/9. ahead: None while it pauses."""
    place = f"前面{ahead}人" if ahead is not None else "已暂停"

    def draft(length: int) -> str:
        names = f"{plain(hospital, length)}{plain(department, length)}{plain(doctor, 6)}"
        return f"{plain(person, 6)}候补{names}{days},{place}。{tail}"

    return _named((12, 8, 6, 5, 4), draft)


def confirm_unwait(*, person: str, hospital: str, department: str, doctor: str, days: str) -> str:
    """Which place would be given up."""

    def draft(length: int) -> str:
        names = f"{plain(hospital, length)}{plain(department, length)}{plain(doctor, 6)}"
        return f"要退出{plain(person, 6)}{names}{days}的候补吗?退出回1,不退出回0"

    return _named((12, 8, 6, 5, 4), draft)


def offered(
    *, person: str, department: str, doctor: str, starts_at: datetime, until: datetime, options: str
) -> str:
    """A slot that is kept for somebody, until when, and what can be answered."""
    start = local(starts_at)
    when = f"{day_words(start.date())}{clock(start)}"

    def draft(length: int) -> str:
        names = f"{plain(department, length)}{plain(doctor, 6)}"
        return f"为{plain(person, 6)}留了{names}{when},{clock(local(until))}前{options}"

    return _named((12, 8, 6, 4), draft)


def kept_slot(*, department: str, doctor: str, starts_at: datetime, until: datetime) -> str:
    """A slot that a broken call has left, and what can be answered."""
    start = local(starts_at)
    when = f"{day_words(start.date())}{clock(start)}"

    def draft(length: int) -> str:
        names = f"{plain(department, length)}{plain(doctor, 6)}"
        return f"{names}{when}的号还为您留到{clock(local(until))},确认回1,不要回0"

    return _named((12, 8, 6, 4), draft)


def taken_before(*, person: str, department: str, doctor: str, starts_at: datetime, serial: str) -> str:
    """The slot was taken already, and is an appointment."""
    start = local(starts_at)
    when = f"{day_words(start.date())}{clock(start)}"

    def draft(length: int) -> str:
        names = f"{plain(department, length)}{plain(doctor, 6)}"
        return f"这个号已经约好了:{plain(person, 6)},{when}{names},流水号{serial},请按时就诊"

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
