"""The slot of a draft: chosen, given back, kept while its call lives, taken over from the menu."""

from datetime import datetime, timedelta

from sqlalchemy import Select, select, update

from core.booking import draft_view
from core.booking.commands import Hold
from core.booking.draft_places import lingers_until
from core.booking.draft_row import as_seen, locked, put
from core.booking.draft_rules import OF_SLOT, kept_until
from core.booking.draft_view import DraftView, opened
from core.booking.hold import extend, hold, release
from core.booking.patient_of import likely
from core.booking.patients import known
from core.booking.tables import IS_ONGOING, Draft
from core.errors import HoldLapsed, WrongInput
from core.schedule.tables import Hold as HoldRow
from core.work import Work


async def choose(
    work: Work,
    draft_id: int,
    *,
    session_id: int,
    period_id: int | None = None,
    version: int | None = None,
) -> DraftView:
    """Hold a slot of a session, or of one of its periods, for this draft; an older one goes with it.

    Raises what `core.booking.hold.hold` raises (SlotFull, the limits of a person who is known, …); the
    draft then keeps what it had. version: refuse with ChangedMeanwhile when it is another one.
    """
    row = await locked(work, draft_id, seen=version)
    fields = opened(work.sealer, row)
    verb = fields.get("verb", "book")
    if verb == "cancel":
        raise WrongInput(facts={"field": "verb"})
    # Of a change the person's limits are asked at the commit, which does not count what it gives up.
    person = await likely(work.db, work.sealer, fields, demo=work.demo) if verb == "book" else None
    if person is not None and person.id not in await known(work.db, [person.id], work.by):
        person = None  # nobody is told by a limit what somebody whom they may not see has booked elsewhere
    before = row.hold_id
    wanted = Hold(
        session_id, owner(draft_id), period_id=period_id, person_id=person.id if person is not None else None
    )
    held = await hold(work, wanted)
    if before is not None and before != held.hold_id:
        await release(work, before, why="moved")
    await _hold_is(work, row, held.hold_id)
    return await as_seen(work, row)


def owner(draft_id: int) -> str:
    """Whose the hold of a draft is."""
    return f"draft:{draft_id}"


async def let_go(work: Work, draft_id: int) -> DraftView:
    """Give the slot back; what was typed stays."""
    row = await locked(work, draft_id)
    if row.hold_id is not None:
        await release(work, row.hold_id)
        row.hold_id = None
        put(work, row, {"session_id": None, "period_id": None})
    return await as_seen(work, row)


async def heartbeat(work: Work, draft_id: int) -> datetime | None:
    """The call lives, so its slot does, up to a bound; returns until when. None: there is none (any more)."""
    row = (await work.db.execute(_hold_of(draft_id))).one_or_none()
    if row is None:
        return None
    try:
        return await extend(work, row[0], until=kept_until(work.now, row[1]))
    except HoldLapsed:
        return None


async def linger(work: Work, hold_id: str, by: timedelta) -> datetime:
    """Keep a slot for somebody who is there, or may come back; returns until when. Raises HoldLapsed."""
    held_at = await work.db.scalar(select(HoldRow.made_at).where(HoldRow.id == hold_id))
    if held_at is None:
        raise HoldLapsed
    return await extend(work, hold_id, until=lingers_until(work.now, held_at, by))


async def adopt(work: Work, row: Draft) -> None:
    """What the voice menu held for this contact, and what the draft held before, is the draft's now."""
    if row.hold_id is None and row.interaction_id is not None:
        query = select(HoldRow.id).where(
            HoldRow.interaction_id == row.interaction_id, HoldRow.state == "live", HoldRow.reason == "choice",
            HoldRow.owner.startswith("call:"),
        )  # fmt: skip
        found = (await work.db.execute(query.order_by(HoldRow.made_at.desc()).limit(1))).scalar_one_or_none()
        if found is not None:
            await _hold_is(work, row, found)
    if row.hold_id is not None:
        await work.db.execute(
            update(HoldRow)
            .where(HoldRow.id == row.hold_id, HoldRow.state == "live", HoldRow.owner != owner(row.id))
            .values(owner=owner(row.id))
        )


def _hold_of(draft_id: int) -> Select[str, datetime]:
    return (
        select(HoldRow.id, HoldRow.made_at)
        .join(Draft, Draft.hold_id == HoldRow.id)
        .where(Draft.id == draft_id, IS_ONGOING, HoldRow.state == "live")
    )


async def _hold_is(work: Work, row: Draft, hold_id: str) -> None:
    await work.db.flush()
    facts = await draft_view.held_facts(work.db, hold_id)
    assert facts is not None
    row.hold_id = hold_id
    put(work, row, {name: getattr(facts, name) for name in OF_SLOT})
