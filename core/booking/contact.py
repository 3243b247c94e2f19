"""The number that an appointment's texts go to, as it is kept; pure."""

from dataclasses import dataclass

from core.sealing import Sealer
from core.values import Phone


@dataclass(frozen=True)
class Contact:
    """mark: found by it. tail: the fingerprint of its last four digits (R-094). sealed: to be read again."""

    mark: str
    tail: str | None
    sealed: bytes


def contact_of(sealer: Sealer, number: Phone) -> Contact:
    digits = number.digits
    return Contact(
        sealer.fingerprint(digits, "phone"),
        sealer.fingerprint(digits[-4:], "phone-tail"),  # as people.register.tail_print
        sealer.seal(digits, "phone"),
    )
