"""A hotline on a fresh database for every test, on SQLite and on PostgreSQL."""

import asyncio
import gc
import logging
import os
import shutil
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import settings

from core.database import Database, open_database
from core.observing import mask_record
from core.sealing import AesSealer
from core.work import Hotline
from hotline import schema  # noqa: F401 every table must be known before one is made
from tests.clocks import FrozenClock, SeededChance
from tests.postgres import Cluster, start_cluster
from tests.replays import reproduced

# The default prints every local variable of a traceback: slow, and full of personal data.
structlog.configure(processors=[mask_record, structlog.processors.JSONRenderer()])

# No test fails because the machine is slow today.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

MEASURED = pytest.StashKey[list[str]]()
# Set when nothing was named on the command line: every test there is, those that a mark leaves out too.
ALL_TESTS = pytest.StashKey[list[pytest.Item]]()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.args == config.getini("testpaths"):
        config.stash[ALL_TESTS] = list(items)


def pytest_collection_finish() -> None:
    """What has been collected stays to the end: no round of the collector need look at it again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def tell(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Say a figure that people want to see when all tests have passed, too."""
    return request.config.stash.setdefault(MEASURED, []).append


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for line in config.stash.get(MEASURED, []):
        terminalreporter.write_line(line)


# A database of a test, its journal and its log beside it, and those of its neighbours.
ROOM_MB = 500
MASTER = b"a secret of the tests, 32 bytes!" * 2


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A real PostgreSQL of our own on a free port; stopped at the end."""
    with start_cluster(tmp_path_factory.mktemp("pg")) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def sqlite_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty SQLite with all tables, copied for each test: quicker than making it each time."""
    path = tmp_path_factory.mktemp("sqlite") / "model.db"

    async def make() -> None:
        database = open_database(f"sqlite+aiosqlite:///{path}")
        await database.create_all()
        await database.close()

    asyncio.run(make())
    return path


@pytest.fixture
def in_memory(tmp_path: Path) -> Iterator[Path]:
    """A folder without a disk under it where there is one: most tests ask for no truth after a power cut."""
    room = Path("/dev/shm")
    if not os.access(room, os.W_OK) or shutil.disk_usage(room).free < ROOM_MB * 1_000_000:
        yield tmp_path
        return
    # The same for each test of this process: see `reopened`.
    folder = room / f"hotline-test-{os.getpid()}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a fresh database with all tables, once on each kind."""
    if request.param == "sqlite":
        folder: Path = request.getfixturevalue("in_memory")
        shutil.copy(request.getfixturevalue("sqlite_model"), folder / "test.db")
        yield f"sqlite+aiosqlite:///{folder / 'test.db'}"
    else:
        cluster: Cluster = request.getfixturevalue("postgres")
        with cluster.database() as url:
            yield url


@pytest.fixture
def postgres_url(postgres: Cluster) -> Iterator[str]:
    """A fresh PostgreSQL with all tables, for what runs on SQLite otherwise."""
    with postgres.database() as url:
        yield url


_OPENED: dict[str, Database] = {}


def reopened(url: str) -> Database:
    """A fresh database under an address that a test before had: statements stay compiled from test to test.

    A quarter of the time of all tests would go into compiling them anew.
    """
    if url not in _OPENED:
        _OPENED[url] = open_database(url)
    known = _OPENED[url]
    return Database(known.writer, known.reader)


# Whose tests are whole matters, from a key that is pressed to the tables: what they leave is told again from
# their journals.
END_TO_END = frozenset({"flows", "ivr"})


@pytest.fixture
async def database(request: pytest.FixtureRequest, database_url: str) -> AsyncIterator[Database]:
    before = set(threading.enumerate())
    database = reopened(database_url)
    yield database
    if request.path.parent.name in END_TO_END:
        await reproduced(database)
    await database.close()
    await _at_rest(before)


async def _at_rest(before: set[threading.Thread]) -> None:
    """Wait for statements that nobody waits for any more: each tells its loop when it is done, if there is one.

    What is still open after a second belongs to somebody who closes it later.
    """
    patience = time.monotonic() + 1
    while time.monotonic() < patience:
        left = set(threading.enumerate()) - before
        if not any("_connection_worker_thread" in thread.name for thread in left):
            return
        await asyncio.sleep(0.001)


@pytest.fixture(autouse=True)
def logs_as_they_were() -> Iterator[None]:
    """Whoever runs a verb sets up the logs of a house; the next test has its own again."""
    root, configured = logging.getLogger(), structlog.get_config()
    level = root.level
    yield
    ours = structlog.stdlib.ProcessorFormatter
    root.handlers = [one for one in root.handlers if not isinstance(one.formatter, ours)]
    root.setLevel(level)
    structlog.configure(**configured)


@pytest.fixture
def clock() -> FrozenClock:
    """Monday 2026-11-23, 10:00 in Shanghai, until a test says otherwise."""
    return FrozenClock.at("2026-11-23 10:00")


@pytest.fixture
def chance() -> SeededChance:
    return SeededChance(12320)


@pytest.fixture
def hotline(database: Database, clock: FrozenClock, chance: SeededChance) -> Hotline:
    return Hotline(database, clock, chance, AesSealer(MASTER), demo=True)
