"""A process of its own whose disk becomes full in the middle of the rush, and gets room again.

Arguments: the folder, an empty database with all tables, the kind of store, the fault. It fails where something
is not as it must be.
"""

import asyncio
import resource
import shutil
import sys
from contextlib import suppress
from pathlib import Path

from sqlalchemy import text

import core.tables  # noqa: F401 every table must be known
from core.database import open_database
from core.errors import StorageAway
from core.events import SessionResumed
from core.health import State, disk
from core.sealing import AesSealer
from core.work import Hotline
from tests.builders import CALLER
from tests.clocks import FrozenClock, SeededChance
from tests.faults.storage_rush import STORES, Rush, enough, rush
from tests.waiting import until

PIECE = 4096


class NoRoom:
    """The file system is full: whoever writes to it gets ENOSPC."""

    def __init__(self, folder: Path) -> None:
        self._ballast = folder / "ballast"

    def begin(self) -> None:
        with self._ballast.open("ab", buffering=0) as ballast:
            try:
                while True:
                    ballast.write(bytes(PIECE))
            except OSError:
                pass

    def end(self) -> None:
        self._ballast.unlink()


class NoWriting:
    """No file of ours may become longer: the disk answers with an error that is not "full"."""

    def __init__(self, _folder: Path) -> None:
        self._before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def begin(self) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (PIECE, self._before[1]))

    def end(self) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, self._before)


FAULTS: dict[str, type[NoRoom] | type[NoWriting]] = {"full": NoRoom, "error": NoWriting}


async def noted(hotline: Hotline) -> None:
    """What need not survive a power cut needs room all the same."""
    async with hotline.work(CALLER, fleeting=True) as work:
        work.record(SessionResumed(session_id=1))


async def away(them: Rush) -> None:
    """Refused again and again. A log that was just emptied may have room for a few more: those are kept."""
    await until(lambda: them.away > 20, within_s=60)
    with suppress(StorageAway):
        await noted(them.town.hotline)
    acknowledged = len(them.made)
    async with them.town.hotline.read() as db:  # what is there can be read
        booked = await db.execute(text("select count(*) from appointment where state = 'booked'"))
        assert booked.scalar_one() >= acknowledged


async def main(folder: Path, model: Path, store: str, fault: str) -> None:
    path = folder / "test.db"
    shutil.copy(model, path)
    database = open_database(f"sqlite+aiosqlite:///{path}")
    hotline = Hotline(
        database, FrozenClock.at("2026-11-23 10:00"), SeededChance(12320), AesSealer(b"x" * 64), demo=True
    )
    trouble, health = FAULTS[fault](folder), disk(folder)
    async with rush(hotline, STORES[store]) as them:
        async with asyncio.TaskGroup() as group:
            group.create_task(them.run())
            for _ in range(2 if fault == "full" else 1):
                await until(enough(them), within_s=60)
                them.away = 0
                trouble.begin()
                await away(them)
                if fault == "full":
                    told = await health()
                    assert (told.state, "磁盘已满" in told.words) == (State.DOWN, True)
                trouble.end()
                await until(enough(them), within_s=60)  # by itself
            them.over = True
        await them.audited()
    await noted(hotline)
    async with hotline.read() as db:
        assert (await db.execute(text("pragma integrity_check"))).scalar_one() == "ok"
        assert (await db.execute(text("pragma foreign_key_check"))).all() == []
    await database.close()
    sys.stdout.write(f"{len(them.made)} booked")


if __name__ == "__main__":
    arguments = sys.argv[1:]
    asyncio.run(main(Path(arguments[0]), Path(arguments[1]), arguments[2], arguments[3]))
