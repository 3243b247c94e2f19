"""A slot is kept for the patient: after a doctor's leave, or from the waiting list. One key takes it."""

from contextlib import suppress

from core.booking import equivalents, view
from core.booking.book import change
from core.booking.cancel import cancel
from core.booking.commands import Booked, Cancel, Change
from core.booking.equivalents_rules import Equivalent
from core.booking.view import AppointmentView
from core.calling.rules import Answer
from core.contact.rules import Disposition
from core.errors import HoldLapsed, NotFound, OfferGone, Refusal
from core.offers import engine as offers
from core.offers.view import OfferView
from core.offers.view import load as load_offer
from core.schedule import view as schedule
from core.values import SERIAL_GROUPS, Channel
from core.waiting import engine as waiting_list
from core.work import Work
from ivr.booking import THINKING, read_back
from ivr.call import NeedsPerson, Prompt, choose
from ivr.choice import Choice, said_day, said_span, take
from ivr.choosing import pick
from ivr.line import Line
from ivr.outgoing import Outgoing
from ivr.words import Count, Department, Digits, Half, Hospital, Money, Number, Person, Title, Value, half_of

# So many other times are read out; who wants more wants a person.
OTHERS = 4


async def leave(going: Outgoing) -> Disposition:
    """The doctor is away: 1 accept, 2 other times, 3 give it back with full refund, 0 a person."""
    offer = await _offer(going)
    if offer is None or offer.appointment_id is None:
        return await going.answered_already()
    async with going.line.hotline.read() as db:
        was = await view.load(db, offer.appointment_id)
    going.wants = {"verb": "change", "appointment_id": was.appointment_id, "person_id": was.person_id}
    await going.gate("outgoing-leave")
    stopped = Prompt("outgoing-stopped", {"day": said_day(was.day, going.line.now)})
    while True:
        key = await going.ask(
            stopped, told_offer(going.line, offer), Prompt("outgoing-leave-menu"), keys="123"
        )
        if key == "1":
            return await _accept(going, offer, Disposition.CHANGED)
        done = await (_others(going, offer, was) if key == "2" else _give_back(going, offer, was))
        if done is not None:
            return done


async def waiting(going: Outgoing) -> Disposition:
    """A slot was found: 1 accept, 2 not this one, 3 leave the list, 0 a person."""
    offer = await _offer(going)
    if offer is None:
        return await going.answered_already()
    going.wants = {
        "verb": "book", "person_id": offer.person_id, "hospital_id": offer.hospital_id,
        "department_id": offer.department_id, "doctor_id": offer.doctor_id,
    }  # fmt: skip
    await going.gate("outgoing-waiting")
    key = await going.ask(
        Prompt("outgoing-found"),
        told_offer(going.line, offer),
        Prompt("outgoing-waiting-menu"),
        keys="123",
    )
    if key == "1":
        return await _accept(going, offer, Disposition.BOOKED)

    async def refuse(work: Work) -> None:
        with suppress(OfferGone):  # its time was over a moment ago: what they said counts all the same
            await offers.refuse(work, offer.offer_id)

    async def leave_list(work: Work) -> None:
        await waiting_list.leave(work, offer.source_id)

    if key == "2":
        await going.settle(Answer.REFUSED, refuse)
    else:
        await going.settle(Answer.CANCELLED, leave_list)
    await going.done(Disposition.REFUSED)
    last = Prompt("outgoing-not-this" if key == "2" else "outgoing-left")
    return await going.farewell(Disposition.REFUSED, last)


def told_offer(line: Line, offer: OfferView) -> Prompt:
    """The slot that is kept, whole, with its fee."""
    values: dict[str, Value] = {
        "hospital": Hospital(offer.hospital_short, offer.hospital_pinyin, offer.hospital),
        "department": Department(offer.department, offer.department_pinyin),
        "day": said_day(offer.day, line.now),
        "span": said_span(offer.starts_at, offer.ends_at),
        "fee": Money(offer.fee_fen),
    }
    if offer.doctor is None:
        return Prompt("outgoing-offer-department", values)
    doctor: dict[str, Value] = {
        "doctor": Person(offer.doctor, offer.doctor_pinyin),
        "title": Title(offer.title or ""),
    }
    return Prompt("outgoing-offer", {**values, **doctor})


async def _offer(going: Outgoing) -> OfferView | None:
    """The offer, while an answer to it counts."""
    async with going.line.hotline.read() as db:
        try:
            offer = await load_offer(db, going.told.about)
        except NotFound:
            return None
    return offer if offer.open(going.line.now) else None


async def _accept(going: Outgoing, offer: OfferView, what: Disposition) -> Disposition:
    async def accept(work: Work) -> Booked:
        return await offers.accept(work, offer.offer_id)

    try:
        made = await going.settle(Answer.ACCEPTED, accept)
    except Refusal as refusal:
        await going.line.call.say(Prompt(f"refusal-{refusal.code}"))
        raise NeedsPerson(refusal.code) from None
    await going.done(what, made.appointment_id)
    return await _booked(going, made, what)


async def _booked(going: Outgoing, made: Booked, what: Disposition) -> Disposition:
    """The serial number in groups, twice; the text says the same."""
    line, serial = going.line, Digits(made.serial, SERIAL_GROUPS)
    line.reached(what.value)
    if made.pay_by is not None:
        minutes = Count(max(1, int((made.pay_by - line.now).total_seconds() // 60)), "分钟")
        first = Prompt("booked-unpaid", {"serial": serial, "minutes": minutes})
    else:
        first = Prompt("changed" if what is Disposition.CHANGED else "booked", {"serial": serial})
    return await going.farewell(what, first, Prompt("booked-again", {"serial": serial}))


# --- after a leave: another time, or the money back ---------------------------------------------------


async def _others(going: Outgoing, offer: OfferView, was: AppointmentView) -> Disposition | None:
    """Hear what else there is, and take it there and then; None: back to what is kept."""
    line = going.line
    while True:
        async with line.hotline.read() as db:
            found = await equivalents.of_appointment(db, appointment_id=was.appointment_id, now=line.now)
        found = [one for one in found if one.offer.session_id != offer.session_id][:OTHERS]
        if not found:
            await line.call.say(Prompt("outgoing-none"))
            raise NeedsPerson("no-equivalent")
        line.reached("other-times")
        chosen = await pick(
            line.call, Prompt("choose-other"), found, lambda one, key: _told_other(line, one, key)
        )
        if chosen is None:
            return None
        try:
            choice = await _take(line, chosen)
            if choice is None:
                continue
            made = await _move(going, offer, was, choice)
        except HoldLapsed as lapsed:
            await line.call.say(Prompt(f"refusal-{lapsed.code}"))
            continue
        await going.done(Disposition.CHANGED, made.appointment_id)
        return await _booked(going, made, Disposition.CHANGED)


def _told_other(line: Line, one: Equivalent, key: Number) -> Prompt:
    there = one.offer
    half = Half(half_of(said_span(there.starts_at, there.ends_at).starts))
    values: dict[str, Value] = {
        "hospital": Hospital(there.hospital), "day": said_day(there.day, line.now), "half": half, "key": key,
    }  # fmt: skip
    if there.doctor is None:
        return Prompt("option-other-ordinary", values)
    return Prompt(
        "option-other", {**values, "doctor": Person(there.doctor), "title": Title(there.title or "")}
    )


async def _take(line: Line, chosen: Equivalent) -> Choice | None:
    """Hold it and read it back; None: something else is to be chosen."""
    async with line.hotline.read() as db:
        session = await schedule.open_session(db, chosen.offer.session_id, Channel.PHONE, line.now)
    if session is None:
        await line.call.say(Prompt("refusal-slot-full"))
        return None
    try:
        choice = await take(line, session, None)
    except Refusal as refusal:
        await line.call.say(Prompt(f"refusal-{refusal.code}"))
        return None
    await line.keep_hold(THINKING)
    sentence = await read_back(line, choice)
    if await choose(line.call, Prompt("change-from"), "12", *sentence, Prompt("confirm")) == "1":
        return choice
    await line.give_up_hold()
    return None


async def _move(going: Outgoing, offer: OfferView, was: AppointmentView, choice: Choice) -> Booked:
    """The stopped visit becomes the chosen one, and what was kept is free, in one act. Raises HoldLapsed."""
    line = going.line

    async def move(work: Work) -> Booked:
        with suppress(OfferGone):  # it lapsed while they listened: there is nothing to let go
            await offers.refuse(work, offer.offer_id, "other-times")
        return await change(work, Change(was.appointment_id, choice.held.hold_id))

    try:
        return await going.settle(Answer.OTHER_TIMES, move)
    except HoldLapsed:
        raise
    except Refusal as refusal:
        await line.call.say(Prompt(f"refusal-{refusal.code}"))
        raise NeedsPerson(refusal.code) from None


async def _give_back(going: Outgoing, offer: OfferView, was: AppointmentView) -> Disposition | None:
    """Cancel with full refund, asked once more; None: thought better of it."""
    line = going.line
    if await going.ask(Prompt("outgoing-cancel-ask"), keys="12", counts=False) == "2":
        return None

    async def give_back(work: Work) -> None:
        try:
            await offers.refuse(work, offer.offer_id, "cancelled")  # and the visit with it
        except OfferGone:
            await cancel(work, Cancel(was.appointment_id))

    try:
        await going.settle(Answer.CANCELLED, give_back)
    except Refusal as refusal:
        await line.call.say(Prompt(f"refusal-{refusal.code}"))
        raise NeedsPerson(refusal.code) from None
    await going.done(Disposition.CANCELLED, was.appointment_id)
    line.reached("cancelled")
    async with line.hotline.read() as db:
        gone = await view.load(db, was.appointment_id)
    said = [Prompt("cancelled")]
    if gone.refund_fen:
        said.append(Prompt("refund", {"fee": Money(gone.refund_fen)}))
    return await going.farewell(Disposition.CANCELLED, *said)
