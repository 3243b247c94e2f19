"""A real PostgreSQL cluster for the tests: made in a temporary folder, on loopback, stopped after."""

import asyncio
import glob
import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg


def _binaries() -> str:
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
    path = found[-1] if found else shutil.which("initdb")
    if not path:
        raise RuntimeError("PostgreSQL is not installed; bin/setup test installs it")
    return os.path.dirname(path)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _as_server_user() -> dict[str, int | str]:
    """PostgreSQL refuses to run as root; as root we run it as the user its package made."""
    if os.getuid() != 0:
        return {}
    user = pwd.getpwnam("postgres")
    return {"user": user.pw_uid, "group": user.pw_gid}


@dataclass
class Cluster:
    port: int
    folder: Path
    log: Path
    binaries: str
    _process: "subprocess.Popen[bytes] | None" = None
    _taken: set[str] = field(default_factory=set)

    def url(self, name: str) -> str:
        return f"postgresql+asyncpg://postgres@127.0.0.1:{self.port}/{name}"

    def start(self) -> None:
        """Let the server run, and return when it answers."""
        options = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": "200",
            "shared_buffers": "64MB",
            "fsync": "off",  # the tests ask for truth under races, not for a power cut
            "log_min_messages": "fatal",
        }
        arguments = [part for key, value in options.items() for part in ("-c", f"{key}={value}")]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [f"{self.binaries}/postgres", "-D", str(self.folder), *arguments],
                stdout=log,
                stderr=log,
                cwd="/",
                **_as_server_user(),  # type: ignore[call-overload]
            )
        ready = f"{self.binaries}/pg_isready -q -h 127.0.0.1 -p {self.port}"
        waiting = f"for i in $(seq 300); do {ready} && exit 0; sleep 0.05; done; exit 1"
        subprocess.run(["bash", "-c", waiting], check=True)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End the server. how: SIGQUIT is PostgreSQL's immediate stop: nobody is waited for or told."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(30)
            self._process = None

    @contextmanager
    def database(self, model: str = "model") -> Iterator[str]:
        """A database with all tables, copied from a model; dropped after, and its name is free again."""
        names = (f"test_{os.getpid()}_{number}" for number in itertools.count(1))
        name = next(one for one in names if one not in self._taken)
        self._taken.add(name)
        self._sql(f"create database {name} template {model}")
        try:
            yield self.url(name)
        finally:
            self._sql(f"drop database {name} with (force)")
            self._taken.discard(name)

    def make(self, name: str) -> None:
        """Another model, with all tables and nothing in them."""
        self._sql(f"create database {name} template model")

    def _sql(self, statement: str) -> None:
        async def run() -> None:
            connection = await asyncpg.connect(
                host="127.0.0.1", port=self.port, user="postgres", database="postgres"
            )
            try:
                await connection.execute(statement)
            finally:
                await connection.close()

        # A thread of its own: the caller may already be inside an event loop.
        import threading

        failed: list[BaseException] = []

        def work() -> None:
            try:
                asyncio.run(run())
            except BaseException as error:
                failed.append(error)

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        if failed:
            raise failed[0]


@contextmanager
def start_cluster(folder: Path) -> Iterator[Cluster]:
    binaries, port, who = _binaries(), free_port(), _as_server_user()
    home = Path("/dev/shm") if os.access("/dev/shm", os.W_OK) else folder
    _sweep(home)
    data = home / f"hotline-pg-{os.getpid()}-{port}"
    data.mkdir()
    if who:
        os.chown(data, int(who["user"]), int(who["group"]))
    os.chmod(data, 0o700)
    subprocess.run(
        [f"{binaries}/initdb", "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"],
        check=True,
        capture_output=True,
        cwd="/",
        **who,  # type: ignore[arg-type]
    )
    cluster = Cluster(port, data, folder / "postgres.log", binaries)
    try:
        cluster.start()
        _make_model(cluster)
        yield cluster
    finally:
        cluster.stop()
        shutil.rmtree(data, ignore_errors=True)


def _sweep(home: Path) -> None:
    """What runs that were killed have left in the memory."""
    for left in home.glob("hotline-pg-*"):
        if not Path(f"/proc/{left.name.split('-')[2]}").exists():
            shutil.rmtree(left, ignore_errors=True)


def _make_model(cluster: Cluster) -> None:
    from core.database import open_database

    cluster._sql("create database model")

    async def make() -> None:
        database = open_database(cluster.url("model"))
        await database.create_all()
        await database.close()

    asyncio.run(make())
