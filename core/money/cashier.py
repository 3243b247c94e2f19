"""The port to cashiers: whoever takes a patient's money for a hospital, and gives it back; plain data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol


class Verdict(StrEnum):
    """How a payment or a refund ended, as far as the cashier says."""

    DONE = "done"  # the money has moved
    FAILED = "failed"
    UNKNOWN = "unknown"  # under way, or the cashier does not know: ask later
    ABSENT = "absent"  # the cashier has never heard of it


class Kind(StrEnum):
    PAYMENT = "payment"
    REFUND = "refund"


@dataclass(frozen=True)
class Account:
    """A hospital's own account at a cashier (R-050). key: its private key in PEM."""

    account_id: int
    hospital_id: int
    provider: str
    merchant_no: str
    certificate_id: str
    key: str = field(repr=False)


@dataclass(frozen=True)
class Order:
    """A payment to be taken. number: ours, unique at the cashier. open_until: the patient's time to pay."""

    account: Account
    number: str
    amount_fen: int
    sent_at: datetime
    open_until: datetime


@dataclass(frozen=True)
class Return:
    """Money to be given back. number: its own; of, txn: our number and the cashier's for the payment."""

    account: Account
    number: str
    amount_fen: int
    sent_at: datetime
    of: str
    txn: str


class Sent(Protocol):
    """What identifies an order or a return at a cashier."""

    @property
    def account(self) -> Account: ...
    @property
    def number(self) -> str: ...
    @property
    def sent_at(self) -> datetime: ...


@dataclass(frozen=True)
class Answer:
    """What a cashier says. txn: its own number. amount_fen: what really moved; None when it does not say.

    settle_day: on whose file it will stand. code: the cashier's, for people. permanent: of a failure, that
    asking again cannot help.
    """

    verdict: Verdict
    txn: str = ""
    amount_fen: int | None = None
    settle_day: date | None = None
    code: str = ""
    permanent: bool = False


@dataclass(frozen=True)
class Notice:
    """A cashier's own word, its signature checked. merchant_no: to whom it was said."""

    kind: Kind
    merchant_no: str
    number: str
    answer: Answer


@dataclass(frozen=True)
class Redirect:
    """Where the patient's browser goes to pay: a form with these fields, posted."""

    url: str
    fields: Mapping[str, str]


@dataclass(frozen=True)
class Line:
    """One movement in somebody's list of a day. order: the number that we gave it. amount_fen: above 0."""

    kind: Kind
    order: str
    amount_fen: int


class Forged(Exception):
    """A message that does not come from the cashier. why: a short code, never its content."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Cashier(Protocol):
    """Calls raise OutsideError: unsure when it may have been done all the same.

    Whatever is sent twice under one number is done once. A refusal is an Answer, not an error.
    """

    name: str

    async def begin(self, order: Order) -> Redirect:
        """What the browser must bring; begun again with the same order it is the same payment."""

    async def query(self, sent: Sent) -> Answer:
        """How an order or a return ended."""

    async def refund(self, back: Return) -> Answer:
        """Give part or all back; usually UNKNOWN at first, and told later."""

    async def void(self, back: Return) -> Answer:
        """Undo a payment of the same day, all of it."""

    async def reconciliation(self, account: Account, day: date) -> Sequence[Line] | None:
        """What moved on a settlement day; None: there is no list of it, or not yet."""

    def notice(self, fields: Mapping[str, str]) -> Notice:
        """Read what came to the address for notices. Raises Forged."""
