"""What the wall shows of one moment: who waits, what is left, what alarms, and the figures around them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from core.contact.day_curve import Quarter
from core.contact.distribution import QueueClass
from core.contact.figures import Figure
from core.contact.floor_view import Hand, Lane, OwedCall, Said
from core.contact.supervision import GreetingView
from core.health import Part
from core.journal import Cursor
from core.schedule.left import Left


@dataclass(frozen=True)
class Caller:
    """One who waits, as the wall shows them."""

    interaction_id: int
    klass: QueueClass
    skill: str | None
    department_id: int | None
    since: datetime
    offered_to: int | None
    number: str
    unrung_since: datetime | None = None


@dataclass(frozen=True)
class Want:
    """A department: who waits for it, and what it has left."""

    waiting: int
    left: Left


@dataclass(frozen=True)
class Alarm:
    """sounds: one of the three that may be heard. since: its cause, as far as it is known."""

    code: str
    words: str
    sounds: bool
    link: str


@dataclass(frozen=True)
class Slow:
    """What is looked at every few seconds."""

    wants: Sequence[Want] = ()
    dispositions: Mapping[tuple[str, str], int] = field(default_factory=dict)
    callbacks: Sequence[OwedCall] = ()
    parts: Sequence[Part] = ()
    outbox_s: int = 0
    greetings: Sequence[GreetingView] = ()
    said: Sequence[Said] = ()
    hands: Sequence[Hand] = ()
    skills: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[int, str] = field(default_factory=dict)
    outcomes: Sequence[Figure] = ()


@dataclass(frozen=True)
class Seen:
    """Everything on the wall for one policy. as_of: it was true then."""

    as_of: datetime
    cursor: Cursor
    figures: Sequence[Figure]
    lanes: Sequence[Lane]
    callers: Sequence[Caller]
    acts: Mapping[tuple[str, str], int]
    curve: Sequence[Quarter]
    alarms: Sequence[Alarm]
    lines: int
    slow: Slow


def still(figure: Figure) -> Figure:
    """A figure without the moment it was read, to see whether it has changed."""
    return replace(figure, as_of=datetime.min)  # noqa: DTZ901 no moment at all
