"""Credit in plain sentences, without reproach: what is kept, by which rule it counts, until when."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core.accounts.credit import AppealView, BlockView, Line, Told
from core.accounts.credit_rules import BlockRule, Counting
from core.booking.view import AppointmentView
from core.credit.keys import parsed
from core.credit.periods import CheckPeriod
from core.errors import RuleInvalid
from core.http.pages import clock, moment, spoken_day
from core.http.words import CHANNEL, GOOD, QUIET, WAIT
from core.values import day_of
from web.mine.order_words import TEXTS, Said
from web.public.words import number

KINDS = {"no-show": "没有到诊", "cancel": "取消预约", "same-day-cancel": "就诊当天取消"}
_COUNTED = {
    "block.no-show": "没有到诊",
    "block.cancel": "取消预约（含当天取消）",
    "block.same-day-cancel": "在就诊当天取消",
    "block.booked": "预约",
}
RELATIONS = {
    "spouse": "配偶",
    "child": "子女",
    "parent": "父母",
    "grandparent": "祖父母",
    "sibling": "兄弟姐妹",
    "other": "其他",
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
APPEALS = {
    "open": ("正在处理", WAIT),
    "granted": ("申诉通过，已恢复预约", GOOD),
    "refused": ("申诉没有通过", QUIET),
}


@dataclass(frozen=True)
class Entry:
    """A line in words. proof: what it rests on. counts: towards what, and until when."""

    title: str
    at: datetime
    visit: str
    serial: str
    proof: Sequence[str]
    counts: Sequence[str]
    state: Said


@dataclass(frozen=True)
class BlockWords:
    it: BlockView
    words: str
    rule: str
    may_appeal: bool
    appeals: Sequence[AppealView]


def rule(it: BlockRule) -> str:
    """近 3 个月内没有到诊满 3 次，暂停预约 3 个月。"""
    within, length = period(it.period), length_of(it.threshold.length)
    where = "" if it.ref.hospital_id is None else "这家医院规定："
    return f"{where}{within}{_COUNTED[it.name]}满 {it.threshold.count} 次，{length}。"


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


# --- lines -----------------------------------------------------------------------------------------------


def entry(line: Line, now: datetime) -> Entry:
    counts = [_count(one, now) for one in line.counts]
    if line.forgiven_why is not None:
        state = Said("已撤销，不计入", GOOD)
        counts = [_forgiven(line.forgiven_why)]
    elif any(one.now(now) for one in line.counts):
        state = Said("计入", WAIT)
    elif any(one.spent for one in line.counts):
        state = Said("已计入过", QUIET)
    else:
        state = Said("不影响预约", QUIET)
        counts = counts or ["这类记录现在没有规则计算，不影响预约。"]
    made = line.visit
    return Entry(
        KINDS.get(line.kind, "信用记录"),
        line.at,
        visit(made) if made else "",
        made.serial if made else "",
        _proof(line, now),
        counts,
        state,
    )


def visit(made: AppointmentView) -> str:
    who = made.doctor or number(made.number_kind)
    return f"{spoken_day(made.day)} {clock(made.starts_at)}，{made.hospital_short}{made.department}{who}"


def _count(one: Counting, now: datetime) -> str:
    quoted = rule(one.rule)
    if one.spent:
        return f"已经计入过一次暂停，不再计算。规则：{quoted}"
    if not one.now(now):
        return f"{spoken_day(one.last_day, day_of(now))}以后不再计算。规则：{quoted}"
    return f"算到 {spoken_day(one.last_day, day_of(now))} 为止，之后不再计算。规则：{quoted}"


def _forgiven(why: str) -> str:
    if why.startswith("attended"):
        return "医院后来确认您当天来过，这一条撤销了。"
    return "核实后不是您的原因，这一条撤销了。"


def _proof(line: Line, now: datetime) -> list[str]:
    """Which message there was, and what was or was not done, in the order it happened."""
    told = [_told(one) for one in line.told]
    if line.kind == "no-show":
        return [*told, "就诊当天没有取号，医院也没有报来就诊记录。"]
    way = CHANNEL.get(line.channel or "", "")
    by = f"由{way}办理" if way else "办理"
    return [*told, f"{moment(line.at)} {by}取消。"]


def _told(one: Told) -> str:
    what = TEXTS.get(one.text_kind, "通知")
    return f"{moment(one.at)} “{what}”的短信{'已送到手机' if one.delivered else '已发出'}。"


# --- blocks ----------------------------------------------------------------------------------------------


def block(it: BlockView, appeals: Sequence[AppealView], now: datetime) -> BlockWords:
    """What holds, since when, until when; who may appeal, and what came of it."""
    where = f"在{it.hospital}" if it.hospital else ""
    since = spoken_day(day_of(it.from_at), day_of(now))
    if it.active:
        end = f"，{moment(it.until)} 自动恢复" if it.until else "，申诉通过后恢复"
        words = f"从 {since} 起{where}暂停预约{end}。"
    else:
        over = it.ended_at or it.until or now
        words = f"{since} 起{where}暂停预约，{spoken_day(day_of(over), day_of(now))} 已恢复。"
    mine = [one for one in appeals if one.entry_id == it.entry_id]
    return BlockWords(it, words, _blocked_by(it), it.active and not it.appealed, mine)


def _blocked_by(it: BlockView) -> str:
    """The rule as it was when it blocked."""
    try:
        threshold = parsed(it.name, it.value)
    except RuleInvalid:
        threshold = None
    if threshold is None:
        return ""
    return f"{_COUNTED[it.name]}满 {threshold.count} 次，{length_of(threshold.length)}。"


def holds(blocks: Sequence[BlockView], now: datetime) -> str:
    """Of somebody the account books for: whether they may book, and if not why and until when."""
    if not blocks:
        return "可以预约"
    told = []
    for one in blocks:
        where = f"在{one.hospital}" if one.hospital else ""
        end = f"，{moment(one.until)} 恢复" if one.until else ""
        told.append(f"因{_COUNTED[one.name]}次数多，{where}暂停预约{end}")
    return "；".join(told)
