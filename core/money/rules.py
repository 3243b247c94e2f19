"""The lives of a payment and of a refund, and what a change or a cancellation does to the money; pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import TypeVar

from core.errors import WrongState
from core.money.cashier import Verdict
from core.values import day_of, local

S = TypeVar("S", bound=StrEnum)


class PaymentState(StrEnum):
    CREATED = "created"
    SUBMITTED = "submitted"  # the patient was sent to a cashier
    UNKNOWN = "unknown"  # the cashier does not know either, yet
    PAID = "paid"
    FAILED = "failed"  # this try did not work; another may
    CLOSED = "closed"  # not paid in time, or no longer wanted
    REFUNDED = "refunded"


_TRIED = {PaymentState.PAID, PaymentState.FAILED, PaymentState.CLOSED}
PAYMENT_NEXT: dict[PaymentState, frozenset[PaymentState]] = {
    PaymentState.CREATED: frozenset({PaymentState.SUBMITTED, PaymentState.PAID, PaymentState.CLOSED}),
    PaymentState.SUBMITTED: frozenset({PaymentState.UNKNOWN, *_TRIED}),
    PaymentState.UNKNOWN: frozenset({PaymentState.SUBMITTED, *_TRIED}),
    # A failure may turn out to have been none: money that comes is always taken.
    PaymentState.FAILED: frozenset({PaymentState.SUBMITTED, PaymentState.PAID, PaymentState.CLOSED}),
    # A payment that arrives after its order was closed is real money: it is taken and given back.
    PaymentState.CLOSED: frozenset({PaymentState.PAID}),
    PaymentState.PAID: frozenset({PaymentState.REFUNDED}),
    PaymentState.REFUNDED: frozenset(),
}
# These wait to be paid.
OPEN = frozenset({PaymentState.CREATED, PaymentState.SUBMITTED, PaymentState.UNKNOWN, PaymentState.FAILED})
# What a try at a cashier can be before anybody knows how it ended.
UNDECIDED = frozenset({PaymentState.SUBMITTED, PaymentState.UNKNOWN})


class RefundState(StrEnum):
    REQUESTED = "requested"  # to be sent, for the first time or again
    REFUNDING = "refunding"  # at the cashier
    REFUNDED = "refunded"
    FAILED = "failed"  # given up: somebody must look at it


REFUND_NEXT: dict[RefundState, frozenset[RefundState]] = {
    RefundState.REQUESTED: frozenset({RefundState.REFUNDING, RefundState.REFUNDED, RefundState.FAILED}),
    RefundState.REFUNDING: frozenset({RefundState.REQUESTED, RefundState.REFUNDED, RefundState.FAILED}),
    # Sent again, or done by hand, or told after all.
    RefundState.FAILED: frozenset({RefundState.REQUESTED, RefundState.REFUNDED}),
    RefundState.REFUNDED: frozenset(),
}


def before(table: Mapping[S, frozenset[S]], to: S) -> list[str]:
    """The states from which one comes into `to`: the guard of its UPDATE."""
    return [state.value for state, after in table.items() if to in after]


def payment_step(state: PaymentState, to: PaymentState) -> PaymentState:
    """Return `to` if the life table allows it; raises WrongState."""
    if to not in PAYMENT_NEXT[state]:
        raise WrongState(facts={"state": state.value, "wanted": to.value})
    return to


def after_change(paid_fen: int, new_fee_fen: int) -> tuple[int, int]:
    """What a changed appointment still owes, and what is owed back, in fen.

    The payment is carried over (R-087): nobody pays twice, and a cheaper visit returns the rest.
    """
    return max(0, new_fee_fen - paid_fen), max(0, paid_fen - new_fee_fen)


# --- numbers at the cashier's -------------------------------------------------------------------------


def payment_number(payment_id: int, attempt: int) -> str:
    """The order number of one try: 8 to 32 letters and digits, as UnionPay wants it, and never used again."""
    return f"P{payment_id:012}{attempt:02}"


def refund_number(refund_id: int, attempt: int) -> str:
    return f"R{refund_id:012}{attempt:02}"


def refund_of(number: str) -> int | None:
    """Whose number it is, of whichever sending; None: none of ours."""
    return int(number[1:13]) if re.fullmatch(r"R\d{14,}", number) else None


# --- doubts -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Patience:
    """When a cashier is asked how something ended.

    first: after it was sent; then the wait doubles up to `most`. grace: how long after the patient's time
    is over an order that the cashier has never seen is given up. ends: nobody is asked after that, and
    the daily file decides.
    """

    first: timedelta = timedelta(minutes=5)
    most: timedelta = timedelta(hours=1)
    grace: timedelta = timedelta(minutes=15)
    ends: timedelta = timedelta(days=7)

    def look_at(self, now: datetime, asked: int, sent_at: datetime) -> datetime | None:
        """When to ask next, having asked so often; None: no more."""
        if now - sent_at > self.ends:
            return None
        doubled: timedelta = self.first * (1 << min(asked, 16))
        return now + min(self.most, doubled)


PATIENCE = Patience()


def after_look(
    verdict: Verdict, *, open_until: datetime, now: datetime, patience: Patience = PATIENCE
) -> PaymentState | None:
    """What a cashier's answer makes of a try; None: it stays as it is.

    A cashier knows an order only once the patient has paid, so that it is absent says nothing while they
    still may.
    """
    if verdict is Verdict.ABSENT:
        return PaymentState.FAILED if now >= open_until + patience.grace else None
    return {
        Verdict.DONE: PaymentState.PAID,
        Verdict.FAILED: PaymentState.FAILED,
        Verdict.UNKNOWN: PaymentState.UNKNOWN,
    }[verdict]


# --- the way back -------------------------------------------------------------------------------------


class Way(StrEnum):
    VOID = "void"  # 撤销: as if it had never been, the same day only
    REFUND = "refund"  # 退货


# UnionPay closes its day at 23:00; what is sent shortly before may arrive after.
LAST_VOID = time(22, 30)
# A cashier that refuses a refund so often is left to a person.
MOST_SENDINGS = 3
RESEND = timedelta(minutes=10)


def way_back(*, part_fen: int, whole_fen: int, paid_at: datetime, now: datetime) -> Way:
    """All of a payment of the same day is voided: the patient has it back at once, without a fee."""
    same_day = day_of(paid_at) == day_of(now) and local(now).time() < LAST_VOID
    return Way.VOID if part_fen == whole_fen and same_day else Way.REFUND


@dataclass(frozen=True)
class Again:
    """Send it once more, under a new number. None of it: give up."""

    way: Way
    wait: timedelta


def after_refusal(way: Way, *, sendings: int, permanent: bool) -> Again | None:
    """What follows when the cashier has refused; None: a person must look at it.

    What cannot be voided can still be refunded. A number that was refused is never used again.
    """
    if way is Way.VOID:
        return Again(Way.REFUND, timedelta())
    if permanent or sendings >= MOST_SENDINGS:
        return None
    return Again(Way.REFUND, RESEND * 2 ** (sendings - 1))
