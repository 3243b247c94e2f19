"""What operators, supervisors and others of the staff are told."""

from core.errors.base import DeskRefusal


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


class DraftIncomplete(DeskRefusal):
    """Something must still be asked of the caller. facts: field, words."""

    code = "draft-incomplete"


class FourEyes(DeskRefusal):
    """Whoever entered a leave does not approve it (rule leave.four-eyes)."""

    code = "four-eyes"
