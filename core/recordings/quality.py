"""Quality sheets: scored by an inspector, seen by the operator, appealed once, decided by another."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import AppealClosed, ChangedMeanwhile, NotAllowed, NotFound, WrongInput
from core.events import QualityAppealed, QualityDecided, QualityScored
from core.recordings.engine import visible
from core.recordings.rules import TEMPLATES, total
from core.recordings.tables import QualitySheet, Recording
from core.staff import audit
from core.work import Work

LONGEST = 300


async def score(
    work: Work,
    recording_id: int,
    *,
    template: str,
    scores: Mapping[str, int],
    fatal: str | None = None,
    comment: str = "",
) -> int:
    """Judge a call, once by each inspector; returns the points of 100.

    Raises NotAllowed (also for one's own call), NotFound, WrongInput, ChangedMeanwhile when this inspector
    has judged it already.
    """
    if not work.by.may("quality") or work.by.staff_id is None:
        raise NotAllowed(facts={"function": "quality"})
    row = await visible(work, recording_id)
    if row.staff_id == work.by.staff_id:
        raise NotAllowed(facts={"function": "quality", "why": "own"})
    if template not in TEMPLATES or len(comment) > LONGEST:
        raise WrongInput(facts={"field": "template"})
    made = QualitySheet(
        recording_id=recording_id,
        staff_id=row.staff_id,
        inspector_id=work.by.staff_id,
        template=template,
        scores=dict(scores),
        fatal=fatal,
        total=total(TEMPLATES[template], scores, fatal),
        comment=comment.strip(),
        made_at=work.now,
    )
    try:
        async with work.db.begin_nested():
            work.db.add(made)
            await work.db.flush()
    except IntegrityError:
        raise ChangedMeanwhile from None
    work.record(
        QualityScored(
            interaction_id=row.interaction_id, recording_id=row.id, sheet_id=made.id, total=made.total
        )
    )
    await audit.note(work, "quality-scored", what="recording", subject_id=recording_id)
    return made.total


async def appeal(work: Work, sheet_id: int, words: str) -> None:
    """The operator does not agree: once, with words.

    Raises NotFound, NotAllowed, WrongInput, AppealClosed.
    """
    sheet, row = await _sheet(work, sheet_id)
    if sheet.staff_id is None or sheet.staff_id != work.by.staff_id:
        raise NotAllowed(facts={"function": "quality", "why": "not yours"})
    if not words.strip() or len(words) > LONGEST:
        raise WrongInput(facts={"field": "appeal"})
    if sheet.appealed_at is not None:
        raise AppealClosed
    sheet.appeal, sheet.appealed_at = words.strip(), work.now
    work.record(QualityAppealed(interaction_id=row.interaction_id, recording_id=row.id, sheet_id=sheet_id))


async def decide(
    work: Work, sheet_id: int, scores: Mapping[str, int] | None, fatal: str | None = None
) -> int:
    """Answer an appeal: new scores, or None to leave them; never by who judged. Returns the points.

    Raises NotFound, NotAllowed, WrongInput, AppealClosed.
    """
    sheet, row = await _sheet(work, sheet_id)
    if not work.by.may("supervise") or work.by.staff_id in (None, sheet.inspector_id, sheet.staff_id):
        raise NotAllowed(facts={"function": "supervise"})
    work.by.must_see(None)
    if sheet.appealed_at is None or sheet.decided_at is not None:
        raise AppealClosed
    if scores is not None:
        sheet.total = total(TEMPLATES[sheet.template], scores, fatal)
        sheet.scores, sheet.fatal = dict(scores), fatal
    sheet.decision = "upheld" if scores is None else "changed"
    sheet.decided_by, sheet.decided_at = work.by.staff_id, work.now
    work.record(
        QualityDecided(
            interaction_id=row.interaction_id,
            recording_id=row.id,
            sheet_id=sheet_id,
            changed=scores is not None,
        )
    )
    await audit.note(work, "quality-decided", what="quality sheet", subject_id=sheet_id)
    return sheet.total


async def _sheet(work: Work, sheet_id: int) -> tuple[QualitySheet, Recording]:
    sheet = await work.db.get(QualitySheet, sheet_id)
    if sheet is None:
        raise NotFound(facts={"what": "sheet"})
    return sheet, await work.db.get_one(Recording, sheet.recording_id)


async def of(db: AsyncSession, recording_id: int) -> Sequence[QualitySheet]:
    """The sheets of a recording, oldest first."""
    query = select(QualitySheet).where(QualitySheet.recording_id == recording_id).order_by(QualitySheet.id)
    return (await db.execute(query)).scalars().all()


async def mine(db: AsyncSession, staff_id: int, limit: int = 50) -> Sequence[QualitySheet]:
    """The sheets of an operator's work, newest first."""
    query = select(QualitySheet).where(QualitySheet.staff_id == staff_id).order_by(QualitySheet.id.desc())
    return (await db.execute(query.limit(limit))).scalars().all()


async def averages(db: AsyncSession, first: datetime, last: datetime) -> dict[int, tuple[float, int]]:
    """Operator to mean points and number of sheets, of sheets made between two instants."""
    query = (
        select(QualitySheet.staff_id, func.avg(QualitySheet.total), func.count())
        .where(QualitySheet.made_at >= first, QualitySheet.made_at < last, QualitySheet.staff_id.is_not(None))
        .group_by(QualitySheet.staff_id)
    )
    return {row[0]: (float(row[1]), row[2]) for row in (await db.execute(query)).all()}
