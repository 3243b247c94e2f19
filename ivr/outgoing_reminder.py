"""The visit is near: 1 keep, 2 change, 3 cancel, 0 a person."""

from core.booking import view
from core.booking.rules import State
from core.booking.view import AppointmentView
from core.calling.rules import Answer
from core.contact.rules import Disposition
from core.errors import AppointmentUnknown, Refusal
from core.reminding import engine as reminding
from core.reminding.engine import Answered
from core.reminding.rules import Answer as Said
from core.work import Work
from ivr.booking import told_appointment
from ivr.call import NeedsPerson, Prompt
from ivr.changing import change_one
from ivr.outgoing import Outgoing
from ivr.words import Money


async def remind(going: Outgoing) -> Disposition:
    """A visit that has changed since, or was given up, is not reminded of."""
    made = await _visit(going)
    if made is None:
        return await going.answered_already()
    going.wants = {"appointment_id": made.appointment_id, "person_id": made.person_id}
    await going.gate("outgoing-reminder")
    while True:
        told = told_appointment(going.line, made)
        key = await going.ask(*told, Prompt("outgoing-reminder-menu"), keys="123")
        if key == "1":
            await _answer(going, Answer.KEPT, Said.KEPT)
            await going.done(Disposition.KEPT)
            return await going.farewell(Disposition.KEPT, Prompt("kept"))
        done = await (_change(going, made) if key == "2" else _cancel(going, made))
        if done is not None:
            return done


async def _visit(going: Outgoing) -> AppointmentView | None:
    """The visit while it stands and is still ahead."""
    if going.told.appointment_id is None:
        return None
    async with going.line.hotline.read() as db:
        try:
            made = await view.load(db, going.told.appointment_id)
        except AppointmentUnknown:
            return None
    return made if made.state is State.BOOKED and made.starts_at > going.line.now else None


async def _change(going: Outgoing, made: AppointmentView) -> Disposition | None:
    """As for whoever calls us. None: they found nothing better, and hear the message again."""
    if await change_one(going.line, made) is not Disposition.CHANGED:
        return None
    await going.heard(Answer.CHANGED)
    await going.done(Disposition.CHANGED)
    return await going.farewell(Disposition.CHANGED)


async def _cancel(going: Outgoing, made: AppointmentView) -> Disposition | None:
    """Asked once more; None: thought better of it."""
    line = going.line
    if await going.ask(Prompt("cancel-ask"), keys="12", counts=False) == "2":
        return None
    gone = await _answer(going, Answer.CANCELLED, Said.CANCELLED)
    await going.done(Disposition.CANCELLED, made.appointment_id)
    line.reached("cancelled")
    said = [Prompt("cancelled")]
    if gone.refund_fen:
        said.append(Prompt("refund", {"fee": Money(gone.refund_fen)}))
    return await going.farewell(Disposition.CANCELLED, *said)


async def _answer(going: Outgoing, answer: Answer, said: Said) -> Answered:
    """Raises NeedsPerson when the rules say no: a person may know a way."""

    async def take(work: Work) -> Answered:
        return await reminding.answer(work, going.told.about, said, "phone")

    try:
        return await going.settle(answer, take)
    except Refusal as refusal:
        await going.line.call.say(Prompt(f"refusal-{refusal.code}"))
        raise NeedsPerson(refusal.code) from None
