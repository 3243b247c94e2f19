"""A visit given up, moved, or left as it is, with the offer that may stand for it."""

from sqlalchemy import select

from core.booking import view as bookings
from core.booking.commands import Cancel, Change
from core.booking.rules import State
from core.booking.store import once
from core.calling import engine as calls
from core.calling.rules import Answer as Called
from core.contact.rules import Disposition
from core.errors import OfferGone, WrongState
from core.offers import engine, view
from core.offers.rules import State as Ended
from core.offers.tables import Offer
from core.reminding import engine as reminding
from core.reminding.rules import Answer
from core.values import Channel
from core.work import Work
from sms import replies
from sms.meaning import Topic
from sms.offering import subject
from sms.sender import BY, Sender
from sms.talk import Ask, Talk, Turn


async def settle(sender: Sender, command: Cancel | Change, *, reminder_id: int | None = None) -> None:
    """Give a visit up, or move it; an offer that stands for it ends in the same transaction.

    reminder_id: of the reminder that is answered by giving it up. Raises the refusals of the command.
    """
    if reminder_id is not None:
        await _answered(sender, reminder_id)
        return
    async with sender.hotline.read() as db:
        offer = await view.open_for_visit(db, command.appointment_id)
    if offer is not None:
        await _with_offer(sender, command, offer.offer_id)
        return
    try:
        await sender.store.submit(command, BY, sender.interaction_id)
    except WrongState:
        if isinstance(command, Change) or not await _refused_by_text(sender, command.appointment_id):
            raise  # else by this very text, whose turn broke off behind it


async def _with_offer(sender: Sender, command: Cancel | Change, offer_id: int) -> None:
    async def act(work: Work) -> None:
        try:
            if isinstance(command, Cancel):
                await refuse(work, offer_id, "cancelled")  # which gives the visit up
                return
            await refuse(work, offer_id, "other-times")
        except OfferGone:
            pass  # just now: the visit's own state decides
        await once(work, command)

    await sender.hotline.run(act, BY, sender.interaction_id)


async def _refused_by_text(sender: Sender, appointment_id: int) -> bool:
    query = select(Offer.id).where(
        Offer.appointment_id == appointment_id,
        Offer.state == Ended.REFUSED,
        Offer.why == "cancelled",
        Offer.channel == Channel.SMS,
    )
    async with sender.hotline.read() as db:
        return (await db.execute(query.limit(1))).first() is not None


async def _answered(sender: Sender, reminder_id: int) -> None:
    """What it reminded of is given up with it; repeated, it is told as before."""

    async def act(work: Work) -> None:
        await reminding.answer(work, reminder_id, Answer.CANCELLED, "sms")

    await sender.hotline.run(act, BY, sender.interaction_id)


async def refuse(work: Work, offer_id: int, why: str) -> None:
    """The offer is not wanted, and nobody need be called about it. Raises OfferGone."""
    await engine.refuse(work, offer_id, why)
    await call_off(work, offer_id)


async def call_off(work: Work, offer_id: int) -> None:
    """It was answered by text."""
    await calls.drop(work, subject(offer_id), Called.ELSEWHERE)


async def as_it_is(sender: Sender, talk: Talk) -> Turn:
    """Nothing was done to a visit; of one that is stopped, what is still to be chosen."""
    assert talk.appointment_id is not None
    async with sender.hotline.read() as db:
        made = await bookings.load(db, talk.appointment_id)
        offer = await view.open_for_visit(db, talk.appointment_id)
    if made.state is not State.STOPPED:
        return Turn(replies.signed(replies.KEPT), Talk(), "kept", Disposition.KEPT)
    if offer is not None and offer.open(sender.now):
        asked = Talk(ask=Ask.AGAIN, topic=Topic.OFFER.value, about=offer.offer_id)
        return Turn(replies.signed(replies.STOPPED_OFFERED), asked, "kept-stopped")
    return Turn(replies.signed(replies.STOPPED_VISIT), Talk(), "kept-stopped", Disposition.KEPT)
