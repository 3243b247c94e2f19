"""An offer's life; pure."""

from enum import StrEnum


class Kind(StrEnum):
    """Why somebody is offered a slot."""

    LEAVE = "leave"  # their doctor is away
    WAITING = "waiting"  # they stood on the waiting list


class State(StrEnum):
    """Open, or how it ended; an end is for good."""

    OPEN = "open"
    ACCEPTED = "accepted"
    REFUSED = "refused"  # by the person: `why` says what they want instead
    LAPSED = "lapsed"  # nobody answered in time
    WITHDRAWN = "withdrawn"  # by us: the leave was taken back, the visit given up, the session stopped


# What a person may want instead of the slot that is kept for them.
REFUSALS = frozenset({"refused", "other-times", "cancelled", "person"})
HOLD_REASON = {Kind.LEAVE: "leave-offer", Kind.WAITING: "waiting-offer"}
