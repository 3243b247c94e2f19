"""Two at once: the database decides, and whoever wins, appointment, slot and money agree."""

import asyncio
from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from core import journal
from core.booking.cancel import expire_due
from core.booking.commands import Booked, Cancel
from core.booking.paying import charge_card
from core.booking.tables import Appointment
from core.errors import Refusal
from core.events import (
    AppointmentCancelled,
    AppointmentExpired,
    PaymentReceived,
    PaymentSubmitted,
    RefundSettled,
)
from core.journal import JournalRow
from core.links.cashiers import Counter, open_counter
from core.money.accounts import Certified, open_account
from core.money.cashier import Kind
from core.money.engine import owe_back
from core.money.rules import Way
from core.money.tables import PaymentAttempt, Refund
from core.values import Actor, ActorKind, Channel, system
from core.work import Hotline, Work
from tests.booking.room import Room, open_room
from tests.builders import CALLER, SURFER
from tests.clocks import FrozenClock
from tests.money.books import agree
from tests.money.plain_cashier import PlainCashier

TIMERS = system("timers")
DESK = Actor(ActorKind.STAFF, "op0", Channel.PHONE)
ROUNDS = 6


@dataclass
class Counted:
    """A clinic that is paid at a cashier in memory."""

    room: Room
    cashier: PlainCashier
    counter: Counter
    clock: FrozenClock

    @property
    def hotline(self) -> Hotline:
        return self.room.hotline

    async def sent_to_pay(self, name: str = "李秀英") -> tuple[Booked, str]:
        """An appointment of which the patient is at the cashier; its order's number."""
        town = self.room.clinic
        person = town.people.get(name) or await town.person(name)
        made = await town.book(await town.session("chen", slots=1), person, by=SURFER)
        return made, await self.begin(made)

    async def begin(self, made: Booked) -> str:
        sent = await self.counter.till.begin(made.appointment_id, SURFER, provider="plain")
        return sent.fields["number"]

    async def told(self, number: str) -> None:
        await self.counter.till.notice("plain", self.cashier.word(number))

    async def cancel(self, made: Booked) -> bool:
        try:
            await self.room.clinic.store.submit(Cancel(made.appointment_id), CALLER)
        except Refusal:
            return False
        return True

    async def expire(self) -> int:
        return await self.hotline.run(expire_due, TIMERS)

    async def state(self, made: Booked) -> str:
        async with self.hotline.read() as db:
            return (await db.get_one(Appointment, made.appointment_id)).state

    async def count(self, kind: str) -> int:
        async with self.hotline.read() as db:
            query = select(func.count()).select_from(JournalRow).where(JournalRow.kind == kind)
            return (await db.execute(query)).scalar_one()

    async def refund_ids(self) -> list[int]:
        async with self.hotline.read() as db:
            return list((await db.execute(select(Refund.id).order_by(Refund.id))).scalars())

    async def agree(self) -> None:
        async with self.hotline.read() as db:
            await agree(db)


@pytest.fixture
async def counted(hotline: Hotline, clock: FrozenClock) -> Counted:
    room = await open_room(hotline)
    await room.clinic.rule("pay.mode", "online")
    await room.clinic.rule("card.charge", "yes")
    async with hotline.work(TIMERS) as work:
        await open_account(
            work,
            hospital_id=room.clinic.hospital_id,
            provider="plain",
            merchant_no="M1",
            certified=Certified("1", "", "a key"),
        )
    cashier = PlainCashier(clock)
    return Counted(room, cashier, open_counter(hotline, {"plain": cashier}), clock)


@pytest.mark.req("R-049", "R-052")
async def test_of_many_notices_at_once_one_counts(counted: Counted) -> None:
    made, number = await counted.sent_to_pay()
    counted.cashier.pay(number)
    await asyncio.gather(*(counted.told(number) for _ in range(8)))
    assert await counted.state(made) == "booked"
    assert await counted.count(PaymentReceived.kind) == 1
    await counted.agree()


async def test_a_notice_and_the_end_of_the_time_to_pay_end_in_one_of_two_ways(counted: Counted) -> None:
    ends = set()
    for turn in range(ROUNDS):
        town = counted.room.clinic
        made = await town.book(
            await town.session("wu", day=_day(turn), slots=1), await town.person(f"患者{turn}"), by=SURFER
        )
        number = await counted.begin(made)
        counted.cashier.pay(number)
        counted.clock.advance(minutes=31)
        first, second = counted.told(number), counted.expire()
        await asyncio.gather(*((first, second) if turn % 2 else (second, first)))
        ends.add(await counted.state(made))
        await counted.agree()
    assert ends == {"booked"}, "late money takes the number again, which nobody else has"


async def test_a_notice_the_end_of_time_and_another_patient_leave_one_owner(counted: Counted) -> None:
    for turn in range(ROUNDS):
        town = counted.room.clinic
        session = await town.session("wu", day=_day(turn), slots=1)
        made = await town.book(session, await town.person(f"患者{turn}"), by=SURFER)
        number = await counted.begin(made)
        counted.cashier.pay(number)
        counted.clock.advance(minutes=31)
        await counted.expire()
        other = town.book(session, await town.person(f"后来{turn}"))
        await asyncio.gather(counted.told(number), other, return_exceptions=True)
        async with counted.hotline.read() as db:
            states = (
                await db.execute(select(Appointment.state).where(Appointment.session_id == session))
            ).scalars()
        assert sorted(states) in (["booked"], ["expired", "unpaid"])
        await counted.agree()


async def test_a_notice_and_a_cancellation_leave_no_money_behind(counted: Counted) -> None:
    for turn in range(ROUNDS):
        town = counted.room.clinic
        made = await town.book(
            await town.session("wu", day=_day(turn), slots=1), await town.person(f"患者{turn}"), by=SURFER
        )
        number = await counted.begin(made)
        counted.cashier.pay(number)
        first, second = counted.told(number), counted.cancel(made)
        await asyncio.gather(*((first, second) if turn % 2 else (second, first)))
        assert await counted.state(made) == "cancelled"
        await counted.agree()
    assert len(await counted.refund_ids()) == ROUNDS


async def test_who_cancels_as_the_time_is_over_frees_the_number_once(counted: Counted) -> None:
    for turn in range(ROUNDS):
        town = counted.room.clinic
        session = await town.session("wu", day=_day(turn), slots=1)
        made = await town.book(session, await town.person(f"患者{turn}"), by=SURFER)
        other = await town.person(f"后来{turn}")
        counted.clock.advance(minutes=31)
        await asyncio.gather(
            counted.expire(), counted.cancel(made), town.book(session, other), return_exceptions=True
        )
        await counted.agree()
        async with counted.hotline.read() as db:
            story = await journal.story(db, appointment_id=made.appointment_id)
        ends = [one for one in story if isinstance(one.event, AppointmentCancelled | AppointmentExpired)]
        assert len(ends) == 1


async def test_a_refund_that_two_send_at_once_goes_once(counted: Counted) -> None:
    made, number = await counted.sent_to_pay()
    counted.cashier.pay(number)
    await counted.told(number)
    await counted.cancel(made)
    (refund_id,) = await counted.refund_ids()
    await asyncio.gather(*(counted.counter.refunding.send(refund_id) for _ in range(6)))
    (back,) = counted.cashier.asked
    await asyncio.gather(*(counted.told(back) for _ in range(6)))
    assert await counted.count(RefundSettled.kind) == 1
    assert [one.kind for one in counted.cashier.movements.values()] == [Kind.PAYMENT, Kind.REFUND]
    async with counted.hotline.read() as db:
        sent = await db.get_one(Refund, refund_id)
    assert (sent.state, sent.sendings, sent.way) == ("refunded", 1, Way.VOID)
    await counted.agree()


async def test_whoever_begins_twice_at_once_has_one_order(counted: Counted) -> None:
    made, number = await counted.sent_to_pay()
    numbers = await asyncio.gather(*(counted.begin(made) for _ in range(6)))
    assert set(numbers) == {number}
    assert await counted.count(PaymentSubmitted.kind) == 1
    async with counted.hotline.read() as db:
        assert (await db.execute(select(func.count()).select_from(PaymentAttempt))).scalar_one() == 1


@pytest.mark.req("R-076")
async def test_money_from_the_card_and_from_the_gateway_at_once_is_taken_once(counted: Counted) -> None:
    made, number = await counted.sent_to_pay()
    person = counted.room.clinic.people["李秀英"]
    await counted.room.card(person, "C1", 5000)
    counted.cashier.pay(number)

    async def charge(work: Work) -> int:
        return await charge_card(work, made.appointment_id)

    charged, _ = await asyncio.gather(counted.hotline.run(charge, DESK), counted.told(number))
    assert await counted.state(made) == "booked"
    assert await counted.room.balance(person) == [5000 - charged]
    await counted.agree()
    refunds = await counted.refund_ids()
    assert len(refunds) == (1 if charged else 0)
    for one in refunds:
        await counted.counter.refunding.send(one)
    given = [one for one in counted.cashier.movements.values() if one.kind is Kind.REFUND]
    assert sum(one.amount_fen for one in given) == charged


async def test_what_two_owe_back_at_once_is_owed_once(counted: Counted) -> None:
    made, number = await counted.sent_to_pay()
    counted.cashier.pay(number)
    await counted.told(number)

    async def owe(work: Work) -> int:
        return await owe_back(work, appointment_id=made.appointment_id, amount_fen=3000, reason="twice")

    owed = await asyncio.gather(*(counted.hotline.run(owe, TIMERS) for _ in range(6)))
    assert sorted(owed) == [0, 0, 0, 0, 0, 3000]


def _day(turn: int) -> date:
    return date(2026, 11, 26) + timedelta(days=turn)
