"""Give an appointment up: by the patient, by time, or because it was never paid."""

from datetime import datetime

from sqlalchemy import select

from core.booking.commands import Cancel, Cancelled
from core.booking.deadlines import for_leave, may_cancel
from core.booking.freeing import rest_freed
from core.booking.loading import appointment, asked
from core.booking.paying import hold_still
from core.booking.rules import FHIR, FOR_LEAVE, State, step
from core.booking.tables import IS_UNPAID, Appointment
from core.credit.engine import note
from core.events import AppointmentCancelled, AppointmentExpired
from core.money import engine as money
from core.schedule import slots
from core.values import day_of
from core.work import Work


async def cancel(work: Work, command: Cancel) -> Cancelled:
    """Cancel within the deadline policy, free the slot, owe the fee back (R-088, R-189).

    A visit stopped by the doctor's leave may always be cancelled, with full refund, by every
    channel. Raises AppointmentUnknown and the refusals of `may_cancel`.
    """
    made = await appointment(work, command.appointment_id)
    await hold_still(work, made)
    wanted = await asked(work, session_id=made.session_id)
    may_cancel(
        made,
        wanted.book,
        slot=wanted.slot,
        now=work.now,
        by=work.by,
        override=command.override,
    )
    stopped, excused = made.state == State.STOPPED, for_leave(made, work.now)
    reason = FOR_LEAVE if excused else command.reason
    _end(made, State.CANCELLED, reason, work.now)
    await work.db.flush()
    rests_until = None if stopped else await rest_freed(work, wanted, made.slot_id)
    await slots.free_booked(work, slot_id=made.slot_id, rests_until=rests_until)
    paid = await money.balance(work, made.id)
    await money.close_open(work, made.id)
    refund = 0
    if paid.left_fen:
        refund = await money.owe_back(work, appointment_id=made.id, amount_fen=paid.left_fen, reason=reason)
    work.record(
        AppointmentCancelled(
            appointment_id=made.id,
            person_id=made.person_id,
            session_id=made.session_id,
            reason=reason,
            refund_fen=refund,
            version=made.version,
        )
    )
    if reason == "patient":
        kind = "same-day-cancel" if day_of(work.now) == made.day else "cancel"
        await note(
            work, person_id=made.person_id, kind=kind, appointment_id=made.id,
            hospital_id=made.hospital_id, proof=work.by.name,
        )  # fmt: skip
    return Cancelled(made.id, refund)


def _end(made: Appointment, to: State, reason: str | None, now: datetime) -> None:
    made.state = step(State(made.state), to)
    made.fhir = FHIR[to]
    made.reason = reason
    made.ended_at = now
    made.version += 1


async def expire_due(work: Work, limit: int = 100) -> int:
    """End appointments that were not paid by their time; free the slots; return how many."""
    due = await work.db.execute(
        select(Appointment)
        .where(IS_UNPAID, Appointment.pay_by <= work.now)
        .order_by(Appointment.pay_by)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = due.scalars().all()
    for made in rows:
        wanted = await asked(work, session_id=made.session_id)
        _end(made, State.EXPIRED, "not-paid", work.now)
        await work.db.flush()
        rests_until = await rest_freed(work, wanted, made.slot_id)
        await slots.free_booked(work, slot_id=made.slot_id, rests_until=rests_until)
        await money.close_open(work, made.id)
        paid = await money.balance(work, made.id)
        if paid.left_fen:  # a change that asked for more, and did not get it
            await money.owe_back(work, appointment_id=made.id, amount_fen=paid.left_fen, reason="not-paid")
        work.record(
            AppointmentExpired(
                appointment_id=made.id,
                person_id=made.person_id,
                session_id=made.session_id,
                version=made.version,
            )
        )
    return len(rows)
