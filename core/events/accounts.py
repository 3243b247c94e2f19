"""What happens to the accounts of patients."""

from core.events.base import Event


class AccountOpened(Event):
    kind = "account.opened"
    account_id: int
    person_id: int


class AccountSessionBegun(Event):
    kind = "account.session-begun"
    account_id: int
    account_session_id: int


class AccountSessionEnded(Event):
    """why: logout, password, revoked, closed."""

    kind = "account.session-ended"
    account_id: int
    account_session_id: int
    why: str


class AttendeeAdded(Event):
    kind = "account.attendee-added"
    account_id: int
    person_id: int


class AttendeeRemoved(Event):
    kind = "account.attendee-removed"
    account_id: int
    person_id: int
