"""An operator's states, why they may be away, and what each step needs; pure.

The states are ours, never the switch's: it is told, and then checked (beyond-the-peers L12, L13).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from core.errors import WrongState


class AgentState(StrEnum):
    """What a signed-in operator does. That the phone or the page is gone stands beside it (`lost`)."""

    READY = "ready"
    RINGING = "ringing"
    DIALLING = "dialling"
    TALKING = "talking"
    HOLDING = "holding"
    CONSULTING = "consulting"
    WRAP_UP = "wrap-up"
    PAUSED = "paused"
    OFF = "off"


IN_CALL = frozenset({AgentState.TALKING, AgentState.HOLDING, AgentState.CONSULTING})
# With somebody on the line, or about to be: no second call, no signing out.
ENGAGED = IN_CALL | {AgentState.RINGING, AgentState.DIALLING}

AGENT_NEXT: dict[AgentState, frozenset[AgentState]] = {
    # Straight to talking: a supervisor who takes a call over.
    AgentState.READY: frozenset(
        {AgentState.RINGING, AgentState.DIALLING, AgentState.TALKING, AgentState.PAUSED, AgentState.OFF}
    ),
    AgentState.RINGING: frozenset({AgentState.TALKING, AgentState.READY, AgentState.PAUSED}),
    AgentState.DIALLING: frozenset({AgentState.TALKING, AgentState.WRAP_UP, AgentState.PAUSED}),
    AgentState.TALKING: frozenset({AgentState.HOLDING, AgentState.CONSULTING, AgentState.WRAP_UP}),
    AgentState.HOLDING: frozenset({AgentState.TALKING, AgentState.CONSULTING, AgentState.WRAP_UP}),
    AgentState.CONSULTING: frozenset({AgentState.TALKING, AgentState.HOLDING, AgentState.WRAP_UP}),
    AgentState.WRAP_UP: frozenset({AgentState.READY, AgentState.PAUSED, AgentState.DIALLING, AgentState.OFF}),
    AgentState.PAUSED: frozenset(
        {AgentState.READY, AgentState.PAUSED, AgentState.DIALLING, AgentState.TALKING, AgentState.OFF}
    ),
    AgentState.OFF: frozenset({AgentState.PAUSED}),
}

AGENT_WORDS: dict[AgentState, str] = {
    AgentState.READY: "空闲",
    AgentState.RINGING: "振铃",
    AgentState.DIALLING: "外呼中",
    AgentState.TALKING: "通话",
    AgentState.HOLDING: "保持",
    AgentState.CONSULTING: "咨询转接",
    AgentState.WRAP_UP: "话后整理",
    AgentState.PAUSED: "小休",
    AgentState.OFF: "未签入",
}


def agent_step(state: AgentState, to: AgentState) -> AgentState:
    """Return `to` if the life table allows it; raises WrongState."""
    if to not in AGENT_NEXT[state]:
        raise WrongState(facts={"what": "agent", "state": state.value, "wanted": to.value})
    return to


@dataclass(frozen=True)
class PauseReason:
    """label: Chinese. productive: it counts as work. limit_s: the desk warns after it; None: no limit.

    chosen: an operator may choose it; the others are given by the house or a supervisor.
    """

    label: str
    productive: bool
    limit_s: int | None
    chosen: bool = True


PAUSE_REASONS: dict[str, PauseReason] = {
    "extended": PauseReason("话后延长", True, 300),
    "callbacks": PauseReason("外呼回访", True, 3600),
    "leave-calls": PauseReason("停诊外呼", True, 3600),
    "training": PauseReason("培训", True, 7200),
    "coaching": PauseReason("质检辅导", True, 1800),
    "meeting": PauseReason("会议", True, 3600),
    "rest": PauseReason("小休", False, 900),
    "meal": PauseReason("用餐", False, 2700),
    "device": PauseReason("设备故障", False, 900),
    "assigned": PauseReason("主管指派", True, None, chosen=False),
    "signed-in": PauseReason("刚签入", False, 600, chosen=False),
    "missed": PauseReason("振铃未接", False, 300, chosen=False),
    "lost": PauseReason("连接中断", False, 60, chosen=False),
    "phone-busy": PauseReason("话机占用", False, 300, chosen=False),
}

# Seconds the desk counts down in wrap-up; at zero it warns and never acts by itself (L13).
WRAP_UP_S = 30
# A caller on hold this long is asked for (ux 4.1, GB/T 33358 gives no figure).
HOLD_ALARM_S = 60
# Calls in a row that ring in vain before an operator is taken to be away (one is too harsh).
MISSES_BEFORE_PAUSE = 2


@dataclass(frozen=True)
class Choice:
    """A disposition of the first level with those of the second, by code."""

    label: str
    second: dict[str, str]


DISPOSITIONS: dict[str, Choice] = {
    "booked": Choice("预约成功", {"new": "新预约", "equivalent": "改约同级", "family": "代亲属预约"}),
    "changed": Choice("变更成功", {"time": "改时间", "doctor": "改医生", "department": "改科室"}),
    "cancelled": Choice("取消成功", {"refund": "已退费", "no-fee": "无需退费", "late": "超时特批"}),
    "enquired": Choice(
        "查询", {"appointment": "查预约", "schedule": "查排班", "credit": "查信用", "fee": "查费用"}
    ),
    "leave": Choice("停诊处理", {"moved": "已改约", "refunded": "已退费", "waiting": "待答复"}),
    "full": Choice("无号", {"listed": "已登记需求", "declined": "未登记"}),
    "advice": Choice(
        "咨询", {"visit": "就诊须知", "where": "挂哪个科", "route": "地址交通", "other": "其他"}
    ),
    "complaint": Choice(
        "投诉举报建议", {"complaint": "投诉", "report": "举报", "suggestion": "建议", "praise": "表扬"}
    ),
    "hospital": Choice("转医院三方", {"solved": "已解决", "unsolved": "未解决"}),
    "off-topic": Choice("非业务", {"wrong": "打错", "silent": "无声", "harassment": "骚扰"}),
    "broken": Choice("断线", {"caller": "来电方断", "ours": "我方断", "callback": "已回拨"}),
    "failure": Choice("系统故障", {"booking": "预约系统", "phone": "电话", "hospital": "医院系统"}),
    "untidy": Choice("未整理", {"system": "系统代填"}),
}  # fmt: skip

# What an act says of the matter by itself; the operator only confirms.
BY_ACT: dict[str, tuple[str, str]] = {
    "appointment.booked": ("booked", "new"),
    "appointment.changed": ("changed", "time"),
    "appointment.cancelled": ("cancelled", "no-fee"),
}


def right_disposition(first: str, second: str) -> bool:
    return first in DISPOSITIONS and second in DISPOSITIONS[first].second


def may_be_ready(unfinished: Sequence[int]) -> bool:
    """unfinished: matters of this operator without a disposition. Required before ready (ux 4.1)."""
    return not unfinished
