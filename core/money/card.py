"""Money on a hospital's visit card: loaded, charged and given back, each a line of its ledger.

The card's row is the guard: one UPDATE that names what must be there, so that of two charges at once
the second finds what the first left.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import CardShort
from core.money.tables import CardEntry
from core.people.tables import VisitCard
from core.sealing import Sealer
from core.values import mask
from core.work import Work

PROVIDER = "card"


@dataclass(frozen=True)
class CardView:
    """masked: all but the last four of its number."""

    card_id: int
    person_id: int
    hospital_id: int
    masked: str
    balance_fen: int
    active: bool


async def cards_of(db: AsyncSession, sealer: Sealer, person_id: int) -> Sequence[CardView]:
    """A person's cards, oldest first."""
    query = select(VisitCard).where(VisitCard.person_id == person_id).order_by(VisitCard.id)
    return [
        CardView(
            row.id,
            row.person_id,
            row.hospital_id,
            mask(sealer.open(row.card_sealed, "card"), 0, 4),
            row.balance_fen,
            row.state == "active",
        )
        for row in (await db.execute(query)).scalars()
    ]


async def card_at(db: AsyncSession, person_id: int, hospital_id: int) -> VisitCard | None:
    """The card by which a person pays at a hospital: the newest that is active."""
    query = select(VisitCard).where(
        VisitCard.person_id == person_id, VisitCard.hospital_id == hospital_id, VisitCard.state == "active"
    )
    return (await db.execute(query.order_by(VisitCard.id.desc()).limit(1))).scalar_one_or_none()


async def card_numbered(db: AsyncSession, sealer: Sealer, hospital_id: int, number: str) -> VisitCard | None:
    """The card of this number at a hospital, whosever it is."""
    query = select(VisitCard).where(
        VisitCard.hospital_id == hospital_id,
        VisitCard.card_print == sealer.fingerprint(number.strip(), "card"),
    )
    return (await db.execute(query)).scalar_one_or_none()


async def load(work: Work, card_id: int, amount_fen: int) -> int:
    """Money comes onto the card, as its hospital says; returns the new balance."""
    return (await _move(work, card_id, amount_fen, "load")).balance_fen


async def charge(work: Work, *, card_id: int, payment_id: int, amount_fen: int) -> int:
    """Take the fee from the card; returns the ledger line's id.

    Raises CardShort (facts: needed_fen) when less is on it, or the card is not active.
    """
    return (await _move(work, card_id, -amount_fen, "charge", payment_id=payment_id)).id


async def give_back(work: Work, *, refund_id: int, payment_id: int, amount_fen: int) -> None:
    """A refund of a card payment goes back to the card it came from, also when that is stopped now."""
    card_id = (
        await work.db.execute(
            select(CardEntry.card_id).where(CardEntry.payment_id == payment_id, CardEntry.kind == "charge")
        )
    ).scalar_one()
    await _move(work, card_id, amount_fen, "refund", payment_id=payment_id, refund_id=refund_id)


async def _move(
    work: Work,
    card_id: int,
    amount_fen: int,
    kind: str,
    *,
    payment_id: int | None = None,
    refund_id: int | None = None,
) -> CardEntry:
    if (amount_fen < 0) != (kind == "charge") or amount_fen == 0:
        raise ValueError(f"{kind} of {amount_fen} fen")
    guards = [VisitCard.id == card_id, VisitCard.balance_fen + amount_fen >= 0]
    if kind == "charge":
        guards.append(VisitCard.state == "active")
    moved = await work.db.execute(
        update(VisitCard)
        .where(*guards)
        .values(balance_fen=VisitCard.balance_fen + amount_fen)
        .returning(VisitCard.balance_fen)
        .execution_options(synchronize_session=False)
    )
    left = moved.scalar_one_or_none()
    if left is None:
        raise CardShort(facts={"needed_fen": -amount_fen})
    entry = CardEntry(
        card_id=card_id,
        amount_fen=amount_fen,
        balance_fen=left,
        kind=kind,
        payment_id=payment_id,
        refund_id=refund_id,
        at=work.now,
        by=work.by.name[:64],
    )
    work.db.add(entry)
    await work.db.flush()
    return entry
