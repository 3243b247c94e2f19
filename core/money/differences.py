"""What a day's comparison found is kept: the list of differences, and a flag on each payment and refund."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import and_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from core.events import ReconciliationDone
from core.money.cashier import Account, Kind, Line
from core.money.compare import Comparison, Difference, Flag, Key, compare
from core.money.rules import PaymentState, RefundState
from core.money.tables import Payment, PaymentAttempt, Reconciliation, ReconciliationLine, Refund
from core.values import system
from core.work import Work

BY = system("reconciliation")
# A movement may stand in the cashier's file of a later day.
LOOK_BACK = 7
AGAIN = timedelta(minutes=20)
# How often a day is compared anew by itself, after the cashier was asked about what we had not heard of.
RUNS = 3
# Numbers in one statement.
PART = 500

_BROUGHT = and_(PaymentAttempt.provider == Payment.provider, PaymentAttempt.txn == Payment.provider_txn)


async def platform_lines(work: Work, account_id: int, day: date) -> Sequence[Line]:
    """What we say moved through an account on a settlement day. What went back by hand did not."""
    paid = (
        select(PaymentAttempt.order_no, Payment.amount_fen)
        .join(Payment, _BROUGHT)
        .where(PaymentAttempt.account_id == account_id, PaymentAttempt.settle_day == day)
    )
    back = (
        select(Refund.order_no, Refund.amount_fen)
        .join(Payment, Payment.id == Refund.payment_id)
        .join(PaymentAttempt, _BROUGHT)
        .where(
            PaymentAttempt.account_id == account_id,
            Refund.settle_day == day,
            Refund.state == RefundState.REFUNDED,
            Refund.settled_by.is_(None),
        )
    )
    lines = [Line(Kind.PAYMENT, order, fen) for order, fen in (await work.db.execute(paid)).all()]
    return lines + [Line(Kind.REFUND, order or "", fen) for order, fen in (await work.db.execute(back)).all()]


async def keep(
    work: Work, at: Account, day: date, theirs: Sequence[Line], hospital: Sequence[Line] | None
) -> Comparison:
    """Compare the three lists of a day and keep what they differ in; what somebody settled stays settled."""
    kept = await _day(work, at.account_id, day)
    carried = await _open_before(work, at.account_id, day)
    found = compare(
        await platform_lines(work, at.account_id, day),
        theirs,
        hospital,
        carried=[Line(Kind(one.kind), one.order_no, one.platform_fen or 0) for one in carried],
    )
    await _keep_differences(work, kept.id, found.differences)
    for one in carried:
        if (Kind(one.kind), one.order_no) in found.arrived:
            _settle(work, one, "在后一天的文件里找到")
    await _flag(work, found)
    asked = await _ask_about(work, at, found.differences)
    kept.state = "due" if asked and kept.tries < RUNS else "done"
    kept.due_at = work.now + AGAIN
    kept.last_error, kept.done_at, kept.matched = None, work.now, len(found.matched)
    kept.platform_fen, kept.provider_fen = found.platform_fen, found.provider_fen
    kept.hospital_fen = found.hospital_fen
    work.record(
        ReconciliationDone(
            reconciliation_id=kept.id,
            hospital_id=at.hospital_id,
            day=day.isoformat(),
            matched=len(found.matched),
            differences=len(found.differences),
        )
    )
    return found


async def add_days(work: Work, days: Iterable[tuple[int, date, datetime]]) -> None:
    """Let these days be compared: account, day, and when; those that are there already stay as they are."""
    rows = [
        {
            "account_id": account_id, "day": day, "state": "due", "due_at": due_at, "tries": 0, "matched": 0,
            "platform_fen": 0, "provider_fen": 0,
        }
        for account_id, day, due_at in days
    ]  # fmt: skip
    maker: Callable[..., Any] = sqlite.insert if work.house.database.sqlite else postgresql.insert
    for start in range(0, len(rows), PART):
        statement = maker(Reconciliation).values(rows[start : start + PART])
        await work.db.execute(statement.on_conflict_do_nothing())


async def _day(work: Work, account_id: int, day: date) -> Reconciliation:
    """The day's row, held until we are through: two runs of one day do not mix."""
    await add_days(work, [(account_id, day, work.now)])
    query = (
        select(Reconciliation)
        .where(Reconciliation.account_id == account_id, Reconciliation.day == day)
        .with_for_update()
    )
    return (await work.db.execute(query)).scalar_one()


async def _open_before(work: Work, account_id: int, day: date) -> Sequence[ReconciliationLine]:
    """Ours of the days before that the cashier did not have then."""
    query = (
        select(ReconciliationLine)
        .join(Reconciliation, Reconciliation.id == ReconciliationLine.reconciliation_id)
        .where(
            Reconciliation.account_id == account_id,
            Reconciliation.day < day,
            Reconciliation.day >= day - timedelta(days=LOOK_BACK),
            ReconciliationLine.flag == Flag.PLATFORM_ONLY,
            ReconciliationLine.settled_at.is_(None),
        )
    )
    return (await work.db.execute(query)).scalars().all()


async def _keep_differences(work: Work, reconciliation_id: int, found: Sequence[Difference]) -> None:
    query = select(ReconciliationLine).where(ReconciliationLine.reconciliation_id == reconciliation_id)
    there = {(Kind(one.kind), one.order_no): one for one in (await work.db.execute(query)).scalars()}
    for one in found:
        line = there.pop((one.kind, one.order), None)
        if line is None:
            line = ReconciliationLine(reconciliation_id=reconciliation_id, kind=one.kind, order_no=one.order)
            work.db.add(line)
        if line.settled_by in (None, BY.name):  # what we settled ourselves is open again
            line.settled_at = line.settled_by = line.reason = None
            line.flag, line.platform_fen = one.flag, one.platform_fen
            line.provider_fen, line.hospital_fen = one.provider_fen, one.hospital_fen
    for line in there.values():
        if line.settled_at is None:
            _settle(work, line, "再次核对时一致")
    await work.db.flush()


def _settle(work: Work, line: ReconciliationLine, reason: str) -> None:
    line.settled_at, line.settled_by, line.reason = work.now, BY.name, reason


async def _flag(work: Work, found: Comparison) -> None:
    by_flag: dict[Flag, list[Key]] = {Flag.MATCHED: list(found.matched)}
    for one in found.differences:
        by_flag.setdefault(one.flag, []).append((one.kind, one.order))
    for flag, keys in by_flag.items():
        await mark(work, flag, keys)


async def mark(work: Work, flag: Flag, keys: Sequence[Key]) -> None:
    """Write the flag onto our payments and refunds of these numbers."""
    for start in range(0, len(keys), PART):
        part = keys[start : start + PART]
        paid = [order for kind, order in part if kind is Kind.PAYMENT]
        back = [order for kind, order in part if kind is Kind.REFUND]
        await work.db.execute(
            update(PaymentAttempt).where(PaymentAttempt.order_no.in_(paid)).values(flag=flag)
        )
        await work.db.execute(update(Refund).where(Refund.order_no.in_(back)).values(flag=flag))


async def _ask_about(work: Work, at: Account, found: Sequence[Difference]) -> bool:
    """The cashier has money that we have not heard of: it is asked once more, and what follows, follows.

    Returns whether there was any.
    """
    orders = [one.order for one in found if one.flag is Flag.PROVIDER_ONLY and one.kind is Kind.PAYMENT]
    asked = await work.db.execute(
        update(PaymentAttempt)
        .where(
            PaymentAttempt.account_id == at.account_id,
            PaymentAttempt.order_no.in_(orders),
            PaymentAttempt.state != PaymentState.PAID,
        )
        .values(ask_at=work.now)
        .returning(PaymentAttempt.id)
    )
    return asked.first() is not None
