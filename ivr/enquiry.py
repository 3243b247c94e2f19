"""What have I booked? Hear it, and keep, change or cancel it there and then."""

from core.booking.rules import State
from core.contact.rules import Disposition
from core.values import SERIAL_GROUPS
from ivr.booking import told_appointment
from ivr.call import END, Prompt, choose
from ivr.cancelling import cancel_one
from ivr.changing import change_one
from ivr.finding import mine
from ivr.line import Line
from ivr.words import Digits


async def enquire(line: Line) -> Disposition:
    """Tell every appointment; the last thing that was done names the disposition."""
    ended = Disposition.ENQUIRED
    found = await mine(line)
    for place, made in enumerate(found):
        last = place == len(found) - 1
        told = told_appointment(line, made)
        if made.state not in (State.STOPPED, State.UNPAID):  # nobody is seen with its number yet, or any more
            told += (Prompt("appointment-serial", {"serial": Digits(made.serial, SERIAL_GROUPS)}),)
        menu = Prompt("appointment-menu" if last else "appointment-menu-more")
        line.reached("appointment")
        key = await choose(line.call, told[0], "123" if last else "123#", *told[1:], menu)
        if key == END:
            continue
        if key == "2":
            return await change_one(line, made)
        if key == "3":
            return await cancel_one(line, made)
        await line.call.say(Prompt("kept"))
        ended = Disposition.KEPT
    return ended
