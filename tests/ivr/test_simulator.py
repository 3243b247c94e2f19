"""The telephone in the terminal: the same scripts, typed; and a real terminal that is given back."""

import io
import os
import pty
import sys
import termios
from pathlib import Path

import pytest

from ivr.call import HungUp, Prompt
from ivr.prompts import catalogue
from ivr.simulator import Simulator, Typing
from tests.ivr.scripts import SCRIPTS, Script
from tests.ivr.town import TownModel, a_town, prepare

# What is said into the telephone is typed into the terminal.
SPOKEN = "我要预约内科，请回电\n"


def typed(keys: str, *, night: bool) -> str:
    return keys.replace("!", "q").replace("#", SPOKEN if night else "#")


def simulator(typing: Typing, shown: list[str], ani: str | None = None) -> Simulator:
    return Simulator(typing, catalogue(), shown.append, call_id="terminal-1", ani=ani, dnis="12320")


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
async def test_the_script(script: Script, town_model: TownModel, tmp_path: Path) -> None:
    async with a_town(town_model, tmp_path / "town") as (made, clock):
        serial = await prepare(made, script.before, clock)
        shown: list[str] = []
        typing = Typing(io.StringIO(typed(made.keys(script.keys, serial), night=script.before == "night")))
        with typing.listening():
            caller = simulator(typing, shown, script.ani)
            ended = await made.desk.receive(caller)
    assert (ended.value, caller.given_away) == (script.disposition, script.target), shown
    assert not any(made.tail("李秀英") in line for line in shown if line.startswith("⌨️"))


async def test_a_real_terminal_gives_single_keys_and_gets_its_manners_back() -> None:
    parent, child = pty.openpty()
    with os.fdopen(child, "r") as source:
        before = termios.tcgetattr(source.fileno())
        typing, shown = Typing(source), list[str]()
        with typing.listening():
            os.write(parent, b"4x7")  # no Enter; what is no key is not heard
            assert await simulator(typing, shown).ask(Prompt("main-menu"), digits=2) == "47"
            os.write(parent, b"q")
            with pytest.raises(HungUp):
                await simulator(typing, shown).ask(Prompt("main-menu"))
        assert termios.tcgetattr(source.fileno()) == before
    os.close(parent)
    assert any("预约请按一" in line for line in shown)


async def test_the_verb_runs_a_whole_call_and_prints_its_text(tmp_path: "os.PathLike[str]") -> None:
    import asyncio

    from hotline.demo_people import LI

    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "hotline", "call", "--demo",
        env=os.environ | {"HOTLINE_DATA": str(tmp_path), "HOTLINE_DEMO_SIZE": "tiny"},
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, problems = await process.communicate(f"1{LI.tail.replace('X', '*')}1.".encode())
    words = out.decode()
    assert process.returncode == 0, problems.decode()
    assert "预约成功" in words
    assert "📱 107****5678：【12320】已预约" in words
    assert LI.tail not in words.split("📱")[0]
