"""What we did for patients unasked, in Chinese: offers, outbound calls, leaves, waiting lists, reminders."""

from collections.abc import Callable, Mapping
from typing import Any

from core import events as e
from core.calling.rules import Outcome
from core.http import asking_words
from core.http.calling_words import OUTCOMES
from core.http.words import BAD, GOOD, QUIET, WAIT

_TITLES: Mapping[type[e.Event], tuple[str, str]] = {
    e.WaitingJoined: ("加入候补", WAIT),
    e.WaitingOffered: ("候补轮到", WAIT),
    e.WaitingPassed: ("退出的号转公开预约", QUIET),
    e.WaitingServed: ("候补约到了号", GOOD),
    e.WaitingLeft: ("退出候补", QUIET),
    e.WaitingPaused: ("多次未答复，候补暂停", BAD),
    e.WaitingResumed: ("恢复候补", WAIT),
    e.WaitingLapsed: ("候补的日子已过", QUIET),
    e.LeaveEntered: ("录入停诊", QUIET),
    e.LeaveSubmitted: ("停诊待审核", WAIT),
    e.LeaveReturned: ("停诊退回", BAD),
    e.LeaveDone: ("停诊患者全部办结", GOOD),
    e.OutboundAsked: ("登记自动外呼", WAIT),
    e.CallHanded: ("转话务员外呼", WAIT),
    e.HandedTried: ("话务员外呼", WAIT),
    e.HandedSettled: ("外呼办结", GOOD),
}
_ENDED: Mapping[str, tuple[str, str]] = {
    "refused": ("没有要保留的号", QUIET),
    "lapsed": ("保留的号到时未答复，已收回", BAD),
    "withdrawn": ("收回保留的号", QUIET),
}
_WHY: Mapping[str, str] = {"other-times": "想要其他时间", "cancelled": "要求退号", "person": "要求人工"}


def _plain(title: str, tone: str) -> Callable[[Any, Any], tuple[str, tuple[str, ...], str]]:
    return lambda event, names: (title, (), tone)


def _made(event: e.OfferMade, names: Any) -> tuple[str, tuple[str, ...], str]:
    title = "停诊改约：保留了一个号" if event.sort == "leave" else "候补：保留了一个号"
    return title, names.appointment(event.appointment_id), WAIT


def _accepted(event: e.OfferAccepted, names: Any) -> tuple[str, tuple[str, ...], str]:
    title = "接受了停诊改约的号" if event.sort == "leave" else "接受了候补的号"
    return title, names.appointment(event.appointment_id), GOOD


def _ended(event: e.OfferEnded, names: Any) -> tuple[str, tuple[str, ...], str]:
    title, tone = _ENDED[event.state]
    why = _WHY.get(event.why or "")
    return title, (why,) if why else (), tone


def _taken(event: e.HandedTaken, names: Any) -> tuple[str, tuple[str, ...], str]:
    return "外呼放回待办" if event.staff_id is None else "话务员领取外呼", (), QUIET


def _tried(event: e.OutboundTried, names: Any) -> tuple[str, tuple[str, ...], str]:
    return f"自动外呼第{event.number}次", names.appointment(event.appointment_id), WAIT


def _tried_out(event: e.OutboundEnded, names: Any) -> tuple[str, tuple[str, ...], str]:
    title, tone = OUTCOMES[Outcome(event.outcome)]
    key = (f"按键 {event.key}",) if event.key else ()
    return f"第{event.number}次外呼：{title}", key, tone


def _settled(event: e.OutboundSettled, names: Any) -> tuple[str, tuple[str, ...], str]:
    title = "不必再外呼" if event.answer is None else "已由其他方式答复，不再外呼"
    return title, (), QUIET


_CASE: Mapping[str, tuple[str, str]] = {
    "waiting": ("停诊患者等待安排", WAIT),
    "offered": ("停诊患者已安排号，等答复", WAIT),
    "desk": ("停诊患者转人工联系", BAD),
    "kept": ("替诊，预约保留", QUIET),
    "accepted": ("停诊患者改到了安排的号", GOOD),
    "changed": ("停诊患者改到了别的号", GOOD),
    "cancelled": ("停诊患者退号", QUIET),
    "restored": ("停诊撤销，照原来的时间就诊", GOOD),
    "settled": ("停诊患者由话务员结案", QUIET),
}
_CASE_WHY: Mapping[str, str] = {
    "unanswered": "多次联系未答复",
    "other-times": "想要其他时间",
    "person": "要求人工",
    "nothing-found": "没有找到可改的号",
    "unreachable": "联系不上",
    "told": "已告知，患者自行决定",
    "hospital": "医院自行安排",
}


def _leave(
    title: str, tone: str, *figures: tuple[str, str]
) -> Callable[[Any, Any], tuple[str, tuple[str, ...], str]]:
    return lambda event, names: (
        title, tuple(words.format(getattr(event, name)) for name, words in figures), tone,
    )  # fmt: skip


def _case(event: e.LeaveCaseMoved, names: Any) -> tuple[str, tuple[str, ...], str]:
    title, tone = _CASE[event.state]
    why = _CASE_WHY.get(event.why or "")
    return title, (*names.appointment(event.appointment_id), *((why,) if why else ())), tone


_CLOSED = (("sessions", "{}个班次"), ("cases", "{}位患者"))

SAID: dict[type[e.Event] | Any, Any] = {
    e.LeaveApproved: _leave("停诊生效", BAD, *_CLOSED),
    e.LeaveExtended: _leave("停诊期内又有班次", BAD, *_CLOSED),
    e.LeaveWithdrawn: _leave(
        "撤销停诊", GOOD, ("restored", "{}位患者照原来的时间就诊"), ("stayed", "{}位已改或已退")
    ),
    e.LeaveCaseMoved: _case,
    e.AppointmentSubstituted: lambda event, names: (
        "换了医生，预约保留",
        names.appointment(event.appointment_id),
        BAD,
    ),
    **asking_words.SAID,
    e.HandedTaken: _taken,
    **{kind: _plain(*told) for kind, told in _TITLES.items()},
    e.OfferMade: _made,
    e.OfferAccepted: _accepted,
    e.OfferEnded: _ended,
    e.OutboundTried: _tried,
    e.OutboundEnded: _tried_out,
    e.OutboundSettled: _settled,
}
