"""Calls of ours in Chinese: what they are about, how a try ended, what was answered; pure."""

from collections.abc import Mapping

from core.calling.rules import Answer, Kind, Outcome
from core.http.words import BAD, GOOD, QUIET, WAIT

KINDS: Mapping[Kind, str] = {
    Kind.LEAVE: "停诊通知",
    Kind.WAITING: "候补有号",
    Kind.REMINDER: "就诊提醒",
}
OUTCOMES: Mapping[Outcome, tuple[str, str]] = {
    Outcome.KEY: ("已按键答复", GOOD),
    Outcome.TALKED: ("人工已告知", GOOD),
    Outcome.SILENT: ("接了没按键", WAIT),
    Outcome.HUNG_UP: ("中途挂断", WAIT),
    Outcome.WRONG: ("号码不是患者的", BAD),
    Outcome.BUSY: ("忙线", WAIT),
    Outcome.NO_ANSWER: ("无人接听", WAIT),
    Outcome.FAILED: ("打不通", BAD),
    Outcome.LOST: ("线路中断，结果不明", BAD),
}
ANSWERS: Mapping[Answer, str] = {
    Answer.ACCEPTED: "接受",
    Answer.OTHER_TIMES: "要其他时间",
    Answer.CANCELLED: "取消",
    Answer.REFUSED: "不要",
    Answer.KEPT: "会来",
    Answer.CHANGED: "已改约",
    Answer.PERSON: "要人工",
    Answer.ELSEWHERE: "已另行答复",
}


def outcome(code: Outcome | None) -> tuple[str, str]:
    """How a try ended, and its tone; one without an end is under way."""
    return ("正在打", QUIET) if code is None else OUTCOMES[code]
