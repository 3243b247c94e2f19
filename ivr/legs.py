"""The legs beside the caller's own, named by us: the switch's list alone tells whose they are. Pure."""

import re
from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    AGENT = "desk"
    THIRD = "third"
    SPY = "spy"
    CALLER = "caller"  # of a call that we began ourselves


class Place(StrEnum):
    """Where a leg is. A caller waits, or is in the room; an operator rings, is in the room or aside."""

    RINGING = "ringing"
    WAITING = "waiting"
    ROOM = "room"
    CONSULT = "consult"
    ASIDE = "aside"
    ALONE = "alone"  # the switch by itself looks for somebody for them
    SERVED = "served"  # ... and has found somebody


@dataclass(frozen=True)
class LegName:
    """staff_id: the operator whose leg it is, or for whom the third party is called; of a supervisor."""

    role: Role
    interaction_id: int
    staff_id: int
    ordinal: int

    def __str__(self) -> str:
        return f"{self.role}-{self.interaction_id}-{self.staff_id}-{self.ordinal}"


_NAME = re.compile(r"(desk|third|spy|caller)-(\d+)-(\d+)-(\d+)")
CONSULTATION = "consult-"
# What the dialplan's [without-us] says before it looks for somebody.
WITHOUT_US = "core/maintenance"


def leg_name(unique_id: str) -> LegName | None:
    """Whose leg a channel is, by its unique id; None for one that we did not begin."""
    found = _NAME.fullmatch(unique_id)
    if not found:
        return None
    return LegName(Role(found[1]), int(found[2]), int(found[3]), int(found[4]))


def room_of(conference: str) -> tuple[str, bool]:
    """A conference's room (the caller's Linkedid), and whether it is the consultation beside it."""
    beside = conference.startswith(CONSULTATION)
    return conference.removeprefix(CONSULTATION), beside


def conference_of(room: str, *, beside: bool) -> str:
    """The name of a room's conference, or of the consultation beside it."""
    return f"{CONSULTATION}{room}" if beside else room


def place_of(application: str, data: str, up: bool, bridged: bool = False) -> Place | None:
    """Where a channel is, from what the switch says it runs; None for anywhere else.

    bridged: whether it talks to another leg; in a conference nobody does.
    """
    if not up:
        return Place.RINGING
    match application.lower():
        case "confbridge":
            return Place.CONSULT if room_of(data.partition(",")[0])[1] else Place.ROOM
        case "wait":
            return Place.ASIDE
        case "agi":  # the question after the talk is no waiting
            return None if "/survey," in data else Place.WAITING
        case "background" | "exec":  # what a dialogue of ours says meanwhile (ivr.agi_call)
            return Place.WAITING
        case "queue":
            return Place.SERVED if bridged else Place.ALONE
        case "playback" if data == WITHOUT_US:
            return Place.ALONE
    return None
