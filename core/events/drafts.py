"""What can happen to a draft that follows its person from one way of booking to another."""

from core.events.base import Event


class DraftHandedOn(Event):
    """It goes on elsewhere, with its slot. was, now: menu, desk, sms, web (core.booking.draft_places)."""

    kind = "draft.handed-on"
    draft_id: int
    interaction_id: int | None
    was: str
    now: str
    staff_id: int | None
    account_id: int | None
