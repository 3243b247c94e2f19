"""Receipts: what became of each part of a text, in whatever order it is told."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from core.events import TextDelivered, TextFailed
from core.ports import Receipt
from core.work import Work
from sms.states import TextState, before
from sms.tables import TextMessage, TextPart


async def handed(work: Work, text_id: int, gateway: str, part_ids: Sequence[str]) -> None:
    """A gateway has taken a text under these ids; receipts that came before it count now."""
    for part_id in part_ids:
        await _put(work, gateway, part_id, {"text_id": text_id})
    await _settle(work, text_id)


async def reported(work: Work, receipt: Receipt) -> None:
    """A gateway's word on one part. What was delivered stays so, whatever is told later."""
    said = {"delivered": receipt.delivered, "why": receipt.why[:80]}
    text_id = await _put(work, receipt.gateway, receipt.part_id, said)
    if text_id is not None:
        await _settle(work, text_id)


async def _put(work: Work, gateway: str, part_id: str, values: dict[str, Any]) -> int | None:
    """Add what is known of a part; returns whose it is, if that is known."""
    maker = sqlite.insert if work.house.database.sqlite else postgresql.insert
    row = {"gateway": gateway, "part_id": part_id, "why": "", "at": work.now, **values}
    statement = maker(TextPart).values(row)
    added = await work.db.execute(
        statement.on_conflict_do_update(
            index_elements=[TextPart.gateway, TextPart.part_id],
            set_={**values, "at": work.now},
            where=TextPart.delivered.is_not(True) if "delivered" in values else None,
        ).returning(TextPart.text_id)
    )
    found = added.one_or_none()
    return found[0] if found else None


async def _settle(work: Work, text_id: int) -> None:
    """A text is delivered when all its parts are, and has failed when no part is open and one has."""
    good = func.count().filter(TextPart.delivered.is_(True))
    bad = func.count().filter(TextPart.delivered.is_(False))
    query = select(func.count(), good, bad).where(TextPart.text_id == text_id)
    parts, delivered, failed = (await work.db.execute(query)).one()
    if delivered == parts:
        await _end(work, text_id, TextState.DELIVERED, None)
    elif failed and delivered + failed == parts:
        await _end(work, text_id, TextState.FAILED, "not delivered")


async def _end(work: Work, text_id: int, to: TextState, why: str | None) -> None:
    """A supervisor's list holds what failed to be sent; what failed on its way cannot be sent again."""
    ended = await work.db.execute(
        update(TextMessage)
        .where(TextMessage.id == text_id, TextMessage.state.in_(before(to)), TextMessage.sent_at.is_not(None))
        .values(state=to.value, why=why, settled_at=work.now)
        .returning(TextMessage.kind, TextMessage.appointment_id)
    )
    row = ended.one_or_none()
    if row is None:
        return
    if to is TextState.DELIVERED:
        work.record(TextDelivered(text_id=text_id, text_kind=row[0], appointment_id=row[1]))
    else:
        work.record(TextFailed(text_id=text_id, text_kind=row[0], appointment_id=row[1], permanent=True))
