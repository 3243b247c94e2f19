"""The house as it is run: a process of its own, with its pages, its health and its switch."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import aiohttp

from tests import audio, ports
from tests.replays import reproduced_at

READY_S = 120
SOON_S = 90


@dataclass
class House:
    """process: of the application; ready: what its one line said."""

    process: asyncio.subprocess.Process
    ready: dict[str, Any]
    folder: Path

    @property
    def web(self) -> str:
        return str(self.ready["web"])

    @property
    def sip_port(self) -> int:
        return int(str(self.ready["sip"]).rpartition(":")[2])

    def asterisk(self) -> int:
        """The switch's process id."""
        config = str(self.folder / "data" / "switch" / "etc" / "asterisk.conf")
        for entry in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = entry.read_bytes().split(b"\0")
            except OSError:
                continue
            if config.encode() in words and b"-f" in words:
                return int(entry.parent.name)
        raise LookupError("no switch runs")

    def sound(self, name: str) -> audio.Samples:
        return audio.played(self.folder / "data" / "sounds" / "zh" / name)


# A house that is started again finds its switch where it was, perhaps still at work.
_SIP: dict[Path, int] = {}


def _sip_port(folder: Path) -> int:
    if folder not in _SIP:
        _SIP[folder] = ports.sip()
    return _SIP[folder]


def environment(folder: Path, more: Mapping[str, str]) -> dict[str, str]:
    return os.environ | {
        "HOTLINE_DATA": str(folder / "data"),
        "HOTLINE_PORT": "0",
        "HOTLINE_SIP_PORT": str(_sip_port(folder)),
        "HOTLINE_DEMO": "yes",
        "HOTLINE_DEMO_SIZE": "tiny",
        "HOTLINE_QUEUE_PATIENCE_S": "8",
        "HOTLINE_VOICE": "espeak",
        **more,
    }


def log_of(folder: Path) -> IO[bytes]:
    folder.mkdir(exist_ok=True)
    return (folder / "log").open("ab")


def alive(process: int) -> bool:
    return Path(f"/proc/{process}").exists()


@asynccontextmanager
async def serving(
    folder: Path, *, program: Sequence[str] = ("-m", "hotline", "serve"), **more: str
) -> AsyncIterator[House]:
    """`hotline serve`, up; what is left of it is ended by its process id. more: of its environment."""
    with log_of(folder) as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, *program,
            env=environment(folder, more), stdout=asyncio.subprocess.PIPE, stderr=log,
            start_new_session=True,  # as a service has its own
        )  # fmt: skip
    assert process.stdout
    house = House(process, {}, folder)
    try:
        async with asyncio.timeout(READY_S):
            line = (await process.stdout.readline()).decode()
        assert line.startswith("ready {"), folder
        house.ready = json.loads(line.removeprefix("ready "))
        yield house
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
            await process.wait()
    await reproduced_at(folder / "data" / "hotline.db")


async def page(house: House, path: str) -> str:
    async with aiohttp.ClientSession() as http, http.get(house.web + path) as answer:
        return await answer.text()


async def parts(house: House) -> dict[str, dict[str, Any]]:
    """What /healthz tells of each part."""
    told: dict[str, dict[str, Any]] = json.loads(await page(house, "healthz"))["parts"]
    return told


async def health(house: House) -> dict[str, str]:
    return {name: part["state"] for name, part in (await parts(house)).items()}


async def until(look: Callable[[], Any], wanted: Callable[[Any], bool]) -> Any:
    """Ask until the answer is as wanted. Raises TimeoutError with the last one."""
    answer = None
    try:
        async with asyncio.timeout(SOON_S):
            while not wanted(answer := await look()):  # noqa: ASYNC110 it is another process
                await asyncio.sleep(0.2)
    except TimeoutError:
        raise TimeoutError(str(answer)) from None
    return answer


async def switched_on(house: House) -> int:
    """The switch's process id, once it is up: on a busy machine that may be a moment after we are ready."""
    await until(lambda: health(house), lambda told: told["switch"] == "up")
    return house.asterisk()
