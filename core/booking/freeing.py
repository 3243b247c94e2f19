"""How long a slot rests that an appointment has just given back."""

from datetime import datetime, timedelta

from core.booking.loading import Asked
from core.booking.may import ruled
from core.schedule import freed
from core.work import Work


async def rest_freed(work: Work, wanted: Asked, slot_id: int) -> datetime | None:
    """Until when the slot is not on sale; None: it is at once. In the transaction that frees it.

    A random number of minutes, so that nobody can count on it (rerelease.delay), and in any case while
    it is offered to those who wait for it.
    """
    low, high = ruled(wanted.book, wanted.slot, "rerelease.delay").value
    minutes = work.chance.number(low, high) if high else 0
    sale_at = work.now + timedelta(minutes=minutes) if minutes else None
    return await freed.rest(work, wanted.book, wanted.slot, [slot_id], sale_at=sale_at)
