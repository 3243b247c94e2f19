"""The key scripts on a real Asterisk, by real telephones: the same words and the same end as in memory."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from ivr.agi_call import AgiCall
from ivr.prompts import catalogue
from tests.ivr.scripts import SCRIPTS, Outcome, Script, booked, in_memory
from tests.ivr.town import TownModel, a_town, prepare
from tests.phones import phone
from tests.switch.conftest import NUMBERS, Exchange
from tests.switch.players import BEEP, Player

pytestmark = pytest.mark.switch

# But for the sound that tests/switch/test_keys.py looks for in vain, perhaps on the same switch.
COMPLAINT = re.compile(r"^(?!.*/no/such/sound).*(does not exist|\bERROR\b)")
AT_ONCE = 10
ENDS_WITHIN_S = 120.0
PLAYED = [
    *(script for script in SCRIPTS if script.live),
    Script("a hang-up while the serial number is said", "1{tail}1!", "booked", ("confirm", "booked")),
]


async def play(script: Script, number: str, exchange: Exchange, model: TownModel, folder: Path) -> Outcome:
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
            words = tuple(catalogue().text(prompt) for prompt in player.said if prompt.name != BEEP)
            return Outcome(words, disposition, player.target, await booked(made, clock))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def results(
    request: pytest.FixtureRequest,
    exchange: Exchange,
    town_model: TownModel,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[dict[str, asyncio.Task[Outcome]]]:
    """Every script that is asked for, a few at a time; a test waits for its own."""
    room = asyncio.Semaphore(AT_ONCE)
    folder = tmp_path_factory.mktemp("towns")

    async def one(script: Script, number: str) -> Outcome:
        async with room:
            return await play(script, number, exchange, town_model, folder / number)

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


@pytest.mark.req("R-074", "R-077", "R-078", "R-081", "R-087", "R-088", "R-099", "I-014")
@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("script", PLAYED, ids=lambda script: script.name)
async def test_a_real_call_ends_as_in_memory(
    script: Script, results: dict[str, asyncio.Task[Outcome]], town_model: TownModel, tmp_path: Path
) -> None:
    expected = await in_memory(script, town_model, tmp_path / "memory")
    outcome = await results[script.name]
    assert outcome.words == expected.words
    assert replace(outcome, words=()) == replace(expected, words=())


@pytest.mark.asyncio(loop_scope="session")
async def test_nothing_went_wrong_in_the_switch_and_it_wrote_down_no_keys(
    exchange: Exchange, results: dict[str, asyncio.Task[Outcome]], town_model: TownModel
) -> None:
    """All those calls, and not one line of complaint, nor of an identity number that was keyed."""
    await asyncio.gather(*results.values())
    files = [path for path in (exchange.at.folder / "log").rglob("*") if path.is_file()]
    written = {path.name: path.read_text(errors="replace") for path in files}
    complaints = [line for line in written["messages.log"].splitlines() if COMPLAINT.search(line)]
    assert complaints == []
    keyed = town_model.town.number("李秀英").rstrip("*")
    assert [name for name, text in written.items() if keyed in text] == []
