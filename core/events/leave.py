"""What happens to a doctor's leave and to each displaced patient. sort: stop, substitute or reduce."""

from core.events.base import Event


class LeaveEntered(Event):
    """source: operator, hospital-admin or hospital-message."""

    kind = "leave.entered"
    leave_id: int
    hospital_id: int
    sort: str
    source: str


class LeaveSubmitted(Event):
    kind = "leave.submitted"
    leave_id: int
    hospital_id: int


class LeaveReturned(Event):
    """To whoever entered it."""

    kind = "leave.returned"
    leave_id: int
    hospital_id: int


class LeaveApproved(Event):
    """Its sessions are closed and its list is frozen: how many of each."""

    kind = "leave.approved"
    leave_id: int
    hospital_id: int
    sort: str
    sessions: int
    cases: int


class LeaveExtended(Event):
    """Sessions that were published since fell into its range."""

    kind = "leave.extended"
    leave_id: int
    hospital_id: int
    sessions: int
    cases: int


class LeaveDone(Event):
    """Each case has ended."""

    kind = "leave.done"
    leave_id: int
    hospital_id: int


class LeaveWithdrawn(Event):
    """restored: visits that take place as first said; stayed: patients who have moved or given up since."""

    kind = "leave.withdrawn"
    leave_id: int
    hospital_id: int
    restored: int
    stayed: int


class LeaveCaseMoved(Event):
    """A displaced patient's case. state: a leave.rules.CaseState; why: what it needs, or its disposition."""

    kind = "leave.case"
    case_id: int
    leave_id: int
    appointment_id: int
    person_id: int
    state: str
    why: str | None
    version: int


class AppointmentSubstituted(Event):
    """Another doctor sees the patient, at the time and place as said; giving it up is free of charge."""

    kind = "appointment.substituted"
    appointment_id: int
    person_id: int
    session_id: int
    version: int
