"""The plain way (R-089): move all of a leave's open cases to one session, or cancel them all.

Each patient in a unit of work of their own, the earliest visit first. Asked again, it goes on with those who
are left: nobody is moved or cancelled twice.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from core.booking.book import change
from core.booking.cancel import cancel
from core.booking.commands import Cancel, Change, Hold
from core.booking.hold import hold
from core.booking.rules import FOR_LEAVE
from core.booking.tables import Appointment
from core.errors import NotFound, Refusal, SessionStopped, ShareUsedUp, SlotFull
from core.leave import case_steps, following
from core.leave.rules import OPEN, CaseState
from core.leave.steps import ENTER, locked
from core.leave.tables import LeaveCase
from core.offers.rules import HOLD_REASON
from core.offers.rules import Kind as OfferKind
from core.schedule.tables import Session
from core.staff import audit
from core.values import Actor
from core.work import Hotline, Work

# Nobody else fits after one of these.
_OVER = (SlotFull, ShareUsedUp, SessionStopped)


@dataclass(frozen=True)
class Left:
    """Who is left as they were, and the code of the refusal."""

    case_id: int
    code: str


@dataclass(frozen=True)
class Batch:
    """done: cases that ended by this; left: those it could not end."""

    done: Sequence[int]
    left: Sequence[Left]


async def batch_change(hotline: Hotline, by: Actor, leave_id: int, session_id: int) -> Batch:
    """Move everybody who fits to a session; the hospital decides, so they may change or cancel again free.

    Raises NotAllowed without the function 'leave', NotFound for a leave or session that is not theirs to see.
    """

    async def one(work: Work, case: LeaveCase) -> None:
        await case_steps.take_back(work, case, "moved")
        held = await hold(
            work,
            Hold(
                session_id,
                f"leave:{case.id}",
                person_id=case.person_id,
                reason=HOLD_REASON[OfferKind.LEAVE],
            ),
        )
        made = await change(work, Change(case.appointment_id, held.hold_id))
        moved = await work.db.get_one(Appointment, made.appointment_id)
        moved.reason = FOR_LEAVE
        case.made_id, case.channel = moved.id, by.channel.value if by.channel else None
        await case_steps.end(work, case, CaseState.CHANGED)

    async def begin(work: Work) -> None:
        target = await work.db.get(Session, session_id)
        if target is None or not by.sees(target.hospital_id):
            raise NotFound(facts={"what": "session"})

    return await _each(hotline, by, leave_id, "leave-moved", one, begin)


async def batch_cancel(hotline: Hotline, by: Actor, leave_id: int) -> Batch:
    """Cancel everybody's visit, with the fee in full. Raises NotAllowed, NotFound."""

    async def one(work: Work, case: LeaveCase) -> None:
        await case_steps.take_back(work, case, "cancelled")
        await cancel(work, Cancel(case.appointment_id))
        case.channel = by.channel.value if by.channel else None
        await case_steps.end(work, case, CaseState.CANCELLED)

    async def begin(work: Work) -> None:
        pass

    return await _each(hotline, by, leave_id, "leave-cancelled", one, begin)


async def _each(
    hotline: Hotline,
    by: Actor,
    leave_id: int,
    act: str,
    one: Callable[[Work, LeaveCase], Awaitable[None]],
    begin: Callable[[Work], Awaitable[None]],
) -> Batch:
    async def first(work: Work) -> Sequence[int]:
        await locked(work, leave_id, ENTER)
        await begin(work)
        await audit.note(work, act, what="leave", subject_id=leave_id)
        query = select(LeaveCase.id).where(LeaveCase.leave_id == leave_id, LeaveCase.state.in_(OPEN))
        return (await work.db.execute(query.order_by(LeaveCase.visit_at, LeaveCase.id))).scalars().all()

    done: list[int] = []
    left: list[Left] = []
    over: str | None = None
    for case_id in await hotline.run(first, by):
        try:
            if over is None and await hotline.run(_in_its_own(case_id, one), by):
                done.append(case_id)
            elif over is not None:
                left.append(Left(case_id, over))
        except Refusal as no:
            left.append(Left(case_id, no.code))
            over = no.code if isinstance(no, _OVER) else None
    return Batch(done, left)


def _in_its_own(
    case_id: int, one: Callable[[Work, LeaveCase], Awaitable[None]]
) -> Callable[[Work], Awaitable[bool]]:
    async def act(work: Work) -> bool:
        case = await case_steps.lock(work, case_id)
        if case is None or await following.follow(work, case_id) not in OPEN:
            return False  # ended a moment ago, in another way
        await one(work, case)
        return True

    return act
