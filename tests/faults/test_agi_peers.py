"""Peers of the script port that are no switch: each ends within its limit, says so once, and costs nobody a call."""

import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

import ivr.agi
import ivr.agi_call
import ivr.agi_request
from ivr.agi import AgiServer
from ivr.agi_call import AgiCall
from ivr.call import Prompt, Track
from tests.fake_asterisk import AgiCaller, agi_line, headers, written
from tests.waiting import until

LIMIT_S = 0.3
SAID = "a connection that is no script was closed"


async def sounds(_prompt: Prompt, _track: Track) -> list[str]:
    return ["/sounds/one"]


@asynccontextmanager
async def serving(tmp_path: Path, **routes: Any) -> AsyncIterator[AgiServer]:
    async def greet(call: AgiCall) -> None:
        await call.say(Prompt("greeting"))

    server = AgiServer("127.0.0.1", 0, {"reception": greet, **routes}, sounds=sounds, messages=tmp_path)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ivr.agi, "HEADERS_S", LIMIT_S)


def said(out: str) -> list[str]:
    """Which of our lines the log holds, without their fields."""
    return [json.loads(line)["event"] for line in out.splitlines() if line.startswith("{")]


async def served(server: AgiServer) -> None:
    """A real call beside it goes its way."""
    caller = AgiCaller()
    await caller.call(server.port)
    assert caller.played == ["/sounds/one"]
    assert caller.variables["HOTLINE_NEXT"] == ""


WHOLE = written(headers())
PEERS = {
    "says nothing and leaves": (b"", True),
    "says half of it and leaves": (WHOLE[:40], True),
    "leaves in the middle of a character": (WHOLE[:-2] + "李".encode()[:1], True),
    "says nothing and stays": (b"", False),
    "says half of it and stays": (WHOLE[:40], False),
    "says more than anybody reads": (b"x" * 200_000, False),
}


@pytest.mark.parametrize("peer", PEERS)
async def test_a_peer_that_is_no_switch_is_closed_in_time_and_said_once(
    peer: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, leaves = PEERS[peer]
    async with serving(tmp_path) as server, agi_line(server.port, first) as line:
        await until(lambda: server.calls == 1 or leaves)
        if leaves:
            line.close()
        await served(server)
        await until(lambda: server.calls == 0)
        if not leaves:  # it is told: the connection is over
            with pytest.raises((EOFError, ConnectionError)):
                await line.reader.readexactly(1)
    assert said(capsys.readouterr().out) == [SAID]


async def test_a_switch_that_leaves_in_the_dialogue_is_a_caller_who_hung_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with serving(tmp_path) as server, agi_line(server.port) as line:
        assert (await line.command()).startswith("EXEC Exec")
        line.close()
        await until(lambda: server.calls == 0)
        await served(server)
    assert said(capsys.readouterr().out) == []


async def test_a_switch_that_answers_no_command_is_given_up_and_said_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    kept = ivr.agi_request.Request.send_command

    async def soon(self: ivr.agi_request.Request, command: str, within_s: float = LIMIT_S) -> Any:
        waited.append(within_s)
        return await kept(self, command, LIMIT_S if len(waited) == 1 else within_s)

    monkeypatch.setattr(ivr.agi_request.Request, "send_command", soon)
    async with serving(tmp_path) as server, agi_line(server.port) as line:
        assert await line.command()  # and no answer
        await until(lambda: server.calls == 0)
        await served(server)
    assert waited[0] == ivr.agi_call.SOUND_S  # a sound may be long
    assert said(capsys.readouterr().out) == ["the switch does not answer a script"]


async def test_a_peer_that_reads_nothing_is_given_up_though_more_is_said_than_the_wire_holds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the kernel does not take stays with us only as long as a command may take, and is then thrown away."""
    wires: list[Any] = []

    async def talks(call: AgiCall) -> None:
        writer = call._commands._request.writer
        wires.append(writer.transport.get_extra_info("socket"))
        while writer.transport.get_write_buffer_size() < 500_000:
            writer.write(b"VERBOSE " + b"x" * 60_000 + b"\n")
        await call._commands._request.send_command("NOOP", LIMIT_S)

    async with serving(tmp_path, deaf=talks) as server:
        with socket.socket() as deaf:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            deaf.connect(("127.0.0.1", server.port))
            deaf.sendall(written(headers("deaf")))
            await until(lambda: bool(wires))
            await served(server)
            await until(lambda: server.calls == 0 and wires[0].fileno() == -1)
    assert said(capsys.readouterr().out) == ["the switch does not answer a script"]
