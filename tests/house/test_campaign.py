"""Show 1: a doctor is away. Real telephones and texts answer, the process is killed twice, nobody is lost."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import and_, or_, select

from core.calling import view as calls
from core.calling.rules import MOST_TRIES, Outcome
from core.calling.rules import State as CallState
from core.calling.tables import OutboundCall
from core.calling.view import AttemptView
from core.database import open_database
from core.leave import desk
from core.leave.rules import CaseState, Disposition
from core.ports import IncomingText
from core.settings import Settings
from core.values import SHANGHAI
from core.work import Hotline
from hotline.foundation import foundation
from sms.inbound import Inbox
from tests.callees import callees
from tests.clocks import FrozenClock
from tests.houses import House, serving
from tests.leave.stage import Stage
from tests.leave.stage import stage as open_stage

pytestmark = [pytest.mark.switch, pytest.mark.slow, pytest.mark.timeout(1500)]

BEGINS = datetime(2026, 11, 23, 10, tzinfo=SHANGHAI)
SECRET = "a secret of the campaign's test, long enough"
# The library that plays the telephones has room for four calls, and one may just be ending.
LINES = 3
# How many telephones behave so, what each does call after call, and what becomes of its patient. The
# changeable ones are called last: a try that dies with our process counts, and they need two.
CROWD: tuple[tuple[int, tuple[str, ...], CaseState], ...] = (
    (11, ("11",), CaseState.ACCEPTED),
    (5, ("131",), CaseState.CANCELLED),
    (5, ("1211",), CaseState.CHANGED),
    (2, ("10=",), CaseState.SETTLED),  # a person: nobody is there, so a message
    (2, ("2",), CaseState.SETTLED),  # not the patient's number
    (3, ("=",), CaseState.SETTLED),  # a mailbox
    (3, ("busy", "11"), CaseState.ACCEPTED),
    (3, ("1~", "11"), CaseState.ACCEPTED),
    (1, ("silent",), CaseState.SETTLED),
)
BEHAVES = [(scripts, ends) for number, scripts, ends in CROWD for _ in range(number)]
TEXTS = 5
# The process dies when so many calls have ended; what it left is taken up so much later.
DIES_AFTER = (6, 16)
PAUSES = [timedelta(minutes=minutes) for minutes in (0, 15, 50, 90, 130)]


@asynccontextmanager
async def database(folder: Path, at: datetime) -> AsyncIterator[Stage]:
    """What the house reads and writes, while no house stands on it; its clock stands at `at`."""
    settings = Settings(data=folder / "data", cache=Settings().cache, master_secret=SECRET)
    async with foundation(settings) as ground:
        ground.hotline.clock = FrozenClock(at)
        yield await staged(folder, ground.hotline)


STAGES: dict[Path, Stage] = {}


async def staged(folder: Path, hotline: Hotline) -> Stage:
    """The same doctor and patients each time the database is opened."""
    if folder not in STAGES:
        STAGES[folder] = await open_stage(hotline)
    made = STAGES[folder]
    made.hotline = made.clinic.hotline = made.sister.hotline = hotline
    return made


async def prepared(folder: Path) -> int:
    """Everybody has booked with Dr Chen, who is now away; colleagues have slots enough. Returns the leave."""
    number = len(BEHAVES) + TEXTS
    async with database(folder, BEGINS) as stage:
        clinic = stage.clinic
        await clinic.rule("leave.call-after", "0")
        session = await clinic.session("chen", slots=number)
        await clinic.session("zhao", slots=number)
        await clinic.session("zhao", half="pm", slots=number)
        await stage.patients(number, session)
        return await stage.approved()


def own_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


@asynccontextmanager
async def house_at(folder: Path, at: datetime, outside: int) -> AsyncIterator[House]:
    async with serving(
        folder,
        program=("-m", "tests.house_then", "serve"),
        HOTLINE_DEMO="no",
        HOTLINE_MASTER_SECRET=SECRET,
        HOTLINE_TEST_NOW=at.isoformat(),
        HOTLINE_OUTBOUND=f"sip:127.0.0.1:{outside}",
        HOTLINE_OUTBOUND_LINES=str(LINES),
    ) as house:
        yield house


async def killed(house: House) -> None:
    """As by a power cut of our process: the switch goes on for itself."""
    os.kill(house.process.pid, signal.SIGKILL)
    await house.process.wait()


async def at_rest(folder: Path, at: datetime) -> None:
    """Wait until no telephone rings, and none is due."""
    settings = Settings(data=folder / "data")
    base = open_database(settings.url)
    under_way = select(OutboundCall.id).where(
        or_(
            OutboundCall.state == CallState.DIALLING,
            and_(OutboundCall.state == CallState.WAITING, OutboundCall.due_at <= at),
        )
    )
    try:
        async with asyncio.timeout(300):
            while True:
                async with base.read() as db:
                    if (await db.execute(under_way.limit(1))).first() is None:
                        return
                await asyncio.sleep(1)
    finally:
        await base.close()


async def texted(folder: Path, at: datetime, numbers: Sequence[str]) -> None:
    """These answer by text; the next house that stands there reads it."""
    async with database(folder, at) as stage:
        for place, number in enumerate(numbers):
            text = IncomingText("test", str(place), number, "12320", "1")
            await Inbox(stage.hotline, stage.clinic.store).received(text)


async def tries_of(stage: Stage, patient: int) -> Sequence[AttemptView]:
    """The machine's tries for one patient's first offer: the proof."""
    query = select(OutboundCall.id).where(
        OutboundCall.appointment_id == stage.visits[patient], OutboundCall.subject.startswith("offer/")
    )
    async with stage.hotline.read() as db:
        call = await db.scalar(query.order_by(OutboundCall.id).limit(1))
        return await calls.attempts(db, call) if call is not None else []


async def settled_by_an_operator(stage: Stage, leave: int) -> None:
    """Who could not be told by telephone is told by a person."""
    for case in await stage.cases(leave):
        if case.state == CaseState.DESK:
            async with stage.hotline.work(stage.anna) as work:
                await desk.claim(work, case.id)
                await desk.settle(work, case.id, Disposition.TOLD)


@pytest.mark.req("R-089")
async def test_a_campaign_survives_and_everybody_comes_to_one_end_with_proof(tmp_path: Path) -> None:
    leave = await prepared(tmp_path)
    numbers = [f"1380099{place:04d}" for place in range(len(BEHAVES) + TEXTS)]
    by_phone, by_text = numbers[: len(BEHAVES)], numbers[len(BEHAVES) :]
    scripts = {number: what for number, (what, _) in zip(by_phone, BEHAVES, strict=True)}
    outside = own_port()
    async with callees(outside, outside, scripts) as crowd:
        for most, pause in zip(DIES_AFTER, PAUSES, strict=False):
            async with house_at(tmp_path, BEGINS + pause, outside) as house:
                await crowd.until(lambda all_of, most=most: all_of.count("ended") >= most, 200)
                await killed(house)
        await texted(tmp_path, BEGINS + PAUSES[2], by_text)
        for pause in PAUSES[2:]:
            async with house_at(tmp_path, BEGINS + pause, outside):
                await at_rest(tmp_path, BEGINS + pause + timedelta(minutes=5))
    async with database(tmp_path, BEGINS + timedelta(hours=8)) as stage:
        await stage.settle()
        await settled_by_an_operator(stage, leave)
        cases = await stage.cases(leave)
        tries = [await tries_of(stage, number) for number in range(len(cases))]
        await stage.balanced()
    wanted = [ends for _, ends in BEHAVES] + [CaseState.ACCEPTED] * TEXTS
    assert [CaseState(case.state) for case in cases] == wanted
    assert max(map(len, tries)) <= MOST_TRIES
    assert all(one.ended_at is not None for some in tries for one in some)
    heard = {number for number, some in enumerate(tries) if some and some[-1].outcome is Outcome.KEY}
    by_key = {CaseState.ACCEPTED, CaseState.CANCELLED, CaseState.CHANGED}
    assert {number for number, (_, ends) in enumerate(BEHAVES) if ends in by_key} <= heard
    assert sum(one.outcome is Outcome.LOST for some in tries for one in some) <= LINES * len(DIES_AFTER)
