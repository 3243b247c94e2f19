"""A recording's life, how long it is kept, and how a quality sheet is reckoned; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum

from core.errors import WrongInput, WrongState
from core.values import day_of, instant_of


class State(StrEnum):
    LIVE = "live"  # the switch writes it
    WAITING = "waiting"  # whole, and not sealed yet
    SEALED = "sealed"
    MISSING = "missing"  # there was no sound to seal
    ERASED = "erased"  # by rule; the row stays, with the proof of what it was


NEXT: dict[State, frozenset[State]] = {
    State.LIVE: frozenset({State.WAITING, State.MISSING}),
    State.WAITING: frozenset({State.SEALED, State.MISSING}),
    State.SEALED: frozenset({State.ERASED}),
    State.MISSING: frozenset(),
    State.ERASED: frozenset(),
}

STATE_WORDS: dict[State, str] = {
    State.LIVE: "正在录音",
    State.WAITING: "待加密",
    State.SEALED: "可调听",
    State.MISSING: "没有录到",
    State.ERASED: "已按规定销毁",
}

SIDES = {"mixed": "", "caller": "-rx", "heard": "-tx"}
SIDE_WORDS = {"mixed": "双方", "caller": "来电人", "heard": "话务员"}

# Kept so long when no rule of the house says otherwise; complaints stay until they can be forgotten.
KEPT_DAYS: dict[str | None, int] = {None: 180, "complaint": 730, "failure": 365}

# No sealed file lies longer than this without being opened and compared with what was sealed.
VERIFIED_WITHIN_DAYS = 7
# Looking begins at this hour, when hardly anybody calls.
LOOK_HOUR = 3


class Fault(StrEnum):
    """What is wrong with a sealed file."""

    LOST = "lost"
    TAMPERED = "tampered"


FAULT_WORDS = {Fault.LOST: "录音文件不见了", Fault.TAMPERED: "录音文件被改动过"}


PLAY_REASONS = {"complaint": "投诉核实", "quality": "质检", "training": "培训", "other": "其他"}
GAP_WORDS = {"identity": "证件号码", "card": "卡号", "asked": "话务员暂停"}


def step(state: State, to: State) -> State:
    """Return `to` if the life table allows it; raises WrongState."""
    if to not in NEXT[state]:
        raise WrongState(facts={"what": "recording", "state": state.value, "wanted": to.value})
    return to


def kept_until(ended: datetime, dispositions: Sequence[str], rules: Mapping[str | None, int]) -> datetime:
    """When a recording may be erased: the longest of its dispositions' times, else the common one."""
    ours = {**KEPT_DAYS, **rules}
    days = [ours[code] for code in dispositions if code in ours]
    return ended + timedelta(days=max(days, default=ours[None]))


def verify_after(whole: datetime) -> datetime:
    """From when on a file that was whole at this instant is due: a night, with most of a day to spare."""
    return instant_of(day_of(whole) + timedelta(days=VERIFIED_WITHIN_DAYS - 1), time(LOOK_HOUR))


@dataclass(frozen=True)
class Gap:
    """Seconds from the beginning of the sound."""

    first_s: float
    last_s: float
    why: str


def gaps(began: datetime, seconds: float, told: Sequence[tuple[datetime, datetime | None, str]]) -> list[Gap]:
    """Gaps as places in the sound; one without an end lasts to the end."""
    found = []
    for first, last, why in told:
        begin = max(0.0, (first - began).total_seconds())
        end = seconds if last is None else min(seconds, (last - began).total_seconds())
        if end > begin:
            found.append(Gap(begin, end, why))
    return found


# --- quality ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Item:
    """most: points it may give."""

    code: str
    label: str
    most: int
    ask: str


@dataclass(frozen=True)
class Template:
    """The items' points add up to 100. fatal: what makes the whole sheet nothing."""

    title: str
    items: tuple[Item, ...]
    fatal: Mapping[str, str]


TEMPLATES: dict[str, Template] = {
    "booking": Template(
        "预约服务质检",
        (
            Item("opening", "开头语", 10, "报工号，用规范问候语"),
            Item("identity", "身份核对", 15, "姓名、电话、证件核对齐全，不当面念出完整号码"),
            Item("listening", "倾听与态度", 20, "不打断、不催促，对老人放慢语速"),
            Item("business", "业务准确", 25, "医院、科室、医生、时间、费用无误，约满时主动给出同级选择"),
            Item("read-back", "复述确认", 15, "办理前完整复述一遍并得到确认"),
            Item("serial", "流水号报读", 10, "按两位、三位、三位分组慢报，并告知短信"),
            Item("closing", "结束语", 5, "问是否还有需要，致谢"),
        ),
        {"privacy": "泄露个人信息", "rude": "辱骂或挂断来电", "false": "虚假承诺"},
    ),
}


def total(template: Template, scores: Mapping[str, int], fatal: str | None) -> int:
    """Points of 100; a fatal fault leaves none. Raises WrongInput for a missing or impossible score."""
    wanted = {item.code: item.most for item in template.items}
    if set(scores) != set(wanted) or any(not 0 <= scores[code] <= most for code, most in wanted.items()):
        raise WrongInput(facts={"field": "scores"})
    if fatal is not None and fatal not in template.fatal:
        raise WrongInput(facts={"field": "fatal"})
    return 0 if fatal else sum(scores.values())
