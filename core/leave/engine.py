"""Submit a leave, approve, return and withdraw it; what follows is in `offering` and `following`."""

from dataclasses import dataclass

from sqlalchemy import func, select

from core.credit.engine import rules_for
from core.errors import FourEyes, NotAllowed, NotFound, WrongInput
from core.events import LeaveApproved, LeaveReturned, LeaveSubmitted, LeaveWithdrawn
from core.leave import case_steps, closing, entering
from core.leave.closing import Closed
from core.leave.rules import FINAL, IN_FORCE, OPEN, WORDS, CaseState, Enter, Kind, Source, State
from core.leave.steps import APPROVE, ENTER, locked, must, step
from core.leave.tables import Leave, LeaveCase
from core.staff import audit
from core.values import ActorKind
from core.work import Work


@dataclass(frozen=True)
class Withdrawn:
    """restored: visits that take place as first said; stayed: patients who had moved or given up before."""

    restored: int
    stayed: int


async def submit(work: Work, leave_id: int) -> None:
    """Raises NotAllowed, NotFound, WrongState."""
    row = await locked(work, leave_id, ENTER)
    await step(work, row, State.SUBMITTED)
    work.record(LeaveSubmitted(leave_id=leave_id, hospital_id=row.hospital_id))
    await audit.note(work, "leave-submitted", what="leave", subject_id=leave_id)


async def send_back(work: Work, leave_id: int, words: str) -> None:
    """Return it to whoever entered it. Raises NotAllowed, NotFound, WrongState, WrongInput without words."""
    row = await locked(work, leave_id, APPROVE)
    _said(words)
    await step(work, row, State.RETURNED, answer=words.strip())
    work.record(LeaveReturned(leave_id=leave_id, hospital_id=row.hospital_id))
    await audit.note(work, "leave-returned", what="leave", subject_id=leave_id, reason=words)


async def approve(work: Work, leave_id: int) -> Closed:
    """Close the sessions and freeze the list of patients: one transaction, and of two at once one counts.

    Raises NotAllowed without the function 'leave-approve', FourEyes for whoever entered it, NotFound,
    WrongState, WrongInput (the substitute is busy by now).
    """
    row = await locked(work, leave_id, APPROVE)
    await _four_eyes(work, row)
    closed = await _approve(work, row)
    await audit.note(work, "leave-approved", what="leave", subject_id=leave_id)
    return closed


async def from_hospital(work: Work, asked: Enter, external_id: str) -> int:
    """A leave that the hospital's own system tells of: it was approved there, and holds at once.

    The same message again is answered with the same leave. Raises NotAllowed unless a hospital or the house
    itself tells of it, KeyReused for another leave under that id, and what `enter` raises.
    """
    by = work.by
    if by.kind not in (ActorKind.HOSPITAL, ActorKind.SYSTEM):
        raise NotAllowed(facts={"function": ENTER})
    by.must_see(asked.hospital_id)
    if not 1 <= len(external_id) <= 64:
        raise WrongInput(facts={"field": "external_id"})
    leave_id = await entering.write(work, asked, Source.MESSAGE, external_id)
    if leave_id is None:
        return await entering.again(work, asked, external_id)
    row = await work.db.get_one(Leave, leave_id, with_for_update=True)
    await _approve(work, row)
    return leave_id


async def withdraw(work: Work, leave_id: int, words: str) -> Withdrawn:
    """The doctor comes: sessions that have not begun are open again, and who still waits is restored.

    Whoever has moved or given up stays so. Cases of sessions that have begun go on. Raises NotAllowed,
    NotFound, WrongState, WrongInput without words.
    """
    row = await work.db.get(Leave, leave_id, with_for_update=True, populate_existing=True)
    if row is None or not work.by.sees(row.hospital_id):
        raise NotFound(facts={"what": "leave"})
    told = work.by.kind is ActorKind.HOSPITAL and row.source == Source.MESSAGE
    if not told:
        must(work, ENTER, row.hospital_id)
    _said(words)
    was = State(row.state)
    await step(work, row, State.WITHDRAWN, answer=words.strip(), ended_at=work.now)
    done = await _open_again(work, row) if was in IN_FORCE else Withdrawn(0, 0)
    work.record(
        LeaveWithdrawn(
            leave_id=leave_id, hospital_id=row.hospital_id, restored=done.restored, stayed=done.stayed
        )
    )
    await audit.note(work, "leave-withdrawn", what="leave", subject_id=leave_id, reason=words)
    return done


def _said(words: str) -> None:
    if not 0 < len(words.strip()) <= WORDS:
        raise WrongInput(facts={"field": "words"})


async def _four_eyes(work: Work, row: Leave) -> None:
    if work.by.kind is ActorKind.SYSTEM:
        return
    ruling = (await rules_for(work.db, row.hospital_id)).ruling("leave.four-eyes")
    own = (row.entered_by, row.entered_staff_id) == (work.by.name[:40], work.by.staff_id)
    if ruling.value and own:
        raise FourEyes(ruling.ref)


async def _approve(work: Work, row: Leave) -> Closed:
    if row.substitute_id is not None:
        await entering.free_to_stand_in(work, row.substitute_id, _asked(row))
    if row.source == Source.MESSAGE:
        await step(work, row, State.SUBMITTED)
    await step(
        work, row, State.APPROVED,
        approved_by=work.by.name[:40], approved_staff_id=work.by.staff_id, approved_at=work.now,
    )  # fmt: skip
    closed = await closing.close(work, row)
    work.record(
        LeaveApproved(
            leave_id=row.id,
            hospital_id=row.hospital_id,
            sort=row.kind,
            sessions=closed.sessions,
            cases=closed.cases,
        )
    )
    return closed


def _asked(row: Leave) -> Enter:
    first, last = (row.first_day, row.first_half), (row.last_day, row.last_half)
    return Enter(row.hospital_id, Kind(row.kind), first, last, row.doctor_id, row.post_id)


async def _open_again(work: Work, row: Leave) -> Withdrawn:
    sessions = await closing.ahead(work, row)
    theirs = [LeaveCase.leave_id == row.id, LeaveCase.session_id.in_([one.session_id for one in sessions])]
    waiting = select(LeaveCase).where(*theirs, LeaveCase.state.in_([*OPEN, CaseState.KEPT]))
    query = waiting.order_by(LeaveCase.id).with_for_update()
    cases = (await work.db.execute(query.execution_options(populate_existing=True))).scalars().all()
    # Offers first: who is just accepting one has it, and is not restored.
    for case in cases:
        await case_steps.take_back(work, case, "leave-withdrawn")
    restored: set[int] = set()
    for session in sessions:
        restored.update(await closing.reopen(work, row, session))
    back = [case for case in cases if case.appointment_id in restored]
    for case in back:
        await case_steps.end(work, case, CaseState.RESTORED)
    ended = select(func.count()).where(
        LeaveCase.leave_id == row.id, LeaveCase.state.in_(FINAL - {CaseState.RESTORED})
    )
    return Withdrawn(len(back), len(cases) - len(back) + (await work.db.scalar(ended) or 0))
