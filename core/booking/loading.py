"""Load the facts that the rules judge; the locks that keep them true come first."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.booking.facts import ActiveBlock, BookingFacts, PastAppointment, PersonFacts, SlotFacts
from core.booking.rules import State
from core.booking.tables import IS_LIVE, Appointment, not_before
from core.credit.book import RuleBook
from core.credit.engine import active_blocks, rules_for
from core.errors import AppointmentUnknown, NotFound
from core.people.engine import person_facts
from core.schedule.view import slot_facts
from core.values import Channel, day_of
from core.work import Work

# Every rule looks back a year at the most (no-show counts of one year, domain 3.2).
LOOK_BACK = timedelta(days=400)


def lock_key(kind: str, what: str | int) -> int:
    """A signed 64-bit number for a person or a phone, for the database's advisory locks."""
    digest = hashlib.blake2b(f"{kind}:{what}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


@dataclass(frozen=True)
class Asked:
    """One slot asked for: its facts, the rules of its hospital, and when its shares are open to all."""

    slot: SlotFacts
    book: RuleBook
    recycle_at: datetime | None


async def asked(work: Work, *, session_id: int, period_id: int | None = None) -> Asked:
    """The slot's facts and its hospital's rules. Raises NotFound."""
    return await asked_of(work.db, session_id=session_id, period_id=period_id)


async def asked_of(db: AsyncSession, *, session_id: int, period_id: int | None = None) -> Asked:
    """The same for a question that changes nothing."""
    found = await slot_facts(db, session_id=session_id, period_id=period_id)
    if found is None:
        raise NotFound(facts={"what": "session"})
    facts, recycle_at = found
    return Asked(facts, await rules_for(db, facts.hospital_id), recycle_at)


async def facts_for(
    work: Work,
    slot: SlotFacts,
    *,
    person_id: int,
    contact_print: str | None,
    channel: Channel,
    replacing: int | None = None,
) -> BookingFacts:
    """Everything the rules look at, read under the locks of the person and of the phone.

    Without them two channels could each see one appointment less than the limit and both add one.
    """
    keys = [lock_key("person", person_id)]
    if contact_print is not None:
        keys.append(lock_key("phone", contact_print))
    await work.lock(*keys)
    return await known_facts(
        work.db, slot, now=work.now, person_id=person_id, contact_print=contact_print,
        channel=channel, replacing=replacing,
    )  # fmt: skip


async def known_facts(
    db: AsyncSession,
    slot: SlotFacts,
    *,
    now: datetime,
    person_id: int,
    contact_print: str | None,
    channel: Channel,
    replacing: int | None = None,
) -> BookingFacts:
    """The same without a lock: for a warning beforehand, never for a decision."""
    person = await person_facts(db, person_id, hospital_id=slot.hospital_id)
    return BookingFacts(
        now=now,
        channel=channel,
        slot=slot,
        person=PersonFacts(
            person_id, person.identity_kind, person.birth_date, person.sex, person.has_card_here
        ),
        history=await history(db, person_id, now),
        blocks=tuple(
            ActiveBlock(block.rule_key, block.rule_value, block.hospital_id, block.until, block.rule_row_id)
            for block in await active_blocks(db, person_id, now)
        ),
        phone_persons=await _phone_persons(db, contact_print, now),
        replacing=replacing,
    )


async def stranger_facts(
    db: AsyncSession,
    slot: SlotFacts,
    *,
    now: datetime,
    person: PersonFacts,
    contact_print: str | None,
    channel: Channel,
) -> BookingFacts:
    """The same of somebody who is not written down yet: no past, but a phone that may have served others."""
    served = await _phone_persons(db, contact_print, now)
    return BookingFacts(now, channel, slot, person, history=(), blocks=(), phone_persons=served)


async def history(db: AsyncSession, person_id: int, now: datetime) -> tuple[PastAppointment, ...]:
    """A person's appointments of the last year and all to come, oldest first."""
    rows = await db.execute(
        select(
            Appointment.id,
            Appointment.hospital_id,
            Appointment.department_id,
            Appointment.doctor_id,
            Appointment.session_id,
            Appointment.slot_id,
            Appointment.day,
            Appointment.starts_at,
            Appointment.ends_at,
            Appointment.state,
            Appointment.channel,
            Appointment.booked_at,
            Appointment.ended_at,
            Appointment.reason,
        )
        .where(Appointment.person_id == person_id, Appointment.day >= day_of(now - LOOK_BACK))
        .order_by(Appointment.id)
    )
    return tuple(
        PastAppointment(
            *row[:9],
            state=State(row[9]),
            channel=Channel(row[10]),
            booked_at=row[11],
            ended_at=row[12],
            reason=row[13],
        )
        for row in rows.all()
    )


async def _phone_persons(db: AsyncSession, contact_print: str | None, now: datetime) -> frozenset[int]:
    """Who has live appointments to come that were booked by this phone."""
    if contact_print is None:
        return frozenset()
    rows = await db.execute(
        select(Appointment.person_id)
        .where(
            Appointment.contact_print == contact_print,
            IS_LIVE,
            not_before(day_of(now)),
        )
        .distinct()
    )
    return frozenset(rows.scalars())


async def appointment(work: Work, appointment_id: int) -> Appointment:
    """One appointment, under its person's lock so that no two changes of it interleave.

    Raises AppointmentUnknown.
    """
    person_id = (
        await work.db.execute(select(Appointment.person_id).where(Appointment.id == appointment_id))
    ).scalar_one_or_none()
    if person_id is None:
        raise AppointmentUnknown
    await work.lock(lock_key("person", person_id))
    return await work.db.get_one(Appointment, appointment_id, populate_existing=True)
