"""Find a slot by keypad: hospital, department, doctor or the earliest, day, period; then hold it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from core.booking.commands import HeldSlot, Hold
from core.catalogue.engine import Named
from core.errors import Refusal, ShareUsedUp, SlotFull
from core.schedule import view
from core.schedule.view import OpenPeriod, OpenSession
from core.values import local
from ivr.call import Prompt, choose
from ivr.choosing import pick
from ivr.line import Line
from ivr.words import Clock, Day, Department, Half, Hospital, Number, Person, Span, Title

# What was sold while a caller thought; and so often another one is taken for it.
SOLD, OTHERS = (SlotFull, ShareUsedUp), 3


@dataclass(frozen=True)
class Choice:
    """What a caller chose and we hold for them."""

    session: OpenSession
    starts_at: datetime
    ends_at: datetime
    held: HeldSlot


def said_day(day: date, now: datetime) -> Day:
    return Day(day, local(now).date())


def said_span(starts_at: datetime, ends_at: datetime, *, with_half: bool = True) -> Span:
    return Span(_clock(starts_at), _clock(ends_at), with_half)


def _clock(instant: datetime) -> time:
    return local(instant).time()


def called(hospital: Named) -> Hospital:
    return Hospital(hospital.name, hospital.pinyin, hospital.whole)


async def find_slot(line: Line) -> Choice | None:
    """Walk down from the hospital; 9 goes one step up. None: back to where it began."""
    while True:
        hospital = await _hospital(line)
        if hospital is None:
            return None
        line.wants(hospital_id=hospital.id)
        while True:
            department = await _department(line, hospital)
            if department is None:
                break
            line.wants(department_id=department.id)
            choice = await in_department(line, department.id)
            if choice is not None:
                return choice


async def _hospital(line: Line) -> Named | None:
    hospitals = await line.memory.hospitals()
    line.reached("hospital")
    return await pick(
        line.call,
        Prompt("choose-hospital"),
        hospitals,
        lambda hospital, key: Prompt("option", {"name": called(hospital), "key": key}),
    )


async def _department(line: Line, hospital: Named) -> Named | None:
    """Departments with something left come first; a full one says so in the list itself."""
    line.reached("department")
    while True:
        departments, room = await line.memory.departments(hospital.id)
        if not room:
            await line.call.say(Prompt("hospital-full"))
            return None
        ordered = sorted(departments, key=lambda department: not room.get(department.id))

        def told(department: Named, key: Number, room: Mapping[int, int] = room) -> Prompt:
            name = "option" if room.get(department.id) else "option-full"
            return Prompt(name, {"name": Department(department.name, department.pinyin), "key": key})

        chosen = await pick(line.call, Prompt("choose-department"), ordered, told)
        if chosen is None or room.get(chosen.id):
            return chosen
        await _say_full(line, chosen.id)


async def _say_full(line: Line, department_id: int) -> None:
    async with line.hotline.read() as db:
        opens = await view.next_release(db, department_id, line.now)
    if opens is None:
        await line.call.say(Prompt("department-full"))
    else:
        here = local(opens)
        day, clock = Day(here.date(), local(line.now).date()), Clock(here.time())
        await line.call.say(Prompt("department-full-until", {"day": day, "clock": clock}))


async def in_department(line: Line, department_id: int, doctor_id: int | None = None) -> Choice | None:
    """Choose doctor, day and period in a department and hold the slot; None: another department.

    doctor_id: only this doctor's sessions are offered, by day.
    """
    while True:
        sessions = await open_sessions(line, department_id, doctor_id)
        if not sessions:
            await _say_full(line, department_id)
            return None
        wanted = _Wanted(sessions[0], earliest=False) if doctor_id else await _doctor(line, sessions)
        if wanted is None:
            return None
        session: OpenSession | None = wanted.session
        line.wants(doctor_id=None if wanted.earliest else wanted.session.doctor_id)
        period = None
        if not wanted.earliest:
            session = await _day(line, [s for s in sessions if _whose(s) == _whose(wanted.session)])
            period = await _period(line, session) if session else None
            if period is None:
                if doctor_id:
                    return None
                continue
        assert session is not None
        try:
            return await (_soonest(line, session) if wanted.earliest else take(line, session, period))
        except Refusal as refusal:
            line.memory.doubt(session)
            await line.call.say(Prompt(f"refusal-{refusal.code}"))
            if await choose(line.call, Prompt("way-on"), "12") == "2":
                return None


async def _soonest(line: Line, session: OpenSession) -> Choice:
    """Who wants the soonest number, whichever it is, wants the next one when that went a moment ago."""
    for _ in range(OTHERS):
        try:
            return await take(line, session, None)
        except SOLD:
            line.memory.doubt(session)
            found = await open_sessions(line, session.department_id)
            if not found:
                raise
            session = found[0]
    return await take(line, session, None)


@dataclass(frozen=True)
class _Wanted:
    """A doctor by one of their sessions, or simply the earliest slot of the department."""

    session: OpenSession
    earliest: bool


async def open_sessions(
    line: Line, department_id: int, doctor_id: int | None = None
) -> Sequence[OpenSession]:
    """What the phone may sell in a department, or of one doctor there, soonest first."""
    found = await line.memory.sessions(department_id)
    return found if doctor_id is None else [one for one in found if one.doctor_id == doctor_id]


def _whose(session: OpenSession) -> tuple[int | None, str]:
    return session.doctor_id, session.number_kind


async def _doctor(line: Line, sessions: Sequence[OpenSession]) -> _Wanted | None:
    """1 is the earliest of all; then each doctor once, in the order of their next free day."""
    line.reached("doctor")
    firsts = {_whose(session): session for session in reversed(sessions)}
    ordered = sorted(firsts.values(), key=lambda session: session.starts_at)
    offered = [_Wanted(sessions[0], earliest=True), *(_Wanted(session, False) for session in ordered)]
    return await pick(line.call, Prompt("choose-doctor"), offered, _told_doctor)


def _told_doctor(wanted: _Wanted, key: Number) -> Prompt:
    session = wanted.session
    if wanted.earliest:
        return Prompt("option-earliest", {"key": key})
    if session.doctor is None:
        return Prompt("option-ordinary", {"key": key})
    name, title = Person(session.doctor, session.doctor_pinyin), Title(session.title or "")
    return Prompt("option-doctor", {"name": name, "title": title, "key": key})


async def _day(line: Line, sessions: Sequence[OpenSession]) -> OpenSession | None:
    line.reached("day")
    return await pick(
        line.call,
        Prompt("choose-day"),
        sessions,
        lambda session, key: Prompt(
            "option-day",
            {
                "day": Day(session.day, local(line.now).date(), brief=True),
                "half": Half(session.half),
                "key": key,
            },
        ),
    )


async def _period(line: Line, session: OpenSession) -> OpenPeriod | None:
    """The periods that have something left; a single one needs no question."""
    line.reached("period")
    periods = await line.memory.periods(session.session_id)
    if len(periods) == 1:
        return periods[0]
    return await pick(
        line.call,
        Prompt("choose-period"),
        periods,
        lambda period, key: Prompt(
            "option-period",
            {"span": said_span(period.starts_at, period.ends_at, with_half=False), "key": key},
        ),
    )


async def take(line: Line, session: OpenSession, period: OpenPeriod | None) -> Choice:
    """Hold the slot for this caller. Raises the engine's refusals; the older hold is then kept."""
    held = await line.submit(
        Hold(
            session_id=session.session_id,
            owner=line.owner,
            period_id=period.period_id if period else None,
            person_id=line.person.id if line.person else None,
            key=line.once("hold"),
        )
    )
    line.held = held
    line.wants(
        hospital_id=session.hospital_id, department_id=session.department_id, doctor_id=session.doctor_id,
        session_id=held.session_id, period_id=held.period_id,
    )  # fmt: skip
    line.reached("held")
    if period is None:
        return Choice(session, *await line.memory.period(held.session_id, held.period_id), held)
    return Choice(session, period.starts_at, period.ends_at, held)
