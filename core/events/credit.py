"""What happens to somebody's credit, and to the rules."""

from datetime import datetime

from core.events.base import Event


class CreditNoted(Event):
    kind = "credit.noted"
    person_id: int
    credit_kind: str
    appointment_id: int | None


class CreditForgiven(Event):
    kind = "credit.forgiven"
    person_id: int
    credit_kind: str
    appointment_id: int | None
    why: str


class PersonBlacklisted(Event):
    kind = "person.blacklisted"
    person_id: int
    rule: str
    until: datetime | None


class PersonCleared(Event):
    kind = "person.cleared"
    person_id: int
    rule: str
    why: str


class AppealMade(Event):
    kind = "appeal.made"
    person_id: int
    entry_id: int


class AppealDecided(Event):
    kind = "appeal.decided"
    person_id: int
    entry_id: int
    granted: bool


class RuleChanged(Event):
    kind = "rule.changed"
    key: str
    value: str | None
    hospital_id: int | None
