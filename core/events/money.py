"""What happens to money."""

from core.events.base import Event


class PaymentReceived(Event):
    kind = "payment.received"
    appointment_id: int
    payment_id: int
    amount_fen: int


class RefundOwed(Event):
    kind = "refund.owed"
    appointment_id: int
    refund_id: int
    amount_fen: int
    reason: str


class RefundSettled(Event):
    """The money is back where it came from."""

    kind = "refund.settled"
    appointment_id: int
    refund_id: int
    amount_fen: int
