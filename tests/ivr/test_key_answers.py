"""From a key to the sound that follows it: how long it took is told, and how little is written meanwhile."""

import shutil
from pathlib import Path

import pytest

from core import journal
from core.contact.rules import Disposition
from core.events import StepsTaken
from core.work import Hotline
from ivr.agi import AgiServer
from ivr.agi_call import AgiCall
from ivr.call import Pace, Prompt
from tests.callers import Caller
from tests.clocks import FrozenClock
from tests.fake_asterisk import AgiCaller
from tests.ivr.test_agi import during, two_files
from tests.ivr.town import LI, town


@pytest.fixture
def database_url(sqlite_model: Path, in_memory: Path) -> str:
    """SQLite only: nothing here differs between the databases."""
    shutil.copy(sqlite_model, in_memory / "test.db")
    return f"sqlite+aiosqlite:///{in_memory / 'test.db'}"


async def test_each_key_that_a_sound_answers_is_timed_once() -> None:
    answers: list[float] = []

    async def talk(call: AgiCall) -> None:
        call.pace = Pace(0.05, 0.05)
        await call.ask(Prompt("menu"))
        await call.say(Prompt("welcome"), Prompt("goodbye"))

    server = AgiServer(
        "127.0.0.1",
        0,
        {"reception": talk},
        sounds=two_files,
        messages=Path("/messages"),
        answered=answers.append,
    )
    await server.start()
    caller = AgiCaller(while_playing=during("/zh/menu-2", "4"))
    await caller.call(server.port)
    await server.stop()
    assert caller.played[-2:] == ["/zh/goodbye-1", "/zh/goodbye-2"]
    (seconds,) = answers
    assert seconds >= 0
    # Nothing is asked between a key and the sound that answers it.
    asked = [command.partition('"')[0].strip() for command in caller.commands]
    assert asked == [
        "EXEC Exec", "EXEC Exec", "GET FULL VARIABLE", "SET VARIABLE HOTLINE_NEXT",
    ]  # fmt: skip


async def test_between_two_keys_the_menu_writes_no_more_than_once(
    hotline: Hotline, clock: FrozenClock
) -> None:
    place = await town(hotline, clock)
    caller = Caller(place.keys("1{tail}12"), ani=LI)
    assert await place.desk.receive(caller) is Disposition.BOOKED
    async with hotline.read() as db:
        told = [one.event for one in await journal.entries(db, journal.START)]
    written = [event.steps for event in told if isinstance(event, StepsTaken)]
    # With what came of a key, or with the next: nobody waits for it.
    assert 1 <= len(written) <= 4
    assert all(steps for steps in written)
