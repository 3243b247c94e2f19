"""What became of each displaced patient: read from appointment and offer as they are, never remembered.

Every way leads to the appointment: accepted by key or text, changed on the web, cancelled at the desk. So
nobody has to tell us; a job looks, and each step is one guarded statement. Whoever wants the case to be true
at once calls `follow`.
"""

from datetime import timedelta

from sqlalchemy import and_, or_, select

from core.booking.rules import State as Visit
from core.booking.tables import Appointment
from core.calling.rules import Answer
from core.calling.rules import State as CallState
from core.calling.tables import OutboundCall
from core.credit.engine import rules_for
from core.events import HandedSettled
from core.journal import JournalRow, of_kind
from core.leave.case_steps import close, drop, end, move, to_desk
from core.leave.rules import OPEN, CaseState, Disposition, Need
from core.leave.tables import Leave, LeaveCase
from core.offers.rules import State as OfferState
from core.offers.tables import Offer
from core.work import Work

# Who was to be seen by a substitute and gave it up has done so by then.
KEPT_FOR = timedelta(days=1)
# Who pressed 0 is led to an operator at once; whoever is still without an end then is called back.
LED_FOR = timedelta(minutes=10)
_GONE = [Visit.CANCELLED, Visit.REPLACED, Visit.EXPIRED]


async def follow_due(work: Work, limit: int = 50) -> int:
    """A job: move the cases on that are behind what has happened; returns how many."""
    moved = await _visits(work, limit)
    moved += await _offers(work, limit)
    moved += await _calls(work, limit)
    return moved


async def follow(work: Work, case_id: int) -> CaseState:
    """Let one case say what its visit says, at once; returns its state."""
    await _visits(work, 1, case_id)
    case = await work.db.get_one(LeaveCase, case_id, populate_existing=True)
    return CaseState(case.state)


# --- the visit is not what was displaced any more -------------------------------------------------------


async def _visits(work: Work, limit: int, case_id: int | None = None) -> int:
    query = (
        select(LeaveCase, Appointment)
        .join(Appointment, Appointment.id == LeaveCase.appointment_id)
        .where(
            or_(
                and_(LeaveCase.state.in_(OPEN), Appointment.state != Visit.STOPPED),
                and_(
                    LeaveCase.state == CaseState.KEPT,
                    LeaveCase.visit_at > work.now - KEPT_FOR,
                    Appointment.state.in_(_GONE),
                ),
            )
        )
        .order_by(LeaveCase.id)
        .limit(limit)
        .with_for_update(skip_locked=case_id is None, of=LeaveCase)
        .execution_options(populate_existing=True)
    )
    if case_id is not None:
        query = query.where(LeaveCase.id == case_id)
    rows = (await work.db.execute(query)).all()
    for case, made in rows:
        await _by_visit(work, case, made)
    return len(rows)


async def _by_visit(work: Work, case: LeaveCase, made: Appointment) -> None:
    if made.state == Visit.REPLACED:
        moved = await work.db.get_one(Appointment, made.replaced_by_id)
        query = select(Offer.id).where(
            Offer.id == case.offer_id, Offer.state == OfferState.ACCEPTED, Offer.made_id == moved.id
        )
        accepted = (await work.db.execute(query)).first() is not None
        case.made_id, case.channel = moved.id, moved.channel
        await end(work, case, CaseState.ACCEPTED if accepted else CaseState.CHANGED)
    elif made.state in (Visit.CANCELLED, Visit.EXPIRED):
        case.channel = await work.db.scalar(
            select(JournalRow.channel)
            .where(JournalRow.appointment_id == made.id, of_kind("appointment.cancelled"))
            .order_by(JournalRow.id.desc())
            .limit(1)
        )
        await end(work, case, CaseState.CANCELLED)
    else:
        await end(work, case, CaseState.RESTORED)


# --- the offer has ended --------------------------------------------------------------------------------


async def _offers(work: Work, limit: int) -> int:
    query = (
        select(LeaveCase, Offer)
        .join(Offer, Offer.id == LeaveCase.offer_id)
        .join(Appointment, Appointment.id == LeaveCase.appointment_id)
        .where(
            LeaveCase.state == CaseState.OFFERED,
            Appointment.state == Visit.STOPPED,
            Offer.state.in_([OfferState.REFUSED, OfferState.LAPSED, OfferState.WITHDRAWN]),
        )
        .order_by(LeaveCase.visit_at, LeaveCase.id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=LeaveCase)
        .execution_options(populate_existing=True)
    )
    rows = (await work.db.execute(query)).all()
    for case, offer in rows:
        await _by_offer(work, case, offer)
    return len(rows)


async def _by_offer(work: Work, case: LeaveCase, offer: Offer) -> None:
    if offer.state == OfferState.WITHDRAWN:  # by us: it was not the patient's chance
        case.offers -= 1
        await _look_again(work, case)
    elif offer.state == OfferState.LAPSED:
        # A second slot kept for somebody who does not answer helps nobody: a person calls.
        await to_desk(work, case, Need.UNANSWERED)
    elif offer.why == "person":
        await to_desk(work, case, Need.PERSON)
    elif case.offers < await _most(work, case):
        await _look_again(work, case)
    else:
        await to_desk(work, case, Need.OTHER_TIMES)


async def _look_again(work: Work, case: LeaveCase) -> None:
    await drop(work, case)
    case.need, case.due_at = None, work.now
    await move(work, case, CaseState.WAITING, None)


async def _most(work: Work, case: LeaveCase) -> int:
    leave = await work.db.get_one(Leave, case.leave_id)
    return int((await rules_for(work.db, leave.hospital_id)).ruling("leave.offers").value)


# --- the calls are used up, or an operator has settled one -----------------------------------------------


async def _calls(work: Work, limit: int) -> int:
    led = and_(
        OutboundCall.state == CallState.DONE,
        OutboundCall.answer == Answer.PERSON,
        OutboundCall.ended_at <= work.now - LED_FOR,
    )
    handed_over = and_(LeaveCase.state == CaseState.OFFERED, or_(OutboundCall.state == CallState.HANDED, led))
    over = and_(
        LeaveCase.state == CaseState.DESK, OutboundCall.state.in_([CallState.DONE, CallState.DROPPED])
    )
    query = (
        select(LeaveCase, OutboundCall.id, OutboundCall.answer)
        .join(OutboundCall, OutboundCall.subject == LeaveCase.subject)
        .join(Appointment, Appointment.id == LeaveCase.appointment_id)
        .where(Appointment.state == Visit.STOPPED, or_(handed_over, over))
        .order_by(LeaveCase.visit_at, LeaveCase.id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=LeaveCase)
        .execution_options(populate_existing=True)
    )
    rows = (await work.db.execute(query)).all()
    for case, call_id, answer in rows:
        if case.state == CaseState.OFFERED:
            await to_desk(work, case, Need.PERSON if answer == Answer.PERSON else Need.UNANSWERED)
        else:
            await _by_operator(work, case, call_id)
    return len(rows)


async def _by_operator(work: Work, case: LeaveCase, call_id: int) -> None:
    """Their call is over and the visit still waits: they have settled it, or it only came to its time."""
    query = (
        select(JournalRow)
        .where(JournalRow.appointment_id == case.appointment_id, of_kind(HandedSettled.kind))
        .order_by(JournalRow.id.desc())
    )
    told = [row for row in (await work.db.execute(query)).scalars() if row.body["call_id"] == call_id]
    if not told:
        await to_desk(work, case, Need(case.need or Need.UNANSWERED))
        return
    case.staff_id = told[0].body["staff_id"]
    await close(work, case, Disposition.TOLD if told[0].body["answer"] else Disposition.UNREACHABLE)
