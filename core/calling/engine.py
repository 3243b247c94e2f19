"""Ask for an outbound call, and take the asking back."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.dialects import postgresql, sqlite

from core.calling.rules import Answer, Kind, State
from core.calling.tables import OutboundCall
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
    """Owe a call; asked twice for one subject it is still one call."""
    maker = sqlite.insert if work.house.database.sqlite else postgresql.insert
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
        "due_at": asked.due,
        "until": asked.until,
        "made_at": work.now,
    }
    await work.db.execute(maker(OutboundCall).values(row).on_conflict_do_nothing(index_elements=["subject"]))


async def drop(work: Work, subject: str, answer: Answer | None = None) -> bool:
    """Nobody need be called about it any more; False when it had ended. answer: it came another way.

    A call that is just being made goes on; its dialogue finds the subject answered and says so.
    """
    to = State.DROPPED if answer is None else State.DONE
    ended = await work.db.execute(
        update(OutboundCall)
        .where(OutboundCall.subject == subject, OutboundCall.state.in_([State.WAITING, State.HANDED]))
        .values(state=to.value, answer=answer.value if answer else None, ended_at=work.now)
        .returning(OutboundCall.id)
    )
    return ended.one_or_none() is not None
