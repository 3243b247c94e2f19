"""What the wall raises an alarm about: a caller beside a free operator, too many who give up, a part down."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from agent_desk.wall_seen import Alarm, Caller
from core.contact.distribution import Free, Policy, Waiting, neglected
from core.contact.floor_view import Lane
from core.contact.measure_rules import ABANDONED, Sum
from core.health import Part, State

# Abandonment above its target for so long is an alarm (ux 4.2).
ABANDONED_FOR = timedelta(minutes=5)


class Abandonment:
    """Whether too many give up, and for how long already; reckoned whether or not anybody looks."""

    def __init__(self) -> None:
        self._above_since: datetime | None = None

    def reckon(self, gone: Sum, now: datetime) -> None:
        """gone: those who gave up in the last half hour."""
        above = ABANDONED.target is not None and ABANDONED.target.missed_by(gone.mean)
        self._above_since = (self._above_since or now) if above else None

    def alarms(self, now: datetime) -> Iterator[Alarm]:
        if self._above_since and now - self._above_since >= ABANDONED_FOR:
            minutes = int((now - self._above_since).total_seconds() // 60)
            yield Alarm("abandoned", f"近30分钟放弃率高于5%已{minutes}分钟", True, "figure/abandoned")


def idle(
    callers: Sequence[Caller], lanes: Sequence[Lane], now: datetime, policy: Policy | None = None
) -> Iterator[Alarm]:
    """Somebody waits although an operator who could talk to them is free."""
    waiting = [
        Waiting(one.interaction_id, one.klass, one.since, one.skill, since=one.unrung_since)
        for one in callers
        if one.offered_to is None
    ]
    free = [Free(one.staff_id, frozenset(one.skills), one.since) for one in lanes if one.free]
    skilled = frozenset(skill for one in lanes for skill in one.skills)
    pairs = neglected(waiting, free, now, skilled=skilled, policy=policy)
    if pairs:
        beside = len({pair.interaction_id for pair in pairs})
        words = f"有空闲坐席，仍有{beside}位来电在等（超过3秒）"
        yield Alarm("idle", words, True, f"caller/{pairs[0].interaction_id}")


def down(parts: Sequence[Part]) -> Iterator[Alarm]:
    """Parts of the house that do not work; of a hospital's system one hears."""
    for part in parts:
        if part.state is State.DOWN:
            sounds = part.name.startswith("his")
            yield Alarm(f"part-{part.name}", part.name, sounds, "system")
