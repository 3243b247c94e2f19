"""What we need from outside: clock, chance, text gateway, sealed storage for personal data."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


class OutsideError(Exception):
    """The outside failed. permanent: trying again cannot help. unsure: it may have been done all the same."""

    def __init__(self, message: str, *, permanent: bool = False, unsure: bool = False) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.unsure = unsure


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
    """name: short, and the same for good: receipts and answers are matched by it."""

    name: str

    async def send(self, text: OutgoingText) -> tuple[str, ...]:
        """Hand one text over; returns the gateway's ids, one for each part that it reports on by itself.

        A text that is given twice with the same key goes out once, as far as the gateway can help it.
        Raises OutsideError: permanent for what this gateway will never take, unsure when nobody knows.
        """


@dataclass(frozen=True)
class Handed:
    """A text that a gateway has. part_ids: what its receipts will name, with the gateway's name."""

    gateway: str
    part_ids: tuple[str, ...]


class NotHanded(OutsideError):
    """gateway: whose word it is; when unsure, the one that may have the text. None: nobody was asked.

    permanent and unsure at once: a repeat was refused for good, but an earlier try may have gone.
    """

    def __init__(
        self, why: str, gateway: str | None, *, permanent: bool = False, unsure: bool = False
    ) -> None:
        super().__init__(why, permanent=permanent, unsure=unsure)
        self.gateway = gateway


class TextExit(Protocol):
    """The way out for texts, whichever gateways there are."""

    async def send(
        self,
        text: OutgoingText,
        *,
        tried: Sequence[str] = (),
        asking: Callable[[str], Awaitable[object]] | None = None,
    ) -> Handed:
        """Hand a text over. Raises NotHanded.

        tried: the gateways at which earlier tries ended in doubt, the latest last; only that one is
        asked. asking: called with a gateway's name before the text leaves for it.
        """


@dataclass(frozen=True)
class IncomingText:
    """A text from a patient, whole again if it came in parts.

    gateway_id: the gateway's own name for it; a repeat has the same. sender: as the gateway writes it.
    """

    gateway: str
    gateway_id: str
    sender: str
    to: str
    body: str


@dataclass(frozen=True)
class Receipt:
    """A gateway's word on what became of one part of a text that we sent. why: when it was not delivered."""

    gateway: str
    part_id: str
    delivered: bool
    why: str = ""


class TextInbox(Protocol):
    """Where gateways bring what comes in; each call is durable when it returns, and may be repeated."""

    async def received(self, text: IncomingText) -> None: ...

    async def reported(self, receipt: Receipt) -> None: ...
