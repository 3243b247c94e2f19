"""Where the engine bench keeps its towns: on a real disk, each kind made once, each run on a fresh copy."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg

from bench.engine_town import Town, build, renewed
from tests.postgres import _as_server_user, _binaries, free_port

KINDS = ("SQLite", "PostgreSQL")
# Not /tmp, which may lie in memory (file-hierarchy standard: /var/tmp outlives a start of the machine).
HOME = Path("/var/tmp")
TEMPLATE = "town"
OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "100",
    "fsync": "on",
    "synchronous_commit": "on",
    "shared_buffers": "1GB",
    "max_wal_size": "8GB",
    # As docs/operations.md asks of an installation: no log file has to be made in the release minute.
    "min_wal_size": "2GB",
    "checkpoint_timeout": "30min",
    "log_min_messages": "fatal",
}


@dataclass
class Server:
    """A PostgreSQL of our own on loopback, with its durability as it is in an installation."""

    port: int
    folder: Path
    binaries: str
    process: "subprocess.Popen[bytes]"

    def url(self, name: str) -> str:
        return f"postgresql+asyncpg://postgres@127.0.0.1:{self.port}/{name}"

    async def sql(self, *statements: str, name: str = "postgres") -> Any:
        """Run them one by one; returns the value of the last one's first cell."""
        connection = await asyncpg.connect(host="127.0.0.1", port=self.port, user="postgres", database=name)
        try:
            for statement in statements[:-1]:
                await connection.execute(statement)
            return await connection.fetchval(statements[-1])
        finally:
            await connection.close()


@asynccontextmanager
async def server(folder: Path) -> AsyncIterator[Server]:
    """Start it on this folder, which is made into a cluster where it is none yet."""
    binaries, port, who = _binaries(), free_port(), _as_server_user()
    await asyncio.to_thread(_made, folder, binaries, who)
    options = [
        part for key, value in (OPTIONS | {"port": str(port)}).items() for part in ("-c", f"{key}={value}")
    ]
    running = subprocess.Popen(  # type: ignore[call-overload]  # noqa: ASYNC220 it returns at once
        [f"{binaries}/postgres", "-D", str(folder), *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        **who,
    )
    found = Server(port, folder, binaries, running)
    try:
        await _until_up(found)
        yield found
    finally:
        running.send_signal(signal.SIGINT)  # a fast shutdown: whoever is still connected is sent away
        await asyncio.to_thread(running.wait, 60)


def _made(folder: Path, binaries: str, who: dict[str, int | str]) -> None:
    if folder.exists():
        return
    folder.mkdir(mode=0o700)
    if who:
        os.chown(folder, int(who["user"]), int(who["group"]))
    subprocess.run(
        [f"{binaries}/initdb", "-D", str(folder), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"],
        check=True,
        capture_output=True,
        cwd="/",
        **who,  # type: ignore[call-overload]
    )


async def _until_up(found: Server) -> None:
    for _ in range(300):
        try:
            await found.sql("select 1")
            return
        except (OSError, asyncpg.PostgresError):
            await asyncio.sleep(0.1)
    raise RuntimeError("PostgreSQL does not start")


@contextmanager
def folder() -> Iterator[Path]:
    """Where towns lie: HOTLINE_BENCH_TOWN, kept from run to run, or a folder that is gone afterwards."""
    kept = os.environ.get("HOTLINE_BENCH_TOWN")
    with ExitStack() as stack:
        path = Path(
            kept or stack.enter_context(tempfile.TemporaryDirectory(prefix="hotline-bench-", dir=HOME))
        )
        path.mkdir(parents=True, exist_ok=True)
        path.chmod(0o755)  # PostgreSQL runs as another user
        yield path


@dataclass
class Ground:
    """One kind of database with its town. server: of PostgreSQL."""

    kind: str
    folder: Path
    town: Town
    server: Server | None = None

    @asynccontextmanager
    async def copy(self) -> AsyncIterator[str]:
        """The URL of a fresh copy of the town; gone afterwards."""
        number = next(_numbers)
        if self.server is None:
            path = self.folder / f"run-{os.getpid()}-{number}.db"
            await asyncio.to_thread(_copied, self.folder / "town.db", path)
            try:
                yield f"sqlite+aiosqlite:///{path}"
            finally:
                for one in self.folder.glob(f"{path.name}*"):
                    one.unlink()
            return
        name = f"run_{number}"
        # The checkpoint writes the copy to the disk now, not in the middle of what is measured.
        await self.server.sql(f"create database {name} template {TEMPLATE}", "checkpoint")
        try:
            yield self.server.url(name)
        finally:
            await self.server.sql(f"drop database {name} with (force)")


_numbers = count(1)


def _copied(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)
    with target.open("rb") as made:
        os.fsync(made.fileno())


@asynccontextmanager
async def ground(kind: str, folder: Path, **size: int) -> AsyncIterator[Ground]:
    """The town of this kind in this folder; built by the real engine unless it stands there already."""
    described = folder / f"town-{kind}.json"
    if kind == "SQLite":
        yield Ground(kind, folder, await _town(described, f"sqlite+aiosqlite:///{folder / 'town.db'}", size))
        return
    async with server(folder / "postgres") as running:
        new = not await asyncio.to_thread(described.exists)
        if new:
            await running.sql(f"create database {TEMPLATE}")
        town = await _town(described, running.url(TEMPLATE), size)
        if new:
            await running.sql("vacuum analyze", "checkpoint", name=TEMPLATE)
        yield Ground(kind, folder, town, running)


async def _town(described: Path, url: str, size: Mapping[str, int]) -> Town:
    if await asyncio.to_thread(described.exists):
        await renewed(url)
        return Town(**json.loads(await asyncio.to_thread(described.read_text)))
    made = await build(url, **size)
    await asyncio.to_thread(described.write_text, json.dumps(asdict(made)))
    return made
