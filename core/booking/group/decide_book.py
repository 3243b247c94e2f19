"""Decide a booking or a change from a batch's picture: booking.book told again without a database; pure."""

import json
from dataclasses import dataclass
from datetime import datetime

from core.booking.commands import Book, Booked, Change
from core.booking.contact import Contact, contact_of
from core.booking.deadlines import may_change
from core.booking.facts import SlotFacts
from core.booking.group.decide_end import give_up, simple_end
from core.booking.group.picture import HoldLine, Made, Picture, SlotLine
from core.booking.group.plan import Aside, Asker, Plan
from core.booking.may import may_book, pay_terms
from core.booking.rules import FHIR, FOR_LEAVE, State, first_state
from core.errors import AppointmentUnknown, HoldLapsed, HoldUnknown
from core.events import AppointmentBooked, AppointmentChanged
from core.money.rules import PaymentState, after_change


def decide_book(asker: Asker, command: Book) -> Plan:
    """Raises what booking.book.book raises, Aside."""
    picture = asker.picture
    hold = _live_hold(picture, command.hold_id)
    line = picture.slots[hold.slot_id]
    slot = picture.slot_at(hold.session_id, line.period_id)
    book = picture.book_of(slot)
    contact = contact_of(asker.sealer, command.contact)
    facts = picture.facts(
        slot, person_id=command.person_id, contact_print=contact.mark, channel=asker.channel
    )
    may_book(facts, book, reason=hold.reason)
    if book.ruling("block.booked").value is not None:
        raise Aside
    plan = Plan()
    _occupy(picture, hold, line, plan)
    terms = pay_terms(book, slot, channel=asker.channel, now=asker.now, online=command.pay_online)
    state = first_state(facts.person.identity_kind is None, terms.pay_by)
    new = _New(
        hold, line, slot, command.person_id, command.booker_id, contact, state, terms.mode, terms.pay_by,
        slot.fee_fen,
    )  # fmt: skip
    plan.outcome = _insert(asker, new, plan)
    return plan


def decide_change(asker: Asker, command: Change) -> Plan:
    """Raises what booking.book.change raises, Aside where money or a leave is about."""
    picture, now = asker.picture, asker.now
    old = picture.appointments.get(command.appointment_id)
    if old is None:
        raise AppointmentUnknown
    hold = _live_hold(picture, command.hold_id)
    line = picture.slots[hold.slot_id]
    slot = picture.slot_at(hold.session_id, line.period_id)
    old_slot = picture.session(old.session_id).slot
    may_change(old, picture.book_of(old_slot), slot=old_slot, now=now, by=asker.by, override=command.override)
    contact = (
        Contact(old.contact_print, old.contact_tail, old.contact_sealed)
        if command.contact is None
        else contact_of(asker.sealer, command.contact)
    )
    facts = picture.facts(
        slot, person_id=old.person_id, contact_print=contact.mark, channel=asker.channel, replacing=old.id
    )
    may_book(facts, picture.book_of(slot), reason=hold.reason)
    simple_end(picture, old, old_slot)
    plan = Plan()
    _occupy(picture, hold, line, plan)
    new = _moved(asker, old, hold, line, slot, contact, provisional=facts.person.identity_kind is None)
    give_up(asker, plan, old, State.REPLACED, "changed", rests_until=None)
    plan.outcome = made = _insert(asker, new, plan)
    plan.add("follow", old.id, made.appointment_id)
    plan.events.append(
        AppointmentChanged(
            appointment_id=old.id,
            person_id=old.person_id,
            session_id=old.session_id,
            replaced_by=made.appointment_id,
            version=old.version + 1,
        )
    )
    return plan


@dataclass(frozen=True)
class _New:
    """The appointment to be made. due_fen: what is asked for where pay_by is set."""

    hold: HoldLine
    line: SlotLine
    slot: SlotFacts
    person_id: int
    booker_id: int | None
    contact: Contact
    state: State
    pay_mode: str
    pay_by: datetime | None
    due_fen: int
    replaces: Made | None = None


def _moved(
    asker: Asker, old: Made, hold: HoldLine, line: SlotLine, slot: SlotFacts, contact: Contact, *,
    provisional: bool,
) -> _New:  # fmt: skip
    """Nothing was paid for the old one: all of the new fee is due."""
    book = asker.picture.book_of(slot)
    due_fen, _ = after_change(0, slot.fee_fen)
    online = True if old.pay_mode == "online" else None
    terms = pay_terms(book, slot, channel=asker.channel, now=asker.now, online=online)
    waits = terms.pay_by if due_fen else None
    moved = old.hospital_id != slot.hospital_id
    mode = "card" if old.pay_mode == "card" and not due_fen and not moved else terms.mode
    state = first_state(provisional, waits)
    return _New(hold, line, slot, old.person_id, old.booker_id, contact, state, mode, waits, due_fen, old)


def _live_hold(picture: Picture, hold_id: str) -> HoldLine:
    hold = picture.holds.get(hold_id)
    if hold is None:
        raise HoldUnknown
    if hold.state not in ("live", "lapsed"):
        raise HoldLapsed(facts={"state": hold.state})
    return hold


def _occupy(picture: Picture, hold: HoldLine, line: SlotLine, plan: Plan) -> None:
    mine = line.state == "held" and line.hold_id == hold.id
    rested = line.rests_until is None or line.rests_until <= picture.now
    still_free = line.state == "free" and rested and line.id not in picture.taken
    if not (mine or still_free):
        raise HoldLapsed(facts={"session_id": hold.session_id})
    plan.add("occupy", line.id, hold.id, picture.now)
    plan.add("use", hold.id)
    if still_free:
        plan.taken = line.id, line.session_id


def _insert(asker: Asker, new: _New, plan: Plan) -> Booked:
    """The appointment's row, its payment's, its event."""
    slot, old, by, now = new.slot, new.replaces, asker.by, asker.now
    made_id, drawn = next(asker.appointment_ids), next(asker.serials)
    promised = asker.picture.book_of(slot).promised(
        kind=slot.number_kind, department=slot.department_code, half=slot.half
    )
    plan.add(
        "appointment", made_id, drawn, new.line.id, slot.session_id, slot.hospital_id, slot.department_id,
        slot.doctor_id, new.person_id, new.booker_id, new.contact.mark, new.contact.tail, new.contact.sealed,
        asker.channel.value, by.staff_id, old.account_id if old else by.account_id,
        old.partner_id if old else by.partner_id, asker.interaction_id, slot.day, slot.starts_at,
        slot.ends_at, new.line.sequence, slot.number_kind, slot.room, slot.fee_fen, new.pay_mode, new.pay_by,
        new.state.value, FHIR[new.state], None, None, old.id if old else None, None,
        old.changes + (old.reason != FOR_LEAVE) if old else 0, json.dumps(promised), now, None, None, 1,
    )  # fmt: skip
    if new.pay_by is not None:
        plan.add(
            "payment",
            made_id,
            slot.hospital_id,
            new.due_fen,
            0,
            PaymentState.CREATED.value,
            "",
            new.pay_by,
            now,
        )
    plan.events.append(
        AppointmentBooked(
            appointment_id=made_id,
            person_id=new.person_id,
            session_id=slot.session_id,
            slot_id=new.line.id,
            state=new.state.value,
            version=1,
            replaces=old.id if old else None,
            hold_id=new.hold.id,
        )
    )
    return Booked(
        appointment_id=made_id, serial=drawn, state=new.state.value, slot_id=new.line.id,
        session_id=slot.session_id, starts_at=slot.starts_at, ends_at=slot.ends_at, fee_fen=slot.fee_fen,
        pay_by=new.pay_by, replaces=old.id if old else None,
    )  # fmt: skip
