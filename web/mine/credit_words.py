"""Credit in plain sentences, without reproach: what is kept, by which rule it counts, until when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core.accounts.credit import AppealView, BlockView, Line
from core.booking.miss_rules import Fault
from core.credit.keys import parsed
from core.errors import RuleInvalid
from core.http.credit_words import COUNTED, KINDS, count, forgiven, length_of, proof, visit
from core.http.pages import moment, spoken_day
from core.http.words import GOOD, QUIET, WAIT
from core.values import day_of
from web.mine.order_words import Said
from web.public.words import number

RELATIONS = {
    "spouse": "配偶",
    "child": "子女",
    "parent": "父母",
    "grandparent": "祖父母",
    "sibling": "兄弟姐妹",
    "other": "其他",
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


# --- lines -----------------------------------------------------------------------------------------------


def entry(line: Line, now: datetime) -> Entry:
    counts = [count(one, now) for one in line.counts]
    if line.forgiven_why is not None:
        ours = line.forgiven_why in {*Fault}
        state = Said("不计入" if ours else "已撤销，不计入", GOOD)
        counts = [forgiven(line.forgiven_why)]
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
        visit(made, made.doctor or number(made.number_kind)) if made else "",
        made.serial if made else "",
        proof(line),
        counts,
        state,
    )


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
    return f"{COUNTED[it.name]}满 {threshold.count} 次，{length_of(threshold.length)}。"


def holds(blocks: Sequence[BlockView], now: datetime) -> str:
    """Of somebody the account books for: whether they may book, and if not why and until when."""
    if not blocks:
        return "可以预约"
    told = []
    for one in blocks:
        where = f"在{one.hospital}" if one.hospital else ""
        end = f"，{moment(one.until)} 恢复" if one.until else ""
        told.append(f"因{COUNTED[one.name]}次数多，{where}暂停预约{end}")
    return "；".join(told)
