"""Decide a cancellation from a batch's picture: booking.cancel told again without a database; pure."""

from datetime import datetime, timedelta

from core.booking.commands import Cancel, Cancelled
from core.booking.deadlines import for_leave, may_cancel
from core.booking.facts import SlotFacts
from core.booking.group.picture import Made, Picture
from core.booking.group.plan import Aside, Asker, Plan, no_block
from core.booking.may import ruled
from core.booking.rules import FHIR, State, step
from core.credit.rules import LedgerLine, due_blocks
from core.errors import AppointmentUnknown
from core.events import AppointmentCancelled, CreditNoted
from core.values import day_of


def decide_cancel(asker: Asker, command: Cancel) -> Plan:
    """Raises what booking.cancel.cancel raises, Aside where money, a leave or a waiting list is about."""
    picture, now = asker.picture, asker.now
    made = picture.appointments.get(command.appointment_id)
    if made is None:
        raise AppointmentUnknown
    slot = picture.session(made.session_id).slot
    book = picture.book_of(slot)
    may_cancel(made, book, slot=slot, now=now, by=asker.by, override=command.override)
    simple_end(picture, made, slot)
    plan = Plan(outcome=Cancelled(made.id, 0))
    low, high = ruled(book, slot, "rerelease.delay").value
    minutes = asker.chance.number(low, high) if high else 0
    sale_at = now + timedelta(minutes=minutes) if minutes else None
    give_up(asker, plan, made, State.CANCELLED, command.reason, rests_until=sale_at)
    plan.events.append(
        AppointmentCancelled(
            appointment_id=made.id,
            person_id=made.person_id,
            session_id=made.session_id,
            reason=command.reason,
            refund_fen=0,
            version=made.version + 1,
        )
    )
    if command.reason == "patient":
        _note(asker, made, plan)
    return plan


def simple_end(picture: Picture, made: Made, slot: SlotFacts) -> None:
    """Raises Aside unless its end is a matter of two rows: no money, no leave, nobody waits for the slot."""
    if made.id in picture.paid or made.state == State.STOPPED or for_leave(made, picture.now):
        raise Aside
    if picture.slots[made.slot_id].state not in ("booked", "taken") or picture.is_awaited(slot):
        raise Aside


def give_up(
    asker: Asker, plan: Plan, made: Made, to: State, reason: str | None, *, rests_until: datetime | None
) -> None:
    """End an appointment and give its slot back."""
    state = step(State(made.state), to)
    plan.add("end", made.id, made.version, state.value, FHIR[state], reason, asker.now)
    plan.add("vacate", made.slot_id, rests_until)


def _note(asker: Asker, made: Made, plan: Plan) -> None:
    """A line in the ledger, as credit.engine.note."""
    picture, now = asker.picture, asker.now
    kind = "same-day-cancel" if day_of(now) == made.day else "cancel"
    book = picture.books.get(made.hospital_id)
    if book is None:
        raise Aside
    lines = picture.ledger.get(made.person_id, ())
    newest = LedgerLine(lines[-1].id + 1 if lines else 1, kind, made.hospital_id, now)
    no_block(due_blocks([*lines, newest], picture.past_blocks.get(made.person_id, ()), book, now))
    plan.add("credit", made.person_id, kind, made.hospital_id, made.id, now, asker.by.name)
    plan.events.append(CreditNoted(person_id=made.person_id, credit_kind=kind, appointment_id=made.id))
