"""The talk of a number: whose turn it is, what was last asked, and when nobody goes on with it.

One text of a number is answered at a time, in every process: a turn claims the talk by its version, and what
comes of it is kept only while the claim still stands.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite

from core.contact import engine as contact
from core.contact.rules import Disposition
from core.outbox import Later
from core.values import Channel, Phone
from core.work import Work
from sms.tables import TextTalk
from sms.talk import LASTS, Talk

# A turn takes no longer: the outbox gives its carrier up before that.
CLAIMED = timedelta(seconds=40)
# Then whoever came second looks again.
SOON = timedelta(seconds=1)
_BUSY = "busy_until"


@dataclass(frozen=True)
class Claim:
    """talk: what was last asked, if it still counts; asked_at: and when."""

    version: int
    talk: Talk
    asked_at: datetime
    interaction_id: int


async def claim(work: Work, mark: str, *, text_id: int, written_at: datetime, number: Phone) -> Claim:
    """Begin the turn of a text: the talk that it goes on with, or a new one with a contact of its own.

    Raises Later while another process answers this number; it looks again soon, or when that one has died.
    """
    row = await _row(work, mark)
    busy = row.state.get(_BUSY) if row else None
    if busy is not None and datetime.fromisoformat(busy) > work.now:
        raise Later(min(datetime.fromisoformat(busy), work.now + SOON))
    talk, interaction_id = Talk(), row.interaction_id if row else None
    if row is not None and interaction_id is not None:
        if row.expires_at > written_at:
            talk = Talk.read(row.state)
        else:
            await contact.close(work, interaction_id, _ended(Talk.read(row.state)))
            interaction_id = None
    values: dict[str, Any] = {"interaction_id": interaction_id}
    if interaction_id is None:
        opened = await contact.open_interaction(
            work, linked_id=f"sms-{text_id}", dnis="12320", ani=number.digits, channel=Channel.SMS
        )
        await contact.reach(work, opened.interaction_id, "texting")
        interaction_id = opened.interaction_id
    values["state"] = {**talk.kept(), _BUSY: (work.now + CLAIMED).isoformat()}
    if row is None:
        values["expires_at"] = work.now
    version = await _written(work, mark, row.version if row else 0, values)
    asked_at = row.expires_at - LASTS if row is not None else work.now
    return Claim(version, talk, asked_at, interaction_id)


async def keep(work: Work, mark: str, claim: Claim, talk: Talk, *, ended: bool) -> None:
    """Until when an answer to this turn counts. A matter that is done makes room for a new contact.

    Raises Later when the claim ran out meanwhile, and another has it.
    """
    values = {
        "state": talk.kept(),
        "interaction_id": None if ended else claim.interaction_id,
        "expires_at": work.now + LASTS,
    }
    await _written(work, mark, claim.version, values)


async def let_go(work: Work, mark: str, claim: Claim) -> None:
    """The turn ends without a word: what was asked is still what was asked. Raises Later, as `keep`."""
    row = await _row(work, mark)
    assert row is not None
    state = {name: value for name, value in row.state.items() if name != _BUSY}
    await _written(work, mark, claim.version, {"state": state})


async def _row(work: Work, mark: str) -> TextTalk | None:
    return await work.db.get(TextTalk, mark, populate_existing=True)


async def _written(work: Work, mark: str, seen: int, values: dict[str, Any]) -> int:
    """The row as it was seen, with these values; returns its version now. Raises Later for a latecomer."""
    maker = sqlite.insert if work.house.database.sqlite else postgresql.insert
    if seen == 0:
        statement: Any = (
            maker(TextTalk).values(phone_print=mark, version=1, **values).on_conflict_do_nothing()
        )
    else:
        statement = (
            update(TextTalk)
            .where(TextTalk.phone_print == mark, TextTalk.version == seen)
            .values(version=seen + 1, **values)
            .execution_options(synchronize_session=False)
        )
    done = await work.db.execute(statement.returning(TextTalk.version))
    version: int | None = done.scalar_one_or_none()
    if version is None:
        raise Later(work.now + SOON)
    return version


async def end_talks(work: Work, limit: int = 100) -> int:
    """Close the contacts of talks that nobody went on with; returns how many. A job of the timers."""
    due = await work.db.execute(
        select(TextTalk)
        .where(TextTalk.expires_at <= work.now, TextTalk.interaction_id.is_not(None))
        .order_by(TextTalk.expires_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = [row for row in due.scalars().all() if not _claimed(row, work.now)]
    for row in rows:
        assert row.interaction_id is not None
        await contact.close(work, row.interaction_id, _ended(Talk.read(row.state)))
        row.interaction_id, row.state = None, Talk().kept()
        row.version += 1
    return len(rows)


def _claimed(row: TextTalk, now: datetime) -> bool:
    busy = row.state.get(_BUSY)
    return busy is not None and datetime.fromisoformat(busy) > now


def _ended(talk: Talk) -> Disposition:
    """How a talk ended that simply stopped: in the middle of a matter, or after what was asked was told."""
    return Disposition.NOTHING if talk.hold_id or talk.ask not in ("", "act") else Disposition.ENQUIRED
