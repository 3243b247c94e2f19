"""By which way somebody is reminded, and what they may answer; pure."""

from datetime import date, datetime, time, timedelta
from enum import StrEnum

from core.values import instant_of

# A visit so near needs no reminder any more: whoever comes is on the way.
TOO_NEAR = timedelta(hours=2)


class Way(StrEnum):
    TEXT = "text"
    CALL = "call"
    BOTH = "both"  # a call, and a text that stays in the telephone
    NONE = "none"  # nothing reaches this number, or the hospital reminds nobody

    @property
    def text(self) -> bool:
        return self in (Way.TEXT, Way.BOTH)

    @property
    def call(self) -> bool:
        return self in (Way.CALL, Way.BOTH)


class State(StrEnum):
    OPEN = "open"  # no answer yet
    ANSWERED = "answered"
    VOID = "void"  # the visit is not any more what was reminded of, or nothing reaches the number
    LAPSED = "lapsed"  # the visit has begun, and nobody answered


class Answer(StrEnum):
    KEPT = "kept"
    CHANGED = "changed"  # wants another time; the visit stands until it is moved
    CANCELLED = "cancelled"


def way(rule: str, *, mobile: bool, age: int | None, call_age: int, led: bool) -> Way:
    """How one number is told; 'auto' calls the old and who has no mobile.

    rule, call_age: reminder.way and reminder.call-age. age: of who visits, in full years. led: they have
    asked to be led to a person at once.
    """
    if rule == "off":
        return Way.NONE
    called = rule in ("call", "both") or (
        rule == "auto" and (not mobile or led or (age is not None and age >= call_age))
    )
    written = mobile and rule != "call"
    if called:
        return Way.BOTH if written else Way.CALL
    return Way.TEXT if written else Way.NONE


def due_at(day: date, clock: time) -> datetime:
    """When visits of this day are reminded of: the day before, at the hospital's reminder.time."""
    return instant_of(day - timedelta(days=1), clock)
