"""A visit card's balance is the sum of its ledger, and never below zero, whoever charges at once."""

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from core.errors import CardShort
from core.money import card
from core.money import engine as money
from core.money.tables import CardEntry
from core.people.tables import VisitCard
from core.work import Hotline
from tests.booking.room import TIMERS, Room, open_room


@pytest.fixture
async def room(hotline: Hotline) -> Room:
    return await open_room(hotline)


async def a_payment(room: Room, amount_fen: int) -> int:
    """A payment to charge to: of an appointment that stands for all of them."""
    if "钱" not in room.clinic.people:
        person = await room.clinic.person("钱")
        await room.clinic.book(await room.clinic.session("chen"), person)
    async with room.hotline.work(TIMERS) as work:
        return await money.ask(
            work, appointment_id=1, hospital_id=room.clinic.hospital_id, amount_fen=amount_fen
        )


async def charge(room: Room, card_id: int, payment_id: int, amount_fen: int) -> bool:
    try:
        async with room.hotline.work(TIMERS) as work:
            await card.charge(work, card_id=card_id, payment_id=payment_id, amount_fen=amount_fen)
    except CardShort:
        return False
    return True


async def stands(room: Room, card_id: int) -> tuple[int, int]:
    """The balance, and the sum of the ledger."""
    async with room.hotline.read() as db:
        there = await db.get_one(VisitCard, card_id)
        total = select(func.coalesce(func.sum(CardEntry.amount_fen), 0)).where(CardEntry.card_id == card_id)
        return there.balance_fen, (await db.execute(total)).scalar_one()


@pytest.mark.req("R-086")
async def test_of_many_charges_at_once_only_those_the_card_bears_go_through(room: Room) -> None:
    li = await room.clinic.person("李秀英")
    card_id = await room.card(li, "C1", 1000)
    payments = [await a_payment(room, 300) for _ in range(7)]
    went = await asyncio.gather(*(charge(room, card_id, payment, 300) for payment in payments))
    assert sum(went) == 3
    assert await stands(room, card_id) == (100, 100)


async def test_a_stopped_card_pays_nothing_and_still_takes_money_back(room: Room) -> None:
    card_id = await room.card(await room.clinic.person("李秀英"), "C1", 1000)
    async with room.hotline.work(TIMERS) as work:
        (await work.db.get_one(VisitCard, card_id)).state = "stopped"
    assert not await charge(room, card_id, await a_payment(room, 300), 300)
    async with room.hotline.work(TIMERS) as work:
        await card.load(work, card_id, 5)
    assert await stands(room, card_id) == (1005, 1005)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=st.lists(st.integers(-500, 500).filter(bool), max_size=12))
async def test_whatever_is_asked_the_ledger_adds_up(room: Room, moves: list[int]) -> None:
    number = f"C{room.calls}"
    room.calls += 1
    card_id = await room.card(await room.clinic.person(number), number)
    payment = await a_payment(room, 1)
    expected = 0
    for amount in moves:
        if amount > 0:
            async with room.hotline.work(TIMERS) as work:
                await card.load(work, card_id, amount)
            expected += amount
        elif await charge(room, card_id, payment, -amount):
            expected += amount
        assert expected >= 0
    assert await stands(room, card_id) == (expected, expected)
