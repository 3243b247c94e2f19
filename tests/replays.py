"""Every end-to-end test's log told again: what comes of it must be what stands in the tables (Show 5)."""

from pathlib import Path

from core.cases import replay
from core.chance import SystemChance, SystemClock
from core.database import Database, open_database
from core.sealing import AesSealer
from core.work import Hotline

# Nothing is opened with this one: a log and its state have nothing sealed.
SECRET = b"a secret that opens nothing, 32 b" * 2


async def reproduced(database: Database) -> None:
    """Fold the whole journal of this database. Fails where its state is another than the tables'."""
    seen = await replay.of_everything(Hotline(database, SystemClock(), SystemChance(), AesSealer(SECRET)))
    assert not seen.differences, seen.differences[:20]
    assert seen.told_hash == seen.live_hash


async def reproduced_at(path: Path) -> None:
    """The same of a database that a house has left."""
    if not path.exists():  # noqa: ASYNC240 it is one look
        return
    database = open_database(f"sqlite+aiosqlite:///{path}")
    try:
        await reproduced(database)
    finally:
        await database.close()
