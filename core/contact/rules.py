"""An interaction's life, how it can end, and how a call is received at a given minute; pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum

from core.errors import WrongState
from core.values import local


class State(StrEnum):
    """States of an interaction (domain 2.5, Call)."""

    NEW = "new"
    IVR = "ivr"
    QUEUED = "queued"
    OFFERED = "offered"
    TALKING = "talking"
    HELD = "held"
    MESSAGE = "message"
    WRAP_UP = "wrap-up"
    CLOSED = "closed"


NEXT: dict[State, frozenset[State]] = {
    State.NEW: frozenset({State.IVR, State.QUEUED, State.CLOSED}),
    State.IVR: frozenset({State.QUEUED, State.MESSAGE, State.CLOSED}),
    State.QUEUED: frozenset({State.OFFERED, State.TALKING, State.MESSAGE, State.IVR, State.CLOSED}),
    State.OFFERED: frozenset({State.TALKING, State.QUEUED, State.MESSAGE, State.CLOSED}),
    State.TALKING: frozenset({State.HELD, State.QUEUED, State.WRAP_UP, State.CLOSED}),
    State.HELD: frozenset({State.TALKING, State.QUEUED, State.CLOSED}),
    State.MESSAGE: frozenset({State.CLOSED}),
    State.WRAP_UP: frozenset({State.CLOSED}),
    State.CLOSED: frozenset(),
}


def step(state: State, to: State) -> State:
    """Return `to` if the life table allows it; raises WrongState."""
    if to not in NEXT[state]:
        raise WrongState(facts={"state": state.value, "wanted": to.value})
    return to


class Disposition(StrEnum):
    """How an interaction ended; the words for desks are DISPOSITION_WORDS."""

    BOOKED = "booked"
    CHANGED = "changed"
    CANCELLED = "cancelled"
    ENQUIRED = "enquired"
    KEPT = "kept"
    TO_PERSON = "to-person"
    ANSWERED = "answered"
    MESSAGE = "message"
    CALLBACK = "callback"
    LISTED = "listed"
    ABANDONED_MENU = "abandoned-menu"
    ABANDONED_QUEUE = "abandoned-queue"
    REFUSED = "refused"  # of a call of ours: what it offered
    UNHEARD = "unheard"  # … answered, and no key
    NOT_REACHED = "not-reached"  # … not answered
    NOTHING = "nothing"
    FAILED = "failed"


DISPOSITION_WORDS: dict[Disposition, str] = {
    Disposition.BOOKED: "预约成功",
    Disposition.CHANGED: "变更成功",
    Disposition.CANCELLED: "取消成功",
    Disposition.ENQUIRED: "查询",
    Disposition.KEPT: "保留原预约",
    Disposition.TO_PERSON: "转人工",
    Disposition.ANSWERED: "人工已接",
    Disposition.MESSAGE: "留言待回拨",
    Disposition.CALLBACK: "保留位置待回拨",
    Disposition.LISTED: "登记候补",
    Disposition.ABANDONED_MENU: "菜单中挂机",
    Disposition.ABANDONED_QUEUE: "排队中挂机",
    Disposition.REFUSED: "不要保留的号",
    Disposition.UNHEARD: "接听后未按键",
    Disposition.NOT_REACHED: "未接通",
    Disposition.NOTHING: "未办理",
    Disposition.FAILED: "系统故障",
}


@dataclass(frozen=True)
class Hours:
    weekday: int
    opens: time
    closes: time
    dnis: str | None = None


@dataclass(frozen=True)
class SpecialDay:
    day: date
    name: str
    working: bool
    staffed: bool


@dataclass(frozen=True)
class Announcement:
    """A greeting of the moment. to_person: who hears it is led on to a person as usual."""

    name: str
    text: str
    dnis: str | None
    on: bool
    starts_at: datetime | None
    ends_at: datetime | None
    to_person: bool = True


@dataclass(frozen=True)
class Timetable:
    """All that says how calls to a number are received on a day."""

    hours: Sequence[Hours]
    special: Sequence[SpecialDay]
    announcements: Sequence[Announcement]


@dataclass(frozen=True)
class Reception:
    """How a call is received now. staffed: whether people answer; the machine always does (R-074)."""

    staffed: bool
    holiday: str | None
    announcements: tuple[Announcement, ...]


def reception(
    now: datetime,
    dnis: str,
    hours: Sequence[Hours],
    special: Sequence[SpecialDay],
    announcements: Sequence[Announcement],
) -> Reception:
    """Decide by clock, weekday, holiday and switches; a number without hours is staffed always.

    A holiday that is staffed keeps the hours of a Sunday; a made-up working day those of a Monday.
    """
    here = local(now)
    named = next((day for day in special if day.day == here.date()), None)
    mine = [row for row in hours if row.dnis == dnis] or [row for row in hours if row.dnis is None]
    weekday = here.isoweekday()
    if named is not None:
        weekday = 1 if named.working and weekday > 5 else weekday if named.working else 7
    within = any(row.weekday == weekday and row.opens <= here.time() < row.closes for row in mine)
    staffed = (not mine or within) and (named is None or named.staffed)
    on = tuple(
        spoken
        for spoken in announcements
        if spoken.on
        and spoken.dnis in (None, dnis)
        and (spoken.starts_at is None or spoken.starts_at <= now)
        and (spoken.ends_at is None or now < spoken.ends_at)
    )
    holiday = named.name if named is not None and not named.working else None
    return Reception(staffed, holiday, on)
