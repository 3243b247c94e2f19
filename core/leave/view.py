"""Questions about leaves, joined for the pages; read-only. Proof and figures are in `proof` and `figures`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from core.booking.tables import Appointment
from core.catalogue.tables import Department, Doctor, Hospital, Post
from core.errors import NotFound
from core.leave import closing, finding
from core.leave.plan import Rung, plan
from core.leave.rules import FINAL, OPEN, CaseState, Kind, Need, Number, Source, State, surplus
from core.leave.tables import Leave, LeaveCase
from core.people.tables import Person
from core.schedule.rules import SlotState
from core.schedule.tables import Session, Slot
from core.values import Actor

PAGE = 20
_STOPPABLE = ("provisional", "unpaid", "booked")


@dataclass(frozen=True)
class LeaveView:
    """A leave with its names. cases: by state, only those there are.

    doctor: who is away; None: the department's own number.
    """

    leave_id: int
    state: State
    kind: Kind
    version: int
    hospital_id: int
    hospital: str
    doctor_id: int | None
    doctor: str | None
    title: str | None
    post_id: int | None
    department: str | None
    number_kind: str | None
    first_day: date
    first_half: str
    last_day: date
    last_half: str
    reason: str
    words: str
    source: Source
    external_id: str | None
    substitute_id: int | None
    substitute: str | None
    keep: int | None
    answer: str | None
    entered_by: str
    entered_staff_id: int | None
    entered_at: datetime
    approved_by: str | None
    approved_at: datetime | None
    ended_at: datetime | None
    cases: Mapping[CaseState, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return sum(self.cases.values())

    @property
    def open(self) -> int:
        """How many patients are still to be looked after."""
        return sum(self.cases.get(state, 0) for state in OPEN)

    @property
    def ended(self) -> int:
        return sum(self.cases.get(state, 0) for state in FINAL)


async def load(db: AsyncSession, leave_id: int, by: Actor) -> LeaveView:
    """Raises NotFound, also for another hospital's."""
    found = await _views(db, _joined(by).where(Leave.id == leave_id))
    if not found:
        raise NotFound(facts={"what": "leave"})
    return found[0]


async def listed(
    db: AsyncSession, by: Actor, *, states: Sequence[State] = (), first: int = 0, most: int = PAGE
) -> Sequence[LeaveView]:
    """The newest first; staff of one hospital see theirs (R-167). states: only in one of these."""
    query = _joined(by)
    if states:
        query = query.where(Leave.state.in_(states))
    return await _views(
        db, query.order_by(Leave.entered_at.desc(), Leave.id.desc()).offset(first).limit(most)
    )


async def count(db: AsyncSession, by: Actor, *, states: Sequence[State] = ()) -> int:
    query = select(func.count()).select_from(Leave).where(*_seen(by))
    if states:
        query = query.where(Leave.state.in_(states))
    return await db.scalar(query) or 0


def _seen(by: Actor) -> list[ColumnElement[bool]]:
    return [] if by.hospital_id is None else [Leave.hospital_id == by.hospital_id]


def _joined(by: Actor) -> Select[*tuple[Any, ...]]:
    stand_in, own = aliased(Doctor), aliased(Doctor)
    return (
        select(
            Leave.id, Leave.state, Leave.kind, Leave.version, Leave.hospital_id, Hospital.short_name,
            func.coalesce(Doctor.id, own.id), func.coalesce(Doctor.name, own.name),
            func.coalesce(Doctor.title, own.title), Leave.post_id, Department.name, Post.kind,
            Leave.first_day, Leave.first_half, Leave.last_day, Leave.last_half, Leave.reason, Leave.words,
            Leave.source, Leave.external_id, Leave.substitute_id, stand_in.name, Leave.keep, Leave.answer,
            Leave.entered_by, Leave.entered_staff_id, Leave.entered_at, Leave.approved_by,
            Leave.approved_at, Leave.ended_at,
        )
        .join(Hospital, Hospital.id == Leave.hospital_id)
        .outerjoin(Doctor, Doctor.id == Leave.doctor_id)
        .outerjoin(Post, Post.id == Leave.post_id)
        .outerjoin(Department, Department.id == Post.department_id)
        .outerjoin(own, own.id == Post.doctor_id)
        .outerjoin(stand_in, stand_in.id == Leave.substitute_id)
        .where(*_seen(by))
    )  # fmt: skip


async def _views(db: AsyncSession, query: Select[*tuple[Any, ...]]) -> list[LeaveView]:
    rows = (await db.execute(query)).all()
    counted = (
        select(LeaveCase.leave_id, LeaveCase.state, func.count())
        .where(LeaveCase.leave_id.in_([row[0] for row in rows]))
        .group_by(LeaveCase.leave_id, LeaveCase.state)
    )
    cases: dict[int, dict[CaseState, int]] = {}
    for leave_id, state, number in (await db.execute(counted)).all():
        cases.setdefault(leave_id, {})[CaseState(state)] = number
    found = []
    for row in rows:
        values: list[Any] = [*row, cases.get(row[0], {})]
        values[1], values[2], values[18] = State(values[1]), Kind(values[2]), Source(values[18])
        found.append(LeaveView(*values))
    return found


# --- before the approval --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Preview:
    """What approving would do now. found: patients for whom there is something, by how near it comes.

    nothing: patients whom a person must call; for a substitution nobody is displaced.
    """

    sessions: int
    patients: int
    found: Mapping[Rung, int]
    nothing: int


async def preview(db: AsyncSession, leave_id: int, now: datetime) -> Preview:
    """Raises NotFound."""
    leave = await db.get(Leave, leave_id)
    if leave is None:
        raise NotFound(facts={"what": "leave"})
    query = select(Session.id).join(Leave, Leave.id == leave_id).where(*closing.to_close(now))
    sessions = (await db.execute(query)).scalars().all()
    ids = await would_stop(db, leave, sessions)
    if leave.kind == Kind.SUBSTITUTE:
        return Preview(len(sessions), len(ids), {}, 0)
    cases = await finding.would_displace(db, ids, now)
    free = [room for room in await finding.rooms(db, cases, now) if room.session_id not in sessions]
    planned = plan(cases, free, now=now, apart=await finding.apart(db, leave.hospital_id))
    rungs = [choice.rung for choice in planned.values() if choice is not None]
    found = {rung: rungs.count(rung) for rung in Rung if rung in rungs}
    return Preview(len(sessions), len(ids), found, len(ids) - len(rungs))


async def would_stop(db: AsyncSession, leave: Leave, sessions: Sequence[int]) -> Sequence[int]:
    """The visits in these sessions that the leave would displace, by their ids."""
    query = select(Appointment.id).where(
        Appointment.session_id.in_(sessions), Appointment.state.in_(_STOPPABLE)
    )
    if leave.kind == Kind.REDUCE:
        surplus_ids: list[int] = []
        for session_id in sessions:
            slots = select(Slot.id, Slot.sequence, Slot.state).where(Slot.session_id == session_id)
            numbers = [
                Number(slot_id, sequence, SlotState(state))
                for slot_id, sequence, state in (await db.execute(slots)).all()
            ]
            surplus_ids += surplus(numbers, leave.keep or 0)
        query = query.where(Appointment.slot_id.in_(surplus_ids))
    return (await db.execute(query)).scalars().all()


# --- the list -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class CaseView:
    """A displaced patient. made_id: the visit they have now; offer_id: the newest offer.

    phone_sealed: of the number the visit was booked by.
    """

    case_id: int
    leave_id: int
    state: CaseState
    need: Need | None
    version: int
    appointment_id: int
    serial: str
    person_id: int
    person: str = field(repr=False)
    phone_sealed: bytes = field(repr=False)
    visit_at: datetime
    sequence: int
    department: str
    offers: int
    offer_id: int | None
    made_id: int | None
    channel: str | None
    disposition: str | None
    opened_at: datetime
    ended_at: datetime | None


async def cases(
    db: AsyncSession,
    leave_id: int,
    *,
    states: Sequence[CaseState] = (),
    first: int = 0,
    most: int = PAGE,
) -> Sequence[CaseView]:
    """The frozen list, the earliest visit first. states: only in one of these."""
    query = _cases().where(LeaveCase.leave_id == leave_id)
    if states:
        query = query.where(LeaveCase.state.in_(states))
    rows = await db.execute(query.order_by(LeaveCase.visit_at, LeaveCase.id).offset(first).limit(most))
    return [_case(row) for row in rows.all()]


async def case(db: AsyncSession, case_id: int, by: Actor) -> CaseView:
    """Raises NotFound, also for another hospital's."""
    query = _cases().join(Leave, Leave.id == LeaveCase.leave_id).where(LeaveCase.id == case_id, *_seen(by))
    row = (await db.execute(query)).one_or_none()
    if row is None:
        raise NotFound(facts={"what": "case"})
    return _case(row)


def _cases() -> Select[*tuple[Any, ...]]:
    return (
        select(
            LeaveCase.id, LeaveCase.leave_id, LeaveCase.state, LeaveCase.need, LeaveCase.version,
            LeaveCase.appointment_id, Appointment.serial, Person.id, Person.name, LeaveCase.phone_sealed,
            LeaveCase.visit_at, Appointment.sequence, Department.name, LeaveCase.offers, LeaveCase.offer_id,
            LeaveCase.made_id, LeaveCase.channel, LeaveCase.disposition, LeaveCase.opened_at,
            LeaveCase.ended_at,
        )
        .join(Appointment, Appointment.id == LeaveCase.appointment_id)
        .join(Person, Person.id == LeaveCase.person_id)
        .join(Department, Department.id == Appointment.department_id)
    )  # fmt: skip


def _case(row: Any) -> CaseView:
    values = list(row)
    values[2], values[3] = CaseState(values[2]), Need(values[3]) if values[3] else None
    return CaseView(*values)
