"""Calls of ours that operators make: whom, about which visit, what is kept for them, what was tried."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from agent_desk.house import AgentHouse
from core.booking import view as booking
from core.booking.tables import Appointment
from core.booking.view import AppointmentView
from core.calling import handed
from core.calling.handed import Handed, Try
from core.http import words
from core.http.calling_words import KINDS, outcome
from core.http.pages import clock
from core.offers import view as offers
from core.offers.view import OfferView
from core.people.tables import Person
from core.values import Actor, Phone


async def outbound(house: AgentHouse, db: AsyncSession, by: Actor, staff_id: int) -> dict[str, Any]:
    """The part `outbound`: their own, those that anybody may take, and how many colleagues have.

    In order of the visit; nothing for who may not book. Staff of one hospital see those about a visit there
    (R-167).
    """
    rows = await handed.waiting(db) if by.may("book") else ()
    visits, kept = await _about(db, rows)
    seen = [one for one in rows if by.sees(_hospital(one, visits, kept))]
    tries = await handed.tries_of(db, [one.call_id for one in seen])
    people = select(Person.id, Person.name).where(Person.id.in_({one.person_id for one in seen}))
    names = {row[0]: row[1] for row in (await db.execute(people)).all()}
    shown = {
        one.call_id: _shown(house, one, names[one.person_id], visits, kept, tries.get(one.call_id, ()))
        for one in seen
    }
    return {
        "mine": [shown[one.call_id] for one in seen if one.staff_id == staff_id],
        "shared": [shown[one.call_id] for one in seen if one.staff_id is None],
        "taken": sum(one.staff_id not in (None, staff_id) for one in seen),
    }


async def hospital_of(db: AsyncSession, one: Handed) -> int | None:
    """Whose visit a call is about; None: nobody's in particular."""
    return _hospital(one, *await _about(db, [one]))


async def offer_of(db: AsyncSession, one: Handed) -> OfferView | None:
    """What is kept for them now; None: nothing."""
    return _offer(one, (await _about(db, [one]))[1])


Visits = Mapping[int, AppointmentView]


async def _about(db: AsyncSession, rows: Sequence[Handed]) -> tuple[Visits, Sequence[OfferView]]:
    """The visits that these calls are about, and what is kept for whom."""
    ids = [one.appointment_id for one in rows if one.appointment_id is not None]
    named = [one.subject.removeprefix("offer/") for one in rows if one.subject.startswith("offer/")]
    if not ids and not named:
        return {}, ()
    found = await booking.listed(db, booking.joined().where(Appointment.id.in_(ids)))
    kept = await offers.open_among(db, [int(one) for one in named], ids)
    return {one.appointment_id: one for one in found}, kept


def _offer(one: Handed, kept: Sequence[OfferView]) -> OfferView | None:
    for offer in kept:
        if one.subject == f"offer/{offer.offer_id}" or (
            one.appointment_id is not None and offer.appointment_id == one.appointment_id
        ):
            return offer
    return None


def _hospital(one: Handed, visits: Visits, kept: Sequence[OfferView]) -> int | None:
    visit = visits.get(one.appointment_id or 0)
    if visit is not None:
        return visit.hospital_id
    offer = _offer(one, kept)
    return offer.hospital_id if offer else None


def _shown(
    house: AgentHouse,
    one: Handed,
    name: str,
    visits: Visits,
    kept: Sequence[OfferView],
    tries: Sequence[Try],
) -> dict[str, Any]:
    visit, offer = visits.get(one.appointment_id or 0), _offer(one, kept)
    return {
        "call_id": one.call_id,
        "kind": one.kind,
        "kind_words": KINDS[one.kind],
        "person": name,
        "number_masked": Phone(house.hotline.sealer.open(one.sealed, "phone")).masked,
        "visit_at": one.visit_at,
        "until": one.until,
        "late": one.until <= house.hotline.clock.now(),
        "visit": _visit(visit) if visit else None,
        "offer": _kept(offer) if offer else None,
        "tries": [_try(each) for each in tries],
    }


def _visit(one: AppointmentView) -> dict[str, Any]:
    return {
        "appointment_id": one.appointment_id,
        "serial": one.serial,
        "hospital": one.hospital_short,
        "department": one.department,
        "doctor": one.doctor,
        "title": one.title,
        "day": one.day,
        "time": f"{clock(one.starts_at)}–{clock(one.ends_at)}",
        "state": one.state,
        "state_words": words.APPOINTMENT[one.state][0],
    }


def _kept(one: OfferView) -> dict[str, Any]:
    return {
        "offer_id": one.offer_id,
        "hospital": one.hospital_short,
        "department": one.department,
        "doctor": one.doctor,
        "title": one.title,
        "day": one.day,
        "time": f"{clock(one.starts_at)}–{clock(one.ends_at)}",
        "fee_fen": one.fee_fen,
        "until": one.expires_at,
    }


def _try(one: Try) -> dict[str, Any]:
    said, tone = outcome(one.outcome)
    return {
        "number": one.number,
        "at": one.began_at,
        "words": said,
        "tone": tone,
        "by": "话务员" if one.by_operator else "自动外呼",
    }
