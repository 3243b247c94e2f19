"""The switch without us, killed, and incomplete."""

import contextlib
import os
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
import pytest_asyncio

from core.chance import SystemChance
from core.settings import Settings
from hotline.asterisk import Asterisk
from hotline.installation import installation
from hotline.outlived import outlived
from hotline.switch import State, Switch, SwitchFailed
from ivr.ami import AmiDown
from ivr.dialplan import CORE_SOUNDS, Installation
from ivr.speech import Voice
from ivr.switch_events import AgentCalled, AgentConnected, Lost, QueueJoined, Resynced
from tests import audio
from tests.ivr.town import STRANGER
from tests.phones import phone
from tests.switch.lines import event, line_to
from tests.waiting import until

pytestmark = [pytest.mark.switch, pytest.mark.asyncio(loop_scope="session")]


@dataclass
class Lone:
    switch: Switch
    states: list[State] = field(default_factory=list)

    @property
    def at(self) -> Installation:
        return self.switch.installation


@pytest.fixture(scope="module")
def nobody() -> Iterator[int]:
    """A port that nobody answers, and nobody else can take."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@pytest.fixture(scope="module")
def at(settings: Settings, nobody: int, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    own = settings.model_copy(
        update={"data": tmp_path_factory.mktemp("alone"), "queue_patience_s": 30, "sip_port": 0}
    )
    return replace(installation(own, SystemChance()), agi_port=nobody, rtp=(20000, 24999))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def lone(asterisk: Asterisk, voice: Voice, at: Installation) -> AsyncIterator[Lone]:
    """A switch whose application is not there."""
    await voice.lay_out(at.sounds, CORE_SOUNDS)
    states: list[State] = []
    switch = Switch(asterisk, at, SystemChance(), told=states.append)
    await switch.start()
    assert (switch.missing_sounds, switch.missing_modules) == ([], [])
    yield Lone(switch, states)
    await switch.stop()


@pytest.mark.req("R-074")
async def test_a_call_is_answered_in_chinese_and_queued_for_whoever_is_there(
    lone: Lone, tmp_path: Path
) -> None:
    agent = lone.at.agents[0]
    wav = tmp_path / "heard.wav"
    async with line_to(lone.at) as ami, phone(lone.at.sip_port, agent.number, agent.password) as operator:
        await operator.until("registered")
        async with phone(lone.at.sip_port, STRANGER) as caller:
            assert (await caller.call("12320", wav))["event"] == "answered"
            joined = await event(ami, QueueJoined)
            assert (joined.queue, joined.caller) == ("hotline", STRANGER)
            assert (await event(ami, AgentCalled)).agent == agent.number
            await operator.until("ringing")
            await operator.do("answer")
            assert (await event(ami, AgentConnected)).linkedid == joined.linkedid
            await caller.hang_up()
            await operator.until("ended")
    recording = audio.read(wav)
    assert audio.heard(recording, audio.played(lone.at.sounds / "core/maintenance")).sure
    for other in CORE_SOUNDS:
        if other not in ("core/maintenance", "core/queue-wait"):
            assert not audio.find(recording, audio.played(lone.at.sounds / other)).sure, other


async def test_a_killed_switch_is_started_again_and_its_line_begins_anew(lone: Lone) -> None:
    """Nothing that was asked for meanwhile is done later, and the time nobody saw is named."""
    lone.states.clear()
    agent = lone.at.agents[0]
    async with line_to(lone.at) as ami, phone(lone.at.sip_port, STRANGER) as caller:
        assert (await event(ami, Resynced)).unknown is None
        await caller.call("12320")
        before = lone.switch.pid
        assert before
        os.kill(before, signal.SIGKILL)
        lost = await event(ami, Lost)
        with pytest.raises(AmiDown):
            await ami.act("QueuePause", Interface=f"PJSIP/{agent.number}", Paused="true", Queue="hotline")
        back = await event(ami, Resynced)
        assert back.unknown
        assert back.unknown[0] == lost.at < back.unknown[1]
        assert (back.snapshot.channels, back.snapshot.waiting) == ((), ())
        assert {one.agent: one.paused for one in back.snapshot.agents} == dict.fromkeys(
            (one.number for one in lone.at.agents), False
        )
        await until(lambda: lone.states == [State.DOWN, State.STARTING, State.UP])
        assert lone.switch.pid != before
        assert lone.switch.restarts == 1
    async with phone(lone.at.sip_port, STRANGER) as caller:
        assert (await caller.call("12320"))["event"] == "answered"


async def test_what_is_missing_is_named_at_the_start(
    asterisk: Asterisk, at: Installation, tmp_path: Path
) -> None:
    """Asterisk itself starts all the same, without a word: res_agi needs res_speech, and says so nowhere."""
    gone = ("res_speech", "app_record")
    modules = tmp_path / "modules"
    modules.mkdir()
    for module in asterisk.modules.glob("*.so"):
        if module.stem not in gone:
            (modules / module.name).symlink_to(module)
    sip, ami, http = _free_ports(3)
    bare = replace(
        at,
        folder=tmp_path / "switch",
        run=tmp_path / "run",
        sounds=tmp_path / "sounds",
        sip_port=sip,
        ami_port=ami,
        http_port=http,
    )
    switch = Switch(replace(asterisk, modules=modules), bare, SystemChance(), sounds=("menu/greeting",))
    try:
        await switch.start()
        assert sorted(switch.missing_modules) == ["app_record", "res_agi"]
        assert set(switch.missing_sounds) == {*CORE_SOUNDS, "menu/greeting"}
        assert switch.state is State.UP
    finally:
        await switch.stop()


async def test_a_switch_that_would_be_deaf_does_not_count_as_started(
    asterisk: Asterisk, at: Installation, tmp_path: Path
) -> None:
    """Asterisk starts all the same when its ports are taken, and no call ever reaches it."""
    with contextlib.ExitStack() as held:
        ports = []
        for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM, socket.SOCK_STREAM):
            one = held.enter_context(socket.socket(socket.AF_INET, kind))
            one.bind(("127.0.0.1", 0))
            ports.append(int(one.getsockname()[1]))
        sip, ami, http = ports
        deaf = replace(
            at, folder=tmp_path / "switch", run=tmp_path / "run", sip_port=sip, ami_port=ami, http_port=http
        )
        switch = Switch(asterisk, deaf, SystemChance())
        with pytest.raises(SwitchFailed, match=f"SIP {sip}, AMI {ami}, HTTP {http}"):
            await switch.start()
        assert (switch.state, switch.pid) == (State.STOPPED, None)


async def test_a_switch_that_failed_to_start_is_tried_again_until_it_is_up(
    asterisk: Asterisk, voice: Voice, at: Installation, tmp_path: Path
) -> None:
    states: list[State] = []
    with contextlib.ExitStack() as held:
        one = held.enter_context(socket.socket())
        one.bind(("127.0.0.1", 0))
        taken = int(one.getsockname()[1])
        switch = Switch(asterisk, _own(at, tmp_path, ami_port=taken), SystemChance(), told=states.append)
        with pytest.raises(SwitchFailed, match=f"AMI {taken}"):
            await switch.start()
        switch.keep_trying()
        assert states[-1] is State.FAILED
        await until(lambda: states.count(State.FAILED) == 2, within_s=40)
    try:
        await until(lambda: states[-1] is State.UP, within_s=60)
        assert switch.restarts == 0  # it had never been up
    finally:
        await switch.stop()


async def test_a_switch_that_outlived_its_house_is_taken_over_and_ends_with_the_next(
    asterisk: Asterisk, at: Installation, tmp_path: Path
) -> None:
    own = _own(at, tmp_path)
    before = Switch(asterisk, own, SystemChance())
    await before.start()
    assert before._watcher
    before._watcher.cancel()  # nobody looks after it any more
    pid = before.pid
    after = Switch(asterisk, own, SystemChance())
    await after.start()
    assert (after.pid, after.state) == (pid, State.UP)
    otherwise = Switch(asterisk, replace(own, patience_s=own.patience_s + 1), SystemChance())
    assert after._watcher
    after._watcher.cancel()
    await otherwise.start()  # what it was started with is not what is wanted now
    assert otherwise.pid != pid
    assert otherwise.pid is not None
    last = Switch(asterisk, otherwise.installation, SystemChance())
    assert otherwise._watcher
    otherwise._watcher.cancel()
    await last.start()
    os.kill(otherwise.pid, signal.SIGKILL)  # one that was taken over is watched as any other
    await until(lambda: last.restarts == 1, within_s=40)
    await last.stop()
    assert outlived(own.run) is None


def _own(at: Installation, tmp_path: Path, ami_port: int = 0) -> Installation:
    """An installation beside the others, with its own ports and folders."""
    sip, ami, http = _free_ports(3)
    return replace(
        at,
        folder=tmp_path / "switch",
        run=tmp_path / "run",
        sip_port=sip,
        ami_port=ami_port or ami,
        http_port=http,
    )


def _free_ports(count: int) -> list[int]:
    held = [socket.socket() for _ in range(count)]
    for one in held:
        one.bind(("127.0.0.1", 0))
    ports = [int(one.getsockname()[1]) for one in held]
    for one in held:
        one.close()
    return ports
