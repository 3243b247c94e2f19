"""What can happen, in the past tense; the journal holds these and nothing else.

Events carry ids, codes and plain values, never a name, a phone or an identity number: whoever
shows one loads the rest, and sees it as it is now.
"""

from datetime import datetime
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict


class Event(BaseModel):
    """One fact. The ids that the journal indexes have fixed names in every event that has them."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: ClassVar[str] = ""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if cls.kind:
            if cls.kind in _KINDS:
                raise TypeError(f"two events are called {cls.kind}")
            _KINDS[cls.kind] = cls


_KINDS: dict[str, type[Event]] = {}


def read_event(kind: str, body: dict[str, Any]) -> Event:
    """The event that a journal row holds. Raises KeyError for a kind nobody knows."""
    return _KINDS[kind].model_validate(body)


def event_kinds() -> dict[str, type[Event]]:
    return dict(_KINDS)


# --- people -------------------------------------------------------------------------------------------


class PersonRegistered(Event):
    kind = "person.registered"
    person_id: int
    provisional: bool


class PersonCompleted(Event):
    kind = "person.completed"
    person_id: int


class IdentityRefused(Event):
    """Somebody's guess at an identity was wrong; which number was guessed is not kept."""

    kind = "identity.refused"
    reason: str
    locked: bool


class SealOpened(Event):
    """A masked value was shown in full (R: unmasking is an audited act with a reason)."""

    kind = "seal.opened"
    person_id: int
    field: str
    reason: str


# --- schedule -----------------------------------------------------------------------------------------


class SessionPublished(Event):
    kind = "session.published"
    session_id: int
    slots: int


class SessionAmended(Event):
    kind = "session.amended"
    session_id: int
    changes: dict[str, Any]


class SessionWithdrawn(Event):
    kind = "session.withdrawn"
    session_id: int
    reason: str


class SessionStoppedForLeave(Event):
    kind = "session.stopped"
    session_id: int
    reason: str
    appointments: int


class SessionResumed(Event):
    kind = "session.resumed"
    session_id: int


class SessionOver(Event):
    """The session is past; what was not sold is closed."""

    kind = "session.over"
    session_id: int
    unsold: int


# --- booking ------------------------------------------------------------------------------------------


class SlotHeld(Event):
    kind = "slot.held"
    hold_id: str
    slot_id: int
    session_id: int
    person_id: int | None
    reason: str
    until: datetime


class HoldReleased(Event):
    kind = "hold.released"
    hold_id: str
    slot_id: int
    session_id: int
    why: str  # 'given-up', 'lapsed', 'moved'


class AppointmentBooked(Event):
    kind = "appointment.booked"
    appointment_id: int
    person_id: int
    session_id: int
    slot_id: int
    state: str
    version: int
    replaces: int | None = None


class AppointmentConfirmed(Event):
    """Money came, or the missing identity did: the appointment is now booked."""

    kind = "appointment.confirmed"
    appointment_id: int
    person_id: int
    version: int


class AppointmentChanged(Event):
    """The old appointment was replaced; the new one has its own `booked` event."""

    kind = "appointment.changed"
    appointment_id: int
    person_id: int
    session_id: int
    replaced_by: int
    version: int


class AppointmentCancelled(Event):
    kind = "appointment.cancelled"
    appointment_id: int
    person_id: int
    session_id: int
    reason: str
    refund_fen: int
    version: int


class AppointmentExpired(Event):
    kind = "appointment.expired"
    appointment_id: int
    person_id: int
    session_id: int
    version: int


class AppointmentStopped(Event):
    """The doctor is away; the patient has a choice to make."""

    kind = "appointment.stopped"
    appointment_id: int
    person_id: int
    session_id: int
    version: int


class AppointmentRestored(Event):
    """The leave was withdrawn, and the visit takes place as first said."""

    kind = "appointment.restored"
    appointment_id: int
    person_id: int
    session_id: int
    version: int


class AppointmentCheckedIn(Event):
    kind = "appointment.checked-in"
    appointment_id: int
    person_id: int
    queue_number: str | None
    version: int


class AppointmentAttended(Event):
    kind = "appointment.attended"
    appointment_id: int
    person_id: int
    version: int


class AppointmentMissed(Event):
    kind = "appointment.missed"
    appointment_id: int
    person_id: int
    counts: bool
    version: int


class BookingRefused(Event):
    """The engine said no: the code and the rule, for the story of the call and the reports."""

    kind = "booking.refused"
    code: str
    rule: str | None
    verb: str
    session_id: int | None
    person_id: int | None


# --- money --------------------------------------------------------------------------------------------


class PaymentReceived(Event):
    kind = "payment.received"
    appointment_id: int
    payment_id: int
    amount_fen: int


class RefundOwed(Event):
    kind = "refund.owed"
    appointment_id: int
    refund_id: int
    amount_fen: int
    reason: str


# --- credit -------------------------------------------------------------------------------------------


class CreditNoted(Event):
    kind = "credit.noted"
    person_id: int
    credit_kind: str
    appointment_id: int | None


class CreditForgiven(Event):
    kind = "credit.forgiven"
    person_id: int
    credit_kind: str
    appointment_id: int | None
    why: str


class PersonBlacklisted(Event):
    kind = "person.blacklisted"
    person_id: int
    rule: str
    until: datetime | None


class PersonCleared(Event):
    kind = "person.cleared"
    person_id: int
    rule: str
    why: str


class AppealMade(Event):
    kind = "appeal.made"
    person_id: int
    entry_id: int


class AppealDecided(Event):
    kind = "appeal.decided"
    person_id: int
    entry_id: int
    granted: bool


class RuleChanged(Event):
    kind = "rule.changed"
    key: str
    value: str | None
    hospital_id: int | None


# --- contact ------------------------------------------------------------------------------------------


class InteractionOpened(Event):
    kind = "interaction.opened"
    interaction_id: int
    linked_id: str
    dnis: str
    known: bool


class StepsTaken(Event):
    """What was said and keyed in a stretch of a call; keys of secret fields only as a count."""

    kind = "interaction.steps"
    interaction_id: int
    steps: list[dict[str, Any]]


class CallerIdentified(Event):
    kind = "interaction.identified"
    interaction_id: int
    person_id: int
    by: str


class InteractionMoved(Event):
    """The call went on to another place: menu, queue, agent, message."""

    kind = "interaction.moved"
    interaction_id: int
    state: str
    detail: str | None = None


class InteractionClosed(Event):
    kind = "interaction.closed"
    interaction_id: int
    disposition: str
    reached: str


class CallbackPromised(Event):
    kind = "callback.promised"
    interaction_id: int
    callback_id: int
    due: datetime
    recording: str | None


class SwitchLost(Event):
    """We did not hear the switch for a while: what happened then is unknown."""

    kind = "switch.unknown-interval"
    since: datetime
    until: datetime
    calls_now: int


# --- texts --------------------------------------------------------------------------------------------


class TextSent(Event):
    kind = "text.sent"
    text_id: int
    text_kind: str
    appointment_id: int | None = None
    segments: int = 1


class TextDropped(Event):
    """A text that its appointment has overtaken was not sent."""

    kind = "text.dropped"
    text_id: int
    text_kind: str
    appointment_id: int | None = None
    why: str = ""


class TextFailed(Event):
    kind = "text.failed"
    text_id: int
    text_kind: str
    appointment_id: int | None = None
    permanent: bool = False


# --- what the machine says ------------------------------------------------------------------------------


class CommentMade(Event):
    kind = "wording.commented"
    comment_id: int
    sentence: str


class CommentSettled(Event):
    kind = "wording.settled"
    comment_id: int
    sentence: str


class CommentReopened(Event):
    kind = "wording.reopened"
    comment_id: int
    sentence: str


class ReadingCorrected(Event):
    """A hospital, department or doctor (`what`) is read otherwise from now on."""

    kind = "catalogue.reading-corrected"
    what: str
    id: int


# --- the demo -----------------------------------------------------------------------------------------


class DemoWritten(Event):
    """The fictional province is whole."""

    kind = "demo.written"
    size: str
    slots: int
