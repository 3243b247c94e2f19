"""Each known defect of panoramisk's FastAGI, shown on the bare library and absent in ours."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from panoramisk import fast_agi

from ivr.agi import AgiServer
from ivr.agi_call import AgiCall
from ivr.agi_request import AgiError, Request
from ivr.call import HungUp, Prompt, Track
from tests.fake_asterisk import agi_line, headers, written
from tests.waiting import until

HERE = Path(__file__).parents[2]


async def no_sounds(prompt: Prompt, _track: Track) -> list[str]:
    return [prompt.name]


@asynccontextmanager
async def bare(route: Callable[[Any], Awaitable[None]], path: str = "reception") -> AsyncIterator[int]:
    application = fast_agi.Application(loop=asyncio.get_running_loop())
    application.add_route(path, route)
    left: list[asyncio.StreamWriter] = []

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        left.append(writer)
        await application.handler(reader, writer)

    server = await asyncio.start_server(handler, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()
    # A handler that has failed leaves it to Python, and not every release of 3.11 sees to it.
    for writer in left:
        writer.close()


@asynccontextmanager
async def ours(route: Callable[[Request], Awaitable[None]]) -> AsyncIterator[int]:
    async def with_request(call: AgiCall) -> None:
        await route(call._commands._request)

    server = AgiServer("127.0.0.1", 0, {"reception": with_request}, sounds=no_sounds, messages=Path("."))
    await server.start()
    yield server.port
    await server.stop()


def asking(*commands: str) -> tuple[Callable[[Any], Awaitable[None]], list[Any]]:
    """A route that sends these commands and keeps what came back, answers and errors alike."""
    got: list[Any] = []

    async def route(request: Any) -> None:
        for command in commands:
            try:
                got.append(await request.send_command(command))
            except (Exception, asyncio.CancelledError) as error:
                got.append(error)

    return route, got


PROBE = """
import asyncio, resource, sys
from pathlib import Path
from panoramisk import fast_agi
from ivr.agi import AgiServer
resource.setrlimit(resource.RLIMIT_CPU, (4, 5))
async def main():
    if sys.argv[1] == "bare":
        handler = fast_agi.Application(loop=asyncio.get_running_loop()).handler
    else:
        handler = AgiServer("127.0.0.1", 0, {}, sounds=None, messages=Path(".")).handler
    server = await asyncio.start_server(handler, "127.0.0.1", 0)
    _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    writer.close()
    await asyncio.sleep(0.2)
    print("alive")
asyncio.run(main())
"""


@pytest.mark.parametrize(("kind", "alive"), [("bare", False), ("ours", True)])
def test_f1_a_port_probe_does_not_spin_the_loop(kind: str, alive: bool) -> None:
    # The kernel ends the process when it has burnt its seconds: that is how a busy loop looks from outside.
    done = subprocess.run(
        [sys.executable, "-c", PROBE, kind], cwd=HERE, capture_output=True, text=True, timeout=60
    )
    assert ("alive" in done.stdout) is alive
    assert (done.returncode == -signal.SIGXCPU) is not alive


async def test_f2_a_hangup_notice_does_not_shift_the_answers() -> None:
    route, got = asking("GET VARIABLE A", "GET VARIABLE B")
    async with bare(route) as port:
        async with agi_line(port) as line:
            await line.answer("HANGUP\n200 result=1 (first)")
            await line.answer("200 result=1 (second)")
            await until(lambda: len(got) == 2)
    assert got[1]["result"] == ("1", "first")  # the second command got the first one's answer

    route, got = asking("GET VARIABLE A", "GET VARIABLE B")
    requests: list[Request] = []

    async def seen(request: Request) -> None:
        requests.append(request)
        await route(request)

    async with ours(seen) as port, agi_line(port) as line:
        await line.answer("HANGUP\n200 result=1 (first)")
        await line.answer("200 result=1 (second)")
        await until(lambda: len(got) == 2)
    assert [reply.note for reply in got] == ["first", "second"]
    assert requests[0].hung


async def test_f3_a_long_usage_text_is_read_to_its_end() -> None:
    usage = (
        "520-Invalid command syntax.  Proper usage follows:\nUsage: X\nMore of it\n520 End of proper usage."
    )
    route, got = asking("X", "GET VARIABLE A")
    async with bare(route) as port, agi_line(port) as line:
        await line.answer(usage)
        await line.answer("200 result=1 (mine)")
        await until(lambda: len(got) == 2)
    assert isinstance(got[1], ValueError)  # it took a line of the usage text for its answer

    route, got = asking("X", "GET VARIABLE A")
    async with ours(route) as port, agi_line(port) as line:
        await line.answer(usage)
        await line.answer("200 result=1 (mine)")
        await until(lambda: len(got) == 2)
    assert isinstance(got[0], AgiError)
    assert got[1].note == "mine"


@pytest.mark.parametrize(("server", "answered"), [(bare, False), (ours, True)])
async def test_f4_a_query_after_the_route_is_cut_off(server: Any, answered: bool) -> None:
    route, _ = asking("NOOP")
    async with server(route) as port, agi_line(port, written(headers("reception?x=1"))) as line:
        assert bool(await line.command()) is answered


async def test_f5_a_route_may_be_any_function_that_gives_a_coroutine() -> None:
    with pytest.raises(AttributeError):
        fast_agi.Application(loop=asyncio.get_running_loop()).add_route("x", lambda _request: None)
    route, got = asking("NOOP")
    async with ours(lambda request: route(request)) as port, agi_line(port) as line:
        await line.answer("200 result=0")
        await until(lambda: len(got) == 1)
    assert got[0].result == "0"


async def test_f6_the_word_hangup_as_a_value_is_a_value() -> None:
    route, got = asking("GET VARIABLE REASON")
    async with bare(route) as port, agi_line(port) as line:
        await line.answer("200 result=1 (hangup)")
        await until(lambda: len(got) == 1)
    assert got[0]["error"] == "AGIResultHangup"

    route, got = asking("GET VARIABLE REASON", "GET VARIABLE REASON")
    async with ours(route) as port, agi_line(port) as line:
        await line.answer("200 result=1 (hangup)")
        await line.answer("200 result=1 (预约 a=b (c))")
        await until(lambda: len(got) == 2)
    assert [reply.note for reply in got] == ["hangup", "预约 a=b (c)"]


async def test_f7_a_timeout_and_an_empty_entry_are_told_apart() -> None:
    route, got = asking("GET DATA a", "GET DATA a")
    async with bare(route) as port, agi_line(port) as line:
        await line.answer("200 result= (timeout)")
        await line.answer("200 result=")
        await until(lambda: len(got) == 2)
    assert got[0]["result"] == got[1]["result"]

    route, got = asking("GET DATA a", "GET DATA a")
    async with ours(route) as port, agi_line(port) as line:
        await line.answer("200 result= (timeout)")
        await line.answer("200 result=")
        await until(lambda: len(got) == 2)
    assert [reply.note for reply in got] == ["timeout", ""]


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        (["200 result=-1 endpos=0", "200 result=6"], AgiError),
        (["200 result=-1 endpos=0", "HANGUP\n200 result=6"], HungUp),
        (["200 result=-1 endpos=0", "511 Command Not Permitted on a dead channel"], HungUp),
        (["511 Command Not Permitted on a dead channel"], HungUp),
    ],
    ids=["sound missing", "left meanwhile", "left before", "dead channel"],
)
async def test_f8_a_missing_sound_is_a_bug_and_a_hangup_is_none(
    answers: list[str], error: type[Exception]
) -> None:
    seen: list[BaseException] = []

    async def route(call: AgiCall) -> None:
        try:
            await call._commands.do('STREAM FILE "welcome" "" 0')
        except (AgiError, HungUp) as raised:
            seen.append(raised)

    server = AgiServer("127.0.0.1", 0, {"reception": route}, sounds=no_sounds, messages=Path("."))
    await server.start()
    async with agi_line(server.port) as line:
        for answer in answers:
            await line.answer(answer)
        await until(lambda: bool(seen))
    await server.stop()
    assert type(seen[0]) is error


async def test_f8_the_bare_library_cannot_tell_them() -> None:
    route, got = asking("STREAM FILE a", "STREAM FILE a")
    async with bare(route) as port, agi_line(port) as line:
        await line.answer("200 result=-1 endpos=0")
        await line.answer("511 Command Not Permitted on a dead channel")
        await until(lambda: len(got) == 2)
    assert [reply["error"] for reply in got] == ["AGIAppError", "AGIUnknownError"]


@pytest.mark.parametrize(("server", "answered"), [(bare, False), (ours, True)])
async def test_f9_a_name_in_another_encoding_costs_nobody_the_call(server: Any, answered: bool) -> None:
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)  # the bare one fails aloud
    route, _ = asking("NOOP")
    first = written(headers(agi_calleridname="张三"), "gbk")
    command = ""
    async with server(route) as port, agi_line(port, first) as line:
        with suppress(TimeoutError):  # the bare one hangs up, or on an older Python says nothing any more
            async with asyncio.timeout(5):
                command = await line.command()
    assert bool(command) is answered


@pytest.mark.parametrize(("kind", "ended_as_told"), [("bare", False), ("ours", True)])
async def test_f10_a_cancelled_script_is_cancelled(kind: str, ended_as_told: bool) -> None:
    task: list[asyncio.Task[Any]] = []

    async def route(_request: Any) -> None:
        current = asyncio.current_task()
        assert current
        task.append(current)
        await asyncio.Event().wait()

    async with bare(route) if kind == "bare" else ours(route) as port, agi_line(port):
        await until(lambda: bool(task))
        task[0].cancel()
        await asyncio.wait(task)
    assert task[0].cancelled() is ended_as_told


async def test_f11_a_line_break_is_never_a_second_command() -> None:
    route, got = asking("SET VARIABLE A x\nHANGUP")
    async with bare(route) as port, agi_line(port) as line:
        assert [await line.command(), await line.command()] == ["SET VARIABLE A x", "HANGUP"]

    route, got = asking("SET VARIABLE A x\nHANGUP")
    async with ours(route) as port, agi_line(port):
        await until(lambda: len(got) == 1)
    assert isinstance(got[0], ValueError)
