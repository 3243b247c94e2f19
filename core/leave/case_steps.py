"""The steps of one displaced patient's case; whoever takes one has locked the case."""

from datetime import timedelta

from sqlalchemy import select

from core.booking.cancel import cancel
from core.booking.commands import Cancel
from core.calling import engine as calling
from core.calling import handed
from core.calling.rules import Answer
from core.calling.rules import Kind as CallKind
from core.calling.rules import State as CallState
from core.calling.tables import OutboundCall
from core.events import LeaveCaseMoved
from core.leave.rules import OPEN, CaseState, Disposition, Need
from core.leave.tables import LeaveCase
from core.offers import engine as offers
from core.values import Phone
from core.work import Work

# An operator's call makes sense for so long after the visit that was stopped.
CALL_FOR = timedelta(days=7)


async def lock(work: Work, case_id: int) -> LeaveCase | None:
    """An open case, locked and as it is now; None when it has ended."""
    query = (
        select(LeaveCase)
        .where(LeaveCase.id == case_id, LeaveCase.state.in_(OPEN))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await work.db.execute(query)).scalar_one_or_none()


async def move(work: Work, case: LeaveCase, to: CaseState, why: str | None) -> None:
    """The one step of a case: guarded by its version (LeaveCase), and only from what is not final."""
    assert case.state in (*OPEN, CaseState.KEPT)
    case.state, case.version = to.value, case.version + 1
    await work.db.flush()
    work.record(
        LeaveCaseMoved(
            case_id=case.id,
            leave_id=case.leave_id,
            appointment_id=case.appointment_id,
            person_id=case.person_id,
            state=case.state,
            why=why,
            version=case.version,
        )
    )


async def end(
    work: Work,
    case: LeaveCase,
    to: CaseState,
    *,
    disposition: Disposition | None = None,
) -> None:
    """The case is over: what was kept for it and its call are taken back. The caller has locked it."""
    await take_back(work, case, "case-ended")
    await drop(work, case)
    case.ended_at, case.need = work.now, None
    case.disposition = disposition.value if disposition else None
    await move(work, case, to, disposition.value if disposition else None)


async def take_back(work: Work, case: LeaveCase, why: str) -> None:
    """Withdraw the case's offer if it still stands."""
    if case.offer_id is not None:
        await offers.withdraw(work, case.offer_id, why)


async def to_desk(work: Work, case: LeaveCase, need: Need) -> None:
    """A person calls. An offer that stands goes on standing; the call about it is theirs now."""
    case.need = need.value
    if not await is_handed(work, case.subject):
        await drop(work, case)
        case.subject = f"leave/{case.id}/{case.version}"
        await handed.hand(
            work,
            calling.Ask(
                CallKind.LEAVE,
                case.subject,
                case.person_id,
                Phone(work.sealer.open(case.phone_sealed, "phone")),
                due=work.now,
                until=max(case.visit_at, work.now) + CALL_FOR,
                appointment_id=case.appointment_id,
                visit_at=case.visit_at,
            ),
        )
    await move(work, case, CaseState.DESK, need.value)


async def close(work: Work, case: LeaveCase, disposition: Disposition) -> None:
    """An operator's last word on a visit that still waits. Who could not be reached gets the fee back."""
    if disposition is Disposition.UNREACHABLE:
        await take_back(work, case, "case-ended")
        await cancel(work, Cancel(case.appointment_id))
    case.channel = work.by.channel.value if work.by.channel else None
    await end(work, case, CaseState.SETTLED, disposition=disposition)


async def is_handed(work: Work, subject: str | None) -> bool:
    """Whether an operator is to make the call about it."""
    query = select(OutboundCall.id).where(
        OutboundCall.subject == subject, OutboundCall.state == CallState.HANDED
    )
    return (await work.db.execute(query)).first() is not None


async def drop(work: Work, case: LeaveCase) -> None:
    """Nobody need call about it any more."""
    if case.subject is not None:
        await calling.drop(work, case.subject, Answer.ELSEWHERE)
