"""What a caller must know of a draft whose call is gone: the slot that is kept, and until when; read-only."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from core.booking.draft_rules import HeldFacts
from core.booking.draft_view import held_facts, opened
from core.booking.tables import Draft
from core.contact.tables import Interaction
from core.errors import PhoneInvalid
from core.sealing import Sealer
from core.values import Phone, phone


@dataclass(frozen=True)
class KeptSlot:
    """phone: whom to tell. until: a redial goes on with it until then."""

    version: int
    phone: Phone = field(repr=False)
    held: HeldFacts
    until: datetime


async def kept_slot(
    db: AsyncSession, sealer: Sealer, draft_id: int, *, demo: bool = False
) -> KeptSlot | None:
    """None when the draft goes on again or has ended, holds nothing any more, or nobody can be told."""
    row = await db.get(Draft, draft_id, populate_existing=True)
    if row is None or row.state != "left" or row.hold_id is None or row.left_until is None:
        return None
    held = await held_facts(db, row.hold_id)
    number = await told_number(db, sealer, row, demo=demo)
    if held is None or not held.live or number is None:
        return None
    return KeptSlot(row.version, number, held, min(held.until, row.left_until))


async def told_number(db: AsyncSession, sealer: Sealer, row: Draft, *, demo: bool) -> Phone | None:
    """Whom to tell of it, a mobile: the one that texts should go to, else the one that called."""
    fields = opened(sealer, row)
    called = await db.get(Interaction, row.interaction_id) if row.interaction_id else None
    ani = sealer.open(called.ani_sealed, "phone") if called and called.ani_sealed else ""
    for given in (fields.get("contact_phone"), ani, fields.get("phone")):
        try:
            found = phone(str(given), demo=demo) if given else None
        except PhoneInvalid:
            continue
        if found and found.is_mobile:
            return found
    return None
