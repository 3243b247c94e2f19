"""What happens to the partners that book over the network."""

from core.events.base import Event


class PartnerAdded(Event):
    kind = "partner.added"
    partner_id: int
    state: str


class PartnerChanged(Event):
    """state: as it is now."""

    kind = "partner.changed"
    partner_id: int
    state: str


class PartnerKeyRotated(Event):
    kind = "partner.key-rotated"
    partner_id: int
