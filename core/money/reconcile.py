"""The daily reconciliation: our list, the cashier's and the hospital's of one account and one day (R-138)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from functools import partial
from typing import Protocol

import structlog
from sqlalchemy import select, update

from core.money.accounts import account
from core.money.cashier import Cashier, Line
from core.money.compare import Comparison
from core.money.differences import AGAIN, BY, LOOK_BACK, add_days, keep
from core.money.tables import MerchantAccount, Reconciliation
from core.observing import mask_text
from core.partial import written
from core.ports import OutsideError
from core.values import day_of, instant_of
from core.work import Hotline, Work

log = structlog.get_logger()

# UnionPay's file of a day is there on the next morning.
READY = time(9)
# Where there is none by then, the cashier says that nothing moved.
NO_LIST = time(18)
LEASE = timedelta(minutes=10)
# A closed account still gives money back for so long.
STILL = timedelta(days=60)


class HospitalBooks(Protocol):
    """What hospitals say they were paid."""

    async def lines(self, hospital_id: int, day: date) -> Sequence[Line] | None:
        """A hospital's list of a day; None: it gives none, and two lists are compared."""


@dataclass(frozen=True)
class _Due:
    reconciliation_id: int
    account_id: int
    day: date
    tries: int


class Reconciler:
    """cashiers: by provider. books: where hospitals' own lists come from, if any give one."""

    def __init__(
        self, hotline: Hotline, cashiers: Mapping[str, Cashier], *, books: HospitalBooks | None = None
    ) -> None:
        self._hotline = hotline
        self._cashiers = cashiers
        self._books = books

    async def reconcile_due(self) -> int:
        """Reconcile what is due, one day of one account after another; return how many were tried."""
        await self._hotline.run(_plan, BY)
        due = await self._hotline.run(_take_due, BY)
        for one in due:
            try:
                await self.reconcile(one.account_id, one.day)
            except OutsideError as error:
                why = mask_text(str(error))[:200]
                log.warning("not reconciled", account_id=one.account_id, day=str(one.day), why=why)
                await self._hotline.run(partial(_later, due=one, why=why), BY)
        return len(due)

    async def reconcile(self, account_id: int, day: date) -> Comparison:
        """Compare one day of one account and keep the differences. Repeatable: what was settled stays.

        Raises OutsideError while there is no list yet.
        """
        async with self._hotline.read() as db:
            at = await account(db, self._hotline.sealer, account_id)
        theirs = await self._cashiers[at.provider].reconciliation(at, day)
        if theirs is None and self._hotline.clock.now() < instant_of(day + timedelta(days=1), NO_LIST):
            raise OutsideError("no list yet")
        hospital = await self._books.lines(at.hospital_id, day) if self._books else None

        async def act(work: Work) -> Comparison:
            return await keep(work, at, day, theirs or (), hospital)

        return await self._hotline.run(act, BY)


async def _plan(work: Work) -> None:
    """A row for each account and each day of the last week that has none yet."""
    today = day_of(work.now)
    query = select(MerchantAccount.id, MerchantAccount.opened_at, MerchantAccount.closed_at)
    rows = [
        (account_id, day, instant_of(day + timedelta(days=1), READY))
        for account_id, opened_at, closed_at in (await work.db.execute(query)).all()
        for day in (today - timedelta(days=back) for back in range(1, LOOK_BACK + 1))
        if day >= day_of(opened_at) and (closed_at is None or day <= day_of(closed_at) + STILL)
    ]
    await add_days(work, rows)


async def _take_due(work: Work, limit: int = 5) -> Sequence[_Due]:
    chosen = (
        select(Reconciliation.id)
        .where(written(Reconciliation.state, "due"), Reconciliation.due_at <= work.now)
        .order_by(Reconciliation.due_at, Reconciliation.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("chosen")
    )
    took = await work.db.execute(
        update(Reconciliation)
        .where(Reconciliation.id.in_(select(chosen.c.id)), Reconciliation.due_at <= work.now)
        .values(due_at=work.now + LEASE, tries=Reconciliation.tries + 1)
        .returning(Reconciliation.id, Reconciliation.account_id, Reconciliation.day, Reconciliation.tries)
        .execution_options(synchronize_session=False)
    )
    return [_Due(*row) for row in took.all()]


async def _later(work: Work, due: _Due, why: str) -> None:
    await work.db.execute(
        update(Reconciliation)
        .where(Reconciliation.id == due.reconciliation_id, Reconciliation.state == "due")
        .values(due_at=work.now + AGAIN * min(due.tries, 18), last_error=why)
    )
