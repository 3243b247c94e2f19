"""Many want few: exactly as many are sold as there are, and every loser is told why."""

import asyncio
import json
import sys
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import func, select

from core import journal
from core.booking.commands import Book, Hold
from core.booking.tables import Appointment
from core.errors import Refusal
from core.events import AppointmentBooked
from core.people.tables import Person
from core.schedule.tables import Slot
from core.values import Phone
from core.work import Hotline
from tests.builders import CALLER, SEED, SURFER, Clinic, clinic

ROOT = Path(__file__).parents[2]
CONTENDERS, PROCESSES, SLOTS = 2_000, 4, 300


async def people(town: Clinic, count: int) -> int:
    """Make `count` people with papers; return the first one's id."""
    async with town.hotline.work(SEED) as work:
        work.db.add_all(
            Person(
                name="张三", pinyin="zhang san", initials="zs", sex="male", identity_kind="resident",
                identity_sealed=b"", identity_print=f"print-{number}", created_at=work.now,
            )
            for number in range(count)
        )  # fmt: skip
        await work.db.flush()
        return (await work.db.execute(select(func.min(Person.id)))).scalar_one()


@pytest.mark.slow
@pytest.mark.req("R-001", "R-011", "R-045")
async def test_two_thousand_in_four_processes_get_exactly_three_hundred_slots(
    hotline: Hotline, database_url: str
) -> None:
    town = await clinic(hotline)
    session = await town.session(slots=SLOTS)
    first = await people(town, CONTENDERS)
    each = CONTENDERS // PROCESSES
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.races.contender", database_url, str(session), str(first + n * each),
            str(each), hotline.clock.now().isoformat(), cwd=ROOT, stdout=asyncio.subprocess.PIPE,
        )
        for n in range(PROCESSES)
    ]  # fmt: skip
    outputs = await asyncio.gather(*(process.communicate() for process in processes))
    assert [process.returncode for process in processes] == [0] * PROCESSES
    answers = [json.loads(out) for out, _ in outputs]
    told: Counter[str] = sum((Counter(answer["told"]) for answer in answers), Counter())
    serials = [serial for answer in answers for serial in answer["serials"]]

    assert told["booked"] == SLOTS
    assert told["slot-full"] == CONTENDERS - SLOTS
    async with hotline.read() as db:
        sold = (await db.execute(select(Appointment.slot_id))).scalars().all()
        kept = set((await db.execute(select(Appointment.serial))).scalars())
        booked = (await db.execute(select(func.count()).where(Slot.state == "booked"))).scalar_one()
        events = [
            e
            for e in await journal.entries(db, journal.START, limit=10_000)
            if isinstance(e.event, AppointmentBooked)
        ]
    assert len(sold) == len(set(sold)) == booked == len(events) == SLOTS
    assert kept == set(serials)


@pytest.mark.req("R-061", "R-064")
async def test_no_person_passes_a_limit_by_racing_two_channels(hotline: Hotline) -> None:
    """Two of three allowed are used by one visit; phone and web ask for six more at the same moment."""
    town = await clinic(hotline)
    await town.rule("limit.day", "3")
    await town.rule("limit.department-day", "9")
    await town.rule("limit.doctor-day", "9")
    await town.rule("overlap.minutes", "0")
    li = await town.person("李秀英")
    sessions = [
        await town.session(post, half=half) for post in ("chen", "wu", "kid") for half in ("am", "pm")
    ]
    holds = [
        await town.store.submit(Hold(session_id=session, owner=f"o{n}"), (CALLER, SURFER)[n % 2])
        for n, session in enumerate(sessions)
    ]

    async def try_to_book(number: int) -> str:
        command = Book(holds[number].hold_id, li, Phone("10712345678"))
        try:
            await town.store.submit(command, (CALLER, SURFER)[number % 2])
        except Refusal as refusal:
            return refusal.code
        return "booked"

    told = Counter(await asyncio.gather(*(try_to_book(number) for number in range(6))))
    assert told == {"booked": 3, "limit-day": 3}


async def test_one_hold_becomes_one_appointment_however_often_it_is_confirmed(hotline: Hotline) -> None:
    town = await clinic(hotline)
    session, li = await town.session(), await town.person("李秀英")
    held = await town.store.submit(Hold(session_id=session, owner="call:1"), CALLER)

    async def confirm() -> str:
        try:
            return (
                await town.store.submit(Book(held.hold_id, li, Phone("10712345678"), key="once"), CALLER)
            ).serial
        except Refusal as refusal:
            return refusal.code

    assert len(set(await asyncio.gather(*(confirm() for _ in range(8))))) == 1
    assert await town.states(session) == {"booked": 1, "free": 5}
