"""What is to be paid for an appointment, and the page that takes it: no card number comes to us."""

from typing import Literal

from core.booking import owned
from core.booking.rules import State
from core.money.link import pay_path
from core.money.rules import PaymentState
from core.money.view import payments_of
from web.api.appointments import AppointmentPath
from web.api.models import Answer, Fen, Instant, Nothing
from web.api.operation import Call

_ASKED = (PaymentState.CREATED, PaymentState.SUBMITTED, PaymentState.UNKNOWN, PaymentState.FAILED)
_IN_DOUBT = (PaymentState.SUBMITTED, PaymentState.UNKNOWN)


class Payment(Answer):
    """state: none (nothing is paid here), due, waiting (for the cashier's word), paid.

    page: where a browser pays, a path on this host; null when nothing can be paid now.
    """

    state: Literal["none", "due", "waiting", "paid"]
    amount_fen: Fen
    paid_fen: Fen
    refund_fen: Fen
    pay_by: Instant | None
    page: str | None


async def see(call: Call[AppointmentPath, Nothing, Nothing]) -> Payment:
    async with call.hotline.read() as db:
        made = await owned.one(db, call.caller.theirs, call.path.serial)
        payments = await payments_of(db, made.appointment_id)
    due = made.state is State.UNPAID
    paid = sum(one.amount_fen for one in payments if one.paid_at is not None)
    state: Literal["none", "due", "waiting", "paid"] = "none"
    if due:
        state = "waiting" if any(one.state in _IN_DOUBT for one in payments) else "due"
    elif paid:
        state = "paid"
    return Payment(
        state=state,
        amount_fen=sum(one.amount_fen for one in payments if one.state in _ASKED) if due else 0,
        paid_fen=paid,
        refund_fen=made.refund_fen,
        pay_by=made.pay_by if due else None,
        page=pay_path(call.hotline.sealer, made.appointment_id) if due else None,
    )
