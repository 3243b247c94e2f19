"""Between patients and cashiers: send one to pay, hear how it ended, ask where nobody says."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from core.errors import CashierAway, WrongState
from core.money import attempts
from core.money import engine as money
from core.money.accounts import account, live_account
from core.money.attempts import Attempt
from core.money.cashier import Account, Answer, Cashier, Forged, Kind, Notice, Order, Redirect, Verdict
from core.money.disbelief import Disbelief
from core.money.refunding import Refunding
from core.money.rules import PATIENCE, UNDECIDED, Patience, PaymentState, after_look
from core.ports import OutsideError
from core.values import Actor, system
from core.work import Hotline, Work

CASHIER = system("cashier")
# The cashier's own notice is usually faster than the patient's browser.
AFTER_FRONT = timedelta(seconds=10)


class Pay(Protocol):
    """What booking does when money has come: core.booking.paying.pay."""

    async def __call__(
        self, work: Work, *, payment_id: int, appointment_id: int, provider: str, txn: str, amount_fen: int
    ) -> bool: ...


class Till:
    """cashiers: by provider. pay: books, or owes the money back, in the transaction that takes the money."""

    def __init__(
        self,
        hotline: Hotline,
        cashiers: Mapping[str, Cashier],
        pay: Pay,
        refunding: Refunding,
        *,
        patience: Patience = PATIENCE,
    ) -> None:
        self._hotline = hotline
        self._cashiers = cashiers
        self._pay = pay
        self._refunding = refunding
        self._patience = patience
        self._disbelief = Disbelief(hotline)

    async def begin(self, appointment_id: int, by: Actor, *, provider: str) -> Redirect:
        """Where the patient's browser goes to pay what the appointment still costs.

        Whoever begins again gets the same order, which can be paid once; the cashier is asked first
        whether it has been. Raises WrongState when nothing is to be paid (any more), PaymentLate,
        CashierAway.
        """
        order, attempt, fresh = await self._open(appointment_id, by, provider)
        if not fresh:
            ended = await self._ended(attempt)
            if ended is PaymentState.PAID:
                raise WrongState(facts={"state": "paid", "wanted": PaymentState.SUBMITTED.value})
            if ended is PaymentState.FAILED:
                order, attempt, _ = await self._open(appointment_id, by, provider)
        try:
            return await self._cashiers[provider].begin(order)
        except OutsideError as error:
            raise CashierAway(facts={"why": "away"}) from error

    async def _open(self, appointment_id: int, by: Actor, provider: str) -> tuple[Order, Attempt, bool]:
        async def act(work: Work) -> tuple[Order, Attempt, bool]:
            due = await attempts.payable(work, appointment_id)
            at = await live_account(work.db, work.sealer, hospital_id=due.hospital_id, provider=provider)
            if at is None or provider not in self._cashiers:
                raise CashierAway(facts={"why": "no-account"})
            attempt, fresh = await attempts.open_attempt(work, due, at, self._patience)
            return _order(attempt, at), attempt, fresh

        return await self._hotline.run(act, by)

    async def _ended(self, attempt: Attempt) -> PaymentState | None:
        try:
            return await self.look(attempt)
        except OutsideError:
            return None  # the patient may go there all the same: it is one order, paid once

    # --- what cashiers say ----------------------------------------------------------------------------

    async def notice(self, provider: str, fields: Mapping[str, str]) -> None:
        """A cashier's own notice: authoritative, and done once however often it comes.

        Raises Forged for what is not believed; it is in the journal and the audit then.
        """
        said = await self._believed(provider, fields)
        if said.kind is Kind.REFUND:
            if not await self._refunding.told(provider, said):
                await self._disbelief.tell(provider, "unknown-order")
                raise Forged("unknown-order")
            return
        attempt = await self._attempt_of(provider, said)
        if said.answer.verdict is not Verdict.DONE:
            await self._take(attempt, said.answer)
        elif said.answer.amount_fen == attempt.amount_fen:
            await self._came(attempt, said.answer)
        else:
            # Nothing is done on a sum that we did not ask for; what the cashier's books say is.
            await self._disbelief.tell(provider, "wrong-amount", attempt.appointment_id)
            try:
                await self.look(attempt)
            except OutsideError:
                await self._ask_at(attempt, self._hotline.clock.now())

    async def shown(self, provider: str, fields: Mapping[str, str]) -> int | None:
        """The appointment that a patient's browser comes back from; None when nobody can tell.

        It decides nothing: where the cashier's own notice does not come, the cashier is asked.
        """
        try:
            attempt = await self._attempt_of(provider, await self._believed(provider, fields))
        except Forged:
            return None
        if attempt.state in UNDECIDED:
            await self._ask_at(attempt, self._hotline.clock.now() + AFTER_FRONT)
        return attempt.appointment_id

    async def look(self, attempt: Attempt) -> PaymentState | None:
        """Ask the cashier how a try ended, and do what follows; None: nobody knows. Raises OutsideError."""
        async with self._hotline.read() as db:
            at = await account(db, self._hotline.sealer, attempt.account_id)
        return await self._take(attempt, await self._cashiers[attempt.provider].query(_order(attempt, at)))

    async def look_later(self, attempt: Attempt) -> None:
        """The cashier could not be asked."""
        await self._ask_at(attempt, self._next(attempt))

    # --- what follows ---------------------------------------------------------------------------------

    async def _take(self, attempt: Attempt, answer: Answer) -> PaymentState | None:
        now = self._hotline.clock.now()
        to = after_look(answer.verdict, open_until=attempt.open_until, now=now, patience=self._patience)
        if to is PaymentState.PAID:
            await self._came(attempt, answer)
        elif to is PaymentState.FAILED:
            code = answer.code or answer.verdict.value
            await self._hotline.run(partial(attempts.failed, attempt=attempt, code=code), CASHIER)
        elif to is PaymentState.UNKNOWN:
            later = self._next(attempt)
            await self._hotline.run(partial(attempts.doubted, attempt=attempt, when=later), CASHIER)
        else:
            await self.look_later(attempt)
        return to

    async def _came(self, attempt: Attempt, answer: Answer) -> None:
        """Money has come: for the appointment, or, when it is not what was asked for, to go back."""
        txn = answer.txn or attempt.order_no
        came_fen = attempt.amount_fen if answer.amount_fen is None else answer.amount_fen

        async def act(work: Work) -> None:
            if came_fen == attempt.amount_fen:
                await self._pay(
                    work,
                    payment_id=attempt.payment_id,
                    appointment_id=attempt.appointment_id,
                    provider=attempt.provider,
                    txn=txn,
                    amount_fen=came_fen,
                )
            else:
                await money.return_odd(
                    work,
                    payment_id=attempt.payment_id,
                    provider=attempt.provider,
                    txn=txn,
                    amount_fen=came_fen,
                    reason="wrong-amount",
                )
                await attempts.unpaid(work, attempt.payment_id)
            await attempts.came(work, attempt, txn=txn, settle_day=answer.settle_day)

        await self._hotline.run(act, CASHIER)

    async def _ask_at(self, attempt: Attempt, when: datetime | None) -> None:
        await self._hotline.run(partial(attempts.ask_at, attempt_id=attempt.attempt_id, when=when), CASHIER)

    def _next(self, attempt: Attempt) -> datetime | None:
        return self._patience.look_at(self._hotline.clock.now(), attempt.asked, attempt.sent_at)

    # --- who says it ----------------------------------------------------------------------------------

    async def _believed(self, provider: str, fields: Mapping[str, str]) -> Notice:
        try:
            return self._cashiers[provider].notice(fields)
        except Forged as forged:
            await self._disbelief.tell(provider, forged.why)
            raise

    async def _attempt_of(self, provider: str, said: Notice) -> Attempt:
        async with self._hotline.read() as db:
            attempt = await attempts.numbered(db, provider, said.number)
        if attempt is None:
            await self._disbelief.tell(provider, "unknown-order")
            raise Forged("unknown-order")
        if attempt.merchant_no != said.merchant_no:
            await self._disbelief.tell(provider, "other-merchant", attempt.appointment_id)
            raise Forged("other-merchant")
        return attempt


def _order(attempt: Attempt, at: Account) -> Order:
    return Order(at, attempt.order_no, attempt.amount_fen, attempt.sent_at, attempt.open_until)
