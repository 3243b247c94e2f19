"""Keep a slot for each displaced patient: one in each unit of work, the earliest visit first.

A process that dies between two patients has done the first wholly and the second not at all; whoever takes
over goes on with the next. What was sold a moment ago is refused, and the next best is tried.
"""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import and_, or_, select, update

from core.booking.loading import appointment
from core.booking.rules import State as Visit
from core.calling import engine as calling
from core.calling import handed
from core.calling.rules import Kind as CallKind
from core.calling.rules import State as CallState
from core.calling.tables import OutboundCall
from core.credit.engine import rules_for
from core.errors import Refusal, ShareUsedUp, SlotFull, SlotTaken
from core.leave import case_steps, finding, following
from core.leave.plan import RUNG_CODES, Choice, Rung, choices
from core.leave.rules import AGAIN, CaseState, Need, State, answer_by
from core.leave.tables import Leave, LeaveCase
from core.offers import engine as offers
from core.offers.rules import Kind as OfferKind
from core.offers.tables import Offer
from core.values import Phone
from core.work import Work

# Two processes would each take a patient, and the later visit might get the last slot.
LOCK = 0x6C656176655F6F66
# A visit so near: the telephone rings at once.
NEAR = timedelta(hours=2)
# So many sessions may refuse one patient in one unit of work; then a person looks.
TRIES = 12


async def offer_due(work: Work) -> int:
    """A job: offer a slot to the next who waits, or hand them to an operator; 0: nobody waits."""
    work.by = replace(work.by, channel=finding.BY)
    await work.lock(LOCK)
    case = await _next(work)
    if case is None:
        return 0
    made = await appointment(work, case.appointment_id)
    if made.state != Visit.STOPPED:  # chosen by themselves a moment ago
        await following.follow(work, case.id)
        return 1
    if case.state == CaseState.DESK and await _taken(work, case):
        case.due_at = work.now + AGAIN
        return 1
    begun = update(Leave).where(Leave.id == case.leave_id, Leave.state == State.APPROVED)
    await work.db.execute(begun.values(state=State.HANDLING.value, version=Leave.version + 1))
    offer_id = await _offer(work, case)
    if offer_id is not None:
        await _ask(work, case, offer_id)
        return 1
    case.due_at = work.now + AGAIN
    if case.state == CaseState.WAITING:
        await case_steps.to_desk(work, case, Need.NOTHING_FOUND)
    return 1


async def _next(work: Work) -> LeaveCase | None:
    """Who waits, and for whom an operator calls because there was none: one may be free by now."""
    nothing = and_(LeaveCase.state == CaseState.DESK, LeaveCase.need == Need.NOTHING_FOUND)
    query = (
        select(LeaveCase)
        .where(or_(LeaveCase.state == CaseState.WAITING, nothing), LeaveCase.due_at <= work.now)
        .order_by(LeaveCase.visit_at, LeaveCase.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    return (await work.db.execute(query)).scalar_one_or_none()


async def _taken(work: Work, case: LeaveCase) -> bool:
    """Whether an operator has the call by now: nothing is done behind their back."""
    call_id = await work.db.scalar(
        select(OutboundCall.id).where(
            OutboundCall.subject == case.subject, OutboundCall.state == CallState.HANDED
        )
    )
    return call_id is not None and (await handed.find(work.db, call_id)).staff_id is not None


async def _offer(work: Work, case: LeaveCase) -> int | None:
    """Keep the best slot that can be had; returns the offer's id, None where there is none."""
    (known,) = await finding.displaced(work.db, [case.id], work.now)
    apart = await finding.apart(work.db, known.place.hospital_id)
    refused: set[int] = set()
    for rung in Rung:
        free = await finding.rooms(work.db, [known], work.now, rung=rung)
        for choice in choices(known, free, now=work.now, apart=apart):
            if choice.rung is not rung or choice.session_id in refused or len(refused) >= TRIES:
                continue
            made = await _make(work, case, choice, refused)
            if made is not None:
                return made
    return None


async def _make(work: Work, case: LeaveCase, choice: Choice, refused: set[int]) -> int | None:
    mark = len(work.events)
    try:
        async with work.db.begin_nested():
            return await offers.make(work, await _wanted(work, case, choice))
    except (SlotFull, SlotTaken, ShareUsedUp):  # sold since we looked: the next period may have one
        pass
    except Refusal:  # of this person in this session
        refused.add(choice.session_id)
    del work.events[mark:]
    return None


async def _wanted(work: Work, case: LeaveCase, choice: Choice) -> offers.Make:
    until = answer_by(
        work.now,
        hours=await _says(work, case, "leave.answer-hours"),
        visit_at=case.visit_at,
        gone_at=min(choice.gone_at, choice.starts_at),
    )
    return offers.Make(
        OfferKind.LEAVE,
        case.id,
        choice.session_id,
        case.person_id,
        _phone(work, case),
        (until - work.now) // timedelta(minutes=1),
        appointment_id=case.appointment_id,
        period_id=choice.period_id,
        why=RUNG_CODES[choice.rung],
    )


async def _ask(work: Work, case: LeaveCase, offer_id: int) -> None:
    """The text goes out by the event of the offer; the telephone rings a while later."""
    await case_steps.drop(work, case)
    offer = await work.db.get_one(Offer, offer_id)
    number = _phone(work, case)
    pause = timedelta(minutes=await _says(work, case, "leave.call-after"))
    reads = number.is_mobile and case.visit_at - work.now > NEAR
    case.offers, case.offer_id, case.need = case.offers + 1, offer_id, None
    case.subject = f"offer/{offer_id}"
    await calling.ask(
        work,
        calling.Ask(
            CallKind.LEAVE,
            case.subject,
            case.person_id,
            number,
            due=work.now + (pause if reads else timedelta()),
            until=offer.expires_at,
            appointment_id=case.appointment_id,
            visit_at=case.visit_at,
        ),
    )
    await case_steps.move(work, case, CaseState.OFFERED, offer.why)


def _phone(work: Work, case: LeaveCase) -> Phone:
    return Phone(work.sealer.open(case.phone_sealed, "phone"))


async def _says(work: Work, case: LeaveCase, name: str) -> int:
    leave = await work.db.get_one(Leave, case.leave_id)
    return int((await rules_for(work.db, leave.hospital_id)).ruling(name).value)
