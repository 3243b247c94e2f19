"""The figures of the wall kept up call by call, as cheap at noon as in the morning; pure.

Whatever is put in again replaces what was there, so hearing of a change twice does no harm. That the
sums equal a recount from the tables at any second is a test (tests/contact/test_measures.py).
"""

import heapq
from bisect import bisect_left, insort
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta

from core.contact.agent_rules import AgentState
from core.contact.call_facts import Act, Call, Interval
from core.contact.measure_rules import (
    BUSY,
    Begins,
    Measure,
    Policy,
    Span,
    Sum,
    counted,
    micro,
    midnight,
    occupancy,
    percentile,
    start_of,
)
from core.values import day_of

# As far back as any span reaches, and a little: calls that are over for longer are forgotten.
KEPT = timedelta(hours=25)


class _Begun:
    """Calls that are over, in the order in which they began in one of the senses of `Measure.begins`."""

    def __init__(self, begins: Begins, over: Iterable[Call]) -> None:
        self.begins = begins
        self._order = sorted((begin, call.interaction_id) for call in over if (begin := begins(call)))

    def put(self, call: Call) -> None:
        if begin := self.begins(call):
            insort(self._order, (begin, call.interaction_id))

    def drop(self, call: Call) -> None:
        if begin := self.begins(call):
            del self._order[bisect_left(self._order, (begin, call.interaction_id))]

    def between(self, start: datetime, end: datetime) -> list[int]:
        """Which began in [start, end)."""
        first, last = (bisect_left(self._order, (instant,)) for instant in (start, end))
        return [interaction_id for _, interaction_id in self._order[first:last]]


class _Running:
    """One measure over one span that moves on: what falls out on the left is taken off.

    Of a call nothing is kept here: what one that is over adds is the same whenever it is asked for.
    """

    def __init__(self, measure: Measure, span: Span, policy: Policy, now: datetime) -> None:
        self._measure, self._span, self._policy = measure, span, policy
        self._start = start_of(span, now)
        self._count = self._total = 0
        self._ranked: list[int] = []

    def put(self, call: Call, now: datetime) -> None:
        if (weight := self._weight(call, now)) is None:
            return
        self._count += 1
        self._total += weight
        if self._measure.ranked:
            insort(self._ranked, weight)

    def drop(self, call: Call, now: datetime) -> None:
        if (weight := self._weight(call, now)) is None:
            return
        self._count -= 1
        self._total -= weight
        if self._measure.ranked:
            del self._ranked[bisect_left(self._ranked, weight)]

    def _weight(self, call: Call, now: datetime) -> int | None:
        """What a call that is over adds; None: it is not in it."""
        begin = self._measure.begins(call)
        if begin is None or begin < self._start or not self._measure.counts(call, now, self._policy):
            return None
        return self._measure.weighs(call, now, self._policy)

    def age(self, begun: _Begun, calls: Mapping[int, Call], now: datetime) -> None:
        """Let go of what the span does not reach any more."""
        start = start_of(self._span, now)
        if start <= self._start:
            return
        for interaction_id in begun.between(self._start, start):
            self.drop(calls[interaction_id], now)
        self._start = start

    def sum(self, still_open: Iterable[Call], now: datetime) -> Sum:
        fresh = [weight for _, weight in counted(self._measure, still_open, self._span, now, self._policy)]
        p90 = percentile(sorted(self._ranked + fresh), 0.9) if self._measure.ranked else None
        return Sum(self._count + len(fresh), self._total + sum(fresh), p90)


class _Shifts:
    """Operators' time: closed stretches summed by day, those of the last half-hour and open ones kept."""

    def __init__(self) -> None:
        self.running: dict[int, Interval] = {}  # by agent
        self._over: dict[int, int] = {}  # agent → the last stretch that is summed
        self._recent: list[tuple[datetime, int, Interval]] = []
        self._newest: datetime | None = None  # when the last of them ended: it is not earlier now
        self._days: dict[date, list[int]] = defaultdict(lambda: [0, 0])  # busy, there

    def put(self, one: Interval) -> None:
        """Stretches of one operator follow each other, so an id that is summed never changes again."""
        if one.interval_id <= self._over.get(one.agent_id, 0):
            return
        if one.ended_at is None:
            self.running[one.agent_id] = one
            return
        held = self.running.get(one.agent_id)
        if held is not None and held.interval_id <= one.interval_id:
            del self.running[one.agent_id]
        self._over[one.agent_id] = one.interval_id
        heapq.heappush(self._recent, (one.ended_at, one.interval_id, one))
        self._newest = max(self._newest or one.ended_at, one.ended_at)
        self._let_go(start_of(Span.HALF_HOUR, self._newest))  # nobody may look for days
        day = day_of(one.began_at)
        while day <= day_of(one.ended_at):
            following = day + timedelta(days=1)
            spent = one.within(midnight(day), midnight(following))
            self._days[day][0] += micro(spent) if one.state in BUSY else 0
            self._days[day][1] += micro(spent) if one.state != AgentState.PAUSED else 0
            day = following

    def known(self, agent_id: int) -> int:
        running = self.running.get(agent_id)
        return running.interval_id if running else self._over.get(agent_id, 0)

    def sum(self, span: Span, now: datetime) -> Sum:
        start = start_of(span, now)
        still = occupancy(self.running.values(), start, now)
        if span is Span.TODAY:
            busy, there = self._days[day_of(now)]
        else:
            self._let_go(start)
            over = occupancy((one for _, _, one in self._recent), start, now)
            busy, there = over.total, over.count
        return Sum(still.count + there, still.total + busy)

    def _let_go(self, start: datetime) -> None:
        """Those that ended before the half-hour began."""
        while self._recent and self._recent[0][0] <= start:
            heapq.heappop(self._recent)

    def forget(self, before: date) -> None:
        for day in [day for day in self._days if day < before]:
            del self._days[day]


class Tally:
    """Every figure that calls and operators' time give, at any second and for any policy.

    Put in calls, intervals and acts as they are now, whenever they may have changed.
    """

    def __init__(self) -> None:
        self.calls: dict[int, Call] = {}
        self._open: dict[int, Call] = {}
        self._begun: dict[Begins, _Begun] = {}
        self._running: dict[tuple[str, Span, Policy | None], tuple[_Begun, _Running]] = {}
        self._shifts = _Shifts()
        self._acts: dict[int, Act] = {}
        self._acts_since: date | None = None  # the day from which on they are kept
        self._acts_by_day: Counter[tuple[date, str, str]] = Counter()
        self._ages: list[tuple[datetime, int]] = []

    def put_call(self, call: Call, now: datetime) -> None:
        """A contact as it is now."""
        before = self.calls.get(call.interaction_id)
        if before is None:
            heapq.heappush(self._ages, (call.started_at, call.interaction_id))
        elif before.settled:
            self._take_off(before, now)
        self.calls[call.interaction_id] = call
        if not call.settled:
            self._open[call.interaction_id] = call
            return
        self._open.pop(call.interaction_id, None)
        for begun in self._begun.values():
            begun.put(call)
        for _, running in self._running.values():
            running.put(call, now)

    def _take_off(self, call: Call, now: datetime) -> None:
        """What a call that was over has added."""
        for begun in self._begun.values():
            begun.drop(call)
        for _, running in self._running.values():
            running.drop(call, now)

    def put_interval(self, one: Interval) -> None:
        self._shifts.put(one)

    def put_act(self, act: Act) -> None:
        if act.journal_id not in self._acts:
            self._acts[act.journal_id] = act
            self._acts_by_day[day_of(act.at), act.kind, act.channel] += 1

    def known(self, agent_id: int) -> int:
        """The stretch of an operator from which on anything may have changed; 0: nothing was put in."""
        return self._shifts.known(agent_id)

    def sum(self, measure: Measure, span: Span, now: datetime, policy: Policy) -> Sum:
        key = (measure.code, span, policy if measure.policed else None)
        if key not in self._running:
            self._running[key] = self._new(measure, span, now, policy)
        begun, running = self._running[key]
        running.age(begun, self.calls, now)
        return running.sum(self._open.values(), now)

    def _new(self, measure: Measure, span: Span, now: datetime, policy: Policy) -> tuple[_Begun, _Running]:
        over = [call for call in self.calls.values() if call.settled]
        if measure.begins not in self._begun:
            self._begun[measure.begins] = _Begun(measure.begins, over)
        fresh = _Running(measure, span, policy, now)
        for call in over:
            fresh.put(call, now)
        return self._begun[measure.begins], fresh

    def occupancy(self, span: Span, now: datetime) -> Sum:
        """As measure_rules.occupancy; for TODAY and HALF_HOUR."""
        return self._shifts.sum(span, now)

    def acts(self, now: datetime) -> Counter[tuple[str, str]]:
        """(kind, channel) → how many today."""
        found: Counter[tuple[str, str]] = Counter()
        for (day, kind, channel), times in self._acts_by_day.items():
            if day == day_of(now):
                found[kind, channel] += times
        return found

    def acted(self, kind: str, now: datetime) -> set[int]:
        """The contacts in which such an act was done today."""
        today = day_of(now)
        return {
            act.interaction_id
            for act in self._acts.values()
            if act.kind == kind and act.interaction_id is not None and day_of(act.at) == today
        }

    def still_open(self) -> Iterable[Call]:
        """Contacts about which something still changes."""
        return self._open.values()

    def waiting(self) -> list[Call]:
        """Who waits now, in the order of service."""
        waits = [(call.waiting, call) for call in self._open.values() if call.waiting]
        waits.sort(key=lambda one: (one[0].klass, one[0].arrived_at, one[1].interaction_id))
        return [call for _, call in waits]

    def forget(self, now: datetime) -> None:
        """Let go of what no span reaches any more."""
        while self._ages and self._ages[0][0] < now - KEPT:
            _, interaction_id = heapq.heappop(self._ages)
            call = self.calls.get(interaction_id)
            if call is None:
                continue
            if not call.settled:
                heapq.heappush(self._ages, (now, interaction_id))
                break
            self._take_off(call, now)
            del self.calls[interaction_id]
        for begun, running in self._running.values():  # nobody may have looked at it for days
            running.age(begun, self.calls, now)
        before = day_of(now - KEPT)
        self._shifts.forget(before)
        if before == self._acts_since:
            return  # all of them were looked at today
        self._acts_since = before
        for journal_id in [one.journal_id for one in self._acts.values() if day_of(one.at) < before]:
            act = self._acts.pop(journal_id)
            self._acts_by_day[day_of(act.at), act.kind, act.channel] -= 1
