"""Who may do what with a leave, and the one guarded step from a state to the next."""

from sqlalchemy import update

from core.errors import NotAllowed, NotFound, WrongState
from core.leave.rules import State, before
from core.leave.tables import Leave
from core.work import Work

ENTER, APPROVE = "leave", "leave-approve"


def must(work: Work, function: str, hospital_id: int) -> None:
    """Raises NotAllowed."""
    if not work.by.may(function):
        raise NotAllowed(facts={"function": function})
    work.by.must_see(hospital_id)


async def locked(work: Work, leave_id: int, function: str) -> Leave:
    """One act at a time for each leave. Raises NotAllowed, NotFound, also for another hospital's."""
    row = await work.db.get(Leave, leave_id, with_for_update=True, populate_existing=True)
    if row is None or not work.by.sees(row.hospital_id):
        raise NotFound(facts={"what": "leave"})
    must(work, function, row.hospital_id)
    return row


async def step(work: Work, row: Leave, to: State, **values: object) -> None:
    """The one guarded step of a leave. Raises WrongState."""
    moved = await work.db.execute(
        update(Leave)
        .where(Leave.id == row.id, Leave.state.in_(before(to)))
        .values(state=to.value, version=Leave.version + 1, **values)
        .returning(Leave.id)
        .execution_options(synchronize_session=False)
    )
    if moved.one_or_none() is None:
        raise WrongState(facts={"state": row.state, "wanted": to.value})
    await work.db.refresh(row)
