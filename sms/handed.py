"""What gateways have taken, noted for several texts in few statements."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, or_, select, update

from core.database import Instant, table_of
from core.events import TextSent
from core.work import Work
from sms import parts
from sms.states import TextState, before
from sms.tables import TextMessage


@dataclass(frozen=True)
class Handed:
    """A gateway has this text, in these parts."""

    text_id: int
    gateway: str
    part_ids: Sequence[str]


_TABLE = table_of(TextMessage)
# Not `in`, which is not done for several at once.
_UNSENT = or_(*(_TABLE.c.state == state for state in before(TextState.SENT)))
_OPEN = (
    select(_TABLE.c.id, _TABLE.c.kind, _TABLE.c.appointment_id, _TABLE.c.segments)
    .where(_TABLE.c.id.in_(bindparam("text_ids", expanding=True)), _UNSENT)
    .order_by(_TABLE.c.id)  # or two of us wait for each other
    .with_for_update()
)
_SENT = (
    update(_TABLE)
    .where(_TABLE.c.id == bindparam("text_id"), _UNSENT)
    .values(
        state=TextState.SENT.value,
        why=None,
        gateway=bindparam("asked"),
        gateway_id=bindparam("named"),
        sent_at=bindparam("now", type_=Instant()),
    )
)


async def sent(own: Sequence[Work], handed: Sequence[Handed]) -> list[bool]:
    """Whether each has gone out now: not where it was settled meanwhile. own: in whose story each is told."""
    db = own[0].db
    asked = {"text_ids": [one.text_id for one in handed]}
    told = {row[0]: row[1:] for row in (await db.execute(_OPEN, asked)).all()}
    going = [(work, one) for work, one in zip(own, handed, strict=True) if one.text_id in told]
    if going:
        await db.execute(_SENT, [_said(work, one) for work, one in going])
        for work, one in going:
            kind, appointment_id, segments = told[one.text_id]
            work.record(
                TextSent(
                    text_id=one.text_id, text_kind=kind, appointment_id=appointment_id, segments=segments
                )
            )
        await parts.handed([(work, one.text_id, one.gateway, one.part_ids) for work, one in going])
    return [one.text_id in told for one in handed]


def _said(work: Work, one: Handed) -> dict[str, object]:
    return {"text_id": one.text_id, "asked": one.gateway, "named": one.part_ids[0], "now": work.now}
