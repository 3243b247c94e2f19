"""What patients before a page or an application are told."""

from core.errors.base import PageRefusal


class AttendeesFull(PageRefusal):
    """An account books for no more people. facts: most."""

    code = "attendees-full"


class CaptchaWrong(PageRefusal):
    """What was typed is not what the picture showed, or the picture was used or is too old."""

    code = "captcha-wrong"


class CodeTooSoon(PageRefusal):
    """A number is sent one code a minute (R-178). facts: until."""

    code = "code-too-soon"


class CodesUsedUp(PageRefusal):
    """A number is sent no more codes today. facts: most."""

    code = "codes-used-up"


class CodeWrong(PageRefusal):
    """Not the code that was last sent to this number for this, or it is used, too old or void."""

    code = "code-wrong"


class CredentialsWrong(PageRefusal):
    """Nobody has this login, or the password is another one; nobody is told which."""

    code = "credentials-wrong"


class ResetWrong(PageRefusal):
    """Number, papers, name and code do not all agree (R-183); nobody is told which."""

    code = "reset-wrong"


class AccountExists(PageRefusal):
    """This number has an account already; told to who has shown that the number is theirs."""

    code = "account-exists"


class NameBound(PageRefusal):
    """A name that hospitals expect somebody under is not changed. facts: why (booked, hospital)."""

    code = "name-bound"


class CashierAway(PageRefusal):
    """Nothing can be paid online here just now, and pages alone offer it. facts: why (no-account, away)."""

    code = "cashier-away"


class FavouritesFull(PageRefusal):
    """An account keeps no more favourites. facts: most."""

    code = "favourites-full"


class LinkOver(PageRefusal):
    """A one-time link that was used, is too old, or never was; pages alone have them."""

    code = "link-over"


class RemindersFull(PageRefusal):
    """An account waits for no more releases at a time. facts: most."""

    code = "reminders-full"


class LineFirst(PageRefusal):
    """Numbers go out in the order of a line just now, and it is not this person's turn. facts: session_id."""

    code = "line-first"


class LineNotOpen(PageRefusal):
    """Registering for a release has not begun. facts: session_id, opens (when it does)."""

    code = "line-not-open"


class LineOver(PageRefusal):
    """Nobody needs to wait for this session, or not any more. facts: session_id."""

    code = "line-over"


class TooManyRequests(PageRefusal):
    """An application asks more often than it may. facts: seconds until it may again."""

    code = "too-many-requests"


class MethodNotAllowed(PageRefusal):
    """An application's address is there, but is not asked in this way."""

    code = "method-not-allowed"


class TooLarge(PageRefusal):
    """An application sent more than anything here needs."""

    code = "too-large"


class NotJson(PageRefusal):
    """An application sent another kind of body than JSON."""

    code = "unsupported-media-type"


class OurFault(PageRefusal):
    """An application is told that it is not to blame; what happened stands in the log."""

    code = "our-fault"


class SignatureInvalid(PageRefusal):
    """A partner's request is not signed, or not by them, or not as it came. facts: why, for the log alone."""

    code = "signature-invalid"


class SignatureOld(PageRefusal):
    """A partner's clock and ours are too far apart. facts: seconds they may be."""

    code = "signature-old"


class SignatureUsed(PageRefusal):
    """A partner's request came before."""

    code = "signature-used"


class PartnerOff(PageRefusal):
    """A partner may not call any more."""

    code = "partner-off"


class PartnerLimited(PageRefusal):
    """A partner was not given this function. facts: function."""

    code = "partner-not-allowed"


class PartnerQuotaUsed(PageRefusal):
    """A partner has booked as much as it may today. facts: quota, seconds until tomorrow."""

    code = "partner-quota-used"


class PartnerHoldsFull(PageRefusal):
    """A partner keeps as many numbers from others as it may. facts: most."""

    code = "partner-holds-full"
