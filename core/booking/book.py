"""Turn a hold into an appointment, and move an appointment to another slot."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from core.booking.commands import Book, Booked, Change
from core.booking.contact import Contact, contact_of
from core.booking.deadlines import for_leave, may_change
from core.booking.facts import SlotFacts
from core.booking.hold import live_hold
from core.booking.loading import Asked, appointment, asked, facts_for
from core.booking.may import may_book, pay_terms
from core.booking.paying import hold_still
from core.booking.rules import FHIR, FOR_LEAVE, State, first_state, step
from core.booking.tables import Appointment
from core.credit.book import RuleBook
from core.credit.engine import note
from core.errors import HoldLapsed
from core.events import AppointmentBooked, AppointmentChanged
from core.money import engine as money
from core.money.rules import after_change
from core.schedule import freed, slots
from core.schedule.tables import Hold, Slot
from core.values import Channel, Phone, serial
from core.work import Work

# Ten million serial numbers; a draw that is taken is drawn again.
DRAWS = 20


async def book(work: Work, command: Book) -> Booked:
    """Make the appointment that a hold stands for.

    Every rule is asked again here, under the person's lock: the hold only kept the slot. Raises
    HoldUnknown, HoldLapsed, and the refusals of `may_book`.
    """
    row = await live_hold(work, command.hold_id)
    slot = await work.db.get_one(Slot, row.slot_id)
    wanted = await asked(work, session_id=row.session_id, period_id=slot.period_id)
    contact = contact_of(work.sealer, command.contact)
    channel = work.by.channel or Channel.WINDOW
    facts = await facts_for(
        work, wanted.slot, person_id=command.person_id, contact_print=contact.mark, channel=channel
    )
    may_book(facts, wanted.book, reason=row.reason)
    await _occupy(work, row)
    terms = pay_terms(wanted.book, wanted.slot, channel=channel, now=work.now, online=command.pay_online)
    provisional = facts.person.identity_kind is None
    made = await _insert(
        work,
        _Draft(
            hold_id=row.id,
            slot=slot,
            facts=wanted.slot,
            book=wanted.book,
            person_id=command.person_id,
            booker_id=command.booker_id,
            contact=contact,
            channel=channel,
            state=first_state(provisional, terms.pay_by),
            pay_mode=terms.mode,
            pay_by=terms.pay_by,
        ),
    )
    if terms.pay_by is not None:
        await money.ask(
            work, appointment_id=made.id, hospital_id=made.hospital_id, amount_fen=made.fee_fen,
            pay_by=terms.pay_by,
        )  # fmt: skip
    if wanted.book.ruling("block.booked").value is not None:  # else a line that nobody ever counts
        await note(
            work, person_id=made.person_id, kind="booked", appointment_id=made.id,
            hospital_id=made.hospital_id, proof=channel.value,
        )  # fmt: skip
    return _booked(made)


async def change(work: Work, command: Change) -> Booked:
    """Secure the new slot, free the old one, carry the payment, link both: one transaction (L4).

    Raises AppointmentUnknown, the refusals of `may_change` for the old appointment and of
    `may_book` for the new one. Whatever is refused, the old appointment stands as it was.
    """
    old = await appointment(work, command.appointment_id)
    await hold_still(work, old)
    channel = work.by.channel or Channel.WINDOW
    row = await live_hold(work, command.hold_id)
    slot = await work.db.get_one(Slot, row.slot_id)
    wanted = await asked(work, session_id=row.session_id, period_id=slot.period_id)
    old_asked = await asked(work, session_id=old.session_id)
    may_change(old, old_asked.book, slot=old_asked.slot, now=work.now, by=work.by, override=command.override)
    contact = (
        Contact(old.contact_print, old.contact_tail, old.contact_sealed)
        if command.contact is None
        else contact_of(work.sealer, command.contact)
    )
    facts = await facts_for(
        work, wanted.slot, person_id=old.person_id, contact_print=contact.mark,
        channel=channel, replacing=old.id,
    )  # fmt: skip
    may_book(facts, wanted.book, reason=row.reason)
    await _occupy(work, row)
    paid_fen = (await money.balance(work, old.id)).left_fen
    moved = old.hospital_id != wanted.slot.hospital_id
    if moved and paid_fen:  # each hospital has its own account: nothing is carried between two
        paid_fen -= await money.owe_back(work, appointment_id=old.id, amount_fen=paid_fen, reason="changed")
    due_fen, back_fen = after_change(paid_fen, wanted.slot.fee_fen)
    terms = pay_terms(
        wanted.book, wanted.slot, channel=channel, now=work.now,
        online=True if old.pay_mode == "online" else None,
    )  # fmt: skip
    waits = terms.pay_by if due_fen else None
    await _replace(work, old, old_asked)
    made = await _insert(
        work,
        _Draft(
            hold_id=row.id,
            slot=slot,
            facts=wanted.slot,
            book=wanted.book,
            person_id=old.person_id,
            booker_id=old.booker_id,
            contact=contact,
            channel=channel,
            state=first_state(facts.person.identity_kind is None, waits),
            pay_mode="card" if old.pay_mode == "card" and not due_fen and not moved else terms.mode,
            pay_by=waits,
            replaces=old,
        ),
    )
    old.replaced_by_id = made.id
    if moved:
        await money.close_open(work, old.id)
    else:
        await money.carry_over(work, old_id=old.id, new_id=made.id)
    if back_fen:
        await money.owe_back(work, appointment_id=made.id, amount_fen=back_fen, reason="changed")
    if waits is not None:
        await money.ask(
            work, appointment_id=made.id, hospital_id=made.hospital_id, amount_fen=due_fen, pay_by=waits
        )
    work.record(
        AppointmentChanged(
            appointment_id=old.id,
            person_id=old.person_id,
            session_id=old.session_id,
            replaced_by=made.id,
            version=old.version,
        )
    )
    return _booked(made)


@dataclass(frozen=True)
class _Draft:
    hold_id: str
    slot: Slot
    facts: SlotFacts
    book: RuleBook
    person_id: int
    booker_id: int | None
    contact: Contact
    channel: Channel
    state: State
    pay_mode: str
    pay_by: datetime | None
    replaces: Appointment | None = None


async def _occupy(work: Work, row: Hold) -> None:
    if not await slots.occupy(work, slot_id=row.slot_id, hold_id=row.id):
        raise HoldLapsed(facts={"session_id": row.session_id})
    await work.db.execute(update(Hold).where(Hold.id == row.id).values(state="used"))


async def _replace(work: Work, old: Appointment, old_asked: Asked) -> None:
    was_stopped, excused = old.state == State.STOPPED, for_leave(old, work.now)
    old.state = step(State(old.state), State.REPLACED)
    old.fhir = FHIR[State.REPLACED]
    old.reason = FOR_LEAVE if excused else "changed"
    old.ended_at = work.now
    old.version += 1
    await work.db.flush()  # the old one must leave its slot's unique index first
    rests_until = (
        None if was_stopped else await freed.rest(work, old_asked.book, old_asked.slot, [old.slot_id])
    )
    await slots.free_booked(work, slot_id=old.slot_id, rests_until=rests_until)


async def _insert(work: Work, draft: _Draft) -> Appointment:
    """Write the appointment with a serial number nobody has."""
    facts, old = draft.facts, draft.replaces
    made = Appointment(
        serial=await _draw(work),
        slot_id=draft.slot.id,
        session_id=facts.session_id,
        hospital_id=facts.hospital_id,
        department_id=facts.department_id,
        doctor_id=facts.doctor_id,
        person_id=draft.person_id,
        booker_id=draft.booker_id,
        contact_print=draft.contact.mark,
        contact_tail=draft.contact.tail,
        contact_sealed=draft.contact.sealed,
        channel=draft.channel.value,
        staff_id=work.by.staff_id,
        account_id=old.account_id if old else work.by.account_id,
        partner_id=old.partner_id if old else work.by.partner_id,
        interaction_id=work.interaction_id,
        day=facts.day,
        starts_at=facts.starts_at,
        ends_at=facts.ends_at,
        sequence=draft.slot.sequence,
        number_kind=facts.number_kind,
        room=facts.room,
        fee_fen=facts.fee_fen,
        pay_mode=draft.pay_mode,
        pay_by=draft.pay_by,
        state=draft.state.value,
        fhir=FHIR[draft.state],
        replaces_id=old.id if old else None,
        changes=old.changes + (old.reason != FOR_LEAVE) if old else 0,  # a leave is nobody's move
        promised=draft.book.promised(
            kind=facts.number_kind, department=facts.department_code, half=facts.half
        ),
        booked_at=work.now,
    )
    work.db.add(made)
    await work.db.flush()
    work.record(
        AppointmentBooked(
            appointment_id=made.id,
            person_id=made.person_id,
            session_id=made.session_id,
            slot_id=made.slot_id,
            state=made.state,
            version=made.version,
            replaces=made.replaces_id,
            hold_id=draft.hold_id,
        )
    )
    return made


async def _draw(work: Work) -> str:
    for _ in range(DRAWS):
        drawn = serial(work.chance.number(1_000_000, 9_999_999))
        taken = await work.db.execute(select(Appointment.id).where(Appointment.serial == drawn))
        if taken.first() is None:
            # Two may still draw the same in the same instant; the unique column then fails one of
            # them, and its unit of work is done again (Hotline.run).
            return drawn
    raise RuntimeError("no free serial number in twenty draws: old ones must be archived")


def _booked(made: Appointment) -> Booked:
    return Booked(
        appointment_id=made.id,
        serial=made.serial,
        state=made.state,
        slot_id=made.slot_id,
        session_id=made.session_id,
        starts_at=made.starts_at,
        ends_at=made.ends_at,
        fee_fen=made.fee_fen,
        pay_by=made.pay_by,
        replaces=made.replaces_id,
    )


async def phone_of(work: Work, made: Appointment) -> Phone:
    """The number an appointment was booked by, unsealed: for texts and callbacks only."""
    return Phone(work.sealer.open(made.contact_sealed, "phone"))
