"""Stop a session for a doctor's leave, and take the stop back; the leave area builds on this."""

from sqlalchemy import select, update

from core.booking.rules import FHIR, State, step
from core.booking.tables import Appointment
from core.errors import NotFound
from core.events import (
    AppointmentRestored,
    AppointmentStopped,
    SessionResumed,
    SessionStoppedForLeave,
)
from core.schedule import slots
from core.schedule.rules import SessionState, session_step
from core.schedule.tables import Session
from core.work import Work

_STOPPABLE = [State.PROVISIONAL, State.UNPAID, State.BOOKED]


async def stop(work: Work, session_id: int, *, reason: str) -> list[int]:
    """Nobody can book into the session any more, and its appointments wait for their patients.

    One transaction. Returns the affected appointments' ids. Raises NotFound, WrongState.
    """
    await _session_to(work, session_id, SessionState.STOPPED)
    # Slots first: a booking that is just being made holds its slot's row, so this waits for it,
    # and the appointment it commits is seen by the next statement.
    await slots.stop(work, session_id)
    rows = (
        (
            await work.db.execute(
                select(Appointment)
                .where(Appointment.session_id == session_id, Appointment.state.in_(_STOPPABLE))
                .with_for_update(key_share=True)  # a cancellation at this moment ends it, or we stop it
            )
        )
        .scalars()
        .all()
    )
    for made in rows:
        # What it was is remembered in `reason` until the patient has chosen.
        made.reason = f"leave-from-{made.state}"
        made.state = step(State(made.state), State.STOPPED)
        made.fhir = FHIR[State.STOPPED]
        made.version += 1
        work.record(
            AppointmentStopped(
                appointment_id=made.id, person_id=made.person_id, session_id=session_id, version=made.version
            )
        )
    work.record(SessionStoppedForLeave(session_id=session_id, reason=reason, appointments=len(rows)))
    return [made.id for made in rows]


async def resume(work: Work, session_id: int) -> list[int]:
    """The leave is withdrawn: appointments that still wait are restored as they were."""
    await _session_to(work, session_id, SessionState.PUBLISHED)
    await slots.resume(work, session_id)
    rows = (
        (
            await work.db.execute(
                select(Appointment).where(
                    Appointment.session_id == session_id, Appointment.state == State.STOPPED
                )
            )
        )
        .scalars()
        .all()
    )
    for made in rows:
        was = State((made.reason or "leave-from-booked").removeprefix("leave-from-"))
        made.state = step(State.STOPPED, was)
        made.fhir = FHIR[was]
        made.reason = None
        made.version += 1
        work.record(
            AppointmentRestored(
                appointment_id=made.id, person_id=made.person_id, session_id=session_id, version=made.version
            )
        )
    work.record(SessionResumed(session_id=session_id))
    return [made.id for made in rows]


async def _session_to(work: Work, session_id: int, to: SessionState) -> None:
    session = await work.db.get(Session, session_id, with_for_update=True)
    if session is None:
        raise NotFound(facts={"what": "session"})
    now = session_step(SessionState(session.state), to)
    await work.db.execute(
        update(Session).where(Session.id == session_id).values(state=now.value, version=Session.version + 1)
    )
