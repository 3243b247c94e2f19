"""One operation: what it is asked with, what it answers, what may refuse it, and who may ask."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

from core.catalogue.search import Finder
from core.errors import (
    Coded,
    KeyReused,
    NotFound,
    NotJson,
    NotLoggedIn,
    OurFault,
    PartnerLimited,
    PartnerOff,
    Refusal,
    SignatureInvalid,
    SignatureOld,
    SignatureUsed,
    StorageAway,
    TooLarge,
    TooManyRequests,
    WrongInput,
)
from core.staff.passwords import Passwords
from core.work import Hotline
from web.api.models import Answer, Asked, Nothing
from web.api.who import Caller

P = TypeVar("P", bound=Asked, covariant=True)
Q = TypeVar("Q", bound=Asked, covariant=True)
B = TypeVar("B", bound=Asked, covariant=True)


class Auth(StrEnum):
    """Who may ask. ANYBODY: a partner may sign, and is then counted as itself, not by its address."""

    ANYBODY = "anybody"
    PATIENT = "patient"
    PARTNER = "partner"


@dataclass(frozen=True)
class Call(Generic[P, Q, B]):
    """One request, read. key: of its repetition, of whoever asks alone. mark: of all that was asked."""

    hotline: Hotline
    finder: Finder
    caller: Caller
    now: datetime
    operation: str
    path: P
    query: Q
    body: B
    passwords: Passwords
    browser: str
    key: str = ""
    mark: str = ""


Act = Callable[[Call[Any, Any, Any]], Awaitable[Answer | None]]
_SIGNED: tuple[type[Refusal], ...] = (
    SignatureInvalid,
    SignatureOld,
    SignatureUsed,
    PartnerOff,
    PartnerLimited,
)


@dataclass(frozen=True)
class Operation:
    """Declared once; validation, handler and description come from it.

    title, english: what it does, for people. act: does it. path_, query, body: models of what it is asked
    with. answer: None for 204. refusals: besides those that its shape brings with it. repeatable: takes an
    Idempotency-Key. function: what a partner must be allowed. strict_pace: an
    address may ask this less often than other things, for it is where guessing is done.
    """

    name: str
    method: str
    path: str
    group: str
    title: str
    english: str
    act: Act
    answer: type[Answer] | None
    status: int = 200
    auth: Auth = Auth.ANYBODY
    path_: type[Asked] = Nothing
    query: type[Asked] = Nothing
    body: type[Asked] = Nothing
    refusals: tuple[type[Refusal], ...] = field(default=())
    repeatable: bool = False
    function: str = "read"
    strict_pace: bool = False

    @property
    def may_refuse(self) -> tuple[type[Coded], ...]:
        """Everything that may be answered instead, each once."""
        found: dict[type[Coded], None] = dict.fromkeys([TooManyRequests, OurFault, TooLarge, StorageAway])
        if self.query is not Nothing or self.body is not Nothing or self.repeatable:
            found[WrongInput] = None
        if self.path_ is not Nothing:
            found[NotFound] = None
        if self.body is not Nothing:
            found[NotJson] = None
        if self.repeatable:
            found[KeyReused] = None
        if self.auth is Auth.PATIENT:
            found[NotLoggedIn] = None
        elif not self.strict_pace:
            found |= dict.fromkeys(_SIGNED)
        return tuple(found | dict.fromkeys(self.refusals))
