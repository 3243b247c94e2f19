"""A week of payments at the demo's sandbox, and hospitals' lists of yesterday with one sum that is off."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Protocol

from sqlalchemy import select, update

from core.links.unionpay import messages
from core.links.unionpay.adapter import NAME
from core.links.unionpay.messages import Txn
from core.links.unionpay.sandbox_book import Book, Trade
from core.money.accounts import AccountView, accounts
from core.money.cashier import Kind, Line
from core.money.hospital_list import written_list
from core.money.rules import PaymentState, payment_number
from core.money.tables import MerchantAccount, Payment, PaymentAttempt, Reconciliation
from core.values import day_of, instant_of
from core.work import Hotline, Work
from hotline.demo_people import WRITER

# So many hospitals, and of each so many payments, spread over so many days.
HOSPITALS, PAYMENTS, DAYS = 3, 21, 7
# What the list says too little, in fen.
OFF = 300


class Lists(Protocol):
    async def put(self, hospital_id: int, day: date, content: bytes) -> None: ...


@dataclass(frozen=True)
class _Paid:
    account: AccountView
    trade: Trade
    day: date


async def write(hotline: Hotline, book: Book, lists: Lists) -> None:
    """Once, while nothing has been reconciled: what the crowd has paid was paid at the sandbox."""

    async def act(work: Work) -> Sequence[_Paid]:
        if (await work.db.execute(select(Reconciliation.id).limit(1))).first() is not None:
            return []
        paid: list[_Paid] = []
        for account in await _some(work):
            paid += await _week(work, account)
        return paid

    paid = await hotline.run(act, WRITER)
    if not paid:
        return
    for one in paid:
        book.trades[one.trade.merchant, one.trade.order] = one.trade
    yesterday = day_of(hotline.clock.now()) - timedelta(days=1)
    for hospital_id, lines in _lists(paid, yesterday).items():
        await lists.put(hospital_id, yesterday, written_list(lines))


async def _some(work: Work) -> Sequence[AccountView]:
    """Accounts of hospitals whose patients pay online."""
    query = (
        select(Payment.hospital_id)
        .where(Payment.provider == "demo", Payment.state == PaymentState.PAID, Payment.owed_fen == 0)
        .group_by(Payment.hospital_id)
        .order_by(Payment.hospital_id)
        .limit(HOSPITALS)
    )
    wanted = set((await work.db.execute(query)).scalars())
    every = await accounts(work.db, provider=NAME)
    return [one for one in every if one.live and one.hospital_id in wanted]


async def _week(work: Work, account: AccountView) -> Sequence[_Paid]:
    """Payments of one hospital, as if each had been paid on a day of the last week."""
    query = (
        select(Payment.id, Payment.amount_fen)
        .where(
            Payment.provider == "demo",
            Payment.state == PaymentState.PAID,
            Payment.owed_fen == 0,
            Payment.amount_fen > OFF,
            Payment.hospital_id == account.hospital_id,
        )
        .order_by(Payment.id)
        .limit(PAYMENTS)
    )
    rows = (await work.db.execute(query)).all()
    days = min(DAYS, len(rows))
    today = day_of(work.now)
    await work.db.execute(
        update(MerchantAccount)
        .where(MerchantAccount.id == account.account_id)
        .values(opened_at=instant_of(today - timedelta(days=days), time(8)))
    )
    return [
        await _moved(work, account, payment_id, amount_fen, today - timedelta(days=1 + place % days), place)
        for place, (payment_id, amount_fen) in enumerate(rows)
    ]


async def _moved(
    work: Work, account: AccountView, payment_id: int, amount_fen: int, day: date, place: int
) -> _Paid:
    at = instant_of(day, time(9, place))
    order, txn = payment_number(payment_id, 1), f"{day:%Y%m%d}09{place:02}00{payment_id:07}"
    await work.db.execute(
        update(Payment)
        .where(Payment.id == payment_id)
        .values(provider=NAME, provider_txn=txn, created_at=at, paid_at=at)
    )
    work.db.add(_attempt(account, payment_id, amount_fen, order, txn, at, day))
    trade = Trade(
        account.merchant_no, order, messages.moment(at), Txn.CONSUME.value, amount_fen, amount_fen, "",
        code="00", query_id=txn, settled=f"{day:%Y%m%d}",
    )  # fmt: skip
    return _Paid(account, trade, day)


def _attempt(
    account: AccountView, payment_id: int, amount_fen: int, order: str, txn: str, at: datetime, day: date
) -> PaymentAttempt:
    return PaymentAttempt(
        payment_id=payment_id,
        account_id=account.account_id,
        provider=NAME,
        number=1,
        order_no=order,
        amount_fen=amount_fen,
        state=PaymentState.PAID.value,
        sent_at=at,
        open_until=at + timedelta(minutes=30),
        txn=txn,
        settle_day=day,
    )


def _lists(paid: Sequence[_Paid], day: date) -> Mapping[int, Sequence[Line]]:
    """What the first and the second hospital say of a day; the first is wrong about one payment."""
    found: dict[int, list[Line]] = {}
    for one in paid:
        if one.day == day:
            line = Line(Kind.PAYMENT, one.trade.order, one.trade.amount_fen)
            found.setdefault(one.account.hospital_id, []).append(line)
    kept = dict(sorted(found.items())[:2])
    if kept:
        lines = next(iter(kept.values()))
        lines[0] = Line(lines[0].kind, lines[0].order, lines[0].amount_fen - OFF)
    return kept
