"""Cancel by keypad: which one, read back, one key; the refund is said."""

from core.booking.commands import Cancel
from core.booking.view import AppointmentView
from core.contact.rules import Disposition
from core.errors import Refusal
from ivr.booking import told_appointment
from ivr.call import NeedsPerson, Prompt, choose
from ivr.finding import mine
from ivr.line import Line
from ivr.words import Money


async def cancel(line: Line) -> Disposition:
    made = await which(line, await mine(line))
    return Disposition.NOTHING if made is None else await cancel_one(line, made)


async def which(line: Line, found: list[AppointmentView]) -> AppointmentView | None:
    """The one that is meant; a single one is meant without asking. None: none of them."""
    if len(found) == 1:
        return found[0]
    for made in found:
        told = told_appointment(line, made)
        if await choose(line.call, told[0], "12", *told[1:], Prompt("this-one")) == "1":
            return made
    return None


async def cancel_one(line: Line, made: AppointmentView) -> Disposition:
    """Raises NeedsPerson when the deadline is over: a person may know a way."""
    line.wants(verb="cancel", appointment_id=made.appointment_id)
    line.reached("cancel")
    told = told_appointment(line, made)
    if await choose(line.call, told[0], "12", *told[1:], Prompt("cancel-ask")) != "1":
        await line.call.say(Prompt("kept"))
        return Disposition.KEPT
    try:
        done = await line.submit(Cancel(made.appointment_id, key=line.once("cancel")))
    except Refusal as refusal:
        await line.call.say(Prompt(f"refusal-{refusal.code}"))
        raise NeedsPerson(refusal.code) from None
    line.achieved(Disposition.CANCELLED, made.appointment_id)
    line.reached("cancelled")
    await line.call.say(Prompt("cancelled"))
    if done.refund_fen:
        await line.call.say(Prompt("refund", {"fee": Money(done.refund_fen)}))
    return Disposition.CANCELLED
