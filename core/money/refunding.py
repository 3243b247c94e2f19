"""Refunds leave for the cashier that took the money, once each, and are followed until they are back."""

from collections.abc import Mapping
from functools import partial

import structlog

from core.money import refunds
from core.money.accounts import account
from core.money.cashier import Answer, Cashier, Notice, Return, Verdict
from core.money.engine import settle_refund
from core.money.refunds import Sending
from core.money.rules import PATIENCE, Again, Patience, Way, after_refusal, refund_of
from core.ports import OutsideError
from core.values import day_of, system
from core.work import Hotline, Work

log = structlog.get_logger()

CASHIER = system("cashier")


class Refunding:
    """cashiers: by provider. play: providers whose money nobody ever took, as in the demo's past."""

    def __init__(
        self,
        hotline: Hotline,
        cashiers: Mapping[str, Cashier],
        *,
        patience: Patience = PATIENCE,
        play: frozenset[str] = frozenset(),
    ) -> None:
        self._hotline = hotline
        self._cashiers = cashiers
        self._patience = patience
        self._play = play

    async def send(self, refund_id: int) -> None:
        """Send a refund, or ask how it ended when it may have been sent. Asked twice, it is sent once.

        Raises OutsideError when the cashier could not be reached; it is then asked again by itself, too.
        """
        sending = await self._hotline.run(
            partial(refunds.prepare, refund_id=refund_id, patience=self._patience), CASHIER
        )
        if sending is None:
            return
        cashier = self._cashiers.get(sending.provider)
        if cashier is None or sending.account_id is None:
            await self._without_cashier(sending)
            return
        back = await self._return(sending, sending.account_id)
        try:
            answer = await cashier.query(back) if sending.again else Answer(Verdict.ABSENT)
            if answer.verdict is Verdict.ABSENT:
                # Under the same number: a cashier that has it all the same does it once.
                way = cashier.void if sending.way is Way.VOID else cashier.refund
                answer = await way(back)
        except OutsideError as error:
            if error.permanent:
                await self._refused(sending, "outside", again=None)
                return
            await self._later(sending)
            raise
        await self._take(sending, answer)

    async def told(self, provider: str, said: Notice) -> bool:
        """A cashier's own notice about a refund; False when it is about none of ours."""
        refund_id = refund_of(said.number)
        if refund_id is None:
            return False
        sending = await self._hotline.run(
            partial(refunds.told_of, provider=provider, refund_id=refund_id), CASHIER
        )
        if sending is None or sending.account_id is None:
            return False
        if (await self._return(sending, sending.account_id)).account.merchant_no != said.merchant_no:
            return False
        if said.answer.verdict is Verdict.DONE or said.number == sending.number:
            await self._take(sending, said.answer, number=said.number)
        return True

    async def _return(self, sending: Sending, account_id: int) -> Return:
        async with self._hotline.read() as db:
            at = await account(db, self._hotline.sealer, account_id)
        return Return(at, sending.number, sending.amount_fen, sending.sent_at, of=sending.of, txn=sending.txn)

    async def _take(self, sending: Sending, answer: Answer, *, number: str | None = None) -> None:
        if answer.verdict is Verdict.DONE:
            await self._done(sending, answer, number or sending.number)
        elif answer.verdict is Verdict.FAILED:
            again = after_refusal(sending.way, sendings=sending.sendings, permanent=answer.permanent)
            await self._refused(sending, answer.code or "refused", again=again)
        else:
            await self._later(sending)

    async def _done(self, sending: Sending, answer: Answer, number: str) -> None:
        async def act(work: Work) -> None:
            day = answer.settle_day or day_of(work.now)
            await refunds.settled(work, sending.refund_id, number=number, txn=answer.txn, settle_day=day)

        await self._hotline.run(act, CASHIER)

    async def _refused(self, sending: Sending, code: str, *, again: Again | None) -> None:
        if again is None:
            log.warning("refund needs a person", refund_id=sending.refund_id, code=code)
        await self._hotline.run(partial(refunds.refused, sending=sending, code=code, again=again), CASHIER)

    async def _later(self, sending: Sending) -> None:
        now = self._hotline.clock.now()
        when = self._patience.look_at(now, sending.asked, sending.sent_at)
        if when is None:
            await self._refused(sending, "no-answer", again=None)
        else:
            await self._hotline.run(partial(refunds.ask_at, refund_id=sending.refund_id, when=when), CASHIER)

    async def _without_cashier(self, sending: Sending) -> None:
        if sending.provider in self._play:
            await self._hotline.run(partial(settle_refund, refund_id=sending.refund_id), CASHIER)
        else:
            await self._refused(sending, "no-cashier", again=None)
