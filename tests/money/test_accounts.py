"""A hospital's own account at a cashier: one at a time, its key sealed, refunds by the one that was paid."""

import pytest
from sqlalchemy import select

from core.errors import CashierAway, NotAllowed, PaymentLate, WrongState
from core.events import MerchantAccountKept
from core.journal import latest
from core.money.accounts import (
    Certified,
    account,
    accounts,
    live_account,
    open_account,
    pays_online,
    renew_certificate,
)
from core.money.tables import MerchantAccount
from core.values import Actor, ActorKind, system
from core.work import Hotline
from tests.builders import SURFER, Clinic, clinic
from tests.money.shop import Shop

KEY = "-----BEGIN PRIVATE KEY----- nobody may read this"
KEEPER = system("keeper")


@pytest.fixture
async def town(hotline: Hotline) -> Clinic:
    return await clinic(hotline)


async def opened(town: Clinic, merchant_no: str, by: Actor = KEEPER) -> int:
    async with town.hotline.work(by) as work:
        return await open_account(
            work,
            hospital_id=town.hospital_id,
            provider="unionpay",
            merchant_no=merchant_no,
            certified=Certified("12345678901234567890", "a certificate", KEY),
        )


@pytest.mark.req("R-050")
async def test_a_hospital_has_one_account_at_a_time_and_the_old_one_still_answers(town: Clinic) -> None:
    first, second = await opened(town, "M1"), await opened(town, "M2")
    sealer = town.hotline.sealer
    async with town.hotline.read() as db:
        now = await live_account(db, sealer, hospital_id=town.hospital_id, provider="unionpay")
        assert now is not None
        assert (now.account_id, now.merchant_no, now.key) == (second, "M2", KEY)
        assert (await account(db, sealer, first)).merchant_no == "M1"
        assert [(one.merchant_no, one.live) for one in await accounts(db)] == [("M2", True), ("M1", False)]
        assert not await pays_online(db, town.hospital_id, "another")
        assert len(await latest(db, MerchantAccountKept, 10)) == 2


async def test_its_key_lies_sealed(town: Clinic) -> None:
    await opened(town, "M1")
    async with town.hotline.read() as db:
        row = (await db.execute(select(MerchantAccount))).scalar_one()
        assert KEY.encode() not in row.key_sealed
        assert KEY not in repr(await account(db, town.hotline.sealer, row.id))


async def test_a_new_certificate_signs_for_the_same_account(town: Clinic) -> None:
    first = await opened(town, "M1")
    async with town.hotline.work(KEEPER) as work:
        await renew_certificate(work, first, Certified("2", "another", "another key"))
    async with town.hotline.read() as db:
        now = await account(db, town.hotline.sealer, first)
    assert (now.certificate_id, now.key) == ("2", "another key")


async def test_staff_of_another_hospital_keep_their_hands_off(town: Clinic) -> None:
    stranger = Actor(ActorKind.STAFF, "li", hospital_id=town.hospital_id + 1)
    with pytest.raises(NotAllowed):
        await opened(town, "M1", stranger)


async def test_where_there_is_no_account_nothing_is_paid_online(shop: Shop) -> None:
    made = await shop.appointment()
    with pytest.raises(CashierAway):
        await shop.counter.till.begin(made.appointment_id, SURFER, provider="another")


async def test_what_is_not_to_be_paid_cannot_be(shop: Shop) -> None:
    made = await shop.appointment()
    await shop.pay(made)
    await shop.settle()
    with pytest.raises(WrongState):
        await shop.go(made)
    late = await shop.appointment("王芳")
    shop.clock.advance(minutes=30)
    with pytest.raises(PaymentLate):
        await shop.go(late)


@pytest.mark.req("R-050")
async def test_a_refund_goes_by_the_account_that_was_paid(shop: Shop) -> None:
    made = await shop.appointment()
    trade = await shop.pay(made)
    await shop.settle()
    old = await shop.account()
    async with shop.hotline.work(KEEPER) as work:
        there = await account(work.db, work.sealer, old)
        await open_account(
            work,
            hospital_id=shop.town.hospital_id,
            provider="unionpay",
            merchant_no="777290058110099",
            certified=Certified(there.certificate_id, "", there.key),
        )
    await shop.cancel(made)
    await shop.settle()
    back = next(one for one in shop.book.trades.values() if one.of == trade.order)
    assert back.merchant == trade.merchant
    await shop.balanced()
