"""What happens to texts."""

from core.events.base import Event


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
