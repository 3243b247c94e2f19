"""Who calls, as the desk shows it: the person or the candidates, their past, what they have booked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from agent_desk.house import AgentHouse
from agent_desk.pop_call import Contact
from agent_desk.state import Past, in_one_line
from core import events as e
from core import journal
from core.booking import view as booking
from core.booking.caller import Visit, credit_line, visits
from core.booking.patients import known
from core.booking.rules import State
from core.booking.tables import Appointment
from core.catalogue.tables import Hospital
from core.contact.tables import Interaction
from core.credit.tables import BlacklistEntry
from core.http import words
from core.http.event_words import Names, lines
from core.http.pages import clock
from core.http.refusals import code_words
from core.people.engine import household
from core.people.tables import Person, PersonPhone, VisitCard
from core.values import Actor, Phone, day_of, instant_of, mask

HALF_A_YEAR = timedelta(days=183)
# More appointments than this are looked up, not popped.
SHOWN = 6

# What of the voice menu's story an operator wants to know at a glance.
TOLD = frozenset(
    kind.kind
    for kind in (
        e.CallerIdentified, e.IdentityRefused, e.SlotHeld, e.HoldReleased, e.AppointmentBooked,
        e.AppointmentChanged, e.AppointmentCancelled, e.BookingRefused, e.CallbackPromised,
    )
)  # fmt: skip


@dataclass(frozen=True)
class Caller:
    """people: everybody who is shown, so that what happens to them changes the desk."""

    shown: dict[str, Any]
    people: frozenset[int]


async def caller(
    house: AgentHouse, db: AsyncSession, by: Actor, seen: Contact, now: datetime, *, asked: bool = True
) -> Caller:
    """The part `caller`: the person who is known, or the only one of this number; else the candidates.

    Of all of them those whom `by` may see (R-167). asked: what may be done to the appointments is asked, and
    the cards are shown; not while it rings.
    """
    row = seen.interaction
    number = Phone(house.hotline.sealer.open(row.ani_sealed, "phone")) if row.ani_sealed else None
    candidates: Sequence[Person] = ()
    person = await db.get(Person, row.person_id) if row.person_id else None
    if person is None and number is not None:
        candidates = await household(db, house.hotline.sealer, number)
        if len(candidates) == 1:
            person = candidates[0]
    theirs = await known(db, [one.id for one in (person, *candidates) if one is not None], by)
    if person is not None and person.id not in theirs:
        person, candidates = None, ()
    candidates = [one for one in candidates if one.id in theirs]
    past, blocked = await _past(db, person.id if person else None, row.ani_print, now)
    ahead = await _ahead(db, by, person, row.ani_print, now, asked=asked)
    by_number = number if person is not None and row.person_id is None else None
    shown = {
        "person": await shown_person(house, db, person, now, by=by if asked else None, number=by_number)
        if person
        else None,
        "candidates": [_candidate(one, now) for one in candidates] if person is None else [],
        "history": in_one_line(past),
        "credit": await _credit(db, person, now, asked=asked, blocked=blocked),
        "appointments": [shown_visit(one, asked=asked) for one in ahead[:SHOWN]],
        "menu": await _menu(db, row.id),
    }
    people = {one.id for one in candidates} | {one.made.person_id for one in ahead}
    return Caller(shown, frozenset(people | ({person.id} if person else set())))


async def _ahead(
    db: AsyncSession, by: Actor, person: Person | None, ani_print: str | None, now: datetime, *, asked: bool
) -> Sequence[Visit]:
    if person is not None and asked:
        seen = await visits(db, person.id, now=now, by=by)
    elif person is not None:
        seen = [Visit(one, False, False) for one in await booking.open_of_person(db, person.id, now)]
    elif ani_print is not None:
        seen = [Visit(one, False, False) for one in await booking.open_by_phone(db, ani_print, now)]
    else:
        seen = []
    return [one for one in seen if by.sees(one.made.hospital_id)]


async def _credit(
    db: AsyncSession, person: Person | None, now: datetime, *, asked: bool, blocked: bool
) -> str:
    """While it rings, only whether they are blocked; the whole sentence when somebody talks to them."""
    if person is None or not (asked or blocked):
        return ""
    return await credit_line(db, person.id, now)


# --- the person -----------------------------------------------------------------------------------


async def shown_person(
    house: AgentHouse,
    db: AsyncSession,
    person: Person,
    now: datetime,
    *,
    by: Actor | None,
    number: Phone | None = None,
) -> dict[str, Any]:
    """A person as a desk may show them without a reason: identity, phone and cards masked.

    by: who sees it: of the cards, those of their hospitals; None: nobody yet, and no card. number: one
    of theirs, where it is known; else their main one is looked up.
    """
    sealer = house.hotline.sealer
    if number is None:
        number = await _main_number(house, db, person.id)
    identity = sealer.open(person.identity_sealed, "identity") if person.identity_sealed else None
    return {
        "person_id": person.id,
        "name": person.name,
        "sex": person.sex,
        "age": age(person.birth_date, day_of(now)),
        "id_kind": person.identity_kind,
        "id_masked": mask(identity, 3, 4) if identity else None,
        "phone_masked": number.masked if number else None,
        "cards": await cards(house, db, person.id, by) if by else [],
    }


async def _main_number(house: AgentHouse, db: AsyncSession, person_id: int) -> Phone | None:
    query = (
        select(PersonPhone.phone_sealed)
        .where(PersonPhone.person_id == person_id)
        .order_by(PersonPhone.main.desc(), PersonPhone.id)
        .limit(1)
    )
    sealed = (await db.execute(query)).scalar_one_or_none()
    return Phone(house.hotline.sealer.open(sealed, "phone")) if sealed else None


async def cards(house: AgentHouse, db: AsyncSession, person_id: int, by: Actor) -> list[dict[str, Any]]:
    query = (
        select(VisitCard, Hospital.short_name)
        .join(Hospital, Hospital.id == VisitCard.hospital_id)
        .where(VisitCard.person_id == person_id, VisitCard.state == "active")
        .order_by(VisitCard.id)
    )
    return [
        {
            "card_id": row.id,
            "hospital_id": row.hospital_id,
            "hospital": hospital,
            "masked": mask(house.hotline.sealer.open(row.card_sealed, "card"), 2, 4),
            "balance_fen": row.balance_fen,
        }
        for row, hospital in (await db.execute(query)).all()
        if by.sees(row.hospital_id)
    ]


def age(born: date | None, today: date) -> int | None:
    """Full years; pure."""
    if born is None:
        return None
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def _candidate(person: Person, now: datetime) -> dict[str, Any]:
    return {
        "person_id": person.id,
        "name": person.name,
        "sex": person.sex,
        "age": age(person.birth_date, day_of(now)),
        "note": "" if person.identity_kind else "未实名",
    }


# --- the past -------------------------------------------------------------------------------------


async def _past(
    db: AsyncSession, person_id: int | None, ani_print: str | None, now: datetime
) -> tuple[Past, bool]:
    """The past, and whether they are blocked; one statement, as nothing here may hold up the pop."""
    since = now - HALF_A_YEAR
    of_person = select(func.count()).select_from(Appointment).where(
        Appointment.person_id == person_id, Appointment.booked_at > since
    )  # fmt: skip
    made = of_person.where(Appointment.replaces_id.is_(None))  # a change is not one more
    cancelled = of_person.where(Appointment.state == State.CANCELLED, Appointment.reason == "patient")
    missed = of_person.where(Appointment.state == State.NO_SHOW)
    blocks = select(func.count()).select_from(BlacklistEntry).where(
        BlacklistEntry.person_id == person_id, BlacklistEntry.ended_at.is_(None)
    )  # fmt: skip
    midnight = instant_of(day_of(now), time())
    today = select(func.count()).select_from(Interaction).where(
        Interaction.ani_print == ani_print, Interaction.started_at >= midnight,
        Interaction.direction == "in",
    )  # fmt: skip
    figures = select(*(one.scalar_subquery() for one in (made, cancelled, missed, today, blocks)))
    found: Sequence[int] = (await db.execute(figures)).one()
    return Past(booked=found[0], cancelled=found[1], missed=found[2], calls=found[3]), found[4] > 0


# --- what is booked -------------------------------------------------------------------------------


def shown_visit(visit: Visit, *, asked: bool = True) -> dict[str, Any]:
    """One appointment, with what may be done to it at this moment where that was asked."""
    seen = visit.made
    state_words, tone = words.APPOINTMENT[seen.state.value]
    return {
        "appointment_id": seen.appointment_id,
        "serial": seen.serial,
        "person_id": seen.person_id,
        "person": seen.person,
        "hospital_id": seen.hospital_id,
        "hospital": seen.hospital_short or seen.hospital,
        "department_id": seen.department_id,
        "department": seen.department,
        "doctor_id": seen.doctor_id,
        "doctor": seen.doctor,
        "title": seen.title,
        "session_id": seen.session_id,
        "day": seen.day,
        "time": f"{clock(seen.starts_at)}–{clock(seen.ends_at)}",
        "state": seen.state,
        "state_words": state_words,
        "tone": tone,
        "fee_fen": seen.fee_fen,
        "stopped": seen.state is State.STOPPED,
        "may_change": visit.may_change if asked else None,
        "may_cancel": visit.may_cancel if asked else None,
    }


# --- the voice menu -------------------------------------------------------------------------------


async def _menu(db: AsyncSession, interaction_id: int) -> list[dict[str, Any]]:
    """What the caller did before they reached a person, line by line."""
    story = await journal.story(db, interaction_id=interaction_id)
    told = lines((entry for entry in story if entry.event.kind in TOLD), Names(refusal=code_words))
    return [
        {"line": "：".join(filter(None, (one.title, "，".join(one.details)))), "at": one.at} for one in told
    ]
