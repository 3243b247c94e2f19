"""A session's and a slot's life as tables; how a template becomes periods and slots; pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from core.errors import TemplateInvalid, WrongState
from core.values import Channel


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


# --- from a template to periods and slots -------------------------------------------------------------


@dataclass(frozen=True)
class Band:
    """One period to be made: start, end and how many slots."""

    starts_at: datetime
    ends_at: datetime
    capacity: int


def bands(starts_at: datetime, ends_at: datetime, minutes: int, capacity: int) -> list[Band]:
    """Cut a session into periods of `minutes` and spread `capacity` evenly, earlier ones first.

    A last piece shorter than half a period joins the one before it. Raises TemplateInvalid for a
    period outside 15..60 minutes (domain: periods of 15 to 60 minutes) or a session without time.
    """
    if not 15 <= minutes <= 60:
        raise TemplateInvalid(facts={"field": "period_minutes", "value": minutes})
    if ends_at <= starts_at or capacity < 1:
        raise TemplateInvalid(facts={"field": "capacity" if capacity < 1 else "ends"})
    step = timedelta(minutes=minutes)
    edges = [starts_at]
    while edges[-1] + step < ends_at:
        edges.append(edges[-1] + step)
    if len(edges) > 1 and ends_at - edges[-1] < step / 2:
        edges.pop()
    edges.append(ends_at)
    pieces = len(edges) - 1
    share, rest = divmod(capacity, pieces)
    return [
        Band(edges[place], edges[place + 1], share + (place < rest))
        for place in range(pieces)
        if share + (place < rest)
    ]


def pools(capacity: int, shares: Mapping[str, int | str]) -> list[str]:
    """The pool of each slot, in order: each channel's share spread evenly, the rest common.

    shares: channel to a number of slots or a percentage such as '30%'. Raises TemplateInvalid when
    they ask for more than there is.
    """
    wanted = {channel: _count(share, capacity) for channel, share in sorted(shares.items()) if share}
    if sum(wanted.values()) > capacity:
        raise TemplateInvalid(facts={"field": "shares", "value": sum(wanted.values())})
    result = [COMMON] * capacity
    for channel, count in wanted.items():
        # Evenly over what is still common, so that a share has morning and noon places alike.
        open_places = [place for place, pool in enumerate(result) if pool == COMMON]
        for turn in range(count):
            result[open_places[turn * len(open_places) // count]] = channel
    return result


def _count(share: int | str, capacity: int) -> int:
    text = str(share).strip()
    if not re.fullmatch(r"\d{1,5}%?", text, re.ASCII):
        raise TemplateInvalid(facts={"field": "shares", "value": text})
    # At least 30 % of numbers means at least: a fraction of a slot is rounded up.
    return -(-capacity * int(text[:-1]) // 100) if text.endswith("%") else int(text)


def sellable(channel: Channel, *, now: datetime, recycle_at: datetime | None) -> tuple[str, ...] | None:
    """The pools this channel may sell from now; None when it may sell from all of them."""
    if recycle_at is not None and now >= recycle_at:
        return None
    return (channel.value, COMMON)
