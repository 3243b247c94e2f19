"""What patients keep with their accounts, and are told of."""

from core.events.base import Event


class FavouriteAdded(Event):
    """what: hospital or doctor."""

    kind = "favourite.added"
    account_id: int
    what: str
    what_id: int


class FavouriteRemoved(Event):
    kind = "favourite.removed"
    account_id: int
    what: str
    what_id: int


class ReminderAsked(Event):
    """An account wants to hear of a post's next release."""

    kind = "reminder.asked"
    account_id: int
    post_id: int


class ReminderDropped(Event):
    kind = "reminder.dropped"
    account_id: int
    post_id: int


class NumbersOpened(Event):
    """A session has opened that an account has waited for; a text is to tell them."""

    kind = "numbers.opened"
    reminder_id: int
    account_id: int
    session_id: int
