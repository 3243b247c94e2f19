"""The places on the waiting list that an account may see: those it took, and those its number is told of."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.accounts import people
from core.accounts.orders import people_of
from core.accounts.tables import Account
from core.booking.commands import Booked
from core.errors import NotFound, OfferGone
from core.offers import engine as offers
from core.offers import view as offered
from core.offers.view import OfferView
from core.waiting import engine, view
from core.waiting.rules import Want
from core.waiting.view import EntryView
from core.work import Work


@dataclass(frozen=True)
class Place:
    """One place. of_ours: for the account's owner or one it books for. offer: what is kept for it now."""

    it: EntryView
    of_ours: bool
    offer: OfferView | None


async def listed(db: AsyncSession, account_id: int) -> Sequence[Place]:
    """Every live one, the oldest wish first."""
    ours = await people_of(db, account_id)
    places = await view.of_account(db, account_id, await _number(db, account_id))
    named = [one.offer_id for one in places if one.offer_id is not None]
    kept = {one.offer_id: one for one in await offered.open_among(db, named, [])} if named else {}
    return [Place(one, one.person_id in ours, kept.get(one.offer_id or 0)) for one in places]


async def find(db: AsyncSession, account_id: int, entry_id: int) -> EntryView:
    """Raises NotFound, also for another account's and for one that is over."""
    for one in await view.of_account(db, account_id, await _number(db, account_id)):
        if one.entry_id == entry_id:
            return one
    raise NotFound(facts={"what": "waiting-entry"})


async def join(work: Work, account_id: int, person_id: int, want: Want) -> int:
    """Wait for somebody the account books for; told at the account's number.

    Raises NotFound for anybody else, and what `core.waiting.engine.join` raises.
    """
    await people.books_for(work.db, account_id, person_id)
    number = await people.phone_of(work.db, work.sealer, account_id)
    return await engine.join(work, engine.Join(person_id, number, **vars(want)))


async def leave(work: Work, account_id: int, entry_id: int) -> None:
    """Raises NotFound."""
    await find(work.db, account_id, entry_id)
    await engine.leave(work, entry_id)


async def resume(work: Work, account_id: int, entry_id: int) -> None:
    """Raises NotFound."""
    await find(work.db, account_id, entry_id)
    await engine.resume(work, entry_id)


async def accept(work: Work, account_id: int, entry_id: int, offer_id: int) -> Booked:
    """Take what is kept. Raises NotFound, OfferGone, and the refusals of booking."""
    await _theirs(work, account_id, entry_id, offer_id)
    return await offers.accept(work, offer_id)


async def refuse(work: Work, account_id: int, entry_id: int, offer_id: int) -> None:
    """Not this one; the place stays. Raises NotFound, OfferGone."""
    await _theirs(work, account_id, entry_id, offer_id)
    await offers.refuse(work, offer_id)


async def _theirs(work: Work, account_id: int, entry_id: int, offer_id: int) -> None:
    entry = await find(work.db, account_id, entry_id)
    if entry.offer_id != offer_id:
        raise OfferGone


async def _number(db: AsyncSession, account_id: int) -> str:
    """The print of the account's number."""
    return (await db.execute(select(Account.phone_print).where(Account.id == account_id))).scalar_one()
