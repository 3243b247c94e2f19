"""Ask for an outbound call, and take the asking back."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import case, update
from sqlalchemy.dialects import postgresql, sqlite

from core.calling import owing
from core.calling.rules import Answer, Kind, State, not_before
from core.calling.tables import OutboundCall
from core.events import OutboundAsked, OutboundSettled
from core.values import Phone
from core.work import Work


@dataclass(frozen=True)
class Ask:
    """subject: 'offer/12'. due: not before; until: not after. visit_at: of the visit it is about."""

    kind: Kind
    subject: str
    person_id: int
    phone: Phone = field(repr=False)
    due: datetime
    until: datetime
    appointment_id: int | None = None
    visit_at: datetime | None = None


async def ask(work: Work, asked: Ask) -> None:
    """Owe a call; asked twice for one subject it is still one call. What falls into the night waits."""
    maker = sqlite.insert if work.house.database.sqlite else postgresql.insert
    due = not_before(max(asked.due, work.now), asked.visit_at)
    row = {
        "kind": asked.kind.value,
        "subject": asked.subject,
        "person_id": asked.person_id,
        "appointment_id": asked.appointment_id,
        "phone_print": work.sealer.fingerprint(asked.phone.digits, "phone"),
        "phone_sealed": work.sealer.seal(asked.phone.digits, "phone"),
        "state": State.WAITING.value,
        "tries": 0,
        "visit_at": asked.visit_at,
        "due_at": due,
        "until": asked.until,
        "made_at": work.now,
    }
    added = await work.db.execute(
        maker(OutboundCall)
        .values(row)
        .on_conflict_do_nothing(index_elements=["subject"])
        .returning(OutboundCall.id)
    )
    made = added.scalar_one_or_none()
    if made is not None:
        work.record(
            OutboundAsked(
                call_id=made,
                sort=asked.kind.value,
                subject=asked.subject,
                person_id=asked.person_id,
                appointment_id=asked.appointment_id,
                due=due,
            )
        )


async def drop(work: Work, subject: str, answer: Answer | None = None) -> bool:
    """Nobody need be called about it any more; False when it had ended. answer: it came another way.

    A call that is just being made goes on; its dialogue finds the subject answered and says so, and it is
    not made again.
    """
    to = State.DROPPED if answer is None else State.DONE
    rings = OutboundCall.state == State.DIALLING.value
    dropped = await work.db.execute(
        update(OutboundCall)
        .where(
            OutboundCall.subject == subject,
            OutboundCall.state.in_([State.WAITING, State.DIALLING, State.HANDED]),
        )
        .values(
            state=case((rings, OutboundCall.state), else_=to.value),
            answer=answer.value if answer else None,
            until=case((rings, work.now), else_=OutboundCall.until),
            ended_at=case((rings, None), else_=work.now),
        )
        .returning(
            OutboundCall.id,
            OutboundCall.kind,
            OutboundCall.person_id,
            OutboundCall.appointment_id,
            OutboundCall.state,
        )
    )
    row = dropped.one_or_none()
    if row is None:
        return False
    if await owing.owed(work, row.id) is not None:
        await owing.over(work, row.id)
    if row.state != State.DIALLING:
        work.record(
            OutboundSettled(
                call_id=row.id,
                sort=row.kind,
                person_id=row.person_id,
                appointment_id=row.appointment_id,
                state=to.value,
                answer=answer.value if answer else None,
            )
        )
    return True
