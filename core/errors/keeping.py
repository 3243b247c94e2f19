"""Why something of the house itself cannot be changed."""

from core.errors.base import Refusal


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
