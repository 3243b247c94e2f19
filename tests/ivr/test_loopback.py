"""The key scripts over a real AGI socket: the same words and the same end as in memory."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
import structlog

from ivr.agi import AgiServer
from ivr.agi_call import AgiCall
from ivr.call import Pace
from ivr.prompts import catalogue
from tests.agi_peer import AgiPeer, Style
from tests.ivr.scripts import SCRIPTS, Outcome, Script, booked, in_memory
from tests.ivr.town import Town, TownModel, a_town, prepare

QUICK = Pace(0.03, 0.03)


@pytest.fixture(scope="session")
def measured() -> dict[str, Outcome]:
    """What came of each script in memory."""
    return {}


async def talk(made: Town, peer: AgiPeer, ani: str) -> str | None:
    """One call over the socket; how its dialogue ended."""
    ended: list[str] = []

    async def receive(call: AgiCall) -> None:
        call.pace = QUICK
        ended.append((await made.desk.receive(call)).value)

    server = AgiServer("127.0.0.1", 0, {"reception": receive}, sounds=peer.sounds, messages=Path("/messages"))
    await server.start()
    await peer.caller.call(server.port, agi_callerid=ani)
    await server.stop()
    return ended[0] if ended else None


async def over_the_socket(script: Script, style: Style, model: TownModel, folder: Path) -> Outcome:
    async with a_town(model, folder) as (made, clock):
        serial = await prepare(made, script.before, clock)
        peer = AgiPeer(made.keys(script.keys, serial), style)
        ended = await talk(made, peer, script.ani)
        words = tuple(catalogue().text(prompt) for prompt in peer.heard)
        return Outcome(words, ended, peer.target, await booked(made, clock))


def in_this_order(some: Iterable[str], all_of: Iterable[str]) -> bool:
    rest = iter(all_of)
    return all(one in rest for one in some)


@pytest.mark.req("R-074", "R-077", "R-078", "R-087", "R-088")
@pytest.mark.parametrize("style", Style)
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
async def test_a_call_over_the_socket_ends_as_in_memory(
    script: Script, style: Style, measured: dict[str, Outcome], town_model: TownModel, tmp_path: Path
) -> None:
    """Who listens hears the same words; who presses into them hears fewer, in the same order."""
    if script.name not in measured:
        measured[script.name] = await in_memory(script, town_model, tmp_path / "memory")
    expected = measured[script.name]
    outcome = await over_the_socket(script, style, town_model, tmp_path / "socket")
    if style is Style.PATIENT:
        assert outcome == expected
    assert replace(outcome, words=()) == replace(expected, words=())
    assert in_this_order(outcome.words, expected.words)
    if style is not Style.PATIENT and script.keys[:2].isdigit():
        assert len(outcome.words) < len(expected.words)


@pytest.mark.parametrize(
    ("name", "place_of_commit"),
    [("the doctor of last time in six keys", 7), ("hear it and cancel it", 8)],
)
async def test_a_hang_up_in_any_sentence_is_a_normal_end(
    name: str, place_of_commit: int, town_model: TownModel, tmp_path: Path
) -> None:
    """What was done before is done, and the call is counted by it; else it is a call given up."""
    script = next(one for one in SCRIPTS if one.name == name)
    sentences = len((await in_memory(script, town_model, tmp_path / "memory")).words)
    before = int(script.before == "booked")
    for place in range(sentences):
        async with a_town(town_model, tmp_path / str(place)) as (made, clock):
            serial = await prepare(made, script.before, clock)
            peer = AgiPeer(made.keys(script.keys, serial), hangs_up_at=place)
            with structlog.testing.capture_logs() as logs:
                ended = await talk(made, peer, script.ani)
            appointments = await booked(made, clock)
        assert [entry["event"] for entry in logs if entry["log_level"] in ("error", "critical")] == []
        done = place >= place_of_commit
        assert (len(peer.heard), ended, appointments) == (
            place + 1,
            script.disposition if done else "abandoned-menu",
            script.booked if done else before,
        )
