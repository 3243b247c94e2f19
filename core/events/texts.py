"""What happens to texts."""

from core.events.base import Event


class TextSent(Event):
    kind = "text.sent"
    text_id: int
    text_kind: str
    appointment_id: int | None = None
    segments: int = 1


class TextDelivered(Event):
    """The patient's telephone has it, every part."""

    kind = "text.delivered"
    text_id: int
    text_kind: str
    appointment_id: int | None = None


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


class TextReceived(Event):
    """A patient has written to us; what, stands sealed with the text."""

    kind = "text.received"
    text_id: int
    segments: int = 1


class TextHandled(Event):
    """What a patient wrote was understood, or not, and what came of it. outcome: a stable code."""

    kind = "text.handled"
    text_id: int
    verb: str | None = None
    outcome: str = ""


class TextReplied(Event):
    """An answer stands ready to go. text_id: of the answer."""

    kind = "text.replied"
    text_id: int


class TextsStopped(Event):
    """A number wants no reminders and the like any more; what is a duty goes out all the same."""

    kind = "text.stopped"


class TextsResumed(Event):
    kind = "text.resumed"


class TextRevived(Event):
    """Somebody has a text tried again that was given up. text_id: None where none was written yet."""

    kind = "text.revived"
    outbox_id: int
    text_id: int | None = None


class TextLeft(Event):
    """Somebody has said that a text is not tried any more, and why (in the audit)."""

    kind = "text.left"
    outbox_id: int
    text_id: int | None = None
