"""Who is served next, and by whom; pure.

One order for everybody: (class, arrival). Nobody is served after someone of the same class who came
later and whom the same operator could have served.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum


class QueueClass(IntEnum):
    """Classes of callers, the first first. A caller who lost an operator by our fault comes before others."""

    FIRST = -1  # taken out of turn by a supervisor, who has written why
    RECONNECT = 0
    DISPLACED = 1  # their doctor is on leave
    ELDER = 2
    NORMAL = 3


QUEUE_CLASS_WORDS: dict[QueueClass, str] = {
    QueueClass.FIRST: "班长提前",
    QueueClass.RECONNECT: "断线重接",
    QueueClass.DISPLACED: "停诊患者",
    QueueClass.ELDER: "老年来电",
    QueueClass.NORMAL: "普通",
}

# Longer than this beside a free operator who could serve is a fault of ours (L15).
IDLE_ALARM = timedelta(seconds=3)


@dataclass(frozen=True)
class Waiting:
    """A caller in the queue.

    skill: what the operator needs; None: anybody. prefers: who served them last. since: when nobody rang
    for them any more, where that is later than their arrival. callback_id: they have hung up and are called
    when it is their turn.
    """

    interaction_id: int
    klass: QueueClass
    arrived_at: datetime
    skill: str | None = None
    prefers: int | None = None
    since: datetime | None = None
    callback_id: int | None = None

    @property
    def key(self) -> tuple[int, datetime, int]:
        return (self.klass, self.arrived_at, self.interaction_id)


@dataclass(frozen=True)
class Free:
    """An operator who could take a call now. missed: callers whom they let ring, not to be asked again
    while somebody else is free."""

    staff_id: int
    skills: frozenset[str]
    since: datetime
    missed: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Offer:
    """callback_id: of a caller who is called, since they have hung up."""

    interaction_id: int
    staff_id: int
    callback_id: int | None = None


@dataclass(frozen=True)
class Policy:
    """overflow: after so long a skill is no longer insisted on."""

    overflow: timedelta = timedelta(seconds=40)


def can_serve(agent: Free, caller: Waiting, now: datetime, policy: Policy, skilled: frozenset[str]) -> bool:
    """skilled: skills that somebody signed in has; a skill that nobody has is asked of nobody."""
    if caller.skill is None or caller.skill in agent.skills or caller.skill not in skilled:
        return True
    return now - caller.arrived_at >= policy.overflow


def assign(
    waiting: Sequence[Waiting],
    free: Sequence[Free],
    now: datetime,
    *,
    skilled: frozenset[str] = frozenset(),
    policy: Policy | None = None,
) -> list[Offer]:
    """Whom to offer to whom, each at most once; in the order of service.

    The operator a caller talked to last is preferred among the free; else one who has not just let this
    caller ring, then one with few other skills (specialists stay free for their callers), then the one
    who has been free longest.
    """
    policy = policy or Policy()
    left = list(free)
    offers = []
    for caller in sorted(waiting, key=lambda one: one.key):
        if not left:
            break
        able = [agent for agent in left if can_serve(agent, caller, now, policy, skilled)]
        if not able:
            continue
        best = min(able, key=lambda agent: _liking(agent, caller))
        left.remove(best)
        offers.append(Offer(caller.interaction_id, best.staff_id, caller.callback_id))
    return offers


def _liking(agent: Free, caller: Waiting) -> tuple[bool, bool, int, datetime, int]:
    spare = len(agent.skills - {caller.skill})
    return (
        caller.interaction_id in agent.missed,
        agent.staff_id != caller.prefers,
        spare,
        agent.since,
        agent.staff_id,
    )


def position(waiting: Sequence[Waiting], interaction_id: int, announced: int | None) -> int:
    """The place in the queue, from 1; never more than was announced before (L15)."""
    mine = next(one for one in waiting if one.interaction_id == interaction_id)
    place = 1 + sum(other.key < mine.key for other in waiting)
    return told_place(place, announced)


def told_place(place: int, announced: int | None) -> int:
    """What may be said of a place after another was said."""
    return place if announced is None else min(place, announced)


def expected_wait(place: int, operators: int, handling: timedelta) -> timedelta | None:
    """An honest guess: each operator ends a call every `handling` on average. None: nobody is there."""
    return handling * place / operators if operators else None


def callbacks_allowed(free: int, waiting: int) -> int:
    """Calls we may begin now: never more than operators who would otherwise be idle."""
    return max(0, free - waiting)


def neglected(
    waiting: Sequence[Waiting],
    free: Sequence[Free],
    now: datetime,
    *,
    skilled: frozenset[str] = frozenset(),
    policy: Policy | None = None,
) -> list[Offer]:
    """Pairs that could have talked for longer than IDLE_ALARM: reason for an alarm.

    Each caller and each operator at most once: as many as should be talking, on a floor of any size.
    """
    policy = policy or Policy()
    left = [agent for agent in free if now - agent.since > IDLE_ALARM]
    found = []
    for caller in sorted(waiting, key=lambda one: one.key):
        if not left:
            break
        if now - (caller.since or caller.arrived_at) <= IDLE_ALARM:
            continue
        agent = next((one for one in left if can_serve(one, caller, now, policy, skilled)), None)
        if agent is not None:
            left.remove(agent)
            found.append(Offer(caller.interaction_id, agent.staff_id))
    return found
