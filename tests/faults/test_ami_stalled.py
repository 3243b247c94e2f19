"""A line to the switch on which nothing comes any more, and which nobody closes: noticed by the silence alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from core.chance import SystemChance
from core.observing import Metrics
from hotline.switch_health import LINE_STATES, measure_age
from ivr.ami import PING_S, SILENT_S, Ami, AmiDown, AmiSilent, AmiState
from ivr.switch_events import ChannelClosed, Lost, Resynced
from tests.clocks import FrozenClock
from tests.fake_asterisk import FakeAmi
from tests.ivr.test_ami_defects import hangup, of_kind
from tests.waiting import until


@dataclass
class Wire:
    """What lies between us and the switch. While it is cut nothing is forwarded, and nothing closed."""

    port: int = 0
    cut: asyncio.Event = field(default_factory=asyncio.Event)
    whole: asyncio.Event = field(default_factory=asyncio.Event)
    accepted: int = 0

    def stall(self, yes: bool) -> None:
        (self.whole.clear if yes else self.whole.set)()


@asynccontextmanager
async def wire_to(port: int) -> AsyncIterator[Wire]:
    """A proxy that forwards byte for byte, until it is told to stall."""
    wire = Wire()
    wire.stall(False)
    running: set[asyncio.Task[None]] = set()

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(4096):
                await wire.whole.wait()
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        wire.accepted += 1
        there, back = await asyncio.open_connection("127.0.0.1", port)
        for one in (carry(reader, back), carry(there, writer)):
            task = asyncio.create_task(one)
            running.add(task)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    wire.port = int(server.sockets[0].getsockname()[1])
    try:
        yield wire
    finally:
        server.close()
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


def line(port: int, **more: object) -> Ami:
    """A line that is as impatient as a test."""
    manners = {"ping_s": 0.05, "silent_s": 0.2, "answer_s": 0.5} | more
    return Ami(
        port,
        "hotline",
        "secret",
        clock=FrozenClock.at("2026-11-23 10:00"),
        chance=SystemChance(),
        **manners,  # type: ignore[arg-type]
    )


def test_a_stalled_switch_is_missed_within_five_seconds() -> None:
    """By the figures the house runs with; that they are kept is what the others show."""
    assert PING_S + SILENT_S < 5


async def test_silence_on_an_open_line_is_a_loss_and_the_age_of_the_picture_grows() -> None:
    metrics = Metrics()
    states: list[AmiState] = []
    async with FakeAmi() as fake, wire_to(fake.port) as wire:
        ami = line(wire.port, told=states.append)
        measure_age(metrics, ami)
        await ami.start()
        await ami.until_up()
        wire.stall(True)
        await of_kind(ami, Lost)
        # As the product itself tells it: older than its limit, and not much.
        assert ami.missed_within_s * 0.5 < ami.age_s
        await until(lambda: states == [AmiState.UP, AmiState.SILENT])
        assert LINE_STATES[ami.state].words == "交换机没有回音，正在重连"
        before = await age(metrics)
        await until(lambda: ami.age_s > before + 0.1)
        assert await age(metrics) > before
        with pytest.raises(AmiDown):
            await ami.act("Originate", Channel="PJSIP/8001")

        wire.stall(False)
        await until(lambda: ami.state is AmiState.UP)
        assert ami.age_s < before
        await ami.stop()
    assert "Originate" not in fake.names()


async def test_what_the_switch_told_into_the_silence_is_never_taken_for_news() -> None:
    async with FakeAmi() as fake, wire_to(fake.port) as wire:
        ami = line(wire.port)
        await ami.start()
        await ami.until_up()
        await of_kind(ami, Resynced)
        wire.stall(True)
        fake.send(hangup(7))  # lies in the wire until it is whole again
        await of_kind(ami, Lost)
        wire.stall(False)
        await of_kind(ami, Resynced)
        fake.send(hangup(8))
        closed = await of_kind(ami, ChannelClosed)
        assert closed.uniqueid == "8"
        await ami.stop()


async def test_a_switch_that_is_busy_and_goes_on_telling_is_not_away() -> None:
    """Its answer to a ping comes late; that it tells anything at all says that it is there."""
    late: list[str] = []

    def slowly(fields: object) -> None:
        late.append("ping")

    async with FakeAmi(ping=slowly) as fake:  # type: ignore[arg-type]
        ami = line(fake.port, silent_s=1.0, answer_s=60.0)
        await ami.start()
        await ami.until_up()
        await until(lambda: bool(late))
        for number in range(24):
            fake.send(hangup(number))
            await asyncio.sleep(0.1)
        assert ami.state is AmiState.UP
        await of_kind(ami, Lost)  # and when it tells nothing any more it is
        await ami.stop()


async def test_a_line_that_is_asked_while_nothing_comes_says_that_it_does_not_know() -> None:
    async with FakeAmi() as fake, wire_to(fake.port) as wire:
        ami = line(wire.port, ping_s=0.3)
        await ami.start()
        await ami.until_up()
        wire.stall(True)
        with pytest.raises((AmiSilent, AmiDown)):
            await ami.act("QueuePause", Interface="PJSIP/8001")
        await ami.stop()


async def test_the_same_reason_is_logged_once(capsys: pytest.CaptureFixture[str]) -> None:
    ami = line(1)  # nobody listens there
    tries = 0

    def soon() -> float:
        nonlocal tries
        tries += 1
        return 0.01

    ami._backoff.next_s = soon  # type: ignore[method-assign]
    await ami.start()
    await until(lambda: tries >= 5)
    await ami.stop()
    assert capsys.readouterr().out.count("no line to the switch") == 1


async def age(metrics: Metrics) -> float:
    text = (await metrics.render()).decode()
    (told,) = [one for one in text.splitlines() if one.startswith("hotline_ami_snapshot_age_seconds ")]
    return float(told.split()[1])
