"""Refusals: how the engine says no, each with a code that never changes.

A refusal carries the row of the rule that said no (when a rule did) and the facts its words need.
Every face has words for every code; a test walks over `all_codes()` and asks each face.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar


@dataclass(frozen=True)
class RuleRef:
    """The rule row that decided: what an operator can quote and a supervisor can look up."""

    key: str
    value: str
    hospital_id: int | None  # None: the common rule
    row_id: int | None  # None: the default that applies where no row exists


@dataclass(eq=False)
class Refusal(Exception):
    """The engine's no. `facts` are plain values without personal data, for the words of a face."""

    code: ClassVar[str] = ""
    rule: RuleRef | None = None
    facts: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.code} {dict(self.facts)}" + (
            f" by {self.rule.key}={self.rule.value}" if self.rule else ""
        )


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


# --- keeping the house ----------------------------------------------------------------------------------


class NotAllowed(Refusal):
    code = "not-allowed"


class NotFound(Refusal):
    code = "not-found"


class TemplateInvalid(Refusal):
    code = "template-invalid"


class SessionExists(Refusal):
    code = "session-exists"


class HasAppointments(Refusal):
    code = "has-appointments"


class RuleInvalid(Refusal):
    code = "rule-invalid"


class ChangedMeanwhile(Refusal):
    """Somebody else has changed what was to be changed."""

    code = "changed-meanwhile"


class AppealClosed(Refusal):
    code = "appeal-closed"


# --- operators ------------------------------------------------------------------------------------


class DeskRefusal(Refusal):
    """A no that only staff can meet: pages have words for it, the voice and the texts never say it."""


class Engaged(DeskRefusal):
    """The operator has somebody on the line."""

    code = "agent-engaged"


class CallersWaiting(DeskRefusal):
    """Every free operator is needed for those who wait: a call we owe comes after them (L15)."""

    code = "callers-waiting"


class NotSignedIn(DeskRefusal):
    """The operator is not signed in at a phone."""

    code = "agent-not-signed-in"


class PhoneTaken(DeskRefusal):
    """Somebody else is signed in at this phone."""

    code = "phone-taken"


class DispositionMissing(DeskRefusal):
    """A matter of this operator has no disposition yet. facts: matters."""

    code = "disposition-missing"


class CallGone(DeskRefusal):
    """The call is not there any more, or is somebody else's now."""

    code = "call-gone"


class SwitchAway(DeskRefusal):
    """The telephone switch cannot be reached at this moment."""

    code = "switch-away"


class TargetBusy(DeskRefusal):
    """The colleague or hospital that was called does not answer or is busy."""

    code = "target-busy"


class SoundGone(DeskRefusal):
    """The sound of a recording is not there any more. facts: why, 'erased' or 'lost'."""

    code = "sound-gone"


class SoundTampered(DeskRefusal):
    """The sealed file of a recording is not what was sealed."""

    code = "sound-tampered"


# --- logging in ---------------------------------------------------------------------------------------


class NotLoggedIn(DeskRefusal):
    """Nobody is logged in, or the session has ended."""

    code = "not-logged-in"


class LoginUnfinished(DeskRefusal):
    """Logged in half: a code, a new password or a second factor is due first. facts: stage."""

    code = "login-unfinished"


class LoginWrong(DeskRefusal):
    """Login and password, or the code, do not belong together."""

    code = "login-wrong"


class LoginLocked(DeskRefusal):
    """Too many guesses. facts: until."""

    code = "login-locked"


class PasswordWeak(DeskRefusal):
    """facts: why, a key of core.staff.rules.WEAK."""

    code = "password-weak"


class FormStale(DeskRefusal):
    """The form was not made by this session, or long ago."""

    code = "form-stale"


class SuperAdministrator(DeskRefusal):
    """The super administrator is neither deleted nor changed by others (R-174)."""

    code = "super-administrator"


class RoleInUse(DeskRefusal):
    """Somebody still has the role. facts: count."""

    code = "role-in-use"


class CardShort(DeskRefusal):
    """Less is on the visit card than is to be paid, or it is stopped. facts: needed_fen."""

    code = "card-short"


class CardChargeOff(DeskRefusal):
    """The hospital does not let a booking be charged to its card (rule card.charge)."""

    code = "card-charge-off"


class CashierAway(DeskRefusal):
    """Nothing can be paid online here just now, and pages alone offer it. facts: why (no-account, away)."""

    code = "cashier-away"


class LinkOver(DeskRefusal):
    """A one-time link that was used, is too old, or never was; pages alone have them."""

    code = "link-over"


class DraftIncomplete(DeskRefusal):
    """Something must still be asked of the caller. facts: field, words."""

    code = "draft-incomplete"


def all_refusals() -> list[type[Refusal]]:
    """Every kind of refusal there is, in the order of this file."""
    kinds = [kind for kind in Refusal.__subclasses__() if kind.code]
    return [*kinds, *DeskRefusal.__subclasses__()]


def all_codes() -> list[str]:
    """Every code that may reach a patient: a face must have words for it."""
    return [kind.code for kind in all_refusals() if not issubclass(kind, DeskRefusal)]
