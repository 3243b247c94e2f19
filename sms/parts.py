"""Receipts: what became of each part of a text, in whatever order it is told."""

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Executable, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from core.events import TextDelivered, TextFailed
from core.ports import Receipt
from core.work import Work
from sms.states import TextState, before
from sms.tables import TextMessage, TextPart


async def handed(work: Work, text_id: int, gateway: str, part_ids: Sequence[str]) -> None:
    """A gateway has taken a text under these ids; receipts that came before it count now."""
    came_before = False
    for part_id in part_ids:
        part = await _put(work, gateway, part_id, {"text_id": text_id})
        came_before = came_before or (part is not None and part.delivered is not None)
    if came_before:
        await _settle(work, text_id)


async def reported(work: Work, receipt: Receipt) -> None:
    """A gateway's word on one part. What was delivered stays so, whatever is told later."""
    said = {"delivered": receipt.delivered, "why": receipt.why[:80]}
    part = await _put(work, receipt.gateway, receipt.part_id, said)
    if part is not None and part.text_id is not None:
        await _settle(work, part.text_id)


@cache
def _putting(on_sqlite: bool, columns: tuple[str, ...]) -> Executable:
    """Add a part, or these columns to what is known of it; built once for each of the two faces it has."""
    statement = (sqlite.insert if on_sqlite else postgresql.insert)(TextPart)
    said = {name: statement.excluded[name] for name in (*columns, "at")}
    return statement.on_conflict_do_update(
        index_elements=[TextPart.gateway, TextPart.part_id],
        set_=said,
        where=TextPart.delivered.is_not(True) if "delivered" in columns else None,
    ).returning(TextPart.text_id, TextPart.delivered)


class _Known(NamedTuple):
    text_id: int | None
    delivered: bool | None


async def _put(work: Work, gateway: str, part_id: str, values: dict[str, Any]) -> _Known | None:
    """Add what is known of a part; returns what is known now, None where nothing was to be added."""
    row = {"gateway": gateway, "part_id": part_id, "why": "", "at": work.now, **values}
    putting = _putting(work.house.database.sqlite, tuple(values))
    added = await work.db.execute(putting, row)
    found = added.one_or_none()
    return _Known(*found) if found else None


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
