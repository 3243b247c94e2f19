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


class AccountPasswordChanged(Event):
    """why: changed by who knew the old one, or reset by who had all that is asked (R-182)."""

    kind = "account.password-changed"
    account_id: int
    why: str


class AccountChanged(Event):
    """what: the names of the fields."""

    kind = "account.changed"
    account_id: int
    person_id: int
    what: list[str]


class CodeAsked(Event):
    """A code is to be sent to a number; which, and to which, stands sealed with the row.

    number: of codes this number was sent: a newer one voids this.
    """

    kind = "account.code-asked"
    phone_code_id: int
    number: int
    purpose: str


class AttendeeAdded(Event):
    kind = "account.attendee-added"
    account_id: int
    person_id: int


class AttendeeRemoved(Event):
    kind = "account.attendee-removed"
    account_id: int
    person_id: int
