"""The demo's week at the sandbox: reconciled like any other, and yesterday has its one planted difference."""

from datetime import timedelta
from pathlib import Path

from sqlalchemy import select

from core.links.hospital_lists import FolderLists
from core.money import settlements
from core.money.reconcile import Reconciler
from core.money.tables import Payment, Reconciliation
from core.values import day_of, system
from hotline import demo_money
from tests.builders import SEED
from tests.money.shop import FEE, Shop

BY = system("test")


async def bought(shop: Shop, count: int) -> None:
    """What the crowd of the demo has paid, to nobody."""
    session = await shop.town.session("chen", slots=count)
    for place in range(count):
        made = await shop.appointment(f"患者{place}", session)
        async with shop.hotline.work(SEED) as work:
            query = select(Payment).where(Payment.appointment_id == made.appointment_id)
            payment = (await work.db.execute(query)).scalar_one()
            payment.state, payment.provider, payment.provider_txn = "paid", "demo", f"demo-{place}"
            payment.paid_at = work.now


async def test_yesterday_has_one_planted_difference_and_the_days_before_none(
    shop: Shop, tmp_path: Path
) -> None:
    lists = FolderLists(tmp_path)
    await bought(shop, 9)
    await demo_money.write(shop.hotline, shop.book, lists)
    reconciler = Reconciler(shop.hotline, {"unionpay": shop.cashier}, books=lists)
    while await reconciler.reconcile_due():
        pass
    yesterday = day_of(shop.clock.now()) - timedelta(days=1)
    async with shop.hotline.read() as db:
        rows = await settlements.settlements(db, BY, since=yesterday - timedelta(days=9), until=yesterday)
    assert [(row.state, row.open_differences) for row in rows] == [("done", 1)] + [("done", 0)] * 6
    assert sum(row.matched + row.differences for row in rows) == 9
    (line,) = await shop.named()
    assert (line.platform_fen, line.provider_fen, line.hospital_fen) == (FEE, FEE, FEE - demo_money.OFF)


async def test_it_is_written_once(shop: Shop, tmp_path: Path) -> None:
    await bought(shop, 2)
    await demo_money.write(shop.hotline, shop.book, FolderLists(tmp_path))
    async with shop.hotline.work(SEED) as work:
        work.db.add(
            Reconciliation(
                account_id=await shop.account(), day=day_of(work.now), state="due", due_at=work.now,
                tries=0, matched=0, platform_fen=0, provider_fen=0,
            )
        )  # fmt: skip
    await bought_more(shop)
    await demo_money.write(shop.hotline, shop.book, FolderLists(tmp_path))
    assert len(shop.book.trades) == 2


async def bought_more(shop: Shop) -> None:
    async with shop.hotline.work(SEED) as work:
        payment = (await work.db.execute(select(Payment).limit(1))).scalar_one()
        payment.provider = "demo"
