"""An appointment in its patient's words: its state, its money, its story, what may be done."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core import events as e
from core.accounts.one_order import Detail, Limit, Way
from core.accounts.orders import Group, Order
from core.booking.rules import OPEN, State
from core.http.credit_words import TEXTS
from core.http.pages import moment
from core.http.refusals import sentence
from core.http.words import BAD, CHANNEL, GOOD, QUIET, WAIT
from core.journal import Entry
from core.money.rules import PaymentState, RefundState
from core.money.view import PaymentView, RefundView
from web.public import notes

GROUPS = {Group.AHEAD: "待就诊", Group.UNPAID: "待支付", Group.OVER: "已结束"}
#
STATES: Mapping[State, tuple[str, str]] = {
    State.PROVISIONAL: ("待补证件", WAIT),
    State.UNPAID: ("待支付", WAIT),
    State.BOOKED: ("预约成功", GOOD),
    State.CHECKED_IN: ("已取号", GOOD),
    State.ATTENDED: ("已就诊", QUIET),
    State.CANCELLED: ("已取消", QUIET),
    State.EXPIRED: ("已失效", QUIET),
    State.REPLACED: ("已改约", QUIET),
    State.STOPPED: ("医生停诊，请您选择", BAD),
    State.NO_SHOW: ("没有到诊", QUIET),
}
PAYING = {"at-hospital": "就诊时到医院支付", "online": "网上支付", "card": "就诊卡支付"}
PAYMENTS = {
    PaymentState.CREATED: "等待支付",
    PaymentState.SUBMITTED: "支付中，结果一般一分钟内到",
    PaymentState.UNKNOWN: "正在向支付机构查询结果，请不要重复支付",
    PaymentState.PAID: "已支付",
    PaymentState.FAILED: "没有付成，可以再付",
    PaymentState.CLOSED: "已关闭，没有收款",
    PaymentState.REFUNDED: "已支付，已全部退回",
}
REFUNDS = {
    RefundState.REQUESTED: "已受理，等待退款",
    RefundState.REFUNDING: "支付机构正在退款",
    RefundState.REFUNDED: "已退回原支付方式",
    RefundState.FAILED: "没有退成，工作人员正在处理，不用您再申请",
}
_WHY_BACK = {
    "patient": "退号",
    "doctor-leave": "医生停诊",
    "changed": "改约后多付的",
    "not-paid": "没有付清",
    "too-late": "付款来得太晚",
    "twice": "重复付的",
}


@dataclass(frozen=True)
class Said:
    """tone: a colour beside the words (core.http.words)."""

    words: str
    tone: str


@dataclass(frozen=True)
class MoneyLine:
    """A payment, or a part of one that goes back. words: how it stands. at: since when."""

    name: str
    amount: str
    words: str
    at: datetime | None


@dataclass(frozen=True)
class StoryLine:
    at: datetime
    words: str
    way: str


def yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d} 元"


def state(order: Order) -> Said:
    """Its state, and of its money what a patient waits for."""
    words, tone = STATES[order.made.state]
    money = order.money
    if order.made.state is State.BOOKED and money.paid_fen > money.back_fen:
        words = "已支付，预约成功"
    if RefundState.FAILED in money.refunds:
        return Said(f"{words}，退款处理中", WAIT)
    if money.refunds & {RefundState.REQUESTED, RefundState.REFUNDING}:
        return Said(f"{words}，退款中", WAIT)
    if money.refunds and order.made.state not in OPEN:
        return Said(f"{words}，已退款", tone)
    return Said(words, tone)


def whose(order: Order) -> str:
    """The name in full of whom the account books for; of anybody else as the public may see it."""
    name = order.made.person
    return name if order.of_ours else name[:1] + "*" * (len(name) - 1)


# --- what may be done -----------------------------------------------------------------------------------


def limits(it: Detail) -> str:
    """Until when it may be moved and given up, or why not any more, each said once."""
    made, change, cancel = it.order.made.state, it.change, it.cancel
    told = [why_not(change, made), why_not(cancel, made)]
    if not any(told) and _same(change.limit, cancel.limit) and made is not State.UNPAID:
        return until(cancel.limit, made, "改约或取消")
    told[0] = told[0] or until(change.limit, made, "改约")
    told[1] = told[1] or until(cancel.limit, made, "取消")
    return "".join(dict.fromkeys(told))


def _same(one: Limit | None, other: Limit | None) -> bool:
    if one is None or other is None:
        return one is other
    rules = [limit.rule.value if limit.rule else None for limit in (one, other)]
    return one.until == other.until and rules[0] == rules[1]


def until(limit: Limit | None, made: State, verb: str) -> str:
    """Until when, and by which rule; '' when nothing can be said."""
    if made is State.STOPPED:
        return f"医生停诊，随时可以{verb}。"
    if made is State.UNPAID and verb == "取消":
        return "还没有付款，付款前随时可以取消。"
    if limit is None:
        return ""
    rule = limit.rule.value if limit.rule else ""
    if rule == "never":
        return f"就诊开始（{moment(limit.until)}）前都可以{verb}。"
    quoted = f"（医院规定：{notes.deadline(rule)} 前）" if rule else ""
    return f"{moment(limit.until)} 前可以{verb}{quoted}。"


def why_not(way: Way, made: State) -> str:
    """Why something cannot be done with what is still ahead; '' when it can, or is over anyway."""
    if way.refusal is None or made not in {*OPEN, State.CHECKED_IN}:
        return ""
    if made is State.CHECKED_IN:
        return "已经取号，要改要退请到医院窗口办理。"
    return sentence(way.refusal)


def what_becomes_of_the_money(it: Detail) -> list[str]:
    """What cancelling does to what was paid, and to what is being paid (R-188, R-189)."""
    money, made = it.order.money, it.order.made
    left = money.paid_fen - money.back_fen
    told = []
    if left and any(one.provider == "card" and one.state is PaymentState.PAID for one in it.payments):
        told.append(f"已付的 {yuan(left)} 全部退回就诊卡。")
    elif left:
        told.append(f"已付的 {yuan(left)} 全部原路退回，不收手续费；到账的快慢由付款的银行决定。")
    elif made.state is State.UNPAID:
        told.append("还没有付款，取消后不用再付。")
    elif made.fee_fen and made.pay_mode == "at-hospital":
        told.append("挂号费还没有付，不涉及退款。")
    if any(one.state in (PaymentState.SUBMITTED, PaymentState.UNKNOWN) for one in it.payments):
        told.append("如果您刚刚付过款，款到后会自动全额退回。")
    return told


# --- the money --------------------------------------------------------------------------------------------


def money_lines(payments: Iterable[PaymentView]) -> list[MoneyLine]:
    """Each payment that anybody has tried or made, and what of it goes back."""
    lines = []
    for one in payments:
        words = PAYMENTS[one.state]
        if one.state is PaymentState.CREATED and one.pay_by:
            words = f"等待支付，请在 {moment(one.pay_by)} 前付清"
        name = "就诊卡扣费" if one.provider == "card" else "挂号费"
        lines.append(MoneyLine(name, yuan(one.amount_fen), words, one.paid_at))
        lines += [_back(refund) for refund in one.refunds]
    return lines


def _back(refund: RefundView) -> MoneyLine:
    why = _WHY_BACK.get(refund.reason)
    name = f"退款（{why}）" if why else "退款"
    return MoneyLine(
        name, yuan(refund.amount_fen), REFUNDS[refund.state], refund.settled_at or refund.asked_at
    )


# --- the story --------------------------------------------------------------------------------------------


def story(entries: Iterable[Entry]) -> list[StoryLine]:
    """What happened, as far as it is the patient's business, oldest first."""
    ours = [one for one in entries if type(one.event) in _STORY]
    # An act writes down what it owes before its own name; people tell it the other way round.
    ours.sort(key=lambda one: (one.at, isinstance(one.event, e.RefundOwed)))
    return [
        StoryLine(one.at, _STORY[type(one.event)](one.event), CHANNEL.get(one.channel or "", ""))
        for one in ours
    ]


def _plain(words: str) -> Callable[[Any], str]:
    return lambda event: words


def _cancelled(event: e.AppointmentCancelled) -> str:
    words = "医生停诊，退了号" if event.reason == "doctor-leave" else "取消预约"
    return f"{words}，应退 {yuan(event.refund_fen)}" if event.refund_fen else words


def _checked_in(event: e.AppointmentCheckedIn) -> str:
    return f"已取号，候诊号 {event.queue_number}" if event.queue_number else "已取号"


def _missed(event: e.AppointmentMissed) -> str:
    return "当天没有取号" if event.counts else "当天没有取号，是医院的原因，不计入信用"


_STORY: Mapping[type[e.Event], Callable[[Any], str]] = {
    e.AppointmentBooked: lambda event: "改约，得到这个号" if event.replaces else "预约",
    e.AppointmentConfirmed: _plain("预约成功"),
    e.AppointmentChanged: _plain("改到了另一个时间"),
    e.AppointmentCancelled: _cancelled,
    e.AppointmentExpired: _plain("没有按时付款，预约失效，号已放出"),
    e.AppointmentStopped: _plain("医生停诊，等您选择改约或退号"),
    e.AppointmentRestored: _plain("停诊取消，照原来的时间就诊"),
    e.AppointmentCheckedIn: _checked_in,
    e.AppointmentAttended: _plain("已就诊"),
    e.AppointmentMissed: _missed,
    e.PaymentReceived: lambda event: f"收到付款 {yuan(event.amount_fen)}",
    e.PaymentFailed: _plain("支付没有成功"),
    e.RefundOwed: lambda event: f"退款 {yuan(event.amount_fen)} 已受理",
    e.RefundSent: _plain("退款已交给支付机构"),
    e.RefundRefused: lambda event: "退款没有成功，" + ("再退一次" if event.again else "工作人员正在处理"),
    e.RefundSettled: lambda event: f"已退回 {yuan(event.amount_fen)}",
    e.TextSent: lambda event: f"发出短信：{TEXTS.get(event.text_kind, '通知')}",
    e.TextDelivered: lambda event: f"短信已送到手机：{TEXTS.get(event.text_kind, '通知')}",
}
