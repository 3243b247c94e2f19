"""The four commands of the hot path and what comes of them; plain data."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.values import Phone


@dataclass(frozen=True)
class Hold:
    """Keep a slot for a while: the first of a session, of a period, or one by name.

    owner: whose hold it is ('call:<linkedid>', 'web:<account>'): an owner has one live hold with
    reason 'choice' at a time, a newer choice lets the older go. person_id may still be unknown.
    """

    session_id: int
    owner: str
    period_id: int | None = None
    slot_id: int | None = None
    person_id: int | None = None
    reason: str = "choice"
    minutes: int | None = None  # None: the hospital's rule hold.minutes
    key: str | None = None


@dataclass(frozen=True)
class Book:
    """Turn a hold into an appointment for a person. contact: where the texts go."""

    hold_id: str
    person_id: int
    contact: Phone
    booker_id: int | None = None
    pay_online: bool | None = None  # None: as the hospital's rule says
    key: str | None = None


@dataclass(frozen=True)
class Change:
    """Move an appointment to the slot of a hold, in one transaction (R-087).

    override: a supervisor's reason to pass the deadline. contact: where the texts go from now on; None:
    where they went.
    """

    appointment_id: int
    hold_id: str
    override: str | None = None
    key: str | None = None
    contact: Phone | None = None


@dataclass(frozen=True)
class Cancel:
    """Give an appointment up. override: a supervisor's reason to pass a deadline."""

    appointment_id: int
    reason: str = "patient"
    override: str | None = None
    key: str | None = None


Command = Hold | Book | Change | Cancel


@dataclass(frozen=True)
class HeldSlot:
    hold_id: str
    slot_id: int
    session_id: int
    period_id: int
    sequence: int
    until: datetime


@dataclass(frozen=True)
class Booked:
    """A new appointment. `state` tells whether money or identity is still awaited."""

    appointment_id: int
    serial: str
    state: str
    slot_id: int
    session_id: int
    starts_at: datetime
    ends_at: datetime
    fee_fen: int
    pay_by: datetime | None = None
    replaces: int | None = None


@dataclass(frozen=True)
class Cancelled:
    appointment_id: int
    refund_fen: int


Outcome = HeldSlot | Booked | Cancelled

_OUTCOMES: dict[str, type[HeldSlot] | type[Booked] | type[Cancelled]] = {
    kind.__name__: kind for kind in (HeldSlot, Booked, Cancelled)
}


def packed(outcome: Outcome) -> dict[str, Any]:
    """An outcome as JSON, so that a repeated command is answered as before."""
    body = {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in vars(outcome).items()
    }
    return {"kind": type(outcome).__name__, "body": body}


def unpacked(packed: dict[str, Any]) -> Outcome:
    body = dict(packed["body"])
    for name in ("until", "starts_at", "ends_at", "pay_by"):
        if body.get(name):
            body[name] = datetime.fromisoformat(body[name])
    return _OUTCOMES[packed["kind"]](**body)
