"""What events tell of payments and refunds, and of the money behind an appointment; fen; pure.

Where a payment or a refund stands at its cashier (submitted, doubted, sent again) is no part of the state:
not every step of that is an event. What came, what is owed back and what is back again is.
"""

from collections.abc import Callable, Mapping

from core.cases.facts import Fact
from core.cases.folding import Folding


def _add(state: Folding, appointment_id: int, fen: int) -> None:
    """Only where the whole of it is known."""
    left = state.get("appointment", appointment_id, "left_fen")
    if left is not None:
        state.put("appointment", appointment_id, left_fen=left + fen)


def _submitted(state: Folding, fact: Fact) -> None:
    state.put("payment", fact.body["payment_id"], tries=fact.body["number"])


def _received(state: Folding, fact: Fact) -> None:
    told = fact.body
    state.put("payment", told["payment_id"], paid=True, amount_fen=told["amount_fen"])
    _add(state, told["appointment_id"], told["amount_fen"])


def _owed(state: Folding, fact: Fact) -> None:
    told = fact.body
    state.begin(
        "refund", told["refund_id"], settled=False, amount_fen=told["amount_fen"],
        appointment_id=told["appointment_id"], reason=told["reason"], sendings=0,
    )  # fmt: skip
    _add(state, told["appointment_id"], -told["amount_fen"])


def _sent(state: Folding, fact: Fact) -> None:
    state.put("refund", fact.body["refund_id"], sendings=fact.body["number"])


def _settled(state: Folding, fact: Fact) -> None:
    state.put("refund", fact.body["refund_id"], settled=True)


MONEY: Mapping[str, Callable[[Folding, Fact], None]] = {
    "payment.submitted": _submitted,
    "payment.received": _received,
    "refund.owed": _owed,
    "refund.sent": _sent,
    "refund.settled": _settled,
}
