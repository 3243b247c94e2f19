"""What is agreed with the caller before a draft is committed: money, text, the sentence; read-only."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.booking import view
from core.booking.draft_pay import Before, Paying, fee_words, paying
from core.booking.draft_rules import HeldFacts, read_back, spoken_span
from core.booking.draft_view import DraftView
from core.booking.loading import asked_of
from core.booking.patient_of import CONTACT, likely
from core.booking.view import AppointmentView
from core.errors import AppointmentUnknown
from core.money import card
from core.money import engine as money
from core.people.tables import Person
from core.sealing import Sealer
from core.values import Channel


@dataclass(frozen=True)
class Agreed:
    """read_back: the sentence, '' while something is open. paying: None while there is no slot."""

    read_back: str
    paying: Paying | None


NOTHING = Agreed("", None)


async def agreed(
    db: AsyncSession, sealer: Sealer, seen: DraftView, *, now: datetime, channel: Channel, demo: bool
) -> Agreed:
    """What will happen if this draft is committed now, as one says it.

    channel: by which it will be committed; hospitals have rules for each.
    """
    if seen.held is None or seen.verb == "cancel":
        return NOTHING
    old = None
    if seen.verb == "change":
        try:
            old = await view.load(db, int(seen.fields.get("appointment_id", 0)))
        except AppointmentUnknown:
            return NOTHING
    name, person_id = await _whose(db, sealer, seen, old, demo=demo)
    one = await _paying(db, seen, seen.held, old, person_id, now=now, channel=channel)
    was = f"{old.hospital_short}{old.department}{spoken_span(old.starts_at, old.ends_at)}" if old else ""
    said = read_back(seen.held, name=name, fee=fee_words(one), contact=_contact(sealer, seen, old), was=was)
    return Agreed(said, one)


async def _whose(
    db: AsyncSession, sealer: Sealer, seen: DraftView, old: AppointmentView | None, *, demo: bool
) -> tuple[str, int | None]:
    """The patient's name, and who they are if they are known."""
    if old is not None:
        return old.person, old.person_id
    name = str(seen.fields.get("name", "")).strip()
    if seen.person_id is not None:
        return name or str(
            await db.scalar(select(Person.name).where(Person.id == seen.person_id)) or ""
        ), seen.person_id
    known = await likely(db, sealer, seen.fields, demo=demo)
    return name, known.id if known else None


async def _paying(
    db: AsyncSession,
    seen: DraftView,
    held: HeldFacts,
    old: AppointmentView | None,
    person_id: int | None,
    *,
    now: datetime,
    channel: Channel,
) -> Paying:
    wanted = await asked_of(db, session_id=held.session_id, period_id=held.period_id)
    before = None
    if old is not None:
        paid = await money.balance_of(db, old.appointment_id)
        before = Before(old.pay_mode, paid.left_fen, moved=old.hospital_id != held.hospital_id)
    has_card = "card" in seen.fields or (
        person_id is not None and await card.card_at(db, person_id, held.hospital_id) is not None
    )
    return paying(
        wanted.book, wanted.slot, channel=channel, now=now, wish=seen.fields.get("pay"),
        has_card=has_card, before=before,
    )  # fmt: skip


def _contact(sealer: Sealer, seen: DraftView, old: AppointmentView | None) -> str:
    """The number that will get the text: as it is typed, of a change else the one it had."""
    typed = next((str(seen.fields[name]) for name in CONTACT if seen.fields.get(name)), "")
    if typed or old is None:
        return typed
    return sealer.open(old.contact_sealed, "phone")
