"""Find an Asterisk that can be run: the machine's own, or one unpacked into the cache."""

import asyncio
import contextlib
import os
import re
import shutil
import signal
from dataclasses import dataclass
from pathlib import Path

import structlog

from core import precedence

log = structlog.get_logger()

OLDEST = 20
FETCH_S = 280  # a fresh machine must be up within five minutes

_VERSION = re.compile(r"^Asterisk (?:certified[-/])?(\d+)[.\w~+-]*")
_MODULE_FOLDERS = ("/usr/lib/*/asterisk/modules", "/usr/lib/asterisk/modules", "/usr/lib64/asterisk/modules")
_DATA_FOLDERS = ("/usr/share/asterisk", "/var/lib/asterisk")


class NoAsterisk(Exception):
    """No switch can be had here. str(): why, for the log; words: what to do, in Chinese, for the page."""

    words = (
        "这台机器上没有可用的 Asterisk。请安装 Asterisk 20 或更新版本"
        "（Debian：apt-get install asterisk），然后重新启动。"
    )


@dataclass(frozen=True)
class Asterisk:
    """A program that can be run: its file, and the folders of its modules and documentation."""

    program: Path
    version: str
    modules: Path
    data: Path


async def find_asterisk(cache: Path, *, fetcher: Path | None = None) -> Asterisk:
    """The machine's own Asterisk when it is new enough and whole, else one unpacked into the cache.

    Raises NoAsterisk.
    """
    own = await _machines_own()
    if own:
        return own
    root = Path.cwd() / cache / "asterisk"
    fetcher = fetcher or Path(__file__).parent.parent / "bin" / "get-asterisk"
    if not fetcher.exists():
        raise NoAsterisk("no Asterisk on this machine, and bin/get-asterisk is not part of this installation")
    code, said = await run_short(str(fetcher), str(root), within_s=FETCH_S)
    if code != 0:
        raise NoAsterisk(said.strip().splitlines()[-1] if said.strip() else "bin/get-asterisk failed")
    modules = next((root / "usr/lib").glob("*/asterisk/modules"), None)
    if modules is None:
        raise NoAsterisk(f"{root} holds no modules; delete it and start again")
    return Asterisk(root / "asterisk", said.strip().splitlines()[-1], modules, root / "usr/share/asterisk")


async def _machines_own() -> Asterisk | None:
    program = shutil.which("asterisk", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if not program:
        return None
    code, said = await run_short(program, "-V", within_s=10)
    found = _VERSION.match(said)
    if code != 0 or not found or int(found[1]) < OLDEST:
        log.info("the machine's own Asterisk is too old", version=said.strip()[:40], oldest=OLDEST)
        return None
    modules = _first(_MODULE_FOLDERS, "chan_pjsip.so")
    data = _first(_DATA_FOLDERS, "documentation")
    if not modules or not data or not (modules / "res_pjsip_transport_websocket.so").exists():
        log.info("the machine's own Asterisk lacks modules of ours")
        return None
    return Asterisk(Path(program), said.strip(), modules, data)


def _first(patterns: tuple[str, ...], inside: str) -> Path | None:
    for pattern in patterns:
        for folder in Path("/").glob(pattern.lstrip("/")):
            if (folder / inside).exists():
                return folder
    return None


async def run_short(*command: str, within_s: float) -> tuple[int, str]:
    """Exit code and output of a short program; one that takes too long is ended and counts as failed."""
    process = await asyncio.create_subprocess_exec(
        *precedence.plainly(*command),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(within_s):
            out, _ = await process.communicate()
    except BaseException as stopped:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        if isinstance(stopped, TimeoutError):
            return 1, f"{Path(command[0]).name} took longer than {within_s:.0f} seconds"
        raise
    return process.returncode or 0, out.decode(errors="replace")
