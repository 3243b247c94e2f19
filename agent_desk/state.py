"""What a desk shows, part by part, and which parts an event changes; pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from core import events as e
from core.contact.agent_rules import PAUSE_REASONS, AgentState
from core.journal import Entry

# In the order in which a page wants them: what rings first.
PARTS = (
    "me", "call", "caller", "draft", "matters", "phone", "queue", "callbacks", "outbound", "messages",
    "colleagues",
)  # fmt: skip
# The same for everybody: built once for all desks. The others are each desk's own.
SHARED = frozenset({"queue", "colleagues"})
OWN = frozenset(PARTS) - SHARED
# What belongs to the call, and goes with it.
OF_THE_CALL = frozenset({"call", "caller", "draft", "matters"})


@dataclass(frozen=True)
class Watching:
    """What one desk has before it: whose, which call, which people, which slot is held for them."""

    staff_id: int
    interaction_id: int | None = None
    people: frozenset[int] = frozenset()
    hold_id: str | None = None


def changed(entry: Entry, seen: Watching) -> frozenset[str]:
    """The parts of this desk, its own and the shared ones, that an event may have changed."""
    event = entry.event
    parts = frozenset(_SHARED_BY.get(event.kind, ()))
    for whose, mine in _OWN_BY.get(event.kind.partition(".")[0], ()):
        if whose(entry, seen):
            parts |= mine
    if _another_call(entry, seen):
        parts |= OF_THE_CALL
    if isinstance(entry.event, e.CallConnected) and _staff(entry, seen):
        parts |= {"caller", "draft"}  # what may be done, and what to warn of: not asked while it rang
    if _shift(entry, seen):
        parts |= {"phone"}
    return parts


def _shift(entry: Entry, seen: Watching) -> bool:
    """Whether the operator has just signed in or out: their phone is another one."""
    event = entry.event
    return (
        isinstance(event, e.AgentMoved)
        and event.staff_id == seen.staff_id
        and (event.state == AgentState.OFF or event.reason == "signed-in")
    )


def concerns(entry: Entry) -> Callable[[Watching], bool]:
    """Whether an event may change anything of a desk's own, asked of hundreds of desks: a quick look that
    never says no where `changed` or `follow` says yes."""
    event, area = entry.event, entry.event.kind.partition(".")[0]
    if area in _EVERYBODYS:
        return lambda seen: True
    staff_id, call = getattr(event, "staff_id", None), entry.interaction_id
    person_id, hold_id = getattr(event, "person_id", None), getattr(event, "hold_id", None)
    return lambda seen: (
        seen.staff_id == staff_id
        or (call is not None and seen.interaction_id == call)
        or (person_id is not None and person_id in seen.people)
        or (hold_id is not None and seen.hold_id == hold_id)
    )


def follow(seen: Watching, entry: Entry) -> Watching:
    """Where the desk looks after this event: the call that an operator was given is theirs at once."""
    if _another_call(entry, seen):
        interaction_id = getattr(entry.event, "interaction_id", None)
        return Watching(seen.staff_id, interaction_id)
    return seen


# Areas of events that may change what somebody may do.
RIGHTS = frozenset({"role", "staff"})


def touches_rights(entry: Entry, staff_id: int) -> bool:
    """Whether what this operator may do could be otherwise after this event."""
    area = entry.event.kind.partition(".")[0]
    return area == "role" or (area == "staff" and getattr(entry.event, "staff_id", None) == staff_id)


def _another_call(entry: Entry, seen: Watching) -> bool:
    event = entry.event
    return (
        isinstance(event, e.AgentMoved)
        and event.staff_id == seen.staff_id
        and event.interaction_id != seen.interaction_id
    )


# --- whose event it is ----------------------------------------------------------------------------

_Whose = Callable[[Entry, Watching], bool]


def _staff(entry: Entry, seen: Watching) -> bool:
    return getattr(entry.event, "staff_id", None) == seen.staff_id


def _call(entry: Entry, seen: Watching) -> bool:
    return seen.interaction_id is not None and entry.interaction_id == seen.interaction_id


def _person(entry: Entry, seen: Watching) -> bool:
    return getattr(entry.event, "person_id", None) in seen.people


def _hold(entry: Entry, seen: Watching) -> bool:
    return seen.hold_id is not None and getattr(entry.event, "hold_id", None) == seen.hold_id


def _either(*ways: _Whose) -> _Whose:
    return lambda entry, seen: any(way(entry, seen) for way in ways)


def _addressed(entry: Entry, seen: Watching) -> bool:
    if isinstance(entry.event, e.HandRaised):
        return entry.event.staff_id == seen.staff_id
    return getattr(entry.event, "to_staff_id", None) in (None, seen.staff_id)


def _everybody(entry: Entry, seen: Watching) -> bool:
    return True


def _off_the_list(entry: Entry, seen: Watching) -> bool:
    """A call that operators make may be over, or the slot that is kept for it may be gone."""
    return isinstance(entry.event, e.OutboundSettled | e.OfferAccepted | e.OfferEnded)


# By the area of an event's kind; a kind that nobody has named changes nothing.
_OWN_BY: Mapping[str, tuple[tuple[_Whose, frozenset[str]], ...]] = {
    "agent": ((_staff, frozenset({"me", "call"})),),
    "queue": ((_either(_staff, _call), frozenset({"call"})),),
    "room": ((_call, frozenset({"call"})),),
    "third": ((_either(_staff, _call), frozenset({"me", "call"})),),
    "recording": ((_call, frozenset({"call"})),),
    "interaction": ((_call, frozenset({"call", "caller"})),),
    "matter": ((_either(_staff, _call), frozenset({"matters"})),),
    "draft": ((_either(_staff, _call), frozenset({"draft"})),),
    "slot": ((_either(_call, _hold), frozenset({"draft"})),),
    "hold": ((_either(_call, _hold), frozenset({"draft"})),),
    "appointment": (
        (_person, frozenset({"caller"})),
        (_call, frozenset({"caller", "draft", "matters"})),
    ),
    "payment": ((_call, frozenset({"caller", "draft"})),),
    "card": ((_person, frozenset({"caller"})),),
    "person": ((_either(_person, _call), frozenset({"caller", "draft"})),),
    "credit": ((_person, frozenset({"caller"})),),
    "callback": ((_everybody, frozenset({"callbacks"})),),
    "handed": ((_everybody, frozenset({"outbound"})),),
    "offer": ((_off_the_list, frozenset({"outbound"})),),
    "outbound": ((_off_the_list, frozenset({"outbound"})),),
    "desk": ((_addressed, frozenset({"messages"})),),
    "switch": ((_everybody, frozenset({"phone"})),),
}

# Of these areas an event may be any desk's.
_EVERYBODYS = frozenset(
    area
    for area, ways in _OWN_BY.items()
    if any(whose in (_everybody, _addressed, _off_the_list) for whose, _ in ways)
)

_SHARED_BY: Mapping[str, tuple[str, ...]] = {
    "agent.moved": ("queue", "colleagues"),
    "agent.lost": ("queue", "colleagues"),
    "agent.skills": ("me", "colleagues"),
    "queue.entered": ("queue",),
    "queue.offered": ("queue",),
    "queue.missed": ("queue",),
    "queue.connected": ("queue",),
    "queue.ended": ("queue",),
    "queue.moved": ("queue",),
}


# --- in what order colleagues are asked -----------------------------------------------------------


_READINESS = {
    AgentState.READY: 0,
    AgentState.WRAP_UP: 1,
    AgentState.PAUSED: 3,
    AgentState.RINGING: 4,
    AgentState.DIALLING: 4,
    AgentState.TALKING: 5,
    AgentState.HOLDING: 5,
    AgentState.CONSULTING: 5,
}


def readiness(state: AgentState, reason: str | None, *, lost: bool) -> int:
    """Smaller: sooner free to take a transferred caller. A pause at work counts before one for rest."""
    if lost:
        return 9
    pause = PAUSE_REASONS.get(reason or "")
    if state is AgentState.PAUSED and pause is not None and pause.productive:
        return 2
    return _READINESS.get(state, 9)


# --- a caller's past in one line ------------------------------------------------------------------


@dataclass(frozen=True)
class Past:
    """booked, cancelled, missed: of the last half year; calls: how often this number has called today."""

    booked: int
    cancelled: int
    missed: int
    calls: int


def in_one_line(past: Past) -> str:
    """近半年: 约4 取消1 爽约0; 今天第2次来电."""
    return f"近半年: 约{past.booked} 取消{past.cancelled} 爽约{past.missed}; 今天第{max(1, past.calls)}次来电"
