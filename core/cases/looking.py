"""Who has looked at a case is written down, as for whoever hears a recording."""

from datetime import timedelta

from sqlalchemy import select

from core.errors import NotAllowed
from core.staff import audit
from core.staff.tables import AuditEntry
from core.values import Actor
from core.work import Work

ACT = "case-looked"
# Stepping through a case is one look.
ONE_LOOK = timedelta(minutes=30)


def may_look(by: Actor) -> None:
    """Whoever may hear recordings sees what stands beside them.

    Raises NotAllowed, also for a member of one hospital: a case is about more than one hospital's patients.
    """
    if not by.may("recordings") or by.hospital_id is not None:
        raise NotAllowed(facts={"function": "recordings"})


async def looked(work: Work, what: str, subject_id: int) -> None:
    """Note the look, once in half an hour. what: 'call' or 'appointment'. Raises NotAllowed."""
    may_look(work.by)
    before = select(AuditEntry.id).where(
        AuditEntry.staff_id == work.by.staff_id,
        AuditEntry.act == ACT,
        AuditEntry.what == what,
        AuditEntry.subject_id == subject_id,
        AuditEntry.at > work.now - ONE_LOOK,
    )
    if (await work.db.execute(before.order_by(AuditEntry.id.desc()).limit(1))).first() is None:
        await audit.note(work, ACT, what=what, subject_id=subject_id)
