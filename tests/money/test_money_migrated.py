"""What was paid and owed before there were cashiers is taken along by the migration."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from core.booking.commands import Cancel
from core.booking.paying import pay
from core.chance import SystemChance
from core.database import Database, open_database
from core.migrations import downgrade, upgrade
from core.money.engine import balance_of, open_payment
from core.money.tables import Payment, Refund
from core.sealing import AesSealer
from core.values import system
from core.work import Hotline
from tests.builders import CALLER, clinic
from tests.clocks import FrozenClock

CASHIER = system("cashier")


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path / 'empty.db'}"
    else:
        with request.getfixturevalue("postgres").database(model="template1") as url:
            yield url


@pytest.fixture
async def migrated(empty_url: str) -> AsyncIterator[Database]:
    database = open_database(empty_url)
    await upgrade(database)
    yield database
    await database.close()


async def test_what_was_owed_is_owed_and_will_be_sent(migrated: Database, clock: FrozenClock) -> None:
    hotline = Hotline(migrated, clock, SystemChance(), AesSealer(b"x" * 32), demo=True)
    town = await clinic(hotline)
    await town.rule("pay.mode", "online")
    paid = await town.book(await town.session("chen"), await town.person("李秀英"))
    waits = await town.book(await town.session("wu"), await town.person("王芳"))
    async with hotline.work(CASHIER) as work:
        payment = await open_payment(work, paid.appointment_id)
        assert payment
        await pay(
            work, payment_id=payment.id, appointment_id=paid.appointment_id, provider="demo", txn="T1",
            amount_fen=3000,
        )  # fmt: skip
    await town.store.submit(Cancel(paid.appointment_id), CALLER)
    await downgrade(migrated, "0011")
    await upgrade(migrated)
    async with hotline.read() as db:
        assert (await balance_of(db, paid.appointment_id)).left_fen == 0
        rows = (
            await db.execute(
                select(Payment.amount_fen, Payment.owed_fen, Payment.pay_by).order_by(Payment.id)
            )
        ).all()
        due = (await db.execute(select(Refund.state, Refund.ask_at, Refund.flag))).all()
    assert [tuple(row) for row in rows] == [(3000, 3000, None), (1000, 0, waits.pay_by)]
    assert [tuple(row) for row in due] == [("requested", clock.now(), "none")]
