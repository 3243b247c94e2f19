"""Where a call is and how it ended, in Chinese; pure."""

from core.contact.rules import DISPOSITION_WORDS, Disposition, State
from core.contact.view import InteractionView
from core.http.words import BAD, GOOD, QUIET, WAIT

STATES = {
    State.NEW: "接入",
    State.IVR: "语音菜单",
    State.QUEUED: "排队等话务员",
    State.OFFERED: "话务员振铃",
    State.TALKING: "和话务员通话",
    State.HELD: "保持",
    State.MESSAGE: "留言",
    State.WRAP_UP: "话后整理",
    State.CLOSED: "结束",
}
# How far the voice menu got (Interaction.reached).
REACHED = {
    "greeting": "开头问候",
    "menu": "主菜单",
    "identify": "核对身份",
    "hospital": "选医院",
    "department": "选科室",
    "doctor": "选医生",
    "day": "选日期",
    "period": "选时段",
    "held": "已占号",
    "read-back": "复述确认",
    "booked": "预约成功",
    "find": "找预约",
    "appointment": "听预约",
    "change": "改约",
    "changed": "改约成功",
    "cancel": "退约",
    "cancelled": "退约成功",
    "texting": "短信办理中",
    "redial": "接着办",
    "blocked": "告知暂停预约",
    "calling": "正在拨号",
    "gate": "请本人接听",
    "told": "播报通知",
    "other-times": "听其他时间",
}
_TONES = {
    Disposition.BOOKED: GOOD,
    Disposition.CHANGED: GOOD,
    Disposition.CANCELLED: GOOD,
    Disposition.ANSWERED: GOOD,
    Disposition.MESSAGE: WAIT,
    Disposition.CALLBACK: WAIT,
    Disposition.LISTED: GOOD,
    Disposition.FAILED: BAD,
}


def reached(stage: str) -> str:
    """How far the menu got; a stage nobody has named yet is called the menu."""
    return REACHED.get(stage, "语音菜单")


def disposition(code: str) -> tuple[str, str]:
    """The words of a disposition and their tone."""
    how = Disposition(code)
    return DISPOSITION_WORDS[how], _TONES.get(how, QUIET)


def place(seen: InteractionView) -> tuple[str, str]:
    """Where a call that goes on is now."""
    state = State(seen.state)
    return (reached(seen.reached) if state in (State.NEW, State.IVR) else STATES[state]), WAIT


def ending(seen: InteractionView) -> tuple[str, str]:
    return disposition(seen.disposition) if seen.disposition else ("没有小结", BAD)
