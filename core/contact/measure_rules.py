"""What the figures of the wall mean: the spans, and the formula of each measure; pure.

A call is counted once, by its first wait, however often it is put back or handed on: an answered call
is never shown as abandoned (beyond-the-peers L14, L16).
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from core.contact.agent_rules import AgentState
from core.contact.call_facts import Call, Interval
from core.contact.rules import Disposition
from core.values import SHANGHAI, day_of


class Span(StrEnum):
    """The stretches of time that figures are told for; all end now."""

    TODAY = "today"  # since midnight in Asia/Shanghai
    HALF_HOUR = "half-hour"
    DAY = "24h"


SPAN_WORDS = {Span.TODAY: "今日", Span.HALF_HOUR: "近30分钟", Span.DAY: "近24小时"}


def midnight(day: date) -> datetime:
    """When a hotline day begins."""
    return datetime.combine(day, time(), SHANGHAI).astimezone(UTC)


def start_of(span: Span, now: datetime) -> datetime:
    """The first instant that belongs to it."""
    if span is Span.TODAY:
        return midnight(day_of(now))
    return now - (timedelta(minutes=30) if span is Span.HALF_HOUR else timedelta(hours=24))


@dataclass(frozen=True)
class Policy:
    """The two switches of the service level, as reports of other houses set them either way.

    abandoned: whether callers who gave up count against it. short_s: who gives up sooner never counts.
    """

    abandoned: bool = True
    short_s: int = 5
    within_s: int = 15


class Unit(StrEnum):
    PERCENT = "percent"
    SECONDS = "seconds"
    COUNT = "count"


@dataclass(frozen=True)
class Target:
    """A named aim. aim: in figures; name: whose. most: the value may not be above it, else not below."""

    value: float
    aim: str
    name: str
    most: bool = False

    def missed_by(self, value: float | None) -> bool:
        return value is not None and (value > self.value if self.most else value < self.value)


Begins = Callable[[Call], datetime | None]


@dataclass(frozen=True)
class Measure:
    """A quotient over calls: Σ weighs ÷ number that counts, of the calls that begin within a span.

    begins: which instant of a call decides; None: it has none of this kind. weighs: 0 or 1 of a share,
    else microseconds, so that sums are exact.
    """

    code: str
    title: str
    formula: Callable[[Policy], str]
    unit: Unit
    begins: Begins
    counts: Callable[[Call, datetime, Policy], bool]
    weighs: Callable[[Call, datetime, Policy], int]
    spans: tuple[Span, ...] = (Span.TODAY, Span.HALF_HOUR)
    target: Target | None = None
    ranked: bool = False  # whether the 90th percentile is told beside it
    policed: bool = False  # whether it differs by the policy


def _queued(call: Call) -> datetime | None:
    return call.queued_at


def _came(call: Call) -> datetime | None:
    return call.started_at if call.came_in else None


def _level_counts(call: Call, now: datetime, policy: Policy) -> bool:
    if call.outcome == "answered":
        return True
    if not policy.abandoned:
        return False
    waited = call.waited(now).total_seconds()
    if call.outcome is None:  # still waiting: it counts from the moment when it has missed the target
        return waited > policy.within_s
    return call.outcome != "abandoned" or waited >= policy.short_s


def _level_formula(policy: Policy) -> str:
    if not policy.abandoned:
        return f"排队{policy.within_s}秒内接听 ÷ 接听"
    return f"排队{policy.within_s}秒内接听 ÷（进入排队 − {policy.short_s}秒内放弃）"


def _within(call: Call, now: datetime, policy: Policy) -> int:
    return int(call.outcome == "answered" and call.waited(now).total_seconds() <= policy.within_s)


def micro(span: timedelta) -> int:
    """Whole microseconds, the grain of an instant: sums of them are exact."""
    return span // timedelta(microseconds=1)


SERVICE_LEVEL = Measure(
    "service-level", "15秒接通率", _level_formula, Unit.PERCENT,
    _queued, _level_counts, _within, policed=True,
    target=Target(0.80, "≥80%", "呼叫中心招标常用：15至20秒内接听八成"),
)  # fmt: skip
CONNECTED = Measure(
    "connected", "接通率", lambda policy: "接听 ÷ 等待已结束的来电", Unit.PERCENT,
    _queued,
    lambda call, now, policy: call.outcome is not None,
    lambda call, now, policy: int(call.outcome == "answered"),
    spans=(Span.DAY, Span.TODAY), target=Target(0.95, "≥95%", "GB/T 33358-2016"),
)  # fmt: skip
ABANDONED = Measure(
    "abandoned", "放弃率", lambda policy: "排队中挂机 ÷ 等待已结束的来电；留言、约回拨不算", Unit.PERCENT,
    _queued,
    lambda call, now, policy: call.outcome is not None,
    lambda call, now, policy: int(call.outcome == "abandoned"),
    target=Target(0.05, "≤5%", "接通率95%的另一面", most=True),
)  # fmt: skip
ANSWER_SPEED = Measure(
    "answer-speed", "平均应答", lambda policy: "Σ 接听者的等待 ÷ 接听", Unit.SECONDS,
    _queued,
    lambda call, now, policy: call.outcome == "answered",
    lambda call, now, policy: micro(call.waited(now)),
    target=Target(15, "≤15秒", "GB/T 33358-2016", most=True), ranked=True,
)  # fmt: skip
HANDLING = Measure(
    "handling", "平均处理时长", lambda policy: "Σ（通话 + 保持 + 话后整理）÷ 处理完的来电", Unit.SECONDS,
    lambda call: call.done_at if call.came_in else None,
    lambda call, now, policy: True,
    lambda call, now, policy: micro(call.handling),
)  # fmt: skip
MENU_LOSS = Measure(
    "menu-loss", "菜单流失率", lambda policy: "语音菜单中挂机 ÷ 已结束的来电", Unit.PERCENT,
    _came,
    lambda call, now, policy: call.closed_at is not None,
    lambda call, now, policy: int(call.disposition == Disposition.ABANDONED_MENU),
)  # fmt: skip
BOOKED_CALLS = Measure(
    "booked-calls", "来电成约率", lambda policy: "办成预约的来电 ÷ 已结束的来电", Unit.PERCENT,
    _came,
    lambda call, now, policy: call.closed_at is not None,
    lambda call, now, policy: int(call.booked),
)  # fmt: skip

MEASURES = (SERVICE_LEVEL, CONNECTED, ABANDONED, ANSWER_SPEED, HANDLING, MENU_LOSS, BOOKED_CALLS)

# Time of operators, for the occupancy: what is work with callers, and what is no time at the phone.
BUSY = frozenset({AgentState.TALKING, AgentState.HOLDING, AgentState.CONSULTING, AgentState.WRAP_UP})
OCCUPANCY_FORMULA = "Σ（通话+保持+话后）÷（签入−小休）"


@dataclass(frozen=True)
class Sum:
    """What a measure adds up to over a span: `total` of `count`; p90 where it is ranked."""

    count: int
    total: int
    p90: int | None = None

    @property
    def mean(self) -> float | None:
        return self.total / self.count if self.count else None


def percentile(ordered: Sequence[int], share: float) -> int | None:
    """The smallest value that at least `share` of the values do not exceed (nearest rank)."""
    return ordered[math.ceil(share * len(ordered)) - 1] if ordered else None


def counted(
    measure: Measure, calls: Iterable[Call], span: Span, now: datetime, policy: Policy
) -> list[tuple[Call, int]]:
    """The very calls behind a figure, each with what it adds."""
    start = start_of(span, now)
    return [
        (call, measure.weighs(call, now, policy))
        for call in calls
        if (begin := measure.begins(call)) is not None
        and start <= begin <= now
        and measure.counts(call, now, policy)
    ]


def recount(measure: Measure, calls: Iterable[Call], span: Span, now: datetime, policy: Policy) -> Sum:
    """The figure, from nothing but the calls."""
    weights = sorted(weight for _, weight in counted(measure, calls, span, now, policy))
    return Sum(len(weights), sum(weights), percentile(weights, 0.9) if measure.ranked else None)


def occupancy(intervals: Iterable[Interval], start: datetime, now: datetime) -> Sum:
    """Microseconds at work with callers (total), of those that people were there for them (count)."""
    busy = there = timedelta()
    for one in intervals:
        spent = one.within(start, now)
        busy += spent if one.state in BUSY else timedelta()
        there += spent if one.state != AgentState.PAUSED else timedelta()
    return Sum(micro(there), micro(busy))
