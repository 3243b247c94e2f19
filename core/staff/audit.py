"""The audit: who did what that must be answered for, in a chain that shows whether a link was touched.

Each row carries a mark keyed over itself and the mark before it. Who can write to the database, but
does not have the master secret, can neither change nor leave out a row unseen; that the end was cut
off shows against a number and mark kept elsewhere.
"""

import json
from dataclasses import dataclass
from datetime import UTC

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.sealing import Sealer
from core.staff.tables import AuditEntry
from core.work import Work

# The chain has one end; on PostgreSQL its writers stand in line for it.
LOCK = 0x61756469745F3132
PURPOSE = "audit"
FIRST = ""
AT_ONCE = 1000


async def note(
    work: Work, act: str, *, what: str, subject_id: int | None = None, reason: str | None = None
) -> int:
    """Write down an act of `work.by`, in the transaction of the act; returns its number.

    act: a key of core.http.audit_words. what: upon what, without personal data. Best called last in
    its unit of work: the audit's writers wait for one another.
    """
    await work.lock(LOCK)
    last = select(AuditEntry.mark).order_by(AuditEntry.id.desc()).limit(1)
    before = (await work.db.execute(last)).scalar_one_or_none() or FIRST
    row = AuditEntry(
        at=work.now,
        actor=work.by.name[:40],
        staff_id=work.by.staff_id,
        hospital_id=work.by.hospital_id,
        session_id=work.by.session_id,
        address=work.by.address[:45],
        act=act,
        what=what[:200],
        subject_id=subject_id,
        reason=reason[:200] if reason else None,
        before=before,
    )
    row.mark = mark(work.sealer, row)
    work.db.add(row)
    await work.db.flush()
    return row.id


def mark(sealer: Sealer, row: AuditEntry) -> str:
    """The mark that a row must carry."""
    told = [
        row.at.astimezone(UTC).isoformat(), row.actor, row.staff_id, row.hospital_id, row.session_id,
        row.address, row.act, row.what, row.subject_id, row.reason, row.before,
    ]  # fmt: skip
    return sealer.fingerprint(json.dumps(told, ensure_ascii=False), PURPOSE)


@dataclass(frozen=True)
class Verified:
    """broken: the number of the first row that is not as it was written; None: all are.

    last, mark: the end of the chain, to be kept elsewhere.
    """

    entries: int
    broken: int | None
    last: int
    mark: str


async def verify(db: AsyncSession, sealer: Sealer, *, kept: tuple[int, str] | None = None) -> Verified:
    """Walk the whole chain. kept: number and mark of an earlier end, which must still be in it."""
    entries, last, before, found = 0, 0, FIRST, kept is None
    while True:
        query = select(AuditEntry).where(AuditEntry.id > last).order_by(AuditEntry.id).limit(AT_ONCE)
        rows = (await db.execute(query)).scalars().all()
        if not rows:
            break
        for row in rows:
            if row.before != before or row.mark != mark(sealer, row):
                return Verified(entries, row.id, last, before)
            found = found or kept == (row.id, row.mark)
            entries, last, before = entries + 1, row.id, row.mark
        db.expunge_all()
    return Verified(entries, kept[0] if kept and not found else None, last, before)
