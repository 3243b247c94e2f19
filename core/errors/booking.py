"""Why something cannot be booked, by whom, and what cannot be done with it afterwards."""

from core.errors.base import Refusal


class WrongInput(Refusal):
    code = "wrong-input"


# --- is it open, is there one left -----------------------------------------------------------------


class HospitalNotLive(Refusal):
    code = "hospital-not-live"


class NotOpenForBooking(Refusal):
    code = "not-open-for-booking"


class ChannelClosed(Refusal):
    code = "channel-closed"


class OutsideBookingHours(Refusal):
    code = "outside-booking-hours"


class OutsideWindow(Refusal):
    code = "outside-window"


class NotReleased(Refusal):
    code = "not-released"


class TooLateToBook(Refusal):
    code = "too-late-to-book"


class SessionStopped(Refusal):
    code = "session-stopped"


class SlotFull(Refusal):
    code = "slot-full"


class ShareUsedUp(Refusal):
    code = "share-used-up"


class SlotTaken(Refusal):
    code = "slot-taken"


class HoldUnknown(Refusal):
    code = "hold-unknown"


class HoldLapsed(Refusal):
    code = "hold-lapsed"


class OfferGone(Refusal):
    """The slot is not kept for them any more. facts: state, made_id."""

    code = "offer-gone"


class ReminderOver(Refusal):
    """The visit they were reminded of is not ahead any more. facts: state, of the visit."""

    code = "reminder-over"


class WaitingFree(Refusal):
    """There is one left: nobody need wait. facts: session_id, department_id, doctor_id, day, half."""

    code = "waiting-free"


class WaitingTwice(Refusal):
    """They stand on the waiting list for this already. facts: entry_id."""

    code = "waiting-twice"


class WaitingBooked(Refusal):
    """They have booked what they would wait for. facts: appointment_id, day."""

    code = "waiting-booked"


class WaitingFull(Refusal):
    """They stand on the waiting list as often as they may. facts: limit."""

    code = "waiting-full"


class SurveyOver(Refusal):
    """The question was answered, or its time is over. facts: state."""

    code = "survey-over"


class Busy(Refusal):
    code = "busy"


# --- may this person ----------------------------------------------------------------------------------


class OverLimitDepartmentDay(Refusal):
    code = "limit-department-day"


class OverLimitDoctorDay(Refusal):
    code = "limit-doctor-day"


class OverLimitSession(Refusal):
    code = "limit-session"


class OverLimitDay(Refusal):
    code = "limit-day"


class OverLimitLive(Refusal):
    code = "limit-live"


class OverLimitPeriod(Refusal):
    code = "limit-period"


class OverLimitPhone(Refusal):
    code = "limit-phone"


class OverlappingVisit(Refusal):
    code = "overlapping-visit"


class RebookTooSoon(Refusal):
    code = "rebook-too-soon"


class TooYoung(Refusal):
    code = "too-young"


class TooOld(Refusal):
    code = "too-old"


class WrongSex(Refusal):
    code = "wrong-sex"


class Blacklisted(Refusal):
    code = "blacklisted"


class IdentityNeeded(Refusal):
    code = "identity-needed"


class IdentityKindRefused(Refusal):
    code = "identity-kind-refused"


# --- who is it ----------------------------------------------------------------------------------------


class IdentityInvalid(Refusal):
    code = "identity-invalid"


class IdentityConflict(Refusal):
    code = "identity-conflict"


class IdentityLocked(Refusal):
    code = "identity-locked"


class PersonUnknown(Refusal):
    code = "person-unknown"


class CardMismatch(Refusal):
    code = "card-mismatch"


class PhoneInvalid(Refusal):
    code = "phone-invalid"


# --- an appointment's life ------------------------------------------------------------------------------


class AppointmentUnknown(Refusal):
    code = "appointment-unknown"


class WrongState(Refusal):
    code = "wrong-state"


class TooLateToCancel(Refusal):
    code = "too-late-to-cancel"


class TooLateToChange(Refusal):
    code = "too-late-to-change"


class TooManyChanges(Refusal):
    code = "too-many-changes"


class WebRefundNotAllowed(Refusal):
    code = "web-refund-not-allowed"


class NotCheckInDay(Refusal):
    code = "not-check-in-day"


class TooLateToCheckIn(Refusal):
    code = "too-late-to-check-in"


class NotPaid(Refusal):
    code = "not-paid"


class PaymentLate(Refusal):
    code = "payment-late"


class WrongAmount(Refusal):
    code = "wrong-amount"


class KeyReused(Refusal):
    code = "idempotency-key-reused"
