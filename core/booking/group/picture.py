"""What a batch was told of the world: plain facts, read in its own transaction; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple

from core.booking.facts import ActiveBlock, BookingFacts, PastAppointment, PersonFacts, SlotFacts
from core.credit.book import RuleBook
from core.credit.rules import LedgerLine, PastBlock
from core.errors import NotFound, PersonUnknown
from core.values import Channel, IdentityKind


class HoldLine(NamedTuple):
    id: str
    slot_id: int
    session_id: int
    owner: str
    reason: str
    state: str


class SlotLine(NamedTuple):
    id: int
    session_id: int
    period_id: int
    sequence: int
    state: str
    hold_id: str | None
    rests_until: datetime | None


class Candidate(NamedTuple):
    """A free slot that this batch alone may take."""

    slot_id: int
    session_id: int
    period_id: int
    sequence: int
    pool: str


class Choice(NamedTuple):
    """What an owner holds by choice; a newer choice lets it go."""

    hold_id: str
    slot_id: int
    session_id: int
    owner: str


class Signature(NamedTuple):
    """Holds that may be given the same slots. own: whose share besides the common pool; None: of all."""

    session_id: int
    period_id: int | None
    slot_id: int | None
    resting: bool
    own: str | None


class Left(NamedTuple):
    """What is free in a session when a want finds too little: for it, and for other channels alone."""

    mine: int
    others: int


@dataclass
class Made:
    """An appointment as it stands; what deadlines.MadeAppointment asks, and what goes on with a change."""

    id: int
    serial: str
    person_id: int
    booker_id: int | None
    session_id: int
    slot_id: int
    hospital_id: int
    department_id: int
    contact_print: str
    contact_tail: str | None
    contact_sealed: bytes
    account_id: int | None
    partner_id: int | None
    day: date
    starts_at: datetime
    ends_at: datetime
    state: str
    pay_mode: str
    changes: int
    reason: str | None
    promised: dict[str, object]
    version: int
    channel: str


@dataclass(frozen=True)
class Place:
    """A session: its facts at its own times, and from when its shares are open to all."""

    slot: SlotFacts
    recycle_at: datetime | None


@dataclass
class Picture:
    """Facts by what they are facts of. What is asked for and not there does not exist."""

    now: datetime
    sqlite: bool
    keys: Mapping[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)
    sessions: Mapping[int, Place] = field(default_factory=dict)
    periods: Mapping[int, tuple[int, datetime, datetime]] = field(default_factory=dict)
    books: Mapping[int, RuleBook] = field(default_factory=dict)
    holds: Mapping[str, HoldLine] = field(default_factory=dict)
    slots: Mapping[int, SlotLine] = field(default_factory=dict)
    choices: Mapping[str, Sequence[Choice]] = field(default_factory=dict)
    free: Mapping[Signature, list[Candidate]] = field(default_factory=dict)
    left: Mapping[Signature, Left] = field(default_factory=dict)
    taken: dict[int, int] = field(default_factory=dict)  # slots that this batch has given, by session
    people: Mapping[int, tuple[IdentityKind | None, date | None, str | None]] = field(default_factory=dict)
    cards: frozenset[tuple[int, int]] = frozenset()
    history: Mapping[int, Sequence[PastAppointment]] = field(default_factory=dict)
    blocks: Mapping[int, Sequence[ActiveBlock]] = field(default_factory=dict)
    past_blocks: Mapping[int, Sequence[PastBlock]] = field(default_factory=dict)
    phone_persons: Mapping[str, frozenset[int]] = field(default_factory=dict)
    appointments: Mapping[int, Made] = field(default_factory=dict)
    paid: frozenset[int] = frozenset()  # appointments with any payment, wanted or made
    awaited: Sequence[tuple[int, int, date]] = ()  # department, doctor or 0, until
    ledger: Mapping[int, Sequence[LedgerLine]] = field(default_factory=dict)
    serials: frozenset[str] = frozenset()  # of those drawn beforehand, the ones that somebody has

    def session(self, session_id: int) -> Place:
        """Raises NotFound."""
        found = self.sessions.get(session_id)
        if found is None:
            raise NotFound(facts={"what": "session"})
        return found

    def slot_at(self, session_id: int, period_id: int) -> SlotFacts:
        """The facts of a slot of one period, at that period's times. Raises NotFound."""
        place, period = self.session(session_id), self.periods.get(period_id)
        if period is None or period[0] != session_id:
            raise NotFound(facts={"what": "session"})
        return _at(place.slot, period[1], period[2])

    def book_of(self, slot: SlotFacts) -> RuleBook:
        return self.books[slot.hospital_id]

    def facts(
        self,
        slot: SlotFacts,
        *,
        person_id: int,
        contact_print: str | None,
        channel: Channel,
        replacing: int | None = None,
    ) -> BookingFacts:
        """As booking.loading.facts_for. Raises PersonUnknown."""
        papers = self.people.get(person_id)
        if papers is None:
            raise PersonUnknown
        served = self.phone_persons.get(contact_print, frozenset()) if contact_print else frozenset()
        return BookingFacts(
            now=self.now,
            channel=channel,
            slot=slot,
            person=PersonFacts(person_id, *papers, (person_id, slot.hospital_id) in self.cards),
            history=tuple(self.history.get(person_id, ())),
            blocks=tuple(self.blocks.get(person_id, ())),
            phone_persons=served,
            replacing=replacing,
        )

    def is_awaited(self, slot: SlotFacts) -> bool:
        """As schedule.freed.awaited."""
        doctors = (0, slot.doctor_id or 0)
        return any(
            department == slot.department_id and doctor in doctors and until >= slot.day
            for department, doctor, until in self.awaited
        )


def _at(slot: SlotFacts, starts_at: datetime, ends_at: datetime) -> SlotFacts:
    # dataclasses.replace costs as much as all rules together.
    words = dict(vars(slot))
    words["starts_at"], words["ends_at"] = starts_at, ends_at
    made = object.__new__(SlotFacts)
    vars(made).update(words)
    return made
