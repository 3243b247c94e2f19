"""Serial numbers of appointments by id, for lists that name them and show nothing else of them."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.booking.tables import Appointment


async def serials(db: AsyncSession, appointment_ids: Sequence[int]) -> dict[int, str]:
    query = select(Appointment.id, Appointment.serial).where(Appointment.id.in_(appointment_ids))
    return dict((await db.execute(query)).all())
