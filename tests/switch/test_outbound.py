"""Calls that we make, on a real switch, to real telephones that accept, refuse, are busy or say nothing."""

import shutil
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from core.booking.rules import State as Visit
from core.booking.tables import Appointment
from core.calling.rules import Answer, Outcome, State
from core.contact.distribution import QueueClass
from core.database import open_database
from core.sealing import AesSealer
from core.work import Hotline
from tests.builders import clinic
from tests.callees import callees
from tests.clocks import FrozenClock, RunningClock, SeededChance
from tests.conftest import MASTER
from tests.owing import Owing
from tests.switch.conftest import Exchange
from tests.switch.desks import floor, operators

pytestmark = [pytest.mark.switch, pytest.mark.asyncio(loop_scope="session")]

FRIDAY = date(2026, 11, 27)
OPERATOR = "8001"
LINES = 3  # a library of telephones has room for four calls, and one may just be ending


@pytest_asyncio.fixture(loop_scope="session")
async def owing(sqlite_model: Path, tmp_path: Path) -> AsyncIterator[Owing]:
    shutil.copy(sqlite_model, tmp_path / "town.db")
    database = open_database(f"sqlite+aiosqlite:///{tmp_path / 'town.db'}")
    clock = RunningClock(FrozenClock.at("2026-11-23 10:00").instant)
    yield Owing(await clinic(Hotline(database, clock, SeededChance(7), AesSealer(MASTER), demo=True)))
    await database.close()


async def shows(owing: Owing, name: str) -> tuple[list[str], str, Answer | None]:
    """How each try ended, the call's state and its answer."""
    call = await owing.call(name)
    return [str(one.outcome) for one in await owing.tries(name)], call.state, call.answer


@pytest.mark.req("R-089")
async def test_each_telephone_is_rung_as_its_people_are_and_only_a_key_counts_as_heard(
    exchange: Exchange, owing: Owing
) -> None:
    behaves = {
        "信箱": ["="],
        "接受": ["11"],
        "忙线": ["busy", "11"],
        "退号": ["131"],
        "别的时间": ["1211"],
        "中途挂断": ["1~"],
        "打错了": ["2"],
    }
    numbers = {name: f"1071111000{place}" for place, name in enumerate(behaves)}
    scripts = {numbers[name]: script for name, script in behaves.items()}
    await owing.clinic.session("chen", day=FRIDAY)
    await owing.displaced(*numbers.items())
    async with (
        callees(exchange.sip_port, exchange.outside_port, scripts) as crowd,
        floor(exchange, owing.hotline, lines=LINES) as made,
    ):
        await crowd.until(lambda all_of: all_of.count("ended") == len(behaves))
        await made.until(owing.contacts, lambda found: all(one.closed_at for one in found))
        assert (await owing.call("忙线")).state is State.WAITING
        owing.hotline.clock = RunningClock(owing.hotline.clock.now() + timedelta(minutes=11))
        await crowd.until(lambda all_of: all_of.count("ended", numbers["忙线"]) == 2)
        await made.until(lambda: owing.call("忙线"), lambda call: call.state is State.DONE)
    assert {name: await shows(owing, name) for name in behaves} == {
        "接受": (["key"], State.DONE, Answer.ACCEPTED),
        "忙线": (["busy", "key"], State.DONE, Answer.ACCEPTED),
        "退号": (["key"], State.DONE, Answer.CANCELLED),
        "别的时间": (["key"], State.DONE, Answer.OTHER_TIMES),
        "信箱": (["silent"], State.WAITING, None),
        "中途挂断": (["hung-up"], State.WAITING, None),
        "打错了": (["wrong"], State.HANDED, None),
    }
    assert {name: await visit(owing, name) for name in behaves} == {
        "接受": Visit.REPLACED,
        "忙线": Visit.REPLACED,
        "退号": Visit.CANCELLED,
        "别的时间": Visit.REPLACED,
        "信箱": Visit.STOPPED,
        "中途挂断": Visit.STOPPED,
        "打错了": Visit.STOPPED,
    }
    assert {one["by"] for one in crowd.told if one["event"] == "ringing"} == {"<sip:12320@127.0.0.1>"}


async def visit(owing: Owing, name: str) -> Visit:
    async with owing.hotline.read() as db:
        return Visit((await db.get_one(Appointment, owing.visits[name])).state)


@pytest.mark.req("R-089")
async def test_who_wants_a_person_waits_as_one_whose_doctor_is_away_and_gets_one(
    exchange: Exchange, owing: Owing
) -> None:
    number = "10711110001"
    async with (
        callees(exchange.sip_port, exchange.outside_port, {number: ["10="]}) as crowd,
        floor(exchange, owing.hotline, lines=LINES) as made,
        operators(made, 1) as (desk,),
    ):
        await owing.displaced(("李秀英", number))
        await desk.answer()
        talking = await made.state(OPERATOR, "talking")
        await made.present("agent", "caller")
        waited = await owing.waited(talking.interaction_id)
        assert waited.klass == QueueClass.DISPLACED
        assert await shows(owing, "李秀英") == ([Outcome.KEY], State.DONE, Answer.PERSON)
        assert (await owing.offer("李秀英")).open(owing.hotline.clock.now())
        await made.switchboard.finish(made.staff[OPERATOR])
        await crowd.until(lambda all_of: all_of.count("ended") == 1)
        await made.state(OPERATOR, "wrap-up")
