"""Money came for an appointment: confirm it, or give the money back if it is too late."""

from core.booking.loading import appointment, asked, facts_for
from core.booking.may import may_book, ruled
from core.booking.rules import FHIR, LIVE, State, step
from core.booking.tables import Appointment
from core.errors import CardChargeOff, CardMismatch, IdentityNeeded, Refusal
from core.events import AppointmentConfirmed
from core.money import card
from core.money import engine as money
from core.money.engine import Came
from core.people.tables import VisitCard
from core.schedule import slots
from core.schedule.tables import Slot
from core.values import Channel
from core.work import Work


async def pay(
    work: Work, *, payment_id: int, appointment_id: int, provider: str, txn: str, amount_fen: int
) -> bool:
    """Believe a cashier's notice once and confirm the appointment; False for a repeat.

    Money for an expired appointment takes the slot again if it is still free, else all of it is
    owed back (domain 2.4); so is what comes for a payment that was paid already. Raises WrongAmount,
    AppointmentUnknown.
    """
    made = await appointment(work, appointment_id)
    await hold_still(work, made)
    came = await money.receive(work, payment_id=payment_id, provider=provider, txn=txn, amount_fen=amount_fen)
    if came is not Came.FIRST:
        return came is Came.TWICE
    if made.state == State.UNPAID:
        _confirm(work, made)
    elif made.state == State.EXPIRED and await _paid_up(work, made) and await _may_return(work, made):
        _confirm(work, made)
        made.ended_at = made.reason = None
    elif State(made.state) not in LIVE:
        await money.owe_back(work, appointment_id=made.id, amount_fen=amount_fen, reason="too-late")
    return True


async def hold_still(work: Work, made: Appointment) -> None:
    """Look at it again, and let nobody end it until we are through.

    Time asks for no person's lock: an appointment that expires at this moment is expired, or paid, or
    given up by the patient, and never two of these.
    """
    await work.db.refresh(made, with_for_update={"key_share": True})


def _confirm(work: Work, made: Appointment) -> None:
    made.state = step(State(made.state), State.BOOKED)
    made.fhir = FHIR[State.BOOKED]
    made.version += 1
    work.record(AppointmentConfirmed(appointment_id=made.id, person_id=made.person_id, version=made.version))


async def _paid_up(work: Work, made: Appointment) -> bool:
    """Whether the whole fee is there: what was paid before a change was owed back at the expiry."""
    return (await money.balance(work, made.id)).left_fen >= made.fee_fen


async def _may_return(work: Work, made: Appointment) -> bool:
    """Whether an expired appointment may come back: the rules still allow it, and its slot is free."""
    slot = await work.db.get_one(Slot, made.slot_id)
    wanted = await asked(work, session_id=made.session_id, period_id=slot.period_id)
    facts = await facts_for(
        work, wanted.slot, person_id=made.person_id, contact_print=made.contact_print,
        channel=Channel(made.channel),
    )  # fmt: skip
    try:
        may_book(facts, wanted.book)
    except Refusal:
        return False
    return await slots.retake(work, slot_id=made.slot_id)


async def identity_came(work: Work, appointment_id: int) -> None:
    """The person behind a provisional appointment is now known by number: it is booked."""
    made = await appointment(work, appointment_id)
    if made.state == State.PROVISIONAL:
        _confirm(work, made)


async def charge_card(work: Work, appointment_id: int, *, number: str | None = None) -> int:
    """Take what is still to be paid from the patient's card of that hospital (R-076, R-086).

    number: of the card to charge; None: the newest one. Returns the amount in fen; 0 when nothing was
    due. Raises CardChargeOff where rule card.charge says no or there is no card, CardMismatch when that
    number is not one of theirs, CardShort, IdentityNeeded for a provisional appointment.
    """
    made = await appointment(work, appointment_id)
    wanted = await asked(work, session_id=made.session_id)
    allowed = ruled(wanted.book, wanted.slot, "card.charge", channel=work.by.channel, now=work.now)
    if not allowed.value:
        raise CardChargeOff(allowed.ref)
    if made.state == State.PROVISIONAL:
        raise IdentityNeeded
    charged = await _card_of(work, made, number)
    if charged is None:
        raise CardChargeOff(allowed.ref)
    waiting = await money.open_payment(work, made.id)
    due = waiting.amount_fen if waiting else made.fee_fen - (await money.balance(work, made.id)).left_fen
    if due > 0:
        payment_id = (
            waiting.id
            if waiting
            else await money.ask(work, appointment_id=made.id, hospital_id=made.hospital_id, amount_fen=due)
        )
        line = await card.charge(work, card_id=charged.id, payment_id=payment_id, amount_fen=due)
        await pay(
            work, payment_id=payment_id, appointment_id=made.id, provider=card.PROVIDER,
            txn=f"card-entry-{line}", amount_fen=due,
        )  # fmt: skip
    made.pay_mode = "card"
    return max(due, 0)


async def _card_of(work: Work, made: Appointment, number: str | None) -> VisitCard | None:
    if number is None:
        return await card.card_at(work.db, made.person_id, made.hospital_id)
    named = await card.card_numbered(work.db, work.sealer, made.hospital_id, number)
    if named is None or named.person_id != made.person_id:
        raise CardMismatch(facts={"ask": ["card"]})
    return named
