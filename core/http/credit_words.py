"""Credit in plain sentences, without reproach: what happened, what was told, by which rule it counts.

Said to the patient: on their page, and by whoever reads it to them.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from core.accounts.credit import Line
from core.accounts.credit_rules import BlockRule, Counting
from core.booking.miss_rules import CallTold, Delivery, Evidence, Fault, TextTold
from core.booking.view import AppointmentView
from core.calling.rules import Outcome
from core.credit.periods import CheckPeriod
from core.http.calling_words import OUTCOMES
from core.http.pages import clock, moment, spoken_day
from core.http.words import CHANNEL
from core.values import day_of

KINDS = {"no-show": "没有到诊", "cancel": "取消预约", "same-day-cancel": "就诊当天取消"}
COUNTED = {
    "block.no-show": "没有到诊",
    "block.cancel": "取消预约（含当天取消）",
    "block.same-day-cancel": "在就诊当天取消",
    "block.booked": "预约",
}
TEXTS = {
    "booked": "预约成功",
    "changed": "改约成功",
    "cancelled": "取消预约",
    "expired": "预约失效",
    "payment-due": "请付款",
    "provisional": "请补证件",
    "stopped": "医生停诊",
    "restored": "恢复出诊",
    "substituted": "换了医生",
    "reminder": "就诊提醒",
    "leave-offer": "停诊改约",
    "leave-lapsed": "停诊改约",
    "survey": "服务评价",
}
_UNITS = {
    "day": "天",
    "week": "周",
    "month": "个月",
    "quarter": "个季度",
    "half-year": "个半年",
    "year": "年",
}
_THIS = {
    "day": "当天",
    "week": "本周",
    "month": "本月",
    "quarter": "本季度",
    "half-year": "本半年",
    "year": "今年",
}
_DELIVERY = {
    Delivery.SENT: "已发出",
    Delivery.DELIVERED: "已送到手机",
    Delivery.FAILED: "没有送到手机",
}
_REMINDED = {"kept": "会来", "changed": "想改时间", "cancelled": "不来了"}
_NOT_THEIRS: Mapping[str, str] = {
    Fault.LEAVE: "医生停诊或换了医生，不是您的原因，不计入。",
    Fault.LATE: "恢复出诊的通知来得太晚，不是您的原因，不计入。",
    Fault.UNDELIVERED: "通知的短信没有送到手机，不是您的原因，不计入。",
}


def rule(it: BlockRule) -> str:
    """近 3 个月内没有到诊满 3 次，暂停预约 3 个月。"""
    within, length = period(it.period), length_of(it.threshold.length)
    where = "" if it.ref.hospital_id is None else "这家医院规定："
    return f"{where}{within}{COUNTED[it.name]}满 {it.threshold.count} 次，{length}。"


def period(it: CheckPeriod) -> str:
    """近 3 个月内; 本月内; 本月和前 2 个月内."""
    if it.kind in ("days", "months"):
        return f"近 {it.value} {'天' if it.kind == 'days' else '个月'}内"
    if it.value == 1:
        return f"{_THIS[it.kind]}内"
    return f"{_THIS[it.kind]}和前 {it.value - 1} {_UNITS[it.kind]}内"


def length_of(length: str) -> str:
    if match := re.fullmatch(r"(\d+)([dm])", length):
        return f"暂停预约 {match[1]} {'天' if match[2] == 'd' else '个月'}"
    return {
        "month-end": "暂停预约到月底",
        "year-end": "暂停预约到年底",
        "for-ever": "停止预约，申诉通过后恢复",
    }.get(length, "暂停预约")


def visit(made: AppointmentView, who: str) -> str:
    """who: the doctor, or what the number is called."""
    return f"{spoken_day(made.day)} {clock(made.starts_at)}，{made.hospital_short}{made.department}{who}"


def count(one: Counting, now: datetime) -> str:
    """Until when a line counts towards a rule, and the rule itself."""
    quoted = rule(one.rule)
    if one.spent:
        return f"已经计入过一次暂停，不再计算。规则：{quoted}"
    if not one.now(now):
        return f"{spoken_day(one.last_day, day_of(now))}以后不再计算。规则：{quoted}"
    return f"算到 {spoken_day(one.last_day, day_of(now))} 为止，之后不再计算。规则：{quoted}"


def forgiven(why: str) -> str:
    """Why a line does not count."""
    if why.startswith("attended"):
        return "医院后来确认您当天来过，这一条撤销了。"
    return _NOT_THEIRS.get(why, "核实后不是您的原因，这一条撤销了。")


def proof(line: Line) -> list[str]:
    """What was told, what came back, and what was or was not done, in the order it happened."""
    told = _told(line.seen)
    if line.kind == "no-show":
        return [*told, "就诊当天没有取号，医院也没有报来就诊记录。"]
    way = CHANNEL.get(line.channel or "", "")
    by = f"由{way}办理" if way else "办理"
    return [*told, f"{moment(line.at)} {by}取消。"]


def _told(seen: Evidence) -> list[str]:
    tries: Sequence[TextTold | CallTold] = (*seen.texts, *seen.calls)
    said = [
        _text(one) if isinstance(one, TextTold) else _call(one)
        for one in sorted(tries, key=lambda one: one.at)
    ]
    if seen.reminded is not None:
        said.append(f"就诊提醒的答复是“{_REMINDED.get(seen.reminded, seen.reminded)}”。")
    return said


def _text(one: TextTold) -> str:
    return f"{moment(one.at)} “{TEXTS.get(one.text_kind, '通知')}”的短信{_DELIVERY[one.delivery]}。"


def _call(one: CallTold) -> str:
    return f"{moment(one.at)} 第 {one.number} 次电话通知：{OUTCOMES[Outcome(one.outcome)][0]}。"


def explained(line: Line, now: datetime, *, whole: bool = True) -> str:
    """A line of the ledger in one breath, as an operator reads it out.

    whole: with the visit; without it for staff who do not see the hospital it was at.
    """
    where = ""
    if whole and line.visit is not None:
        where = f"，{visit(line.visit, line.visit.doctor or '')}"
    head = f"{KINDS.get(line.kind, '信用记录')}{where}。"
    if line.forgiven_why is not None:
        end = forgiven(line.forgiven_why)
    else:
        end = " ".join(count(one, now) for one in line.counts) or "现在没有规则计算，不影响预约。"
    return f"{head}{''.join(proof(line))}{end}"
