"""What time does to leaves: sessions that are published into one, and its end."""

from sqlalchemy import exists, select, update

from core.events import LeaveDone, LeaveExtended
from core.leave import closing
from core.leave.rules import IN_FORCE, OPEN, Kind, State
from core.leave.steps import step
from core.leave.tables import Leave, LeaveCase
from core.schedule.tables import Session
from core.values import day_of
from core.work import Work


async def extend_due(work: Work) -> int:
    """A job: close what was published into a leave's range since; one leave in each unit of work."""
    fresh = exists(select(Session.id).where(*closing.to_close(work.now)).correlate(Leave))
    query = (
        select(Leave)
        .where(Leave.state.in_(IN_FORCE), Leave.last_day >= day_of(work.now), fresh)
        .order_by(Leave.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    row = (await work.db.execute(query)).scalar_one_or_none()
    if row is None:
        return 0
    closed = await closing.close(work, row)
    if closed.cases and row.state == State.DONE and row.kind != Kind.SUBSTITUTE:
        await step(work, row, State.HANDLING, ended_at=None)
    work.record(
        LeaveExtended(
            leave_id=row.id, hospital_id=row.hospital_id, sessions=closed.sessions, cases=closed.cases
        )
    )
    return closed.sessions


async def finish_due(work: Work, limit: int = 50) -> int:
    """A job: a leave of which no case is open any more is done; returns how many."""
    still = exists().where(LeaveCase.leave_id == Leave.id, LeaveCase.state.in_(OPEN))
    chosen = (
        select(Leave.id)
        .where(Leave.state.in_([State.APPROVED, State.HANDLING]), ~still)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("chosen")
    )
    done = await work.db.execute(
        update(Leave)
        .where(Leave.id.in_(select(chosen.c.id)), Leave.state.in_([State.APPROVED, State.HANDLING]))
        .values(state=State.DONE.value, ended_at=work.now, version=Leave.version + 1)
        .returning(Leave.id, Leave.hospital_id)
        .execution_options(synchronize_session=False)
    )
    rows = done.all()
    for leave_id, hospital_id in rows:
        work.record(LeaveDone(leave_id=leave_id, hospital_id=hospital_id))
    return len(rows)
