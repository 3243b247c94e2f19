"""Plain facts that the booking rules judge; loaded by the engine, free of any database; pure."""

from dataclasses import dataclass
from datetime import date, datetime

from core.booking.rules import State
from core.schedule.facts import SlotFacts
from core.values import Channel, IdentityKind

__all__ = ["ActiveBlock", "BookingFacts", "PastAppointment", "PersonFacts", "SlotFacts"]


@dataclass(frozen=True)
class PersonFacts:
    person_id: int
    identity_kind: IdentityKind | None
    birth_date: date | None
    sex: str | None
    has_card_here: bool = False  # a visit card of this hospital: not a first-timer


@dataclass(frozen=True)
class PastAppointment:
    """One line of a person's history (their last year), live ones included."""

    id: int
    hospital_id: int
    department_id: int
    doctor_id: int | None
    session_id: int
    slot_id: int
    day: date
    starts_at: datetime
    ends_at: datetime
    state: State
    channel: Channel
    booked_at: datetime
    ended_at: datetime | None
    reason: str | None


@dataclass(frozen=True)
class ActiveBlock:
    """An active black-list entry. hospital_id None: it counts everywhere."""

    rule_key: str
    rule_value: str  # as it stood when it blocked
    hospital_id: int | None
    until: datetime | None
    row_id: int | None = None


@dataclass(frozen=True)
class BookingFacts:
    """Everything the rules look at when somebody asks to book one slot, as of `now`."""

    now: datetime
    channel: Channel
    slot: SlotFacts
    person: PersonFacts
    history: tuple[PastAppointment, ...]
    blocks: tuple[ActiveBlock, ...]
    phone_persons: frozenset[int] = frozenset()  # who else has live appointments by this phone number
    replacing: int | None = None  # the appointment that a change gives up: it does not count
