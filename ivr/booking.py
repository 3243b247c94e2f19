"""Book by keypad: who, what, read back once, one key to commit."""

from datetime import timedelta

from core.accounts.appeals import blocked
from core.booking import view
from core.booking.commands import Book, Booked, HeldSlot
from core.booking.view import AppointmentView
from core.contact.rules import Disposition
from core.errors import HoldLapsed, PhoneInvalid, Refusal
from core.people import engine as people
from core.people.tables import Person
from core.values import SERIAL_GROUPS, Phone, phone
from ivr.call import NeedsPerson, Prompt, choose
from ivr.choice import Choice, find_slot, open_sessions, said_day, said_span, take
from ivr.credit import tell_block
from ivr.identify import patient
from ivr.line import Line
from ivr.words import Count, Department, Digits, Hospital, Money, Title, Value
from ivr.words import Person as Called

# While the read-back plays and the caller thinks, the slot stays theirs.
THINKING = timedelta(minutes=3)


async def book(line: Line) -> Disposition:
    """Ends booked, or with nothing when the caller goes back."""
    line.wants(verb="book")
    line.reached("identify")
    person = await patient(line)
    async with line.hotline.read() as db:
        block = await blocked(db, person.id, line.now)
        last = await view.last_visit(db, person.id)
    if block is not None:
        entry, waits = block
        await tell_block(line, entry, waits=waits)
        return Disposition.NOTHING
    choice = await _same_doctor(line, last) if last is not None else None
    if last is not None and choice is not None and await _confirm(line, choice, _reminder(last)):
        made = await _commit(line, choice, person)
        if made is not None:
            return await _tell(line, made)
    return await _by_menus(line, person)


async def book_held(line: Line, person: Person, choice: Choice) -> Disposition:
    """What is held already is read back; turned down, another is chosen."""
    if await _confirm(line, choice, ()):
        made = await _commit(line, choice, person)
        if made is not None:
            return await _tell(line, made)
    return await _by_menus(line, person)


async def _by_menus(line: Line, person: Person) -> Disposition:
    while True:
        choice = await find_slot(line)
        if choice is None:
            return Disposition.NOTHING
        if not await _confirm(line, choice, ()):
            continue
        made = await _commit(line, choice, person)
        if made is not None:
            return await _tell(line, made)


async def _same_doctor(line: Line, last: AppointmentView) -> Choice | None:
    """Hold the earliest slot with the doctor of last time, so that one key is enough."""
    if last.doctor_id is None:
        return None
    for session in (await open_sessions(line, last.department_id, last.doctor_id))[:3]:
        try:
            return await take(line, session, None)
        except Refusal:
            continue  # a limit on that day, or just sold: the next one may do
    return None


def _reminder(last: AppointmentView) -> tuple[Prompt, ...]:
    doctor, title = Called(last.doctor or "", last.doctor_pinyin), Title(last.title or "")
    return (Prompt("same-doctor", {"doctor": doctor, "title": title}),)


async def _confirm(line: Line, choice: Choice, before: tuple[Prompt, ...]) -> bool:
    """Read the whole commitment back; 1 commits, 2 chooses again (the older hold goes with the new)."""
    line.reached("read-back")
    await line.keep_hold(THINKING)
    sentence = await read_back(line, choice, brief=bool(before))
    first, *rest = (*before, *sentence, Prompt("confirm"))
    if await choose(line.call, first, "12", *rest) == "1":
        return True
    await line.give_up_hold()  # it is free for everybody again, and for this caller too
    return False


async def read_back(line: Line, choice: Choice, *, brief: bool = False) -> tuple[Prompt, ...]:
    """What is about to be booked, in one sentence. brief: the doctor was named just before."""
    session = choice.session
    names = await line.memory.names(session.hospital_id, session.department_id)
    values: dict[str, Value] = {
        "hospital": Hospital(names.hospital_short, names.hospital_pinyin, names.hospital),
        "department": Department(names.department, names.department_pinyin),
        "day": said_day(session.day, line.now),
        "span": said_span(choice.starts_at, choice.ends_at),
        "fee": Money(session.fee_fen),
    }
    where = Prompt("pay-at-hospital")
    if session.doctor is None or brief:
        return (Prompt("read-back-department", values), where)
    doctor: dict[str, Value] = {
        "doctor": Called(session.doctor, session.doctor_pinyin),
        "title": Title(session.title or ""),
    }
    return (Prompt("read-back", {**values, **doctor}), where)


async def _commit(line: Line, choice: Choice, person: Person) -> Booked | None:
    """Book; when the hold was lost meanwhile, try the same period once more. None: choose again."""
    contact = await reachable(line, person)
    for attempt in (1, 2):
        held = choice.held if attempt == 1 else await _again(line, choice)
        if held is None:
            return None
        try:
            made = await line.submit(
                Book(hold_id=held.hold_id, person_id=person.id, contact=contact, key=line.once("book"))
            )
        except HoldLapsed as lapsed:
            if lapsed.facts.get("state") == "used":
                break  # it has become an appointment already, which must not become two
            continue
        except Refusal as refusal:
            await line.call.say(Prompt(f"refusal-{refusal.code}"))
            return None
        line.achieved(Disposition.BOOKED, made.appointment_id)
        return made
    await line.call.say(Prompt("refusal-hold-lapsed"))
    return None


async def reachable(line: Line, person: Person) -> Phone:
    """Where the text goes: the calling mobile, else the person's own, else one that is keyed now.

    A landline is better than nothing: an operator can call it. Raises NeedsPerson without any.
    """
    if line.number is not None and line.number.is_mobile:
        return line.number
    async with line.hotline.read() as db:
        own = await people.phones_of(db, line.hotline.sealer, person.id)
    mobile = next((number for number in own if number.is_mobile), None)
    if mobile is not None:
        return mobile
    keys = await line.call.ask(Prompt("ask-phone"), digits=11, secret=True)
    try:
        return phone(keys, demo=line.hotline.demo)
    except PhoneInvalid:
        if line.number is not None:
            return line.number
        raise NeedsPerson("no-phone") from None


async def _again(line: Line, choice: Choice) -> HeldSlot | None:
    try:
        return (await take(line, choice.session, None)).held
    except Refusal as refusal:
        await line.call.say(Prompt(f"refusal-{refusal.code}"))
        return None


async def _tell(line: Line, made: Booked) -> Disposition:
    """The serial number in groups, twice; the text says the same."""
    line.reached("booked")
    serial = Digits(made.serial, SERIAL_GROUPS)
    if made.pay_by is not None:
        minutes = Count(max(1, int((made.pay_by - line.now).total_seconds() // 60)), "分钟")
        await line.call.say(Prompt("booked-unpaid", {"serial": serial, "minutes": minutes}))
    else:
        await line.call.say(Prompt("booked", {"serial": serial}))
    await line.call.say(Prompt("booked-again", {"serial": serial}))
    return Disposition.BOOKED


def told_appointment(line: Line, made: AppointmentView) -> tuple[Prompt, ...]:
    """An appointment in one sentence, with what is special about its state."""
    values: dict[str, Value] = {
        "name": Called(made.person, made.person_pinyin),
        "hospital": Hospital(made.hospital_short, made.hospital_pinyin, made.hospital),
        "department": Department(made.department, made.department_pinyin),
        "day": said_day(made.day, line.now),
        "span": said_span(made.starts_at, made.ends_at),
    }
    if made.doctor is None:
        told = [Prompt("appointment-department", values)]
    else:
        doctor: dict[str, Value] = {
            "doctor": Called(made.doctor, made.doctor_pinyin),
            "title": Title(made.title or ""),
        }
        told = [Prompt("appointment", {**values, **doctor})]
    if made.state.value in ("stopped", "unpaid"):
        told.append(Prompt(f"appointment-{made.state.value}"))
    return tuple(told)
