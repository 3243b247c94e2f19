"""Close the sessions that fall into a leave, freeze its list, and open again what has not begun."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, or_, select

from core.booking import stopping
from core.booking.tables import Appointment
from core.events import LeaveCaseMoved
from core.leave.rules import HALVES, CaseState, Kind, Number, surplus
from core.leave.tables import Leave, LeaveCase, LeaveSession
from core.offers import engine as offers
from core.offers import rules as offer_rules
from core.offers.tables import Offer
from core.schedule.rules import SessionState, SlotState
from core.schedule.tables import Session, Slot
from core.work import Work


@dataclass(frozen=True)
class Closed:
    """How many sessions were closed, and of how many patients a case was opened."""

    sessions: int
    cases: int


def to_close(now: datetime) -> list[ColumnElement[bool]]:
    """The conditions over Leave and Session of what a leave has still to close."""
    known = exists().where(LeaveSession.leave_id == Leave.id, LeaveSession.session_id == Session.id)
    half = _order(Session.half)
    return [
        Session.hospital_id == Leave.hospital_id,
        or_(Session.post_id == Leave.post_id, Session.doctor_id == Leave.doctor_id),
        Session.state == SessionState.PUBLISHED,
        Session.ends_at > now,
        or_(
            Session.day > Leave.first_day,
            and_(Session.day == Leave.first_day, half >= _order(Leave.first_half)),
        ),
        or_(
            Session.day < Leave.last_day,
            and_(Session.day == Leave.last_day, half <= _order(Leave.last_half)),
        ),
        ~known,
    ]


def _order(half: Any) -> ColumnElement[int]:
    return case(*((half == name, place) for place, name in enumerate(HALVES)), else_=len(HALVES))


async def close(work: Work, leave: Leave) -> Closed:
    """Close what is published, not over and not closed by this leave before.

    Part of the approval's transaction: patients who book at this moment are on the list, or too late.
    """
    mine = Leave.id == leave.id
    query = select(Session).join(Leave, mine).where(*to_close(work.now)).order_by(Session.id)
    found = (await work.db.execute(query)).scalars().all()
    cases = 0
    for session in found:
        cases += await _close_one(work, leave, session)
    await work.db.flush()
    return Closed(len(found), cases)


async def _close_one(work: Work, leave: Leave, session: Session) -> int:
    row = LeaveSession(
        leave_id=leave.id, session_id=session.id, doctor_id=session.doctor_id, closed_at=work.now
    )
    work.db.add(row)
    if leave.kind == Kind.SUBSTITUTE:
        kept = await stopping.substitute(work, session.id, leave.substitute_id)
        return await _open_cases(work, leave, kept, CaseState.KEPT)
    stopped: Sequence[int]
    if leave.kind == Kind.REDUCE:
        assert leave.keep is not None
        row.slots = surplus(await _numbers(work, session.id), leave.keep)
        await _take_back(work, Offer.slot_id.in_(row.slots))
        stopped = await stopping.stop_numbers(work, session.id, row.slots)
        await _take_back(work, Offer.slot_id.in_(row.slots))
    else:
        await _take_back(work, Offer.session_id == session.id)
        stopped = await stopping.stop(work, session.id, reason=f"leave-{leave.id}")
        # One that was just being made held its slot's row, and has been committed since.
        await _take_back(work, Offer.session_id == session.id)
    return await _open_cases(work, leave, stopped, CaseState.WAITING)


async def _numbers(work: Work, session_id: int) -> list[Number]:
    """The session's slots, locked: nobody takes one while it is decided which are too many."""
    query = select(Slot.id, Slot.sequence, Slot.state).where(Slot.session_id == session_id)
    rows = await work.db.execute(query.order_by(Slot.id).with_for_update())
    return [Number(slot_id, sequence, SlotState(state)) for slot_id, sequence, state in rows.all()]


async def _take_back(work: Work, which: ColumnElement[bool]) -> None:
    """What was offered to others in a session that is closed now; whoever made the offer makes another."""
    query = select(Offer.id).where(which, Offer.state == offer_rules.State.OPEN).order_by(Offer.id)
    for offer_id in (await work.db.execute(query)).scalars().all():
        await offers.withdraw(work, offer_id, "session-stopped")


async def _open_cases(work: Work, leave: Leave, appointment_ids: Sequence[int], state: CaseState) -> int:
    query = select(Appointment).where(Appointment.id.in_(appointment_ids)).order_by(Appointment.id)
    opened = [
        LeaveCase(
            leave_id=leave.id,
            appointment_id=made.id,
            person_id=made.person_id,
            session_id=made.session_id,
            phone_print=made.contact_print,
            phone_sealed=made.contact_sealed,
            visit_at=made.starts_at,
            state=state.value,
            due_at=work.now,
            opened_at=work.now,
        )
        for made in (await work.db.execute(query)).scalars()
    ]
    work.db.add_all(opened)
    await work.db.flush()
    for one in opened:
        work.record(
            LeaveCaseMoved(
                case_id=one.id,
                leave_id=leave.id,
                appointment_id=one.appointment_id,
                person_id=one.person_id,
                state=one.state,
                why=None,
                version=one.version,
            )
        )
    return len(opened)


# --- the leave is withdrawn ---------------------------------------------------------------------------


async def ahead(work: Work, leave: Leave) -> list[LeaveSession]:
    """The sessions this leave has closed that have not begun."""
    query = (
        select(LeaveSession)
        .join(Session, Session.id == LeaveSession.session_id)
        .where(
            LeaveSession.leave_id == leave.id,
            LeaveSession.opened_at.is_(None),
            Session.starts_at > work.now,
        )
        .order_by(LeaveSession.session_id)
    )
    return list((await work.db.execute(query)).scalars())


async def reopen(work: Work, leave: Leave, row: LeaveSession) -> list[int]:
    """Open one again as it was; returns the appointments that take place as first said.

    One that has been closed in another way since is left to whoever closed it.
    """
    row.opened_at = work.now
    session = await work.db.get_one(Session, row.session_id, populate_existing=True)
    if leave.kind == Kind.STOP:
        if session.state != SessionState.STOPPED:
            return []
        return await stopping.resume(work, session.id)
    if session.state != SessionState.PUBLISHED:
        return []
    if leave.kind == Kind.REDUCE:
        return await stopping.resume_numbers(work, session.id, row.slots or [])
    if session.doctor_id != leave.substitute_id:
        return []
    return await stopping.substitute(work, session.id, row.doctor_id, back=True)
