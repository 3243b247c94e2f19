"""Stop a session or some of its numbers for a doctor's leave, and take it back; `core.leave` decides."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import ColumnElement, select, update

from core.booking.rules import FHIR, FOR_LEAVE, State, step
from core.booking.tables import Appointment
from core.errors import NotFound
from core.events import (
    AppointmentRestored,
    AppointmentStopped,
    AppointmentSubstituted,
    SessionAmended,
    SessionResumed,
    SessionStoppedForLeave,
)
from core.money import engine as money
from core.schedule import slots
from core.schedule.rules import SessionState, session_step
from core.schedule.tables import Session
from core.work import Work

_STOPPABLE = [State.PROVISIONAL, State.UNPAID, State.BOOKED]
# Whoever had not paid yet when the doctor was away has this long again, at least.
TO_PAY = timedelta(minutes=30)


async def stop(work: Work, session_id: int, *, reason: str) -> list[int]:
    """Nobody can book into the session any more, and its appointments wait for their patients.

    One transaction. Returns the affected appointments' ids. Raises NotFound, WrongState.
    """
    await _session_to(work, session_id, SessionState.STOPPED)
    # Slots first: a booking that is just being made holds its slot's row, so this waits for it,
    # and the appointment it commits is seen by the next statement.
    await slots.stop(work, session_id)
    stopped = await _stop_visits(work, Appointment.session_id == session_id)
    work.record(SessionStoppedForLeave(session_id=session_id, reason=reason, appointments=len(stopped)))
    return stopped


async def stop_numbers(work: Work, session_id: int, slot_ids: Sequence[int]) -> list[int]:
    """The same for some numbers of a session that goes on; returns the affected appointments' ids."""
    await slots.stop(work, session_id, slot_ids)
    stopped = await _stop_visits(work, Appointment.slot_id.in_(slot_ids))
    work.record(
        SessionAmended(session_id=session_id, changes={"stopped": len(slot_ids), "slot_ids": list(slot_ids)})
    )
    return stopped


async def resume(work: Work, session_id: int) -> list[int]:
    """The leave is withdrawn: appointments that still wait are restored as they were."""
    await _session_to(work, session_id, SessionState.PUBLISHED)
    await slots.resume(work, session_id)
    restored = await _restore_visits(work, Appointment.session_id == session_id)
    work.record(SessionResumed(session_id=session_id))
    return restored


async def resume_numbers(work: Work, session_id: int, slot_ids: Sequence[int]) -> list[int]:
    """The same for some numbers of a session."""
    await slots.resume(work, session_id, slot_ids)
    restored = await _restore_visits(work, Appointment.slot_id.in_(slot_ids))
    work.record(SessionAmended(session_id=session_id, changes={"resumed": len(slot_ids)}))
    return restored


async def substitute(work: Work, session_id: int, doctor_id: int | None, *, back: bool = False) -> list[int]:
    """Another doctor sees the patients of a session; the visits stand, and may be given up free of charge.

    back: the doctor who was first named comes after all. Returns the appointments' ids.
    """
    await work.db.execute(
        update(Session)
        .where(Session.id == session_id)
        .values(doctor_id=doctor_id, version=Session.version + 1)
        .returning(Session.id)
    )
    whose = [Appointment.session_id == session_id, Appointment.state.in_(_STOPPABLE)]
    if back:
        whose.append(Appointment.reason == FOR_LEAVE)
    rows = await _locked(work, *whose)
    for made in rows:
        made.doctor_id, made.reason = doctor_id, None if back else FOR_LEAVE
        made.version += 1
        kind = AppointmentRestored if back else AppointmentSubstituted
        work.record(
            kind(
                appointment_id=made.id, person_id=made.person_id, session_id=session_id, version=made.version
            )
        )
    work.record(SessionAmended(session_id=session_id, changes={"doctor_id": doctor_id}))
    return [made.id for made in rows]


async def _stop_visits(work: Work, which: ColumnElement[bool]) -> list[int]:
    rows = await _locked(work, which, Appointment.state.in_(_STOPPABLE))
    for made in rows:
        # What it was is remembered in `reason` until the patient has chosen.
        made.reason = f"leave-from-{made.state}"
        made.state = step(State(made.state), State.STOPPED)
        made.fhir = FHIR[State.STOPPED]
        made.version += 1
        work.record(
            AppointmentStopped(
                appointment_id=made.id,
                person_id=made.person_id,
                session_id=made.session_id,
                version=made.version,
            )
        )
    return [made.id for made in rows]


async def _restore_visits(work: Work, which: ColumnElement[bool]) -> list[int]:
    rows = await _locked(work, which, Appointment.state == State.STOPPED)
    for made in rows:
        was = State((made.reason or "leave-from-booked").removeprefix("leave-from-"))
        made.state = step(State.STOPPED, was)
        made.fhir = FHIR[was]
        made.reason = None
        made.version += 1
        if was is State.UNPAID:
            await _time_to_pay(work, made)
        work.record(
            AppointmentRestored(
                appointment_id=made.id,
                person_id=made.person_id,
                session_id=made.session_id,
                version=made.version,
            )
        )
    return [made.id for made in rows]


async def _locked(work: Work, *which: ColumnElement[bool]) -> Sequence[Appointment]:
    """A cancellation or a change at this moment ends a visit, or we move it on: never both."""
    query = select(Appointment).where(*which).order_by(Appointment.id).with_for_update(key_share=True)
    return (await work.db.execute(query.execution_options(populate_existing=True))).scalars().all()


async def _time_to_pay(work: Work, made: Appointment) -> None:
    """What could not be paid while the doctor was away does not expire the moment it may be."""
    pay_by = min(made.starts_at, max(made.pay_by or work.now, work.now + TO_PAY))
    made.pay_by = pay_by
    due = await money.open_payment(work, made.id)
    if due is not None:
        due.pay_by = pay_by


async def _session_to(work: Work, session_id: int, to: SessionState) -> None:
    session = await work.db.get(Session, session_id, with_for_update=True)
    if session is None:
        raise NotFound(facts={"what": "session"})
    now = session_step(SessionState(session.state), to)
    await work.db.execute(
        update(Session).where(Session.id == session_id).values(state=now.value, version=Session.version + 1)
    )
