"""Money of one hospital that needs a person: a day with a difference, a stuck refund, a payment in doubt."""

from dataclasses import dataclass
from datetime import date, timedelta

from core.money.tables import (
    MerchantAccount,
    Payment,
    PaymentAttempt,
    Reconciliation,
    ReconciliationLine,
    Refund,
)
from core.work import Hotline
from tests.builders import SEED

DAY = date(2026, 11, 22)
FEE = 3000


@dataclass(frozen=True)
class Trouble:
    account_id: int
    day_id: int
    line_id: int
    refund_id: int
    attempt_id: int
    order_no: str


async def trouble(hotline: Hotline, hospital_id: int, appointment_id: int) -> Trouble:
    """As the cashier and the reconciliation leave it; of an appointment of that hospital."""
    async with hotline.work(SEED) as work:
        account = MerchantAccount(
            hospital_id=hospital_id, provider="unionpay", merchant_no=f"777{hospital_id:012}",
            certificate_id="1", certificate="", key_sealed=b"", state="live",
            opened_at=work.now - timedelta(days=30),
        )  # fmt: skip
        payment = Payment(
            appointment_id=appointment_id, hospital_id=hospital_id, amount_fen=FEE, owed_fen=FEE, state="paid",
            provider="unionpay", provider_txn=f"t{hospital_id}", created_at=work.now, paid_at=work.now,
        )  # fmt: skip
        waiting = Payment(
            appointment_id=appointment_id, hospital_id=hospital_id, amount_fen=FEE, state="unknown",
            provider="unionpay", created_at=work.now,
        )  # fmt: skip
        work.db.add_all([account, payment, waiting])
        await work.db.flush()
        refund = Refund(
            payment_id=payment.id, appointment_id=appointment_id, amount_fen=FEE, reason="patient",
            state="failed", asked_at=work.now, by="web", way="refund", sendings=3, code="34",
        )  # fmt: skip
        attempt = PaymentAttempt(
            payment_id=waiting.id, account_id=account.id, provider="unionpay", number=1,
            order_no=f"P{waiting.id:012}01", amount_fen=FEE, state="unknown",
            sent_at=work.now - timedelta(hours=2), open_until=work.now - timedelta(hours=1),
            ask_at=work.now + timedelta(hours=1), asked=3,
        )  # fmt: skip
        day = Reconciliation(
            account_id=account.id, day=DAY, state="done", due_at=work.now, tries=1, matched=4,
            platform_fen=15000, provider_fen=15000, hospital_fen=12000, done_at=work.now,
        )  # fmt: skip
        work.db.add_all([refund, attempt, day])
        await work.db.flush()
        line = ReconciliationLine(
            reconciliation_id=day.id, kind="payment", order_no="P00000000777701", flag="hospital-missing",
            platform_fen=FEE, provider_fen=FEE,
        )  # fmt: skip
        work.db.add(line)
        await work.db.flush()
        return Trouble(account.id, day.id, line.id, refund.id, attempt.id, attempt.order_no)
