"""The row of a draft: found under its lock, changed by whoever holds it, shown anew."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, select

from core.booking import draft_view
from core.booking.draft_places import Place
from core.booking.draft_rules import merged
from core.booking.draft_view import DraftView, opened, sealed
from core.booking.tables import ONGOING, Draft
from core.errors import ChangedMeanwhile, NotFound, WrongState
from core.events import DraftHandedOn
from core.work import Work


async def locked(work: Work, draft_id: int, *, seen: int | None = None) -> Draft:
    """A draft that goes on, as it is now. Raises NotFound, WrongState, ChangedMeanwhile."""
    row = await under_lock(work, select(Draft).where(Draft.id == draft_id))
    if row is None:
        raise NotFound(facts={"what": "draft"})
    if row.state not in ONGOING:
        raise WrongState(facts={"what": "draft", "state": row.state, "wanted": "open"})
    if seen is not None and row.version != seen:
        raise ChangedMeanwhile(facts={"draft_id": draft_id, "version": row.version})
    return row


async def under_lock(work: Work, query: Select[Draft]) -> Draft | None:
    """The one row of a query, as it is now; nobody else changes it before the commit."""
    if not work.house.database.sqlite:
        query = query.with_for_update(of=Draft)
    return (await work.db.execute(query.execution_options(populate_existing=True))).scalars().one_or_none()


def handed_on(
    work: Work,
    draft_id: int,
    was: str,
    now: Place,
    *,
    interaction_id: int | None = None,
    staff_id: int | None = None,
    account_id: int | None = None,
) -> None:
    """One line for each hop of a draft; none when it goes on where it was."""
    if was != now:
        work.record(
            DraftHandedOn(
                draft_id=draft_id,
                interaction_id=interaction_id,
                was=was,
                now=now.value,
                staff_id=staff_id,
                account_id=account_id,
            )
        )


def put(work: Work, row: Draft, changes: Mapping[str, Any]) -> None:
    """Changes by whoever holds the row's lock."""
    fields = merged(opened(work.sealer, row), changes)
    row.body_sealed = sealed(work.sealer, fields)
    row.person_id = fields.get("person_id")
    row.saved_at = work.now
    row.version += 1


async def as_seen(work: Work, row: Draft) -> DraftView:
    """What came of it, for a desk."""
    await work.db.flush()
    return await draft_view.view_of(work.db, work.sealer, row)
