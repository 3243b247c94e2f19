"""What a list of displaced patients shows of each: what they were offered, and each try to call them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.booking import view as booking
from core.booking.tables import Appointment
from core.booking.view import AppointmentView
from core.calling.handed import Try, tries_of
from core.calling.tables import OutboundCall
from core.leave.view import CaseView
from core.offers import view as offers
from core.offers.rules import Kind
from core.offers.view import OfferView


@dataclass(frozen=True)
class Notice:
    """offers: the newest first. tries: the first first. made: the visit they have now."""

    offers: Sequence[OfferView] = ()
    tries: Sequence[Try] = ()
    made: AppointmentView | None = field(default=None, repr=False)


async def of(db: AsyncSession, cases: Sequence[CaseView]) -> Mapping[int, Notice]:
    """By case; three statements and one more, however many they are."""
    if not cases:
        return {}
    offered: dict[int, list[OfferView]] = {}
    for one in await offers.of_sources(db, Kind.LEAVE, [case.case_id for case in cases]):
        offered.setdefault(one.source_id, []).append(one)
    tried = await _tries(db, cases)
    ids = [case.made_id for case in cases if case.made_id is not None]
    moved = await booking.listed(db, booking.joined().where(Appointment.id.in_(ids))) if ids else ()
    made = {one.appointment_id: one for one in moved}
    return {
        case.case_id: Notice(
            offered.get(case.case_id, ()),
            tried.get(case.appointment_id, ()),
            made.get(case.made_id or 0),
        )
        for case in cases
    }


async def _tries(db: AsyncSession, cases: Sequence[CaseView]) -> dict[int, list[Try]]:
    since = {case.appointment_id: case.opened_at for case in cases}
    query = select(OutboundCall.id, OutboundCall.appointment_id).where(
        OutboundCall.appointment_id.in_(since), OutboundCall.made_at >= min(since.values())
    )
    calls = {row[0]: row[1] or 0 for row in (await db.execute(query)).all()}
    found: dict[int, list[Try]] = {}
    for call_id, tries in (await tries_of(db, calls)).items():
        found.setdefault(calls[call_id], []).extend(tries)
    return {key: sorted(tries, key=lambda one: one.began_at) for key, tries in found.items()}
