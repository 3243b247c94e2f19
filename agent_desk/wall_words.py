"""How the wall writes what it knows: values, states, and what belongs to each part; pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from agent_desk.wall_seen import Alarm, Seen, still
from core.contact.agent_rules import AGENT_WORDS, DISPOSITIONS, IN_CALL, PAUSE_REASONS, AgentState
from core.contact.figures import Figure, Reading
from core.contact.floor_view import Lane
from core.contact.measure_rules import Unit
from core.health import State
from core.http.pages import duration
from core.http.words import CHANNEL, HEALTH, PARTS

__all__ = ["HEALTH", "PARTS", "Unit"]  # which the templates use as well

# What the announcements of an installation are called by those who switch them.
GREETINGS = {"surge": "高峰应答", "storm": "天气提示"}
ACT_WORDS = {"booked": "预约", "changed": "改约", "cancelled": "退约"}

# The order in which states are counted, with those that are one to a supervisor put together.
_STATES: tuple[tuple[str, frozenset[AgentState]], ...] = (
    ("空闲", frozenset({AgentState.READY})),
    ("振铃", frozenset({AgentState.RINGING, AgentState.DIALLING})),
    ("通话", IN_CALL),
    ("话后整理", frozenset({AgentState.WRAP_UP})),
    ("小休", frozenset({AgentState.PAUSED})),
)


def value(unit: Unit, number: float | None) -> str:
    """A value with its unit; a dash when there was nothing to reckon it from."""
    if number is None:
        return "—"
    if unit is Unit.PERCENT:
        return "100%" if number == 1 else f"{number * 100:.1f}%"
    if unit is Unit.SECONDS:
        return f"{number:.0f}秒" if number < 100 else duration(round(number))
    return f"{number:.0f}"


def behind(figure: Figure, reading: Reading) -> str:
    """What a value was reckoned from: 182 ÷ 195."""
    if figure.unit is Unit.PERCENT and figure.code != "occupancy":
        return f"{reading.part:.0f} ÷ {reading.of}"
    if figure.code == "occupancy":
        return f"{reading.part / 3600:.1f} ÷ {reading.of / 3600:.1f} 小时"
    return f"{reading.of} 个来电"


def state_words(lane: Lane) -> str:
    """What an operator does, in a word."""
    if lane.lost_since is not None:
        return "连接中断"
    if lane.state is AgentState.PAUSED and lane.reason in PAUSE_REASONS:
        return PAUSE_REASONS[lane.reason].label
    return "整理" if lane.state is AgentState.WRAP_UP else AGENT_WORDS[lane.state]


def quick(lane: Lane) -> tuple[str, str] | None:
    """The act that one click at the lane does: what its state asks for most often, and how it is called."""
    if lane.state in IN_CALL:
        return ("spy", "监听")
    if lane.state in (AgentState.PAUSED, AgentState.WRAP_UP):
        return ("force-ready", "置闲")
    return ("force-pause", "置忙") if lane.state is AgentState.READY else None


def wanted_words(lane: Lane) -> str:
    """What they asked for, or were told, for after the call."""
    if not lane.wanted:
        return ""
    return "话后签出" if lane.wanted == "off" else f"话后{PAUSE_REASONS[lane.wanted].label}"


def overdue(lane: Lane, now: datetime) -> bool:
    """Whether a pause has lasted longer than its reason allows."""
    since = (now - lane.since).total_seconds()
    return lane.state is AgentState.PAUSED and lane.limit_s is not None and since > lane.limit_s


@dataclass(frozen=True)
class Counted:
    """A state: how many are in it, and since when the one who has been in it longest."""

    words: str
    number: int
    longest: datetime | None


def counts(lanes: Sequence[Lane]) -> list[Counted]:
    found = []
    for words, states in _STATES:
        inside = [lane.since for lane in lanes if lane.state in states]
        found.append(Counted(words, len(inside), min(inside, default=None)))
    return found


def channels(acts: Mapping[tuple[str, str], int]) -> list[tuple[str, str, int, int, int]]:
    """Rows of a table: channel, its Chinese name, booked, changed, cancelled; the busiest first."""
    codes = sorted({channel for _, channel in acts}, key=lambda one: -acts.get(("booked", one), 0))
    return [
        (code, CHANNEL.get(code, "其他"), *(acts.get((kind, code), 0) for kind in ACT_WORDS))  # type: ignore[misc]
        for code in codes
    ]


def ends(found: Mapping[tuple[str, str], int]) -> list[tuple[str, str, int]]:
    """Dispositions of the first level: code, words, how many; the most frequent first."""
    total: Counter[str] = Counter()
    for (first, _), times in found.items():
        total[first] += times
    return [
        (code, DISPOSITIONS[code].label if code in DISPOSITIONS else code, times)
        for code, times in total.most_common()
    ]


def alarm_words(alarm: Alarm) -> str:
    return f"{PARTS.get(alarm.words, alarm.words)}已停止" if alarm.code.startswith("part-") else alarm.words


HEALTH_TONES = {State.UP: "good", State.DEGRADED: "wait", State.STARTING: "wait", State.DOWN: "bad"}


def parts(seen: Seen) -> dict[str, object]:
    """What each part of the page depends on, to tell whether it must be drawn again."""
    limits = tuple(overdue(lane, seen.as_of) for lane in seen.lanes)
    slow = seen.slow
    return {
        "alarms": (seen.alarms, slow.hands),
        "figures": [still(figure) for figure in seen.figures],
        "agents": (seen.lanes, limits, slow.skills),
        "waiting": (seen.callers, slow.skills, slow.names),
        "wants": slow.wants,
        "more": (
            dict(seen.acts), slow.dispositions, slow.callbacks, slow.parts, seen.lines, slow.outbox_s // 10,
            [one for one in slow.callbacks if one.promised_for <= seen.as_of],
            [still(figure) for figure in slow.outcomes],
        ),
        "floor": (slow.greetings, slow.said),
        "day": seen.curve,
    }  # fmt: skip
