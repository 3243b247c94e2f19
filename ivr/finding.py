"""Which appointment is it about? Those of the calling phone, else one by its serial number."""

from core.booking import view
from core.booking.view import AppointmentView
from core.errors import AppointmentUnknown
from core.values import is_serial
from ivr.call import END, PERSON, NeedsPerson, Prompt
from ivr.identify import prove
from ivr.line import Line
from ivr.words import Count

TRIES = 2


async def mine(line: Line) -> list[AppointmentView]:
    """What is still ahead and was booked by this phone; without any, what a serial number names.

    Raises NeedsPerson when neither leads to an appointment.
    """
    line.reached("find")
    found: list[AppointmentView] = []
    if line.number is not None:
        mark = line.hotline.sealer.fingerprint(line.number.digits, "phone")
        async with line.hotline.read() as db:
            found = await view.open_by_phone(db, mark, line.now)
    if found:
        await line.call.say(Prompt("how-many", {"count": Count(len(found))}))
        return found
    if line.number is not None:
        await line.call.say(Prompt("nothing-booked"))
    return [await _by_serial(line)]


async def _by_serial(line: Line) -> AppointmentView:
    """A serial number, and from a strange phone the last four of the patient's identity number.

    A number that does not exist and one that is not theirs sound the same until the four are known:
    nobody learns by trying which serial numbers exist.
    """
    question = Prompt("ask-serial")
    for _ in range(TRIES):
        keys = await line.call.ask(question, digits=8)
        if keys in (PERSON, END):
            raise NeedsPerson("asked")
        question = Prompt("serial-wrong")
        if not is_serial(keys):
            continue
        try:
            async with line.hotline.read() as db:
                found = await view.by_serial(db, keys)
        except AppointmentUnknown:
            continue
        await prove(line, found.person_id)
        return found
    raise NeedsPerson("serial-wrong")
