"""How a draft ends: left for a redial, discarded, done, or forgotten because nobody went on with it."""

from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.engine import Row

from core.booking.draft_left import told_number
from core.booking.draft_places import lingers_until
from core.booking.draft_rules import closing_fields
from core.booking.draft_view import opened, sealed
from core.booking.hold import release
from core.booking.tables import IS_ONGOING, Draft
from core.events import DraftClosed, DraftLeft
from core.schedule.tables import Hold
from core.work import Work

# So long a draft is gone on with after its call broke off, if nobody said otherwise.
GRACE = timedelta(minutes=10)
# A draft that nobody went on with is emptied of what was typed after so long.
KEPT = timedelta(days=1)


async def leave(work: Work, draft_id: int, grace: timedelta = GRACE) -> bool:
    """The call is gone: the slot lives on for the grace, and who redials goes on where it was.

    False when the draft had ended, or was left, before: a repeat does no harm.
    """
    held_at = await work.db.scalar(
        select(Hold.made_at).join(Draft, Draft.hold_id == Hold.id).where(Draft.id == draft_id)
    )
    until = lingers_until(work.now, held_at or work.now, grace)
    gone = await work.db.execute(
        update(Draft)
        .where(Draft.id == draft_id, Draft.state == "open")
        .values(state="left", left_until=until, version=Draft.version + 1)
        .returning(Draft.hold_id, Draft.interaction_id)
    )
    row: Row[str | None, int | None] | None = gone.one_or_none()
    if row is None:
        return False
    if row[0] is not None:
        # Also shorter than it was: a slot that nobody can go on with any more is free for others.
        await work.db.execute(
            update(Hold).where(Hold.id == row[0], Hold.state == "live").values(expires_at=until)
        )
        await _told_by(work, draft_id)
    work.record(DraftLeft(draft_id=draft_id, interaction_id=row[1], until=until))
    return True


async def _told_by(work: Work, draft_id: int) -> None:
    """The number that is told of the slot may answer, or call, as the one that called may."""
    row = await work.db.get_one(Draft, draft_id, populate_existing=True)
    number = await told_number(work.db, work.sealer, row, demo=work.demo)
    row.contact_print = work.sealer.fingerprint(number.digits, "phone") if number else None
    await work.db.flush()


async def discard(work: Work, draft_id: int, *, version: int | None = None) -> bool:
    """Nothing comes of it: the slot goes back at once. False when it had ended before.

    version: only as it was seen; False, too, when somebody has gone on with it since.
    """
    seen = () if version is None else (Draft.version == version,)
    gone = await work.db.execute(
        update(Draft)
        .where(Draft.id == draft_id, IS_ONGOING, *seen)
        .values(
            state="closed", closed_at=work.now, version=Draft.version + 1, body_sealed=sealed(work.sealer, {})
        )
        .returning(Draft.hold_id, Draft.interaction_id)
    )
    row: Row[str | None, int | None] | None = gone.one_or_none()
    if row is None:
        return False
    if row[0] is not None:
        await release(work, row[0])
    work.record(DraftClosed(draft_id=draft_id, interaction_id=row[1], state="closed", appointment_id=None))
    return True


async def ended(work: Work, row: Draft, appointment_id: int | None) -> None:
    """It was done: what was typed is forgotten, but for the caller's number."""
    fields = opened(work.sealer, row)
    made = appointment_id is not None and fields.get("verb") != "cancel"
    row.state = "booked" if made else "closed"
    row.appointment_id = appointment_id
    row.closed_at = work.now
    row.version += 1
    row.body_sealed = sealed(work.sealer, closing_fields(fields))
    await work.db.flush()
    work.record(
        DraftClosed(
            draft_id=row.id, interaction_id=row.interaction_id, state=row.state, appointment_id=appointment_id
        )
    )


async def forget_due(work: Work, limit: int = 100) -> int:
    """Close drafts that nobody went on with, and forget what was typed; return how many."""
    old = (
        select(Draft.id)
        .where(IS_ONGOING, Draft.saved_at < work.now - KEPT)
        .order_by(Draft.saved_at)
        .limit(limit)
    )
    number = 0
    for draft_id in (await work.db.execute(old)).scalars().all():
        number += await discard(work, draft_id)
    return number
