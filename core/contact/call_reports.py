"""Call reports by operator, queue, hour and disposition, from the same facts as the wall; pure."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from core.contact.agent_rules import DISPOSITIONS, AgentState
from core.contact.call_facts import Call, Interval
from core.contact.distribution import QUEUE_CLASS_WORDS, QueueClass
from core.contact.measure_rules import (
    ABANDONED,
    ANSWER_SPEED,
    BUSY,
    HANDLING,
    OCCUPANCY_FORMULA,
    SERVICE_LEVEL,
    Measure,
    Policy,
    Sum,
    midnight,
    percentile,
)
from core.values import local

LONGEST_DAYS = 31  # what one look may cost: a month of calls is held in memory while it is reckoned


@dataclass(frozen=True)
class Column:
    """kind: text, count, percent, seconds. formula: what the figure means; empty for plain counts."""

    title: str
    kind: str
    formula: str = ""


Value = str | int | float | None


@dataclass(frozen=True)
class Report:
    """One table. total: the row below, over everything; None where a sum would say nothing."""

    code: str
    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Value]]
    total: Sequence[Value] | None = None


@dataclass(frozen=True)
class Facts:
    """Everything that reports look at, of [first, last] in hotline days, and the names they use."""

    first: date
    last: date
    now: datetime
    calls: Sequence[Call]
    intervals: Sequence[Interval]
    dispositions: Mapping[tuple[str, str], int]
    booked: Mapping[int, int]  # by operator
    people: Mapping[int, tuple[str, str]]  # name, number (工号)
    skills: Mapping[str, str]
    policy: Policy = field(default_factory=Policy)

    @property
    def starts(self) -> datetime:
        return midnight(self.first)

    @property
    def ends(self) -> datetime:
        return min(midnight(self.last + timedelta(days=1)), self.now)


def every(facts: Facts) -> list[Report]:
    """All reports in the order of the page."""
    return [by_hour(facts), by_queue(facts), by_agent(facts), by_disposition(facts)]


_POLICY = Policy()
_CALLS = (
    Column("进入排队", "count"),
    Column("接听", "count"),
    Column("放弃", "count"),
    Column("留言或回拨", "count"),
    Column("15秒接通率", "percent", SERVICE_LEVEL.formula(_POLICY)),
    Column("放弃率", "percent", ABANDONED.formula(_POLICY)),
    Column("平均应答", "seconds", ANSWER_SPEED.formula(_POLICY)),
    Column("90%应答", "seconds", "九成接听者的等待不超过"),
    Column("平均处理", "seconds", HANDLING.formula(_POLICY)),
)


def _figures(calls: Sequence[Call], facts: Facts) -> list[Value]:
    outcomes = Counter(call.outcome for call in calls)
    level, lost, speed, handled = (
        _sum(measure, calls, facts) for measure in (SERVICE_LEVEL, ABANDONED, ANSWER_SPEED, HANDLING)
    )
    return [
        len(calls),
        outcomes["answered"],
        outcomes["abandoned"],
        outcomes["message"] + outcomes["callback"],
        level.mean,
        lost.mean,
        _seconds(speed.mean),
        _seconds(speed.p90),
        _seconds(handled.mean),
    ]


def _sum(measure: Measure, calls: Iterable[Call], facts: Facts) -> Sum:
    counting = [
        call
        for call in calls
        if measure.begins(call) is not None and measure.counts(call, facts.now, facts.policy)
    ]
    weights = sorted(measure.weighs(call, facts.now, facts.policy) for call in counting)
    return Sum(len(weights), sum(weights), percentile(weights, 0.9) if measure.ranked else None)


def _seconds(micros: float | None) -> float | None:
    return None if micros is None else micros / 1_000_000


def _queued(facts: Facts) -> list[Call]:
    return [
        call
        for call in facts.calls
        if call.queued_at is not None and facts.starts <= call.queued_at < facts.ends
    ]


def by_hour(facts: Facts) -> Report:
    """Calls by the hour of the day in which they entered the queue."""
    groups: dict[int, list[Call]] = defaultdict(list)
    for call in _queued(facts):
        assert call.queued_at
        groups[local(call.queued_at).hour].append(call)
    rows = [[f"{hour:02}:00", *_figures(groups[hour], facts)] for hour in sorted(groups)]
    total = ["合计", *_figures(_queued(facts), facts)]
    return Report("hour", "按小时", (Column("小时", "text"), *_CALLS), rows, total)


def by_queue(facts: Facts) -> Report:
    """Calls by class and by the skill that was asked for; each call by its first wait."""

    def label(call: Call) -> str:
        first = call.waits[0]
        klass = QUEUE_CLASS_WORDS[QueueClass(first.klass)]
        skill = facts.skills.get(first.skill, first.skill) if first.skill else "不限技能"
        return f"{klass} · {skill}"

    rows = _grouped(_queued(facts), label, facts)
    total = ["合计", *_figures(_queued(facts), facts)]
    return Report("queue", "按队列、技能和类别", (Column("类别 · 技能", "text"), *_CALLS), rows, total)


def _grouped(calls: Iterable[Call], label: Callable[[Call], str], facts: Facts) -> list[list[Value]]:
    groups: dict[str, list[Call]] = defaultdict(list)
    for call in calls:
        groups[label(call)].append(call)
    order = sorted(groups, key=lambda name: (-len(groups[name]), name))
    return [[name, *_figures(groups[name], facts)] for name in order]


_AGENTS = (
    Column("话务员", "text"),
    Column("工号", "text"),
    Column("接听", "count"),
    Column("平均通话", "seconds", "Σ 本人与来电人同在通话中的时间 ÷ 接听"),
    Column("平均话后", "seconds", "Σ 话后整理 ÷ 接听"),
    Column("预约", "count"),
    Column("每小时预约", "number", "预约 ÷（签入 − 小休）小时"),
    Column("签入", "seconds"),
    Column("小休", "seconds"),
    Column("占用率", "percent", OCCUPANCY_FORMULA),
)


def by_agent(facts: Facts) -> Report:
    """Operators: what they answered, how long it took, how they spent their time."""
    talked: Counter[int] = Counter()
    answered: Counter[int] = Counter()
    for call in facts.calls:
        for staff_id, spent in call.spent(facts.now).by_staff.items():
            talked[staff_id] += spent // timedelta(microseconds=1)
            answered[staff_id] += 1
    spent_in: dict[int, Counter[str]] = defaultdict(Counter)
    for one in facts.intervals:
        spent_in[one.staff_id][one.state] += one.within(facts.starts, facts.ends) // timedelta(microseconds=1)
    ids = sorted(set(spent_in) | set(answered), key=lambda one: facts.people.get(one, ("", ""))[1])
    rows = [_agent(facts, one, answered[one], talked[one], spent_in[one]) for one in ids]
    everybody: Counter[str] = sum(spent_in.values(), Counter())
    total = _agent(facts, None, answered.total(), talked.total(), everybody)
    return Report("agent", "按话务员", _AGENTS, rows, total)


def _agent(
    facts: Facts, staff_id: int | None, answered: int, talked: int, spent: Counter[str]
) -> list[Value]:
    there = spent.total() - spent[AgentState.PAUSED]
    busy = sum(spent[state] for state in BUSY)
    booked = facts.booked.get(staff_id, 0) if staff_id else sum(facts.booked.values())
    name, number = facts.people.get(staff_id, ("", "")) if staff_id else ("合计", "")
    return [
        name,
        number,
        answered,
        _seconds(talked / answered) if answered else None,
        _seconds(spent[AgentState.WRAP_UP] / answered) if answered else None,
        booked,
        booked / (there / 3.6e9) if there else None,
        _seconds(spent.total()),
        _seconds(spent[AgentState.PAUSED]),
        busy / there if there else None,
    ]


def by_disposition(facts: Facts) -> Report:
    """Matters by how they ended, both levels."""
    columns = (
        Column("小结", "text"),
        Column("细分", "text"),
        Column("事项", "count"),
        Column("占比", "percent", "事项 ÷ 全部事项"),
    )
    total = sum(facts.dispositions.values())
    rows: list[list[Value]] = []
    for first, choice in DISPOSITIONS.items():
        for second, label in choice.second.items():
            times = facts.dispositions.get((first, second), 0)
            if times:
                rows.append([choice.label, label, times, times / total])
    rows.sort(key=lambda row: -int(row[2] or 0))
    return Report("disposition", "按小结", columns, rows, ["合计", "", total, 1.0 if total else None])
