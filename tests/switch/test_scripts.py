"""The key scripts on a real Asterisk, by real telephones: the same words and the same end as in memory."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from core.database import open_database
from core.sealing import AesSealer
from core.work import Hotline
from ivr.agi import AgiCall
from tests.clocks import FrozenClock, SeededChance
from tests.conftest import MASTER
from tests.ivr.scripts import SCRIPTS, Script
from tests.ivr.test_dialogues import ends_with, prepare
from tests.ivr.town import Town, town
from tests.phones import phone
from tests.switch.conftest import NUMBERS, Exchange
from tests.switch.players import Player

pytestmark = pytest.mark.switch

AT_ONCE = 6
ENDS_WITHIN_S = 120.0
PLAYED = [script for script in SCRIPTS if script.live]


@dataclass
class Result:
    """disposition: None when the dialogue did not end."""

    heard: list[str]
    disposition: str | None
    target: str | None


@asynccontextmanager
async def a_town(model: Path, folder: Path) -> AsyncIterator[tuple[Town, FrozenClock]]:
    """A town of its own on SQLite, on the morning of the tests."""
    await asyncio.to_thread(folder.mkdir)
    await asyncio.to_thread(shutil.copy, model, folder / "town.db")
    clock = FrozenClock.at("2026-11-23 10:00")
    database = open_database(f"sqlite+aiosqlite:///{folder / 'town.db'}")
    try:
        hotline = Hotline(database, clock, SeededChance(12320), AesSealer(MASTER), demo=True)
        yield await town(hotline, clock), clock
    finally:
        await database.close()


async def play(script: Script, number: str, exchange: Exchange, model: Path, folder: Path) -> Result:
    """Dial the script's number from its telephone, press its keys, and return what came of it."""
    async with a_town(model, folder) as (made, clock):
        serial = await prepare(made, script.before, clock)
        how = "info" if PLAYED.index(script) % 3 == 2 else "rfc4733"
        async with phone(exchange.sip_port, script.ani) as telephone:
            player = Player(made.keys(script.keys, serial), telephone, how)
            ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()

            async def receive(call: AgiCall) -> None:
                ended.set_result((await made.desk.receive(player.take(call))).value)

            async def queued(call: AgiCall) -> None:
                await call.hang_up()

            exchange.answers[number], exchange.later[number] = receive, queued
            await telephone.call(number)
            try:
                async with asyncio.timeout(ENDS_WITHIN_S):
                    disposition: str | None = await ended
            except TimeoutError:
                disposition = None
            await player.over()
            return Result(player.heard, disposition, player.target)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def results(
    request: pytest.FixtureRequest,
    exchange: Exchange,
    sqlite_model: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[dict[str, asyncio.Task[Result]]]:
    """Every script that is asked for, a few at a time; a test waits for its own."""
    room = asyncio.Semaphore(AT_ONCE)
    folder = tmp_path_factory.mktemp("towns")

    async def one(script: Script, number: str) -> Result:
        async with room:
            return await play(script, number, exchange, sqlite_model, folder / number)

    chosen = {
        item.callspec.params.get("script") for item in request.session.items if hasattr(item, "callspec")
    }
    tasks = {
        script.name: asyncio.create_task(one(script, number))
        for script, number in zip(PLAYED, NUMBERS[1:], strict=False)
        if script in chosen
    }
    yield tasks
    for task in tasks.values():
        task.cancel()
    await asyncio.gather(*tasks.values(), return_exceptions=True)


def test_there_are_scripts_enough_to_mean_something() -> None:
    assert len(PLAYED) >= 20


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("script", PLAYED, ids=lambda script: script.name)
async def test_a_real_call_ends_as_in_memory(
    script: Script, results: dict[str, asyncio.Task[Result]]
) -> None:
    result = await results[script.name]
    assert (result.disposition, result.target) == (script.disposition, script.target), result.heard
    assert ends_with(result.heard, script.ends_with), result.heard
