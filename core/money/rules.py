"""Payment and refund life tables, and what a change or a cancellation does to the money; pure."""

from enum import StrEnum

from core.errors import WrongState


class PaymentState(StrEnum):
    CREATED = "created"
    PAID = "paid"
    CLOSED = "closed"  # not paid in time, or no longer wanted
    REFUNDED = "refunded"


PAYMENT_NEXT: dict[PaymentState, frozenset[PaymentState]] = {
    PaymentState.CREATED: frozenset({PaymentState.PAID, PaymentState.CLOSED}),
    # A payment that arrives after its order was closed is real money: it is taken and given back.
    PaymentState.CLOSED: frozenset({PaymentState.PAID}),
    PaymentState.PAID: frozenset({PaymentState.REFUNDED}),
    PaymentState.REFUNDED: frozenset(),
}


class RefundState(StrEnum):
    REQUESTED = "requested"
    REFUNDING = "refunding"
    REFUNDED = "refunded"
    FAILED = "failed"


REFUND_NEXT: dict[RefundState, frozenset[RefundState]] = {
    RefundState.REQUESTED: frozenset({RefundState.REFUNDING, RefundState.REFUNDED, RefundState.FAILED}),
    RefundState.REFUNDING: frozenset({RefundState.REFUNDED, RefundState.FAILED}),
    RefundState.FAILED: frozenset({RefundState.REFUNDING, RefundState.REFUNDED}),
    RefundState.REFUNDED: frozenset(),
}


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
