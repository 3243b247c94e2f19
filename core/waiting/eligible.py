"""Whether somebody in line may have a freed slot now, and why not."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select

from core.booking.loading import Asked, facts_for
from core.booking.may import may_book
from core.errors import Refusal
from core.events import WaitingServed
from core.offers.rules import Kind
from core.offers.rules import State as OfferState
from core.offers.tables import Offer
from core.schedule.rules import COMMON
from core.schedule.tables import FreedSlot, Slot
from core.values import Channel
from core.waiting.line import Standing, visit_of
from core.waiting.rules import State, Terms
from core.waiting.tables import WaitingEntry
from core.work import Work


@dataclass
class Freed:
    """A slot to be offered, under its lock."""

    word: FreedSlot
    slot: Slot
    wanted: Asked
    terms: Terms
    over: list[str] = field(default_factory=list)  # why those before did not get it

    @property
    def open_to(self) -> str | None:
        """The only channel whose people may have it; None: everybody."""
        return None if self.slot.pool == COMMON else self.slot.pool

    def rests(self, now: datetime) -> bool:
        return self.slot.rests_until is not None and now < self.slot.rests_until


async def had_it(work: Work, freed: Freed, waiters: Sequence[Standing]) -> frozenset[int]:
    """Whom this slot was offered before, or another of its session that they refused or think about."""
    query = select(Offer.person_id).where(
        Offer.kind == Kind.WAITING.value,
        Offer.session_id == freed.slot.session_id,
        (Offer.slot_id == freed.slot.id) | Offer.state.in_([OfferState.REFUSED, OfferState.OPEN]),
        Offer.person_id.in_([one.person_id for one in waiters]),
    )
    return frozenset((await work.db.execute(query)).scalars())


def at_once_no(freed: Freed, one: Standing, now: datetime, had: frozenset[int]) -> str | None:
    """What the line itself says against it; None: nothing, ask on. had: of `had_it`."""
    recycled = freed.wanted.recycle_at is not None and freed.wanted.recycle_at <= now
    if not recycled and freed.open_to not in (None, one.channel):
        return "share"
    if one.person_id in had:
        return "had"
    return None if one.offer_id is None else "offered"


async def locked(work: Work, one: Standing) -> WaitingEntry | None:
    """The entry, if it still waits and nobody else is about to change it."""
    query = (
        select(WaitingEntry)
        .where(
            WaitingEntry.id == one.entry_id,
            WaitingEntry.state == State.WAITING,
            WaitingEntry.offer_id.is_(None),
        )
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    return (await work.db.execute(query)).scalar_one_or_none()


async def their_own_no(work: Work, freed: Freed, entry: WaitingEntry, one: Standing) -> str | None:
    """Whether this person may have it, asked under their lock: what is true now stays so until we commit."""
    facts = await facts_for(
        work,
        freed.wanted.slot,
        person_id=entry.person_id,
        contact_print=entry.phone_print,
        channel=Channel(entry.channel),
    )
    other = select(Offer.id).where(
        Offer.kind == Kind.WAITING.value,
        Offer.person_id == entry.person_id,
        Offer.state == OfferState.OPEN,
    )
    if (await work.db.execute(other)).first() is not None:
        return "offered"
    visit = await visit_of(work.db, entry.person_id, one.want, now=work.now)
    if visit is not None:
        serve(work, entry, visit.appointment_id, None)
        return "booked"
    try:
        may_book(facts, freed.wanted.book, reason="waiting-offer")
    except Refusal as refusal:
        return refusal.code
    return None


def serve(work: Work, entry: WaitingEntry, appointment_id: int, offer_id: int | None) -> None:
    """They have what they waited for."""
    entry.state = State.SERVED.value
    entry.served_by = appointment_id
    entry.ended_at = work.now
    entry.version += 1
    work.record(
        WaitingServed(
            entry_id=entry.id,
            person_id=entry.person_id,
            appointment_id=appointment_id,
            offer_id=offer_id,
            version=entry.version,
        )
    )
