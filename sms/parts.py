"""Receipts: what became of each part of a text, in whatever order it is told."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Executable, Insert, bindparam, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from core.events import TextDelivered, TextFailed
from core.ports import Receipt
from core.work import Work
from sms.states import TextState, before
from sms.tables import TextMessage, TextPart


async def handed(texts: Sequence[tuple[Work, int, str, Sequence[str]]]) -> None:
    """Gateways have taken texts under these ids; receipts that came before it count now.

    texts: in whose story a text's end is told, its id, its gateway, the ids of its parts; all of one unit.
    """
    own = {text_id: work for work, text_id, _, _ in texts}
    rows = [
        _row(work, gateway, part_id, {"text_id": text_id})
        for work, text_id, gateway, part_ids in texts
        for part_id in part_ids
    ]
    db, on_sqlite = texts[0][0].db, texts[0][0].house.database.sqlite
    await db.execute(_putting(on_sqlite, ("text_id",)), rows)
    told = set((await db.execute(_TOLD, {"text_ids": list(own)})).scalars())
    for text_id, work in own.items():
        if text_id in told:
            await _settle(work, text_id)


async def reported(work: Work, receipt: Receipt) -> None:
    """A gateway's word on one part. What was delivered stays so, whatever is told later."""
    said = {"delivered": receipt.delivered, "why": receipt.why[:80]}
    row = _row(work, receipt.gateway, receipt.part_id, said)
    added = await work.db.execute(_reporting(work.house.database.sqlite), row)
    text_id = added.scalar_one_or_none()
    if text_id is not None:
        await _settle(work, text_id)


_TOLD = (
    select(TextPart.text_id)
    .where(TextPart.text_id.in_(bindparam("text_ids", expanding=True)), TextPart.delivered.is_not(None))
    .distinct()
)


@cache
def _putting(on_sqlite: bool, columns: tuple[str, ...]) -> Insert:
    """Add a part, or these columns to what is known of it; built once for each of the two faces it has."""
    statement = (sqlite.insert if on_sqlite else postgresql.insert)(TextPart)
    said = {name: statement.excluded[name] for name in (*columns, "at")}
    return statement.on_conflict_do_update(
        index_elements=[TextPart.gateway, TextPart.part_id],
        set_=said,
        where=TextPart.delivered.is_not(True) if "delivered" in columns else None,
    )


@cache
def _reporting(on_sqlite: bool) -> Executable:
    """The same of a receipt, and which text it is about."""
    putting: Insert = _putting(on_sqlite, ("delivered", "why"))
    return putting.returning(TextPart.text_id)


def _row(work: Work, gateway: str, part_id: str, values: Mapping[str, Any]) -> dict[str, Any]:
    return {"gateway": gateway, "part_id": part_id, "why": "", "at": work.now, **values}


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
