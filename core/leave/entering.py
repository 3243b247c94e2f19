"""Write a leave down: by hand as a draft, or as a hospital's own system tells of it."""

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from core.catalogue.tables import Department, Doctor, Post
from core.errors import KeyReused, NotFound, WrongInput, WrongState
from core.events import LeaveEntered
from core.leave.rules import WRITABLE, Enter, Source, State, check, covers
from core.leave.steps import ENTER, locked, must
from core.leave.tables import Leave
from core.schedule.rules import SessionState
from core.schedule.tables import Session
from core.staff import audit
from core.values import day_of
from core.work import Work


async def enter(work: Work, asked: Enter) -> int:
    """Write a draft; returns its id.

    Raises NotAllowed without the function 'leave' or outside the actor's hospital, NotFound for a doctor or
    post that is not the hospital's, WrongInput (facts: field; why 'busy' where the substitute sees patients
    of their own then).
    """
    must(work, ENTER, asked.hospital_id)
    source = Source.OPERATOR if work.by.hospital_id is None else Source.ADMIN
    leave_id = await write(work, asked, source, None)
    assert leave_id is not None
    await audit.note(work, "leave-entered", what="leave", subject_id=leave_id, reason=asked.words)
    return leave_id


async def amend(work: Work, leave_id: int, asked: Enter) -> None:
    """Write a draft, or one that was returned, anew. Raises what `enter` raises, WrongState."""
    row = await locked(work, leave_id, ENTER)
    if State(row.state) not in WRITABLE:
        raise WrongState(facts={"state": row.state, "wanted": State.DRAFT.value})
    if asked.hospital_id != row.hospital_id:
        raise WrongInput(facts={"field": "hospital_id"})
    await _check(work, asked)
    for name, value in _values(asked).items():
        setattr(row, name, value)
    row.entered_by, row.entered_staff_id = work.by.name[:40], work.by.staff_id
    row.version += 1
    await audit.note(work, "leave-changed", what="leave", subject_id=leave_id, reason=asked.words)


async def of_message(db: AsyncSession, hospital_id: int, external_id: str) -> int:
    """The leave a hospital told of under its own id, to be withdrawn by it. Raises NotFound."""
    query = select(Leave.id).where(Leave.hospital_id == hospital_id, Leave.external_id == external_id)
    found = await db.scalar(query)
    if found is None:
        raise NotFound(facts={"what": "leave"})
    return found


def _values(asked: Enter) -> dict[str, object]:
    return {
        "doctor_id": asked.doctor_id,
        "post_id": asked.post_id,
        "kind": asked.kind.value,
        "first_day": asked.first[0],
        "first_half": asked.first[1],
        "last_day": asked.last[0],
        "last_half": asked.last[1],
        "reason": asked.reason,
        "words": asked.words.strip(),
        "substitute_id": asked.substitute_id,
        "keep": asked.keep,
    }


async def write(work: Work, asked: Enter, source: Source, external_id: str | None) -> int | None:
    """The new row's id; None where a message has written it before."""
    await _check(work, asked)
    maker = sqlite.insert if work.house.database.sqlite else postgresql.insert
    row = {
        **_values(asked),
        "hospital_id": asked.hospital_id,
        "source": source.value,
        "external_id": external_id,
        "state": State.DRAFT.value,
        "entered_by": work.by.name[:40],
        "entered_staff_id": work.by.staff_id,
        "entered_at": work.now,
        "version": 1,
    }
    made = await work.db.execute(
        maker(Leave)
        .values(row)
        .on_conflict_do_nothing(index_elements=["hospital_id", "external_id"])
        .returning(Leave.id)
    )
    leave_id = made.scalar_one_or_none()
    if leave_id is not None:
        work.record(
            LeaveEntered(
                leave_id=leave_id, hospital_id=asked.hospital_id, sort=asked.kind.value, source=source.value
            )
        )
    return leave_id


async def again(work: Work, asked: Enter, external_id: str) -> int:
    row = await work.db.get_one(Leave, await of_message(work.db, asked.hospital_id, external_id))
    if any(getattr(row, name) != value for name, value in _values(asked).items()):
        raise KeyReused
    return row.id


async def _check(work: Work, asked: Enter) -> None:
    check(asked, day_of(work.now))
    if asked.post_id is not None:
        here = await work.db.scalar(
            select(Department.hospital_id)
            .join(Post, Post.department_id == Department.id)
            .where(Post.id == asked.post_id)
        )
        if here != asked.hospital_id:
            raise NotFound(facts={"what": "post"})
    for doctor_id in (asked.doctor_id, asked.substitute_id):
        if doctor_id is not None:
            doctor = await work.db.get(Doctor, doctor_id)
            if doctor is None or doctor.hospital_id != asked.hospital_id:
                raise NotFound(facts={"what": "doctor"})
    if asked.substitute_id is not None:
        await free_to_stand_in(work, asked.substitute_id, asked)


async def free_to_stand_in(work: Work, doctor_id: int, asked: Enter) -> None:
    """A doctor cannot see the patients of two sessions at once. Raises WrongInput."""
    away, theirs = aliased(Session), aliased(Session)
    whose = away.post_id == asked.post_id if asked.post_id else away.doctor_id == asked.doctor_id
    first, last = asked.first[0], asked.last[0]
    query = (
        select(away.day, away.half)
        .join(theirs, (theirs.starts_at < away.ends_at) & (away.starts_at < theirs.ends_at))
        .where(
            whose,
            away.day.between(first, last),
            away.state == SessionState.PUBLISHED,
            away.ends_at > work.now,
            theirs.doctor_id == doctor_id,
            theirs.day.between(first, last),
            theirs.state == SessionState.PUBLISHED,
        )
    )
    for day, half in (await work.db.execute(query)).all():
        if covers(asked.first, asked.last, day, half):
            raise WrongInput(facts={"field": "substitute_id", "why": "busy", "day": day})
