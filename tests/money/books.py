"""Appointment, slot and money agree: what every test of payments comes down to."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.booking.rules import LIVE
from core.booking.tables import Appointment
from core.money.engine import balance_of
from core.money.tables import Payment, Refund
from core.schedule.rules import SlotState
from core.schedule.tables import Slot


async def agree(db: AsyncSession) -> None:
    """A booked appointment has its slot and its fee, any other none; nothing is given back twice."""
    made = (await db.execute(select(Appointment))).scalars().all()
    for one in made:
        left = (await balance_of(db, one.id)).left_fen
        assert left == (one.fee_fen if one.state == "booked" else 0), (one.state, left)
    booked = (await db.execute(select(Slot.id).where(Slot.state == SlotState.BOOKED))).scalars().all()
    assert sorted(booked) == sorted(one.slot_id for one in made if one.state in LIVE)
    for payment in (await db.execute(select(Payment))).scalars():
        refunds = await db.execute(select(Refund.amount_fen).where(Refund.payment_id == payment.id))
        assert sum(refunds.scalars()) == payment.owed_fen <= payment.amount_fen
