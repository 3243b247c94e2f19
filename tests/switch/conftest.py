"""A real Asterisk on free ports, our dialogues behind it, and one voice; once for all tests here."""

import shutil
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from importlib.util import find_spec

import pytest
import pytest_asyncio

from core.chance import SystemChance
from core.settings import Settings
from hotline.asterisk import Asterisk, NoAsterisk, find_asterisk
from hotline.installation import installation
from hotline.switch import Switch
from ivr.agi import AgiServer
from ivr.agi_call import AgiCall
from ivr.call import Prompt, Track
from ivr.dialplan import CORE_SOUNDS, Installation
from ivr.speech import Voice
from ivr.voices import open_voice
from tests import ports
from tests.ivr.conftest import town_model

__all__ = ["town_model"]

Route = Callable[[AgiCall], Awaitable[None]]
# Telephones of tests send sound all the time, until one loses its power.
SILENCE_S = 8
# One number for each script, so that many can be played at once.
NUMBERS = ("12320", *(f"123{place:03}" for place in range(60)))


@dataclass
class Exchange:
    """Who answers which number: a test puts its dialogue there before it calls."""

    switch: Switch
    agi: AgiServer
    voices: dict[str, Voice]
    answers: dict[str, Route] = field(default_factory=dict)
    later: dict[str, Route] = field(default_factory=dict)
    after: dict[str, Route] = field(default_factory=dict)  # the talk; nobody is asked where nothing is
    outbound: dict[str, Route] = field(default_factory=dict)  # who serves whom we call

    @property
    def voice(self) -> Voice:
        return self.voices["cmn"]

    @property
    def at(self) -> Installation:
        return self.switch.installation

    @property
    def outside_port(self) -> int:
        """Where the world outside listens: hospitals, and patients who are called back."""
        assert self.at.outbound
        return int(self.at.outbound.rpartition(":")[2])

    @property
    def sip_port(self) -> int:
        return self.at.sip_port


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("switch")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as held:
        held.bind(("127.0.0.1", 0))
        outside = held.getsockname()[1]
    return Settings(
        data=folder / "data",
        cache=Settings().cache,
        sip_port=ports.sip(),
        numbers=NUMBERS,
        queue_patience_s=6,
        outbound=f"sip:127.0.0.1:{outside}",
        demo=True,
        demo_size="tiny",
    )


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def asterisk(settings: Settings) -> Asterisk:
    if find_spec("pjsua2") is None:
        pytest.skip("pjsua2-python, the telephones of these tests, is not installed")
    try:
        return await find_asterisk(settings.cache)
    except NoAsterisk as why:
        pytest.skip(f"no Asterisk can be had here: {why}")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def voice(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Voice]:
    if not shutil.which("espeak-ng"):
        pytest.skip("espeak-ng is not installed")
    made = await open_voice(
        settings.model_copy(update={"cache": tmp_path_factory.mktemp("speech"), "voice": "espeak"})
    )
    await made.warm()
    yield made
    await made.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def exchange(settings: Settings, asterisk: Asterisk, voice: Voice) -> AsyncIterator[Exchange]:
    at = installation(settings, SystemChance())
    await voice.lay_out(at.sounds, CORE_SOUNDS)
    voices = {"cmn": voice}

    async def sounds(prompt: Prompt, track: Track) -> list[str]:
        """A test may give its calls a voice of its own: by a language of its own."""
        return await voices[track.language].sounds(prompt, Track(slow=track.slow))

    answers: dict[str, Route] = {}
    later: dict[str, Route] = {}
    after: dict[str, Route] = {}
    outbound: dict[str, Route] = {}

    async def reception(call: AgiCall) -> None:
        await answers[call.dnis](call)

    async def waiting(call: AgiCall) -> None:
        await later[call.dnis](call)

    async def survey(call: AgiCall) -> None:
        if call.dnis in after:
            await after[call.dnis](call)

    async def called(call: AgiCall) -> None:
        await outbound[call.dnis](call)

    async def here(_call: AgiCall) -> None:
        """Whoever asks hears that we are there."""

    agi = AgiServer(
        "127.0.0.1",
        0,
        {
            "reception": reception,
            "waiting": waiting,
            "outbound": called,
            "survey": survey,
            "desk-left": here,
        },
        sounds=sounds,
        messages=at.messages,
    )
    await agi.start()
    switch = Switch(asterisk, replace(at, agi_port=agi.port, silence_s=SILENCE_S), SystemChance())
    await switch.start()
    yield Exchange(switch, agi, voices, answers, later, after, outbound)
    await switch.stop()
    await agi.stop()
