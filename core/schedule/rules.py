"""A session's and a slot's life as tables; how a template becomes periods and slots; pure."""

from enum import StrEnum

from core.errors import WrongState


class SlotState(StrEnum):
    """States of a slot (号源). Not yet released is no state: it is `now < session.release_at`."""

    FREE = "free"  # 可约
    HELD = "held"  # 锁定
    BOOKED = "booked"  # 已约
    TAKEN = "taken"  # 已取号
    USED = "used"  # visited, or missed
    STOPPED = "stopped"  # 停诊
    CLOSED = "closed"  # given to the hospital's own window, or over


SLOT_NEXT: dict[SlotState, frozenset[SlotState]] = {
    SlotState.FREE: frozenset({SlotState.HELD, SlotState.STOPPED, SlotState.CLOSED}),
    SlotState.HELD: frozenset({SlotState.FREE, SlotState.BOOKED, SlotState.STOPPED}),
    SlotState.BOOKED: frozenset({SlotState.FREE, SlotState.TAKEN, SlotState.USED, SlotState.STOPPED}),
    SlotState.TAKEN: frozenset({SlotState.USED, SlotState.FREE}),
    SlotState.USED: frozenset(),
    SlotState.STOPPED: frozenset({SlotState.FREE, SlotState.BOOKED, SlotState.CLOSED}),
    SlotState.CLOSED: frozenset({SlotState.FREE}),
}

# R4 SlotStatus. Before its release a free slot is told as busy-unavailable.
SLOT_FHIR: dict[SlotState, str] = {
    SlotState.FREE: "free",
    SlotState.HELD: "busy-tentative",
    SlotState.BOOKED: "busy",
    SlotState.TAKEN: "busy",
    SlotState.USED: "busy",
    SlotState.STOPPED: "busy-unavailable",
    SlotState.CLOSED: "busy-unavailable",
}

COMMON = "common"  # the pool that every channel may sell from


class SessionState(StrEnum):
    PUBLISHED = "published"
    STOPPED = "stopped"  # the doctor is away
    WITHDRAWN = "withdrawn"  # taken back; never had, or no longer has, appointments


SESSION_NEXT: dict[SessionState, frozenset[SessionState]] = {
    SessionState.PUBLISHED: frozenset({SessionState.STOPPED, SessionState.WITHDRAWN}),
    SessionState.STOPPED: frozenset({SessionState.PUBLISHED, SessionState.WITHDRAWN}),
    SessionState.WITHDRAWN: frozenset(),
}


def session_step(state: SessionState, to: SessionState) -> SessionState:
    """Return `to` if the life table allows it; raises WrongState."""
    if to not in SESSION_NEXT[state]:
        raise WrongState(facts={"state": state.value, "wanted": to.value})
    return to
