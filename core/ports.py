"""What we need from outside: clock, chance, text gateway, sealed storage for personal data."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


class OutsideError(Exception):
    """The outside failed. permanent: trying again cannot help."""

    def __init__(self, message: str, *, permanent: bool = False) -> None:
        super().__init__(message)
        self.permanent = permanent


class Clock(Protocol):
    def now(self) -> datetime:
        """The present instant, aware, UTC."""


class Chance(Protocol):
    """Everything random, so that a test can say what falls."""

    def number(self, low: int, high: int) -> int:
        """An unpredictable integer, both ends included."""

    def token(self) -> str:
        """An unguessable name, 22 URL-safe characters."""


@dataclass(frozen=True)
class OutgoingText:
    """One text to a patient. key: the same for every try, so that a gateway can drop a repeat."""

    key: str
    to: str
    body: str
    kind: str


class TextGateway(Protocol):
    name: str

    async def send(self, text: OutgoingText) -> str:
        """Hand one text over; return the gateway's id. Raises OutsideError."""
