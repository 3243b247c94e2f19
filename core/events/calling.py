"""Calls that we make by ourselves. sort: leave-offer, waiting-offer or reminder (core.calling.rules.Kind)."""

from datetime import datetime

from core.events.base import Event


class OutboundAsked(Event):
    """Somebody must be called; subject: 'offer/12'."""

    kind = "outbound.asked"
    call_id: int
    sort: str
    subject: str
    person_id: int
    appointment_id: int | None
    due: datetime


class OutboundTried(Event):
    """A telephone is being rung; number: the how manieth try."""

    kind = "outbound.tried"
    call_id: int
    sort: str
    person_id: int
    appointment_id: int | None
    interaction_id: int
    number: int


class OutboundEnded(Event):
    """A try is over: the proof of notice. state: of the call now; due: of the next try."""

    kind = "outbound.ended"
    call_id: int
    sort: str
    person_id: int
    appointment_id: int | None
    interaction_id: int | None
    number: int
    outcome: str
    key: str | None
    answer: str | None
    state: str
    due: datetime | None


class OutboundSettled(Event):
    """Nobody is rung up about it any more. state: done, handed or dropped."""

    kind = "outbound.settled"
    call_id: int
    sort: str
    person_id: int
    appointment_id: int | None
    state: str
    answer: str | None
