"""Turns that answer an offer: taken, refused, other times, given up; against what the offer is now."""

from dataclasses import replace

from sqlalchemy import select

from core.booking import view as bookings
from core.booking.commands import Booked
from core.booking.rules import State as Visit
from core.booking.tables import Appointment
from core.contact.rules import Disposition
from core.errors import OfferGone, Refusal
from core.offers import engine, view
from core.offers.rules import Kind, State
from core.offers.view import OfferView
from core.values import local
from core.work import Work
from sms import choosing, replies, visiting
from sms.grammar import Asked, Verb
from sms.meaning import Topic
from sms.sender import BY, Sender
from sms.settling import call_off, refuse
from sms.talk import Ask, Talk, Turn
from sms.texts import NUMBERS, clock

# What an answer means to an offer: take it, not this one, other times, give the visit up.
TAKE, REFUSE, OTHER, GIVE_UP = "take", "refuse", "other-times", "give-up"
_FIGURES = {Kind.LEAVE: {1: TAKE, 2: OTHER, 3: GIVE_UP}, Kind.WAITING: {1: TAKE, 2: REFUSE}}
_WORDS = {
    Kind.LEAVE: {Verb.YES: TAKE, Verb.NO: REFUSE, Verb.OTHER: OTHER},
    Kind.WAITING: {Verb.YES: TAKE, Verb.NO: REFUSE, Verb.OTHER: REFUSE},
}

_WAITING_OVER = {State.REFUSED: replies.WAITING_REFUSED, State.WITHDRAWN: replies.WAITING_WITHDRAWN}


async def answer(sender: Sender, offer_id: int, asked: Asked) -> Turn | None:
    """What an answer does; None when it answers nothing of what was asked."""
    async with sender.hotline.read() as db:
        offer = await view.load(db, offer_id)
    if asked.verb is Verb.CHOOSE:
        act = _FIGURES[offer.kind].get(asked.choice or 0)
    else:
        act = _WORDS[offer.kind].get(asked.verb)
    if act == TAKE:
        return await _take(sender, offer)
    if act == REFUSE:
        return await _refuse(sender, offer)
    if act == OTHER:
        return await _other_times(sender, offer)
    return await _ask_to_give_up(sender, offer) if act == GIVE_UP else None


async def label(sender: Sender, offer_id: int) -> str:
    """Whose it is and when, in a list."""
    async with sender.hotline.read() as db:
        offer = await view.load(db, offer_id)
    start = local(offer.starts_at)
    return f"){offer.person}{replies.short_day(start.date())}{clock(start)}{_who(offer)}"


async def again(sender: Sender, offer_id: int) -> Turn:
    """It is asked once more, because the answer was to something that is over."""
    async with sender.hotline.read() as db:
        offer = await view.load(db, offer_id)
    return _asked(offer, "offer-told-again")


def _asked(offer: OfferView, outcome: str) -> Turn:
    reply = replies.offered(
        person=offer.person,
        department=offer.department,
        doctor=_who(offer),
        starts_at=offer.starts_at,
        until=offer.expires_at,
        options="接受回1,其他时间回2,退号退费回3" if offer.kind is Kind.LEAVE else "接受回1,不要回2",
    )
    return Turn(reply, Talk(ask=Ask.AGAIN, topic=Topic.OFFER.value, about=offer.offer_id), outcome)


def _who(offer: OfferView) -> str:
    return offer.doctor or NUMBERS.get(offer.number_kind, "")


# --- what an answer does ------------------------------------------------------------------------------


async def _take(sender: Sender, offer: OfferView) -> Turn:
    """The text that tells of the appointment is the answer. A no of the rules leaves the offer open."""

    async def act(work: Work) -> Booked:
        made = await engine.accept(work, offer.offer_id)
        await call_off(work, offer.offer_id)
        return made

    try:
        await sender.hotline.run(act, BY, sender.interaction_id)
    except OfferGone:
        return await over(sender, offer.offer_id)
    except Refusal as refusal:
        return Turn(replies.refused(refusal.code), Talk(), refusal.code)
    return _taken(offer.kind)


def _taken(kind: Kind) -> Turn:
    ended = Disposition.CHANGED if kind is Kind.LEAVE else Disposition.BOOKED
    return Turn(None, Talk(), "offer-accepted", ended)


async def _refuse(sender: Sender, offer: OfferView) -> Turn:
    try:
        async with sender.hotline.work(BY, sender.interaction_id) as work:
            await refuse(work, offer.offer_id, "refused")
    except OfferGone:
        return await over(sender, offer.offer_id)
    words = replies.LEAVE_REFUSED if offer.kind is Kind.LEAVE else replies.WAITING_REFUSED
    return Turn(replies.signed(words), Talk(), "offer-refused", Disposition.NOTHING)


async def _other_times(sender: Sender, offer: OfferView) -> Turn:
    """The slot stays kept until they have agreed to another one, which then ends the offer."""
    if not offer.open(sender.now):
        return await over(sender, offer.offer_id)
    talk = await _moving(sender, offer)
    if talk is None:
        turn = _asked(offer, "no-other-times")
        return replace(turn, reply=replies.first_fitting(replies.NO_OTHER_TIMES))
    async with sender.hotline.work(BY, sender.interaction_id) as work:
        await call_off(work, offer.offer_id)
    return await choosing.sessions(sender, talk)


async def _moving(sender: Sender, offer: OfferView) -> Talk | None:
    """The stopped visit as what is to be changed; None when there is nothing to change it to."""
    assert offer.appointment_id is not None
    async with sender.hotline.read() as db:
        made = await bookings.load(db, offer.appointment_id)
    if made.state is not Visit.STOPPED:
        return None
    talk = Talk(verb=Verb.CHANGE.value, appointment_id=made.appointment_id, person_id=made.person_id)
    return await choosing.elsewhere(sender, talk, made.department_id, made.doctor_id)


async def _ask_to_give_up(sender: Sender, offer: OfferView) -> Turn:
    if not offer.open(sender.now):
        return await over(sender, offer.offer_id)
    assert offer.appointment_id is not None
    async with sender.hotline.read() as db:
        made = await bookings.load(db, offer.appointment_id)
    return await visiting.ask_cancel(sender, Talk(verb=Verb.CANCEL.value), made)


async def over(sender: Sender, offer_id: int) -> Turn:
    """What became of it, and what can be done now."""
    async with sender.hotline.read() as db:
        offer = await view.load(db, offer_id)
        made = await bookings.load(db, offer.made_id) if offer.made_id else None
        by = await db.scalar(select(Appointment.interaction_id).where(Appointment.id == offer.made_id))
        visit = await bookings.load(db, offer.appointment_id) if offer.appointment_id else None
    if made is not None:
        if by == sender.interaction_id:
            return _taken(offer.kind)  # by this very text, whose turn broke off behind it
        reply = replies.taken_before(
            person=made.person, department=made.department, doctor=_who(offer), starts_at=made.starts_at,
            serial=made.serial,
        )  # fmt: skip
        return Turn(reply, Talk(), "offer-accepted-before", Disposition.ENQUIRED)
    if visit is not None and visit.state is not Visit.STOPPED:
        words = replies.LEAVE_WITHDRAWN  # moved, given up or restored: there is no choice left to make
    elif visit is not None:
        words = replies.LEAVE_REFUSED if offer.state is State.REFUSED else replies.LEAVE_LAPSED
    else:
        words = _WAITING_OVER.get(offer.state, replies.WAITING_LAPSED)
    return Turn(replies.signed(words), Talk(), "offer-over", Disposition.ENQUIRED)
