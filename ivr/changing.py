"""Change by keypad: another day or doctor of the same department, read back, one key."""

from core.booking.commands import Change
from core.booking.view import AppointmentView
from core.contact.rules import Disposition
from core.errors import HoldLapsed, Refusal
from core.values import SERIAL_GROUPS
from ivr.booking import THINKING, read_back
from ivr.call import NeedsPerson, Prompt, choose
from ivr.cancelling import which
from ivr.choice import Choice, in_department
from ivr.finding import mine
from ivr.line import Line
from ivr.words import Digits


async def change(line: Line) -> Disposition:
    made = await which(line, await mine(line))
    return Disposition.NOTHING if made is None else await change_one(line, made)


async def change_one(line: Line, made: AppointmentView, held: Choice | None = None) -> Disposition:
    """The old appointment stands until the new one is certain. Raises NeedsPerson when refused.

    held: what was chosen for it already.
    """
    line.wants(verb="change", appointment_id=made.appointment_id)
    while True:
        line.reached("change")
        choice, held = held or await in_department(line, made.department_id), None
        if choice is None:
            await line.call.say(Prompt("kept"))
            return Disposition.KEPT
        line.reached("read-back")
        await line.keep_hold(THINKING)
        sentence = await read_back(line, choice)
        key = await choose(line.call, Prompt("change-from"), "12", *sentence, Prompt("confirm"))
        if key == "2":
            await line.give_up_hold()
            continue
        try:
            done = await line.submit(
                Change(made.appointment_id, choice.held.hold_id, key=line.once("change"))
            )
        except HoldLapsed as lapsed:
            await line.call.say(Prompt(f"refusal-{lapsed.code}"))
            continue
        except Refusal as refusal:
            await line.call.say(Prompt(f"refusal-{refusal.code}"))
            raise NeedsPerson(refusal.code) from None
        line.achieved(Disposition.CHANGED, done.appointment_id)
        line.reached("changed")
        await line.call.say(Prompt("changed", {"serial": Digits(done.serial, SERIAL_GROUPS)}))
        return Disposition.CHANGED
