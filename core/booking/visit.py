"""The visit day: pick-up, attendance, and the miss of those who did not come."""

from datetime import timedelta

from sqlalchemy import select

from core.booking import excusing
from core.booking.deadlines import may_check_in
from core.booking.evidence import gathered
from core.booking.loading import appointment, asked
from core.booking.miss_rules import NOTHING, Evidence
from core.booking.rules import FHIR, State, step
from core.booking.tables import IS_DUE, Appointment
from core.credit.engine import forgive, note
from core.errors import WrongState
from core.events import AppointmentAttended, AppointmentCheckedIn, AppointmentMissed
from core.schedule import slots
from core.schedule.rules import SlotState
from core.values import day_of
from core.work import Work


async def check_in(work: Work, appointment_id: int, *, queue_number: str | None = None) -> None:
    """Pick the number up, on the visit day only (R-053); keep the hospital's queue number (R-197).

    Raises AppointmentUnknown, WrongState, NotPaid, NotCheckInDay, TooLateToCheckIn, IdentityNeeded.
    """
    made = await appointment(work, appointment_id)
    wanted = await asked(work, session_id=made.session_id)
    may_check_in(made, wanted.book, slot=wanted.slot, now=work.now)
    made.state = step(State(made.state), State.CHECKED_IN)
    made.fhir = FHIR[State.CHECKED_IN]
    made.checked_in_at = work.now
    made.queue_number = queue_number
    made.version += 1
    await slots.move_on(work, slot_id=made.slot_id, expected=SlotState.BOOKED, to=SlotState.TAKEN)
    work.record(
        AppointmentCheckedIn(
            appointment_id=made.id, person_id=made.person_id, queue_number=queue_number, version=made.version
        )
    )


async def attend(work: Work, appointment_id: int, *, evidence: str) -> None:
    """The hospital says the patient was seen. Late evidence takes a miss back (domain 2.4).

    evidence: where it comes from ('his', 'window', 'kiosk'). Raises AppointmentUnknown, WrongState.
    """
    made = await appointment(work, appointment_id)
    was = State(made.state)
    made.state = step(was, State.ATTENDED)
    made.fhir = FHIR[State.ATTENDED]
    made.version += 1
    for expected in (SlotState.TAKEN, SlotState.BOOKED):
        await slots.move_on(work, slot_id=made.slot_id, expected=expected, to=SlotState.USED)
    if was is State.NO_SHOW:
        await forgive(work, appointment_id=made.id, why=f"attended:{evidence}")
    work.record(AppointmentAttended(appointment_id=made.id, person_id=made.person_id, version=made.version))


async def miss_due(work: Work, limit: int = 200) -> int:
    """After the visit day: who picked up was there, who did not has missed it (R-196).

    Returns how many appointments were settled. The day after is early enough for everybody: a
    hospital's evidence for the same day comes before it.
    """
    due = await work.db.execute(
        select(Appointment)
        .where(
            IS_DUE,
            Appointment.day < day_of(work.now),
            Appointment.ends_at < work.now - timedelta(hours=1),
        )
        .order_by(Appointment.day, Appointment.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = due.scalars().all()
    told = await gathered(work.db, [made.id for made in rows if made.state == State.BOOKED])
    for made in rows:
        if made.state == State.CHECKED_IN:
            await attend(work, made.id, evidence="picked-up")
        else:
            await miss(work, made, told.get(made.id, NOTHING))
    return len(rows)


async def miss(work: Work, made: Appointment, seen: Evidence) -> None:
    """Write a miss with its proof; one that is not the patient's stands on the ledger, and does not count."""
    why = await excusing.fault_of(work, made, seen)
    made.state = step(State(made.state), State.NO_SHOW)
    made.fhir = FHIR[State.NO_SHOW]
    made.ended_at = work.now
    made.version += 1
    await slots.move_on(work, slot_id=made.slot_id, expected=SlotState.BOOKED, to=SlotState.USED)
    await note(
        work, person_id=made.person_id, kind="no-show", appointment_id=made.id,
        hospital_id=made.hospital_id, proof=excusing.proof(seen), why_not=why.value if why else None,
    )  # fmt: skip
    work.record(
        AppointmentMissed(
            appointment_id=made.id, person_id=made.person_id, counts=why is None, version=made.version
        )
    )


async def excuse(work: Work, appointment_id: int, *, why: str) -> None:
    """The hospital caused this miss: it does not count, and what it led to is lifted.

    Raises AppointmentUnknown, WrongState when it is no miss.
    """
    made = await appointment(work, appointment_id)
    if made.state != State.NO_SHOW:
        raise WrongState(facts={"state": made.state, "wanted": "excused"})
    await forgive(work, appointment_id=made.id, why=why)
