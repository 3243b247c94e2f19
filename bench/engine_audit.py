"""What a run has left in the tables, held against what was acknowledged; any difference ends the bench."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from bench.engine_seen import Seen
from bench.engine_town import OWN_RULES
from core.booking.rules import LIVE
from core.booking.tables import Appointment, CommandKey
from core.events import AppointmentBooked, SlotHeld
from core.journal import JournalRow
from core.outbox_table import OutboxRow
from core.schedule.rules import SlotState
from core.schedule.tables import Hold, Slot
from core.work import Hotline

# Holds and keys that were there before (engine_past.LEFT_BEHIND).
PAST = "past-%"
_LIVE = Appointment.state.in_(sorted(LIVE))


@dataclass(frozen=True)
class Audit:
    """differences: in words; empty when all is as it was told."""

    appointments: int
    differences: tuple[str, ...]


async def audit(hotline: Hotline, seen: Seen, *, persons: bool = True) -> Audit:
    """Everything a booking leaves, counted. persons: their limits too, which the bare driver does not ask."""
    async with hotline.read() as db:
        found = await _left(db)
        limits = await _limits(db) if persons else []
    booked, held = seen.booked, seen.holds - seen.booked
    expected = {
        "appointments": booked,
        "numbers with an appointment": booked,
        "numbers booked": booked,
        "numbers held": held,
        "holds used": booked,
        "holds live": held,
        "told as booked": booked,
        "told as held": seen.holds,
        "texts owed": booked,
        "keys": seen.holds + booked,
    }
    wrong = [
        f"{name}: {found[name]}, not {count}" for name, count in expected.items() if found[name] != count
    ]
    return Audit(found["appointments"], (*wrong, *limits))


async def _left(db: AsyncSession) -> dict[str, int]:
    def slots(state: SlotState) -> Select[int]:
        return select(func.count()).select_from(Slot).where(Slot.state == state)

    def holds(state: str) -> Select[int]:
        return select(func.count()).select_from(Hold).where(Hold.state == state, Hold.id.not_like(PAST))

    def told(kind: str) -> Select[int]:
        return select(func.count()).select_from(JournalRow).where(JournalRow.kind == kind)

    booked = (
        select(func.count()).select_from(OutboxRow).join(JournalRow, JournalRow.id == OutboxRow.journal_id)
    )
    queries = {
        "appointments": select(func.count()).select_from(Appointment).where(_LIVE),
        "numbers with an appointment": select(func.count(Appointment.slot_id.distinct())).where(_LIVE),
        "numbers booked": slots(SlotState.BOOKED),
        "numbers held": slots(SlotState.HELD),
        "holds used": holds("used"),
        "holds live": holds("live"),
        "told as booked": told(AppointmentBooked.kind),
        "told as held": told(SlotHeld.kind),
        "texts owed": booked.where(JournalRow.kind == AppointmentBooked.kind),
        "keys": select(func.count()).select_from(CommandKey).where(CommandKey.key.not_like(PAST)),
    }
    return {name: int((await db.execute(query)).scalar_one()) for name, query in queries.items()}


async def _limits(db: AsyncSession) -> list[str]:
    """Persons beyond what the rules of the town allow."""
    day = (Appointment.person_id, Appointment.day)
    limits: dict[str, tuple[tuple[InstrumentedAttribute[Any], ...], int]] = {
        "limit.session": ((Appointment.person_id, Appointment.session_id), 1),
        "limit.doctor-day": ((*day, Appointment.doctor_id), 1),
        "limit.department-day": ((*day, Appointment.department_id), 1),
        "limit.day": (day, int(OWN_RULES["limit.day"])),
        "limit.live": ((Appointment.person_id,), int(OWN_RULES["limit.live"])),
    }
    found = []
    for name, (of, most) in limits.items():
        over = select(*of).where(_LIVE).group_by(*of).having(func.count() > most).subquery()
        number = (await db.execute(select(func.count()).select_from(over))).scalar_one()
        if number:
            found.append(f"{name}: passed by {number}")
    return found
