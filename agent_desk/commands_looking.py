"""Commands that look: people, the catalogue, what is free, what may stand in for it."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from pydantic import Field, model_validator
from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from agent_desk import pop_caller
from agent_desk.commands import Asked, Command, Said, Seat
from agent_desk.commands_booking import MAY_BOOK
from core.booking import availability, draft, draft_view, equivalents, patients
from core.booking.availability import DeskSession, HeldUntil
from core.booking.equivalents_rules import Equivalent
from core.booking.patient_of import by_card
from core.booking.tables import ONGOING, Appointment
from core.contact import engine as contact
from core.errors import NotAllowed, PersonUnknown, WrongInput
from core.http.access import Access
from core.http.pages import clock
from core.people.tables import Person
from core.schedule.tables import Session
from core.values import Actor, Phone, phone

MAY_LOOK = Access(functions=frozenset({"book", "query"}))
PEOPLE_SHOWN = 12


class Search(Asked):
    q: str = Field(min_length=1, max_length=40, repr=False)


class Pick(Asked):
    person_id: int = Field(gt=0)


class Card(Asked):
    """Card number, name and phone, which must agree (R-084); at which hospital."""

    card: str = Field(min_length=3, max_length=40, repr=False)
    name: str = Field(min_length=1, max_length=40, repr=False)
    phone: str = Field(default="", max_length=20, repr=False)
    hospital_id: int = Field(gt=0)


class Find(Search):
    hospital_id: int | None = Field(default=None, gt=0)


class Slots(Asked):
    hospital_id: int | None = Field(default=None, gt=0)
    department_id: int | None = Field(default=None, gt=0)
    doctor_id: int | None = Field(default=None, gt=0)
    day: date | None = None

    @model_validator(mode="after")
    def _something(self) -> "Slots":
        if self.hospital_id is None and self.department_id is None and self.doctor_id is None:
            raise ValueError("which sessions?")
        return self


class StandIn(Asked):
    session_id: int | None = Field(default=None, gt=0)
    appointment_id: int | None = Field(default=None, gt=0)


# --- people ---------------------------------------------------------------------------------------


async def search(seat: Seat, asked: Search, _key: str) -> Said:
    """By name, pinyin, initials, phone or card, or a whole identity number (R-094), shown masked; staff
    find their hospital's.
    """
    house, now = seat.house, seat.house.hotline.clock.now()
    async with house.hotline.read() as db:
        found = await patients.search(db, house.hotline.sealer, asked.q, seat.by, PEOPLE_SHOWN)
        return {"people": [await pop_caller.shown_person(house, db, one, now, by=seat.by) for one in found]}


async def pick(seat: Seat, asked: Pick, _key: str) -> Said:
    """This call's matter is for this person; who calls is known thereby, until somebody says otherwise."""
    call = await seat.call()
    async with seat.work(call) as work:
        person = await work.db.get(Person, asked.person_id)
        if person is None:
            raise PersonUnknown
        await patients.must_know(work.db, person.id, seat.by)
        seen = await draft_view.of_interaction(work.db, work.sealer, call)
        if seen is None or seen.state not in ONGOING:
            seen = await draft.open_draft(work, interaction_id=call, staff_id=seat.staff_id)
        if seen.staff_id not in (None, seat.staff_id):
            raise NotAllowed(facts={"what": "draft"})
        changes = {"person_id": person.id, "name": person.name, "id_number": None, "card": None}
        seen = await draft.save(work, seen.draft_id, version=seen.version, changes=changes)
        await contact.know(work, call, person.id, by="agent")
    seat.floor.untyped(seat.staff_id)
    seat.floor.again(seat.staff_id, "caller")
    return {"version": seen.version}


async def card_check(seat: Seat, asked: Card, _key: str) -> Said:
    """Whose card it is, where card number, name and phone agree (R-084). Says no more to a wrong guess."""
    seat.by.must_see(asked.hospital_id)
    house = seat.house
    number: Phone | None = phone(asked.phone, demo=house.hotline.demo) if asked.phone else None
    async with seat.work() as work:
        found = await by_card(
            work, hospital_id=asked.hospital_id, card=asked.card, name=asked.name, number=number
        )
        return {"person": await pop_caller.shown_person(house, work.db, found, work.now, by=seat.by)}


# --- the catalogue and what is free ---------------------------------------------------------------


async def find(seat: Seat, asked: Find, _key: str) -> Said:
    """Hospitals, departments and doctors by what is typed: names, pinyin, initials."""
    async with seat.house.hotline.read() as db:
        hits = await seat.floor.finder.search(
            db, asked.q, hospital_id=seat.by.hospital_id or asked.hospital_id
        )
    return {
        "hits": [
            {
                "kind": hit.kind,
                "id": hit.id,
                "label": hit.label,
                "hint": hit.hint,
                "hospital_id": hit.hospital_id,
                "department_id": hit.department_id,
                "doctor_id": hit.doctor_id,
            }
            for hit in hits
            if seat.by.sees(hit.hospital_id)
        ]
    }


async def slots(seat: Seat, asked: Slots, _key: str) -> Said:
    """Sessions with live counts, what others are just holding, and when the next ones open."""
    hospital_id = asked.hospital_id or seat.by.hospital_id
    if hospital_id is not None:
        seat.by.must_see(hospital_id)
    async with seat.house.hotline.read() as db:
        found = await availability.sessions(
            db,
            now=seat.house.hotline.clock.now(),
            hospital_id=hospital_id,
            department_id=asked.department_id,
            doctor_id=asked.doctor_id,
            day=asked.day,
        )
    opens = [one.opens for one in found if one.opens is not None]
    # What can be booked no more is in nobody's way, unless that very day was asked for.
    listed = [one for one in found if asked.day is not None or not one.over]
    return {"sessions": [session(one) for one in listed], "next_release": min(opens, default=None)}


def session(one: DeskSession) -> dict[str, Any]:
    """One session as the page lists it."""
    return {
        "session_id": one.session_id,
        "hospital_id": one.hospital_id,
        "hospital": one.hospital,
        "department_id": one.department_id,
        "department": one.department,
        "doctor_id": one.doctor_id,
        "doctor": one.doctor,
        "title": one.title,
        "kind": one.number_kind,
        "day": one.day,
        "half": one.half,
        "time": _span(one),
        "fee_fen": one.fee_fen,
        "free": one.free,
        "others": one.others,
        "booked": one.booked,
        "total": one.total,
        "stopped": one.stopped,
        "opens": one.opens,
        "over": one.over,
        "held": _held(one.held),
        "periods": [
            {"period_id": period.period_id, "time": _span(period), "free": period.free}
            for period in one.periods
        ],
    }


def _span(one: Any) -> str:
    return f"{clock(one.starts_at)}–{clock(one.ends_at)}"


async def stand_in(seat: Seat, asked: StandIn, _key: str) -> Said:
    """What may stand in for a session that is full, or for an appointment that cannot be kept."""
    now = seat.house.hotline.clock.now()
    async with seat.house.hotline.read() as db:
        if asked.session_id is not None:
            await _in_scope(db, select(Session.hospital_id).where(Session.id == asked.session_id), seat.by)
            found = await equivalents.equivalents(db, session_id=asked.session_id, now=now)
        elif asked.appointment_id is not None:
            made = select(Appointment.hospital_id).where(Appointment.id == asked.appointment_id)
            await _in_scope(db, made, seat.by)
            found = await equivalents.of_appointment(db, appointment_id=asked.appointment_id, now=now)
        else:
            raise WrongInput(facts={"field": "session_id"})
        seen = [one for one in found if seat.by.sees(one.offer.hospital_id)]
        held = await availability.held_until(db, [one.offer.session_id for one in seen], now)
    return {"choices": [{**_choice(one), "held": _held(held[one.offer.session_id])} for one in seen]}


async def _in_scope(db: AsyncSession, hospital_of: Select[int], by: Actor) -> None:
    """What may stand in for a visit tells of the visit: it is asked at one's own hospital (R-167)."""
    if by.hospital_id is not None:
        by.must_see(await db.scalar(hospital_of))


def _held(held: Sequence[HeldUntil]) -> list[dict[str, Any]]:
    return [{"until": one.until, "face": one.face} for one in held]


def _choice(one: Equivalent) -> dict[str, Any]:
    return {
        "session_id": one.offer.session_id,
        "why": one.words,
        "hospital_id": one.offer.hospital_id,
        "hospital": one.offer.hospital,
        "department_id": one.offer.department_id,
        "department": one.offer.department,
        "doctor": one.offer.doctor,
        "title": one.offer.title,
        "day": one.offer.day,
        "time": _span(one.offer),
        "free": one.offer.free,
        "fee_fen": one.offer.fee_fen,
        "fee_diff_fen": one.dearer_fen,
        "days": one.days,
    }


COMMANDS: Mapping[str, Command[Any]] = {
    "person.search": Command(MAY_LOOK, Search, search),
    "person.pick": Command(MAY_BOOK, Pick, pick, "draft"),
    "card.check": Command(MAY_BOOK, Card, card_check, "draft"),
    "catalogue.search": Command(MAY_LOOK, Find, find),
    "slots": Command(MAY_LOOK, Slots, slots),
    "equivalents": Command(MAY_LOOK, StandIn, stand_in),
}
