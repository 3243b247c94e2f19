"""What one worker of a run makes for all of them."""

import asyncio
import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from core.database import open_database
from core.sealing import AesSealer
from core.work import Hotline
from hotline import demo
from tests.clocks import FrozenClock, SeededChance
from tests.conftest import MASTER


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """The file that `make` writes at the path it is given, by whoever asks first; the others wait for it.

    It is theirs all: copy it.
    """
    room = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        room = room.parent
    path = room / name
    with (room / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            half = room / f"half-{name}"
            half.unlink(missing_ok=True)
            make(half)
            half.rename(path)
    return path


@pytest.fixture(scope="session")
def whole_demo(sqlite_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite of the whole invented province on 2026-11-23, 10:00 in Shanghai."""

    def make(path: Path) -> None:
        shutil.copy(sqlite_model, path)
        asyncio.run(seeded(f"sqlite+aiosqlite:///{path}", "demo"))

    return made_once(tmp_path_factory, "whole-demo.db", make)


async def seeded(url: str, size: str) -> None:
    """Put the province into an empty database that has all tables."""
    database = open_database(url)
    made = Hotline(
        database, FrozenClock.at("2026-11-23 10:00"), SeededChance(12320), AesSealer(MASTER), demo=True
    )
    assert await demo.is_empty(made)
    await demo.seed(made, size)
    await database.close()
