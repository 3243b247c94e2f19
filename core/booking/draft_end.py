"""How a draft ends: left for a redial, discarded, done, or forgotten because nobody went on with it."""

from contextlib import suppress
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.engine import Row

from core.booking.draft_row import ongoing
from core.booking.draft_rules import merged
from core.booking.draft_view import opened, sealed
from core.booking.hold import extend, release
from core.booking.tables import Draft
from core.errors import HoldLapsed
from core.events import DraftClosed, DraftLeft
from core.work import Work

# So long a draft is gone on with after its call broke off, if nobody said otherwise.
GRACE = timedelta(minutes=10)
# A draft that nobody went on with is emptied of what was typed after so long.
KEPT = timedelta(days=1)


async def leave(work: Work, draft_id: int, grace: timedelta = GRACE) -> bool:
    """The call is gone: the slot lives on for the grace, and who redials goes on where it was.

    False when the draft had ended, or was left, before: a repeat does no harm.
    """
    until = work.now + grace
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
        with suppress(HoldLapsed):
            await extend(work, row[0], until=until)
    work.record(DraftLeft(draft_id=draft_id, interaction_id=row[1], until=until))
    return True


async def discard(work: Work, draft_id: int) -> bool:
    """Nothing comes of it: the slot goes back at once. False when it had ended before."""
    gone = await work.db.execute(
        update(Draft)
        .where(Draft.id == draft_id, ongoing())
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
    number = fields.get("contact_phone") or fields.get("phone")  # for the caller's next matter
    row.body_sealed = sealed(work.sealer, merged({}, {"verb": fields.get("verb"), "contact_phone": number}))
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
        .where(ongoing(), Draft.saved_at < work.now - KEPT)
        .order_by(Draft.saved_at)
        .limit(limit)
    )
    number = 0
    for draft_id in (await work.db.execute(old)).scalars().all():
        number += await discard(work, draft_id)
    return number
