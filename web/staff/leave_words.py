"""What leaves and their cases are called, what was wrong in the form, and the bar of states; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.http.words import BAD, GOOD, QUIET, WAIT
from core.leave.plan import RUNG_CODES, Rung
from core.leave.rules import CaseState, Disposition, Kind, Need, Source, State
from core.offers.rules import State as OfferState

KINDS: Mapping[Kind, str] = {Kind.STOP: "停诊", Kind.SUBSTITUTE: "替诊", Kind.REDUCE: "减号"}
SOURCES: Mapping[Source, str] = {
    Source.OPERATOR: "热线录入",
    Source.ADMIN: "医院录入",
    Source.MESSAGE: "医院系统通知",
}
STATES: Mapping[State, tuple[str, str]] = {
    State.DRAFT: ("草稿", QUIET),
    State.SUBMITTED: ("待审核", WAIT),
    State.RETURNED: ("已退回", BAD),
    State.APPROVED: ("已生效", WAIT),
    State.HANDLING: ("通知中", WAIT),
    State.DONE: ("已办结", GOOD),
    State.WITHDRAWN: ("已撤销", QUIET),
}
# In the order of the bar: who is looked after, then who still waits.
CASES: Mapping[CaseState, tuple[str, str]] = {
    CaseState.ACCEPTED: ("接受改约", GOOD),
    CaseState.CHANGED: ("另行改约", GOOD),
    CaseState.CANCELLED: ("取消退费", GOOD),
    CaseState.SETTLED: ("人工结案", GOOD),
    CaseState.RESTORED: ("恢复原号", GOOD),
    CaseState.KEPT: ("替诊保留", GOOD),
    CaseState.OFFERED: ("等患者答复", WAIT),
    CaseState.WAITING: ("正在找号", WAIT),
    CaseState.DESK: ("待人工外呼", BAD),
}
NEEDS: Mapping[Need, str] = {
    Need.UNANSWERED: "多次联系没有答复",
    Need.OTHER_TIMES: "要其他时间",
    Need.PERSON: "要求人工",
    Need.NOTHING_FOUND: "没有合适的号",
}
DISPOSITIONS: Mapping[Disposition, str] = {
    Disposition.UNREACHABLE: "联系不上，已退费",
    Disposition.TOLD: "已告知，患者自己决定",
    Disposition.HOSPITAL: "医院自行安置",
}
RUNGS: Mapping[Rung, str] = {
    Rung.SAME_DOCTOR: "同一医生，改日",
    Rung.SAME_GRADE: "同院同科同级医生",
    Rung.SISTER: "同级医院同科",
}
# How an offer came near, by the code it carries while it stands.
NEAR: Mapping[str, str] = {code: RUNGS[rung] for rung, code in RUNG_CODES.items()}
OFFERS: Mapping[OfferState, tuple[str, str]] = {
    OfferState.OPEN: ("等答复", WAIT),
    OfferState.ACCEPTED: ("接受", GOOD),
    OfferState.REFUSED: ("没有要", QUIET),
    OfferState.LAPSED: ("到时未答复", BAD),
    OfferState.WITHDRAWN: ("已收回", QUIET),
}
WISHES: Mapping[str, str] = {
    "other-times": "要其他时间",
    "cancelled": "要退号",
    "person": "要人工",
}
# The field of the form that was not taken, and what to do about it.
FAULTS: Mapping[str, str] = {
    "doctor_id": "请重新选医生。",
    "half": "请选上午、下午或晚上。",
    "last": "结束不能早于开始，也不能早于今天，最长一年。",
    "reason": "请选一个原因。",
    "words": "请写明原因，最多 200 个字。",
    "substitute_id": "请选替诊医生；他在这些时间不能有自己的门诊。",
    "keep": "请填每个班次保留几个号。",
    "first": "日期请写成 2026-12-01。",
}


@dataclass(frozen=True)
class Part:
    """One part of a bar, in the units of the picture; words: what it stands for."""

    tone: str
    x: float
    width: float
    words: str
    number: int


WIDE = 1000


def bar(cases: Mapping[CaseState, int]) -> Sequence[Part]:
    """The states in the order of CASES, each as wide as it has cases; WIDE altogether."""
    total = sum(cases.values())
    parts, x = [], 0.0
    for state, (words, tone) in CASES.items():
        number = cases.get(state, 0)
        if number:
            width = WIDE * number / total
            parts.append(Part(tone, round(x, 1), round(width, 1), words, number))
            x += width
    return parts
