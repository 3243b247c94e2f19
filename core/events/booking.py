"""What happens to holds and appointments."""

from datetime import datetime

from core.events.base import Event


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
    """hold_id: of the hold it was made from."""

    kind = "appointment.booked"
    appointment_id: int
    person_id: int
    session_id: int
    slot_id: int
    state: str
    version: int
    replaces: int | None = None
    hold_id: str | None = None


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


class DraftOpened(Event):
    """Something is being done for a caller. continued: it was left, and goes on in another contact.

    state: left where nobody calls: it waits from the beginning.
    """

    kind = "draft.opened"
    draft_id: int
    interaction_id: int | None
    staff_id: int | None
    continued: bool
    state: str = "open"


class DraftTaken(Event):
    """Somebody else, or another computer, goes on with it."""

    kind = "draft.taken"
    draft_id: int
    interaction_id: int | None
    staff_id: int
    was_staff_id: int | None


class DraftLeft(Event):
    """The call is gone; a redial until then goes on with it."""

    kind = "draft.left"
    draft_id: int
    interaction_id: int | None
    until: datetime


class DraftClosed(Event):
    """It came to something, or was given up."""

    kind = "draft.closed"
    draft_id: int
    interaction_id: int | None
    state: str  # 'booked', 'closed'
    appointment_id: int | None
