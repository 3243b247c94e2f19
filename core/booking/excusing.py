"""Misses that are not the patient's: seen when they are written, or by evidence that comes later."""

from datetime import timedelta

from sqlalchemy import select

from core.booking.evidence import gathered
from core.booking.miss_rules import NOTHING, Evidence, Fault, fault
from core.booking.rules import FOR_LEAVE, State
from core.booking.tables import Appointment
from core.credit.engine import forgive, rules_for
from core.schedule.rules import SessionState
from core.schedule.tables import Session
from core.work import Work

# What a line of the ledger holds.
LONGEST = 120


async def fault_of(work: Work, made: Appointment, seen: Evidence) -> Fault | None:
    """Why a miss of this visit does not count; None: it does."""
    stopped = select(Session.id).where(Session.id == made.session_id, Session.state == SessionState.STOPPED)
    away = made.reason == FOR_LEAVE or (await work.db.execute(stopped)).first() is not None
    book = await rules_for(work.db, made.hospital_id)
    notice = timedelta(hours=book.ruling("noshow.notice-hours").value)
    return fault(seen, starts_at=made.starts_at, away=away, notice=notice)


def proof(seen: Evidence) -> str:
    """What a miss rests on, with the ids of what was told; no more than a line holds."""
    told = [f"text {one.text_id} {one.delivery}" for one in seen.texts]
    told += [f"call {one.call_id}.{one.number} {one.outcome}" for one in seen.calls]
    said = "not picked up on the visit day"
    for one in reversed(told):  # the last ones say most
        if len(said) + len(one) + 2 <= LONGEST:
            said += f"; {one}"
    return said


async def reconsider(work: Work, appointment_id: int) -> bool:
    """Something was heard about a visit: take its miss back if that shows that it was not the patient's.

    What the miss has led to is lifted. False when nothing changes; twice is once.
    """
    # A miss that is just being written has not seen what we have: wait for it.
    made = await work.db.get(Appointment, appointment_id, with_for_update=True, populate_existing=True)
    if made is None or made.state != State.NO_SHOW:
        return False
    seen = await gathered(work.db, [appointment_id])
    why = await fault_of(work, made, seen.get(appointment_id, NOTHING))
    return why is not None and await forgive(work, appointment_id=appointment_id, why=why.value) > 0


async def reconsider_session(work: Work, session_id: int) -> int:
    """A session was stopped, perhaps when it had been held to be over: returns how many misses go with it."""
    missed = select(Appointment.id).where(
        Appointment.session_id == session_id, Appointment.state == State.NO_SHOW
    )
    ids = (await work.db.execute(missed.order_by(Appointment.id))).scalars().all()
    return sum([await reconsider(work, one) for one in ids])
