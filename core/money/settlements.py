"""Report 7: what was reconciled, by account and day (R-138, R-201), and differences that people settle."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import ChangedMeanwhile, NotFound, WrongInput
from core.events import DifferenceSettled
from core.money.cashier import Kind
from core.money.compare import Flag
from core.money.differences import mark
from core.money.tables import MerchantAccount, Reconciliation, ReconciliationLine
from core.staff import audit
from core.values import Actor
from core.work import Work


@dataclass(frozen=True)
class Settlement:
    """One account on one day. Sums are net, in fen; hospital_fen: None when it gave no list."""

    reconciliation_id: int
    day: date
    hospital_id: int
    provider: str
    merchant_no: str
    state: str
    matched: int
    open_differences: int
    differences: int
    platform_fen: int
    provider_fen: int
    hospital_fen: int | None
    last_error: str | None
    done_at: datetime | None


async def settlements(
    db: AsyncSession, by: Actor, *, since: date, until: date, hospital_id: int | None = None
) -> Sequence[Settlement]:
    """Newest day first, both days included. Staff of one hospital see its account and no other's."""
    query = (
        _settlements()
        .where(Reconciliation.day.between(since, until))
        .order_by(Reconciliation.day.desc(), MerchantAccount.hospital_id, Reconciliation.id)
    )
    for wanted in (hospital_id, by.hospital_id):
        if wanted is not None:
            query = query.where(MerchantAccount.hospital_id == wanted)
    return [Settlement(*row) for row in (await db.execute(query)).all()]


async def settlement(db: AsyncSession, by: Actor, reconciliation_id: int) -> Settlement:
    """One account on one day. Raises NotFound, NotAllowed."""
    by.must_see(await _hospital_of(db, reconciliation_id))
    row = (await db.execute(_settlements().where(Reconciliation.id == reconciliation_id))).one()
    return Settlement(*row)


async def open_differences(db: AsyncSession, by: Actor) -> int:
    """How many differences nobody has explained yet."""
    query = (
        select(func.count())
        .select_from(ReconciliationLine)
        .join(Reconciliation, Reconciliation.id == ReconciliationLine.reconciliation_id)
        .join(MerchantAccount, MerchantAccount.id == Reconciliation.account_id)
        .where(ReconciliationLine.settled_at.is_(None))
    )
    if by.hospital_id is not None:
        query = query.where(MerchantAccount.hospital_id == by.hospital_id)
    return (await db.execute(query)).scalar_one()


def _settlements() -> Select[Any]:
    lines = select(func.count()).where(ReconciliationLine.reconciliation_id == Reconciliation.id)
    return select(
        Reconciliation.id,
        Reconciliation.day,
        MerchantAccount.hospital_id,
        MerchantAccount.provider,
        MerchantAccount.merchant_no,
        Reconciliation.state,
        Reconciliation.matched,
        lines.where(ReconciliationLine.settled_at.is_(None)).scalar_subquery(),
        lines.scalar_subquery(),
        Reconciliation.platform_fen,
        Reconciliation.provider_fen,
        Reconciliation.hospital_fen,
        Reconciliation.last_error,
        Reconciliation.done_at,
    ).join(MerchantAccount, MerchantAccount.id == Reconciliation.account_id)


@dataclass(frozen=True)
class DifferenceView:
    """One difference, and who explained it and why; settled_by None: nobody yet."""

    line_id: int
    kind: Kind
    order_no: str
    flag: Flag
    platform_fen: int | None
    provider_fen: int | None
    hospital_fen: int | None
    settled_by: str | None
    settled_at: datetime | None
    reason: str | None


async def differences(db: AsyncSession, by: Actor, reconciliation_id: int) -> Sequence[DifferenceView]:
    """All of one day, the open ones first. Raises NotFound, NotAllowed."""
    by.must_see(await _hospital_of(db, reconciliation_id))
    query = (
        select(ReconciliationLine)
        .where(ReconciliationLine.reconciliation_id == reconciliation_id)
        .order_by(ReconciliationLine.settled_at.is_not(None), ReconciliationLine.id)
    )
    return [
        DifferenceView(
            row.id,
            Kind(row.kind),
            row.order_no,
            Flag(row.flag),
            row.platform_fen,
            row.provider_fen,
            row.hospital_fen,
            row.settled_by,
            row.settled_at,
            row.reason,
        )
        for row in (await db.execute(query)).scalars()
    ]


async def settle(work: Work, line_id: int, reason: str) -> int:
    """Somebody knows why, and says it; their name stays with it. Returns the reconciliation.

    Raises WrongInput without a reason, NotFound, NotAllowed, ChangedMeanwhile when it is settled already.
    """
    reason = reason.strip()
    if not reason:
        raise WrongInput(facts={"field": "reason", "why": "empty"})
    line = await work.db.get(ReconciliationLine, line_id)
    if line is None:
        raise NotFound(facts={"what": "difference"})
    work.by.must_see(await _hospital_of(work.db, line.reconciliation_id))
    done = await work.db.execute(
        update(ReconciliationLine)
        .where(ReconciliationLine.id == line_id, ReconciliationLine.settled_at.is_(None))
        .values(settled_at=work.now, settled_by=work.by.name[:64], reason=reason[:200])
        .returning(ReconciliationLine.id)
    )
    if done.one_or_none() is None:
        raise ChangedMeanwhile
    await mark(work, Flag.SETTLED, [(Kind(line.kind), line.order_no)])
    work.record(DifferenceSettled(reconciliation_id=line.reconciliation_id, line_id=line_id))
    await audit.note(work, "difference-settled", what="对账差错", subject_id=line_id, reason=reason)
    return line.reconciliation_id


async def compare_again(work: Work, reconciliation_id: int) -> None:
    """The day is compared anew at once; what was settled stays so. Raises NotFound, NotAllowed."""
    work.by.must_see(await _hospital_of(work.db, reconciliation_id))
    await work.db.execute(
        update(Reconciliation)
        .where(Reconciliation.id == reconciliation_id)
        .values(state="due", due_at=work.now, tries=0, last_error=None)
    )
    await audit.note(work, "day-compared-again", what="对账", subject_id=reconciliation_id)


async def _hospital_of(db: AsyncSession, reconciliation_id: int) -> int:
    query = (
        select(MerchantAccount.hospital_id)
        .join(Reconciliation, Reconciliation.account_id == MerchantAccount.id)
        .where(Reconciliation.id == reconciliation_id)
    )
    hospital_id = (await db.execute(query)).scalar_one_or_none()
    if hospital_id is None:
        raise NotFound(facts={"what": "reconciliation"})
    return hospital_id
