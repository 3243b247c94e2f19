"""What happens to the waiting list. entry_id: the entry; core.waiting.view tells the rest."""

from datetime import datetime

from core.events.base import Event


class WaitingJoined(Event):
    """doctor_id None: anybody of the department will do."""

    kind = "waiting.joined"
    entry_id: int
    person_id: int
    department_id: int
    doctor_id: int | None
    version: int


class WaitingOffered(Event):
    """A freed slot was offered. place: where the entry stood among those whom the slot fitted, 1 the first.

    over: why those before it did not get it, and how many. had: they were offered this one before, or
    refused or are just thinking about another of its session; offered: they have another offer just now;
    share: their channel may not sell it; busy: their place is just being changed; quiet: they can only be
    called, and not in time; booked: they have found one themselves; else a refusal's code. freed_at: since
    when nobody had it.
    """

    kind = "waiting.offered"
    entry_id: int
    person_id: int
    offer_id: int
    session_id: int
    slot_id: int
    place: int
    over: dict[str, int]
    freed_at: datetime


class WaitingPassed(Event):
    """A freed slot went to general sale. why: nobody, night, late, busy, closed; over: as above."""

    kind = "waiting.passed"
    session_id: int
    slot_id: int
    freed_at: datetime
    why: str
    over: dict[str, int]


class WaitingServed(Event):
    """They have a visit that they waited for: by our offer, or else found by themselves (offer_id None)."""

    kind = "waiting.served"
    entry_id: int
    person_id: int
    appointment_id: int
    offer_id: int | None
    version: int


class WaitingLeft(Event):
    """They gave their place up."""

    kind = "waiting.left"
    entry_id: int
    person_id: int
    version: int


class WaitingPaused(Event):
    """Several offers stayed unanswered; they may go on, at the end of the line."""

    kind = "waiting.paused"
    entry_id: int
    person_id: int
    misses: int
    version: int


class WaitingResumed(Event):
    kind = "waiting.resumed"
    entry_id: int
    person_id: int
    version: int


class WaitingLapsed(Event):
    """The last day that they wanted can be booked no more."""

    kind = "waiting.lapsed"
    entry_id: int
    person_id: int
    version: int
