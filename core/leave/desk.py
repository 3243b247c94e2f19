"""The operators' list of displaced patients who need a person, in order of their visits; take one, close one.

Whose a call is, and each try, stands with the calls (`core.calling.handed`): the operators' desk and this
list are two looks at one thing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.booking.tables import Appointment
from core.calling import handed
from core.calling.handed import Try
from core.calling.rules import Answer
from core.calling.rules import State as CallState
from core.calling.tables import OutboundCall
from core.catalogue.tables import Department, Doctor, Hospital
from core.errors import NotAllowed, NotFound
from core.leave import case_steps, following
from core.leave.rules import OPEN, CaseState, Disposition, Need
from core.leave.tables import Leave, LeaveCase
from core.offers.rules import State as OfferState
from core.offers.tables import Offer
from core.people.tables import Person
from core.staff import audit
from core.values import Actor
from core.work import Work

FUNCTION = "book"  # who does for patients what they wish
SHOWN = 50
EVERY = 10_000  # calls that wait for operators at a time: a province has not so many


@dataclass(frozen=True)
class DeskCase:
    """A patient to be called. staff_id: who has taken the call. offer_id: a slot that is kept for them still.

    phone_sealed: of the number the visit was booked by. tries: how often they were called so far.
    """

    case_id: int
    leave_id: int
    version: int
    need: Need
    appointment_id: int
    person_id: int
    person: str = field(repr=False)
    phone_sealed: bytes = field(repr=False)
    visit_at: datetime
    hospital_id: int
    hospital: str
    department: str
    doctor: str | None
    title: str | None
    number_kind: str
    offer_id: int | None
    call_id: int | None
    tries: int
    staff_id: int | None


async def listed(
    db: AsyncSession, by: Actor, *, leave_id: int | None = None, first: int = 0, most: int = SHOWN
) -> Sequence[DeskCase]:
    """Whose visit is soonest stands first; staff of one hospital see theirs (R-167).

    leave_id: of this leave only.
    """
    open_offer = and_(Offer.id == LeaveCase.offer_id, Offer.state == OfferState.OPEN)
    call = and_(OutboundCall.subject == LeaveCase.subject, OutboundCall.state == CallState.HANDED)
    query = (
        select(
            LeaveCase.id, LeaveCase.leave_id, LeaveCase.version, LeaveCase.need, LeaveCase.appointment_id,
            Person.id, Person.name, LeaveCase.phone_sealed, LeaveCase.visit_at, Hospital.id,
            Hospital.short_name, Department.name, Doctor.name, Doctor.title, Appointment.number_kind,
            Offer.id, OutboundCall.id,
        )
        .join(Appointment, Appointment.id == LeaveCase.appointment_id)
        .join(Person, Person.id == LeaveCase.person_id)
        .join(Hospital, Hospital.id == Appointment.hospital_id)
        .join(Department, Department.id == Appointment.department_id)
        .outerjoin(Doctor, Doctor.id == Appointment.doctor_id)
        .outerjoin(Offer, open_offer)
        .outerjoin(OutboundCall, call)
        .where(*_theirs(by, leave_id))
        .order_by(LeaveCase.visit_at, LeaveCase.id)
        .offset(first)
        .limit(most)
    )  # fmt: skip
    rows = (await db.execute(query)).all()
    calls = [row[-1] for row in rows if row[-1] is not None]
    tries = await handed.tries_of(db, calls)
    whose = {one.call_id: one.staff_id for one in await handed.waiting(db, EVERY)} if calls else {}
    return [_shown(list(row), tries, whose) for row in rows]


def _shown(row: list[Any], tries: Mapping[int, Sequence[Try]], whose: Mapping[int, int | None]) -> DeskCase:
    call_id = row[-1]
    row[3] = Need(row[3])
    row += [len(tries.get(call_id, ())), whose.get(call_id)]
    return DeskCase(*row)


async def count(db: AsyncSession, by: Actor, *, leave_id: int | None = None) -> int:
    query = select(func.count()).select_from(LeaveCase)
    query = query.join(Appointment, Appointment.id == LeaveCase.appointment_id)
    return await db.scalar(query.where(*_theirs(by, leave_id))) or 0


def _theirs(by: Actor, leave_id: int | None) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = [LeaveCase.state == CaseState.DESK]
    if by.hospital_id is not None:
        wanted.append(Appointment.hospital_id == by.hospital_id)
    if leave_id is not None:
        wanted.append(LeaveCase.leave_id == leave_id)
    return wanted


async def of_subject(db: AsyncSession, subject: str) -> int | None:
    """The open case that a call of this subject is about; None: it is about something else, or over."""
    query = select(LeaveCase.id).where(LeaveCase.subject == subject, LeaveCase.state.in_(OPEN))
    return (await db.execute(query)).scalar_one_or_none()


async def claim(work: Work, case_id: int) -> int:
    """Take the call; a repeat does no harm. Returns the callback that is owed now, for dialling.

    Raises NotAllowed without the function 'book', NotFound when it needs nobody any more or is of another
    hospital, ChangedMeanwhile when a colleague was quicker.
    """
    case, staff_id = await _open(work, case_id)
    return await handed.take(work, await _call(work, case), staff_id)


async def put_back(work: Work, case_id: int) -> None:
    """Leave one's own to anybody. Raises what `claim` raises."""
    case, staff_id = await _open(work, case_id)
    await handed.give_back(work, await _call(work, case), staff_id)


async def settle(work: Work, case_id: int, disposition: Disposition) -> None:
    """Close one that one has taken, and whose visit still waits.

    What the patient wants done is done to the visit itself (accept the offer, change, cancel): the case
    follows. Raises what `claim` raises.
    """
    case, staff_id = await _open(work, case_id)
    answer = None if disposition is Disposition.UNREACHABLE else Answer.ELSEWHERE
    await handed.settle(work, await _call(work, case), staff_id, answer)
    case.staff_id = staff_id
    await case_steps.close(work, case, disposition)
    await audit.note(work, "leave-settled", what="leave-case", subject_id=case_id, reason=disposition.value)


async def _open(work: Work, case_id: int) -> tuple[LeaveCase, int]:
    if not work.by.may(FUNCTION) or work.by.staff_id is None:
        raise NotAllowed(facts={"function": FUNCTION})
    case = await case_steps.lock(work, case_id)
    if case is None or await following.follow(work, case_id) not in OPEN:
        raise NotFound(facts={"what": "case"})
    leave = await work.db.get_one(Leave, case.leave_id)
    if not work.by.sees(leave.hospital_id):
        raise NotFound(facts={"what": "case"})
    if case.state == CaseState.OFFERED and await case_steps.is_handed(work, case.subject):
        await case_steps.to_desk(work, case, Need.UNANSWERED)  # the last try has just been made
    if case.state != CaseState.DESK:
        raise NotFound(facts={"what": "case"})
    return case, work.by.staff_id


async def _call(work: Work, case: LeaveCase) -> int:
    query = select(OutboundCall.id).where(
        OutboundCall.subject == case.subject, OutboundCall.state == CallState.HANDED
    )
    call_id = (await work.db.execute(query)).scalar_one_or_none()
    if call_id is None:
        raise NotFound(facts={"what": "call"})
    return call_id
