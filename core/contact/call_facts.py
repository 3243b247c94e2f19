"""What the figures look at: a call with its waits and wrap-ups, a stretch of an operator, an act; pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from core.contact.stay_rules import CallTimes, Stay, times

# By an operator of ours, or by whom the switch found while our process was away.
SERVED = ("served", "switch")


@dataclass(frozen=True, slots=True)
class Wait:
    """One queue entry. state: waiting, offered, served, abandoned, message, callback, switch (SERVED).

    waiting_since: when nobody rang for them any more.
    """

    entry_id: int
    klass: int
    skill: str | None
    department_id: int | None
    arrived_at: datetime
    entered_at: datetime
    state: str
    staff_id: int | None
    ended_at: datetime | None
    waiting_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Interval:
    """A stretch of one state of one operator; ended_at None: it still lasts."""

    interval_id: int
    agent_id: int
    staff_id: int
    state: str
    reason: str | None
    interaction_id: int | None
    began_at: datetime
    ended_at: datetime | None

    def within(self, start: datetime, end: datetime) -> timedelta:
        """How much of it lies between two instants."""
        return max(timedelta(), min(self.ended_at or end, end) - max(self.began_at, start))


@dataclass(frozen=True, slots=True)
class Act:
    """Something booked, changed or cancelled. journal_id: of its event."""

    journal_id: int
    at: datetime
    kind: str  # 'booked', 'changed', 'cancelled'
    channel: str
    interaction_id: int | None


@dataclass(frozen=True)
class Call:
    """One contact with all that the figures look at. waits: in order. wrap_ups: of every operator in it."""

    interaction_id: int
    direction: str
    channel: str
    started_at: datetime
    closed_at: datetime | None
    disposition: str | None
    waits: tuple[Wait, ...] = ()
    stays: tuple[Stay, ...] = ()
    wrap_ups: tuple[Interval, ...] = ()
    booked: bool = False

    @property
    def came_in(self) -> bool:
        return self.direction == "in" and self.channel == "phone"

    @cached_property
    def waiting(self) -> Wait | None:
        """The wait that still lasts."""
        return next((wait for wait in self.waits if wait.ended_at is None), None)

    @cached_property
    def queued_at(self) -> datetime | None:
        return min((wait.entered_at for wait in self.waits), default=None)

    @cached_property
    def answered_at(self) -> datetime | None:
        served = [wait for wait in self.waits if wait.state in SERVED]
        return min((wait.ended_at for wait in served if wait.ended_at), default=None)

    @cached_property
    def outcome(self) -> str | None:
        """How the first wait went: answered, abandoned, message, callback; None while that is open."""
        if self.answered_at:
            return "answered"
        if not self.waits or self.waiting:
            return None
        return self.waits[-1].state

    def waited(self, now: datetime) -> timedelta:
        """From the queue to a person, or to the end of the wait, or up to now."""
        if self.queued_at is None:
            return timedelta()
        ended = max((wait.ended_at for wait in self.waits if wait.ended_at), default=now)
        return (self.answered_at or (now if self.waiting else ended)) - self.queued_at

    @cached_property
    def settled(self) -> bool:
        """Whether nothing about it will change with time alone."""
        ends = [self.closed_at, *(stay.left_at for stay in self.stays)]
        ends += [wait.ended_at for wait in self.waits]
        ends += [wrap_up.ended_at for wrap_up in self.wrap_ups]
        return None not in ends

    @cached_property
    def done_at(self) -> datetime | None:
        """When the last operator had finished with it, wrap-up and all; None before, and without one."""
        ends = [stay.left_at for stay in self.stays if stay.role in ("agent", "supervisor")]
        ends += [one.ended_at for one in self.wrap_ups]
        if not self.settled or not ends:
            return None
        return max(end for end in ends if end)

    def spent(self, now: datetime) -> CallTimes:
        return times(self.stays, now)

    @cached_property
    def handling(self) -> timedelta:
        """Talk, hold and wrap-up of a call that is over."""
        if self.done_at is None:
            return timedelta()
        spent = times(self.stays, self.done_at)
        return spent.talk + spent.hold + self.wrapped(self.done_at)

    def wrapped(self, now: datetime) -> timedelta:
        return sum(((one.ended_at or now) - one.began_at for one in self.wrap_ups), timedelta())
