"""What was told of a visit, and what came back: read from the journal, where faces and calls have left it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.booking.miss_rules import CallTold, Delivery, Evidence, TextTold
from core.events import (
    AppointmentRestored,
    OutboundEnded,
    ReminderAnswered,
    TextDelivered,
    TextFailed,
    TextSent,
)
from core.journal import JournalRow, of_kind

_TEXTS = {
    TextSent.kind: Delivery.SENT,
    TextDelivered.kind: Delivery.DELIVERED,
    TextFailed.kind: Delivery.FAILED,
}
_KINDS = (*_TEXTS, OutboundEnded.kind, ReminderAnswered.kind, AppointmentRestored.kind)


async def gathered(db: AsyncSession, appointment_ids: Collection[int]) -> Mapping[int, Evidence]:
    """Appointment to its evidence; those of which nothing was told are missing."""
    query = (
        select(JournalRow.appointment_id, JournalRow.kind, JournalRow.at, JournalRow.body)
        .where(JournalRow.appointment_id.in_(appointment_ids), of_kind(*_KINDS))
        .order_by(JournalRow.id)
    )
    found: dict[int, _Gathered] = {}
    for appointment_id, kind, at, body in (await db.execute(query)).all():
        assert appointment_id is not None
        found.setdefault(appointment_id, _Gathered()).take(kind, at, body)
    return {one: its.whole() for one, its in found.items()}


@dataclass
class _Gathered:
    texts: dict[int, TextTold] = field(default_factory=dict)
    calls: list[CallTold] = field(default_factory=list)
    reminded: str | None = None
    restored_at: datetime | None = None

    def take(self, kind: str, at: datetime, body: Mapping[str, Any]) -> None:
        if kind in _TEXTS:
            # One of which nobody knows may have arrived: only a gateway's plain no is a failure.
            if kind != TextFailed.kind or body["permanent"]:
                self.texts[body["text_id"]] = TextTold(body["text_id"], body["text_kind"], at, _TEXTS[kind])
        elif kind == OutboundEnded.kind:
            self.calls.append(CallTold(body["call_id"], body["number"], at, body["outcome"], body["answer"]))
        elif kind == ReminderAnswered.kind:
            self.reminded = body["answer"]
        else:
            self.restored_at = at

    def whole(self) -> Evidence:
        return Evidence(tuple(self.texts.values()), tuple(self.calls), self.reminded, self.restored_at)
