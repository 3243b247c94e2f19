"""The appointments and holds of whoever asks over the network, and nobody else's; read-only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.booking import view
from core.booking.rules import LIVE, OPEN
from core.booking.tables import Appointment, not_before
from core.booking.view import AppointmentView
from core.errors import NotFound
from core.schedule.tables import Hold, Period, Slot
from core.values import day_of


@dataclass(frozen=True)
class Listed:
    """One page, newest booking first. total: of all pages."""

    made: Sequence[AppointmentView]
    total: int


@dataclass(frozen=True)
class HeldView:
    """A live hold with the period of its slot."""

    hold_id: str
    session_id: int
    period_id: int
    starts_at: datetime
    ends_at: datetime
    sequence: int
    until: datetime


async def listed(
    db: AsyncSession, theirs: ColumnElement[bool], *, ahead: bool, now: datetime, first: int, most: int
) -> Listed:
    """`most` of them from `first` on. ahead: only those that are still to come."""
    wanted = [theirs]
    if ahead:
        wanted += [Appointment.state.in_(sorted(OPEN | LIVE)), not_before(day_of(now))]
    total = await db.scalar(select(func.count()).select_from(Appointment).where(*wanted))
    query = view.joined().where(*wanted).order_by(Appointment.booked_at.desc(), Appointment.id.desc())
    return Listed(await view.listed(db, query.offset(first).limit(most)), total or 0)


async def one(db: AsyncSession, theirs: ColumnElement[bool], serial: str) -> AppointmentView:
    """The appointment of a serial number. Raises NotFound, for another's as for one there is not."""
    found = await view.listed(db, view.joined().where(Appointment.serial == serial, theirs))
    if not found:
        raise NotFound(facts={"what": "appointment"})
    return found[0]


async def owns(db: AsyncSession, hold_id: str, owner: str) -> None:
    """Whether a hold is theirs, as it may stand by now. Raises NotFound."""
    query = select(Hold.id).where(Hold.id == hold_id, _theirs(owner))
    if (await db.execute(query)).first() is None:
        raise NotFound(facts={"what": "hold"})


def _theirs(owner: str) -> ColumnElement[bool]:
    """owner: a hold's owner, or what its name begins with."""
    return or_(Hold.owner == owner, Hold.owner.startswith(f"{owner}:", autoescape=True))


async def held(db: AsyncSession, hold_id: str, owner: str, now: datetime) -> HeldView:
    """A hold that is live and theirs. owner: its owner's name, or what it begins with. Raises NotFound."""
    query = (
        select(
            Hold.id,
            Hold.session_id,
            Period.id,
            Period.starts_at,
            Period.ends_at,
            Slot.sequence,
            Hold.expires_at,
        )
        .join(Slot, Slot.id == Hold.slot_id)
        .join(Period, Period.id == Slot.period_id)
        .where(
            Hold.id == hold_id,
            Hold.state == "live",
            Hold.expires_at > now,
            _theirs(owner),
        )
    )  # fmt: skip
    row = (await db.execute(query)).one_or_none()
    if row is None:
        raise NotFound(facts={"what": "hold"})
    return HeldView(*row)
