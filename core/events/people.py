"""What happens to people we know."""

from core.events.base import Event


class PersonRegistered(Event):
    kind = "person.registered"
    person_id: int
    provisional: bool


class PersonCompleted(Event):
    kind = "person.completed"
    person_id: int


class IdentityRefused(Event):
    """Somebody's guess at an identity was wrong; which number was guessed is not kept."""

    kind = "identity.refused"
    reason: str
    locked: bool


class SealOpened(Event):
    """A masked value was shown in full (R: unmasking is an audited act with a reason)."""

    kind = "seal.opened"
    person_id: int
    field: str
    reason: str
