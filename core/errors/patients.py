"""What patients before a page or an application are told."""

from core.errors.base import PageRefusal


class AttendeesFull(PageRefusal):
    """An account books for no more people. facts: most."""

    code = "attendees-full"


class CashierAway(PageRefusal):
    """Nothing can be paid online here just now, and pages alone offer it. facts: why (no-account, away)."""

    code = "cashier-away"


class LinkOver(PageRefusal):
    """A one-time link that was used, is too old, or never was; pages alone have them."""

    code = "link-over"
