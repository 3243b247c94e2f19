"""What happens to money."""

from core.events.base import Event


class MerchantAccountKept(Event):
    """A hospital has a new account at a cashier, or a new certificate for it."""

    kind = "merchant-account.kept"
    account_id: int
    hospital_id: int
    provider: str


class MerchantAccountClosed(Event):
    """Nothing is paid into it any more."""

    kind = "merchant-account.closed"
    account_id: int
    hospital_id: int
    provider: str


class PaymentSubmitted(Event):
    """The patient was sent to a cashier. number: of the tries to pay this payment, from 1."""

    kind = "payment.submitted"
    appointment_id: int
    payment_id: int
    provider: str
    number: int


class PaymentDoubted(Event):
    """The cashier does not know yet how a try ended."""

    kind = "payment.doubted"
    appointment_id: int
    payment_id: int


class PaymentFailed(Event):
    """A try did not work; another may. code: the cashier's."""

    kind = "payment.failed"
    appointment_id: int
    payment_id: int
    code: str


class PaymentReceived(Event):
    kind = "payment.received"
    appointment_id: int
    payment_id: int
    amount_fen: int


class NoticeRefused(Event):
    """Something came to the address for notices that is not believed.

    why: forged, unknown-order, other-merchant, wrong-amount. times: how many like it since the last one told.
    """

    kind = "payment.notice-refused"
    provider: str
    why: str
    times: int
    appointment_id: int | None


class RefundOwed(Event):
    kind = "refund.owed"
    appointment_id: int
    refund_id: int
    amount_fen: int
    reason: str


class RefundSent(Event):
    """It was given to the cashier. way: void or refund. number: of its sendings, from 1."""

    kind = "refund.sent"
    appointment_id: int
    refund_id: int
    way: str
    number: int


class RefundRefused(Event):
    """The cashier would not. again: it is sent once more; else somebody must look at it."""

    kind = "refund.refused"
    appointment_id: int
    refund_id: int
    code: str
    again: bool


class RefundSettled(Event):
    """The money is back where it came from. by_hand: somebody gave it back outside of the cashier."""

    kind = "refund.settled"
    appointment_id: int
    refund_id: int
    amount_fen: int
    by_hand: bool = False


class ReconciliationDone(Event):
    """day: the settlement day, as ISO writes it."""

    kind = "reconciliation.done"
    reconciliation_id: int
    hospital_id: int
    day: str
    matched: int
    differences: int


class DifferenceSettled(Event):
    """Somebody has explained a difference; the reason stands with it."""

    kind = "reconciliation.difference-settled"
    reconciliation_id: int
    line_id: int
