"""Real name by link: the number makes the person, and books what was provisional."""

from sqlalchemy import select

from core.booking.paying import identity_came
from core.booking.rules import State
from core.booking.tables import Appointment
from core.people import linking
from core.people.register import complete
from core.values import Actor, Identity
from core.work import Hotline, Work


async def complete_by_link(hotline: Hotline, token: str, given: Identity, by: Actor) -> int:
    """Returns how many appointments are booked by it now.

    Each try is counted by itself, good or wrong, so that a link cannot be used to guess. Raises LinkOver,
    IdentityConflict when somebody else has this number, IdentityInvalid when it contradicts sex or birth
    date on record.
    """
    async with hotline.work(by) as work:
        person_id = await linking.try_once(work, token)

    async def act(work: Work) -> int:
        await linking.use_up(work, person_id)
        await complete(work, person_id, given)
        waiting = await work.db.execute(
            select(Appointment.id)
            .where(Appointment.person_id == person_id, Appointment.state == State.PROVISIONAL)
            .order_by(Appointment.id)
        )
        ids = waiting.scalars().all()
        for appointment_id in ids:
            await identity_came(work, appointment_id)
        return len(ids)

    return await hotline.run(act, by)
