"""What is asked about, whom it may be asked, and what a score means; pure."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from enum import StrEnum

from core.contact.stay_rules import Stay, times
from core.values import instant_of, local

SCORES = range(1, 6)
# From here down somebody was not served well: a supervisor looks at it.
LOW = 2
# Shorter than this nobody was served: a wrong number, or a line that broke.
TALKED = timedelta(seconds=20)
# A text that asks goes out between these (sms.quiet knows the same night).
MORNING, EVENING = time(7, 0), time(21, 30)


class Kind(StrEnum):
    CALL = "call"
    VISIT = "visit"


class Way(StrEnum):
    KEY = "key"  # at the end of the call, while the caller is on the line
    TEXT = "text"


class State(StrEnum):
    OPEN = "open"
    ANSWERED = "answered"
    LAPSED = "lapsed"


def subject(kind: Kind, number: int) -> str:
    """What it is about: 'call/12' by interaction, 'visit/7' by appointment. Each is asked about once."""
    return f"{kind}/{number}"


def served(stays: Sequence[Stay], now: datetime) -> bool:
    """Whether one operator served this caller to the end: only then is a question welcome.

    Who was passed on, taken over by a supervisor, or heard nobody for twenty seconds is not asked.
    """
    operators = {one.staff_id for one in stays if one.role == "agent"}
    others = any(one.role not in ("caller", "agent") for one in stays)
    return len(operators) == 1 and not others and times(stays, now).talk >= TALKED


def until(asked_at: datetime, hours: int) -> datetime:
    """Until when an answer counts. What is asked at night is read in the morning, and counts from then."""
    clock = local(asked_at)
    if clock.time() < MORNING:
        asked_at = instant_of(clock.date(), MORNING)
    elif clock.time() >= EVENING:
        asked_at = instant_of(clock.date() + timedelta(days=1), MORNING)
    return asked_at + timedelta(hours=hours)


def low(score: int) -> bool:
    return score <= LOW
