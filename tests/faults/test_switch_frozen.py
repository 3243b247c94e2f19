"""A real Asterisk that stands still and closes nothing: missed within five seconds, and nothing lost when it goes on."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from core.chance import SystemChance, SystemClock
from core.settings import Settings
from hotline.asterisk import find_asterisk
from hotline.installation import installation
from hotline.switch import Switch
from ivr.agi import AgiServer
from ivr.agi_call import AgiCall
from ivr.ami import Ami, AmiState
from ivr.call import HungUp, Pace, Prompt, Track
from ivr.switch_events import Lost, Resynced
from tests import ports
from tests.faults.crowd import needs_asterisk
from tests.ivr.test_ami_defects import of_kind
from tests.phones import phone
from tests.waiting import until

pytestmark = [pytest.mark.switch, pytest.mark.quiet, pytest.mark.slow]

NUMBER = "12320"
NOTICED_WITHIN_S = 5.0
SOON_S = 60.0
TICK_S = 0.05


@dataclass
class Lags:
    """How much later than it should this process came to do anything: no fault of the line's."""

    longest_s: float = 0.0

    async def watch(self) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            slept = clock()
            await asyncio.sleep(TICK_S)
            self.longest_s = max(self.longest_s, clock() - slept - TICK_S)


@dataclass
class Standing:
    """A switch with a dialogue behind it and a line to it. states: the line's, each with the age of the last word."""

    switch: Switch
    ami: Ami
    states: list[tuple[AmiState, float]] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    lags: Lags = field(default_factory=Lags)


@asynccontextmanager
async def standing(folder: Path) -> AsyncIterator[Standing]:
    await needs_asterisk()
    settings = Settings(data=folder / "data", cache=Settings().cache, sip_port=ports.sip(), numbers=(NUMBER,))
    at = installation(settings, SystemChance())

    async def sounds(_prompt: Prompt, _track: Track) -> list[str]:
        return [str(at.sounds / "beep")]

    async def receive(call: AgiCall) -> None:
        call.pace = Pace(SOON_S, SOON_S)
        with suppress(HungUp):
            made.answers.append(await call.ask(Prompt("anything")))
            await call.hang_up()

    agi = AgiServer("127.0.0.1", 0, {"reception": receive}, sounds=sounds, messages=at.messages)
    await agi.start()
    switch = Switch(await find_asterisk(settings.cache), replace(at, agi_port=agi.port), SystemChance())
    await switch.start()
    ami = Ami(
        at.ami_port,
        "hotline",
        at.ami_secret,
        clock=SystemClock(),
        chance=SystemChance(),
        told=lambda state: made.states.append((state, ami.age_s)),
    )
    made = Standing(switch, ami)
    watching = asyncio.create_task(made.lags.watch())
    await ami.start()
    try:
        await ami.until_up()
        yield made
    finally:
        watching.cancel()
        await ami.stop()
        await switch.stop()
        await agi.stop()


@asynccontextmanager
async def frozen(process: int) -> AsyncIterator[None]:
    """It goes on in any case: a process that stands still cannot even be ended."""
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGCONT)


@pytest.mark.req("I-014")
async def test_a_frozen_switch_is_missed_within_five_seconds_and_its_calls_go_on_with_it(
    tmp_path: Path,
) -> None:
    async with standing(tmp_path) as made, phone(made.switch.installation.sip_port, "13812345678") as caller:
        pid = made.switch.pid
        assert pid
        await caller.call(NUMBER)
        await of_kind(made.ami, Resynced)
        made.lags.longest_s = 0.0
        async with frozen(pid):
            await until(lambda: made.ami.state is AmiState.SILENT, within_s=SOON_S)
            await of_kind(made.ami, Lost)
        missed = next(age for state, age in made.states if state is AmiState.SILENT)
        assert missed < NOTICED_WITHIN_S + made.lags.longest_s

        await until(lambda: made.ami.state is AmiState.UP, within_s=SOON_S)
        again = await of_kind(made.ami, Resynced)
        assert [one.dialled for one in again.snapshot.channels] == [NUMBER]
        assert again.unknown is not None
        assert made.switch.restarts == 0

        await caller.press("7")
        await caller.until("ended")
        async with phone(made.switch.installation.sip_port, "13812345679") as next_one:
            await next_one.call(NUMBER)
            await next_one.press("8")
            await next_one.until("ended")
        assert made.answers == ["7", "8"]
