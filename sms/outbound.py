"""Which event sends which text: derived from what its subject is now, not was; pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from core.booking.rules import State
from core.booking.view import AppointmentView
from core.events import (
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentConfirmed,
    AppointmentExpired,
    AppointmentRestored,
    AppointmentStopped,
    AppointmentSubstituted,
    CallbackPromised,
    CodeAsked,
    DraftLeft,
    Event,
    NumbersOpened,
    OfferEnded,
    OfferMade,
    PlaceEnded,
    ReminderDue,
    SurveyAsked,
    TextReplied,
    WaitingPaused,
)
from core.values import local
from sms.texts import NUMBERS, Kind, write

CARRIER = "sms"

# An event that is not here sends nothing. A change is told by the new appointment's `booked`, so
# `changed` of the old one is not here, and no accepted offer: one change, one text.
EVENTS: tuple[type[Event], ...] = (
    CodeAsked,
    AppointmentBooked,
    AppointmentConfirmed,
    AppointmentCancelled,
    AppointmentExpired,
    AppointmentStopped,
    AppointmentRestored,
    AppointmentSubstituted,
    CallbackPromised,
    DraftLeft,
    NumbersOpened,
    OfferMade,
    OfferEnded,
    PlaceEnded,
    ReminderDue,
    SurveyAsked,
    TextReplied,
    WaitingPaused,
)
ROUTES: dict[str, tuple[str, ...]] = {event.kind: (CARRIER,) for event in EVENTS}

_STANDS = {State.BOOKED: Kind.BOOKED, State.UNPAID: Kind.PAYMENT_DUE, State.PROVISIONAL: Kind.PROVISIONAL}
_ENDS: dict[type[Event], tuple[State, Kind]] = {
    AppointmentCancelled: (State.CANCELLED, Kind.CANCELLED),
    AppointmentExpired: (State.EXPIRED, Kind.EXPIRED),
    AppointmentStopped: (State.STOPPED, Kind.STOPPED),
}
# The appointment is what it was before.
_UNCHANGED: dict[type[Event], Kind] = {
    AppointmentRestored: Kind.RESTORED,
    AppointmentSubstituted: Kind.SUBSTITUTED,
}


@dataclass(frozen=True)
class Drop:
    """No text goes out, and why."""

    kind: Kind
    why: str


def text_for(event: Event, made: AppointmentView, now: datetime) -> Kind | Drop:
    """What an appointment's event tells, if the appointment is still as the event says (L7).

    The appointment may have moved on between the event and its turn. A text is told for the state
    that is, at the version that is; when the state is another, a later event brings its own text.
    """
    if type(event) in _ENDS:
        state, kind = _ENDS[type(event)]
        return kind if made.state is state else Drop(kind, "overtaken")
    kind = _STANDS.get(made.state, Kind.BOOKED)
    if type(event) in _UNCHANGED:
        kind = _UNCHANGED[type(event)]
    elif kind is Kind.BOOKED and made.replaces_id is not None:
        kind = Kind.CHANGED
    if made.state not in _STANDS:
        return Drop(kind, "overtaken")
    if made.starts_at <= now:
        return Drop(kind, "visit has begun")
    if kind is Kind.PAYMENT_DUE and (made.pay_by is None or made.pay_by <= now):
        return Drop(kind, "too late to pay")
    return kind


def words_for(kind: Kind, made: AppointmentView, now: datetime, *, link: str = "") -> str:
    """An appointment's text; times as clocks in Shanghai show them. link: where the number of a
    provisional patient's papers is given, or the fee is paid."""
    names = {
        "hospital": made.hospital,
        "department": made.department,
        "doctor": made.doctor or NUMBERS.get(made.number_kind, ""),
    }
    facts = {
        "serial": made.serial,
        "starts": local(made.starts_at),
        "ends": local(made.ends_at),
        "fee_fen": made.fee_fen,
        "refund_fen": made.refund_fen,
        "pay_by": local(made.pay_by) if made.pay_by else None,
        "now": local(now),
        "link": link,
    }
    return write(kind, facts, names)


class CallbackPromise(Protocol):
    """What a text needs to know of a call that we owe."""

    @property
    def phone_sealed(self) -> bytes | None: ...
    @property
    def promised_for(self) -> datetime: ...
    @property
    def state(self) -> str: ...
