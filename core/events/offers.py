"""What happens to offers. sort: leave or waiting; source_id: the case or entry it was made for."""

from datetime import datetime

from core.events.base import Event


class OfferMade(Event):
    """appointment_id: the stopped visit, of a leave. hold_id: of the hold that stands behind it."""

    kind = "offer.made"
    offer_id: int
    sort: str
    source_id: int
    person_id: int
    appointment_id: int | None
    session_id: int
    until: datetime
    version: int
    hold_id: str | None = None


class OfferAccepted(Event):
    """appointment_id: the new one."""

    kind = "offer.accepted"
    offer_id: int
    sort: str
    source_id: int
    person_id: int
    appointment_id: int
    session_id: int
    version: int


class OfferEnded(Event):
    """state: refused, lapsed or withdrawn; why: other-times, cancelled, leave-withdrawn …"""

    kind = "offer.ended"
    offer_id: int
    sort: str
    source_id: int
    person_id: int
    appointment_id: int | None
    session_id: int
    state: str
    why: str | None
    version: int
