"""A partner's bookings: counted against its quota, for a named person (R-046), at our price."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from core.booking.book import book
from core.booking.commands import Book, Booked
from core.booking.loading import lock_key
from core.booking.tables import Appointment
from core.errors import IdentityConflict, PartnerHoldsFull, PartnerQuotaUsed
from core.partners import rules
from core.partners.engine import Caller
from core.partners.tables import PartnerCall, PartnerDay
from core.people.engine import find_by_identity
from core.people.register import register
from core.people.rules import same_name
from core.schedule.tables import Hold
from core.values import SHANGHAI, Identity, Phone, day_of
from core.work import Work


@dataclass(frozen=True)
class Named:
    """Whom a partner books for. mobile: where the texts go."""

    name: str
    identity: Identity
    mobile: Phone


def theirs(partner_id: int) -> ColumnElement[bool]:
    """Whether a partner may see an appointment: what it booked, and nothing else."""
    return Appointment.partner_id == partner_id


def owner(partner_id: int) -> str:
    """Whose a partner's holds are. Each has more behind it: an owner chooses one number at a time."""
    return f"partner:{partner_id}"


async def room_for_a_hold(work: Work, caller: Caller) -> None:
    """Raises PartnerHoldsFull when the partner keeps as many numbers from others as it may."""
    await work.lock(lock_key("partner", caller.partner_id))
    query = select(func.count()).where(
        Hold.state == "live", Hold.owner.startswith(f"{owner(caller.partner_id)}:", autoescape=True)
    )
    if (await work.db.scalar(query) or 0) >= rules.HOLDS:
        raise PartnerHoldsFull(facts={"most": rules.HOLDS})


async def book_for(
    work: Work, caller: Caller, hold_id: str, named: Named, *, pay_online: bool | None
) -> Booked:
    """Book a held number for somebody.

    Raises PartnerQuotaUsed, IdentityConflict, TooManyRequests for too many of those, and what `book` raises.
    """
    rules.no_guesser(await _conflicts(work, caller))
    await _count(work, caller)
    person_id = await _person(work, named)
    return await book(work, Book(hold_id, person_id, named.mobile, pay_online=pay_online))


async def _conflicts(work: Work, caller: Caller) -> int:
    """How often of late an identity number came with another name than ours; the log of calls knows."""
    query = select(func.count()).where(
        PartnerCall.partner_id == caller.partner_id,
        PartnerCall.at > work.now - rules.CONFLICTS_WITHIN,
        PartnerCall.code == IdentityConflict.code,
    )
    return await work.db.scalar(query) or 0


async def _count(work: Work, caller: Caller) -> None:
    """One more of today's, if there is one: a hundred at the same moment get no more than are left."""
    maker = sqlite.insert if work.house.database.sqlite else postgresql.insert
    today = day_of(work.now)
    row = {"partner_id": caller.partner_id, "day": today, "booked": 0}
    await work.db.execute(maker(PartnerDay).values(row).on_conflict_do_nothing())
    counted = await work.db.execute(
        update(PartnerDay)
        .where(
            PartnerDay.partner_id == caller.partner_id,
            PartnerDay.day == today,
            PartnerDay.booked < caller.quota,
        )
        .values(booked=PartnerDay.booked + 1)
        .returning(PartnerDay.booked)
        .execution_options(synchronize_session=False)
    )
    if counted.one_or_none() is None:
        raise PartnerQuotaUsed(facts={"quota": caller.quota, "seconds": _until_tomorrow(work.now)})


def _until_tomorrow(now: datetime) -> int:
    tomorrow = datetime.combine(day_of(now) + timedelta(days=1), datetime.min.time(), SHANGHAI)
    return int((tomorrow - now).total_seconds()) + 1


async def _person(work: Work, named: Named) -> int:
    """Who it is, written down if need be.

    The mobile number becomes nobody's own who is known already: a partner has not proved it.
    """
    known = await find_by_identity(work.db, work.sealer, named.identity)
    if known is None:
        made = await register(work, name=named.name, identity=named.identity, phones=[named.mobile])
        return made.id
    if not same_name(known.name, named.name):
        raise IdentityConflict
    return known.id


async def booked_today(work: Work) -> Mapping[int, int]:
    """Partner → what it has booked today."""
    rows = await work.db.execute(
        select(PartnerDay.partner_id, PartnerDay.booked).where(PartnerDay.day == day_of(work.now))
    )
    return dict(rows.all())
