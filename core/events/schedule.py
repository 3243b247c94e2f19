"""What happens to sessions."""

from typing import Any

from core.events.base import Event


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


class CatalogueChanged(Event):
    """A hospital, department, doctor or post (`what`) is another one now; indexes are made anew."""

    kind = "catalogue.changed"
    what: str
    id: int
