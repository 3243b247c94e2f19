"""Alembic revisions, and the two calls that run them."""

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from core.database import Database


def config(connection: Connection | None = None) -> Config:
    """Alembic's configuration, without an ini file; over an open connection where one is given."""
    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent))
    made.set_main_option("path_separator", "os")
    if connection is not None:
        made.attributes["connection"] = connection
    return made


async def upgrade(database: Database, revision: str = "head") -> None:
    """Bring the schema up to a revision."""
    await _migrate(database, lambda sync: command.upgrade(config(sync), revision))


async def downgrade(database: Database, revision: str) -> None:
    """Take the schema back to a revision; 'base' removes everything."""
    await _migrate(database, lambda sync: command.downgrade(config(sync), revision))


async def _migrate(database: Database, act: Callable[[Connection], None]) -> None:
    """All of it or nothing. SQLite alters a table by making another in its place, to which for a moment
    nobody may point: foreign keys are looked at when all is done (sqlite.org/lang_altertable.html, 7)."""
    async with database.writer.connect() as connection:
        if not database.sqlite:
            async with connection.begin():
                await connection.run_sync(act)
            return
        raw = (await connection.get_raw_connection()).driver_connection
        assert raw is not None
        await raw.execute("PRAGMA foreign_keys=OFF")
        try:
            async with connection.begin():
                await connection.run_sync(act)
                broken = (await connection.exec_driver_sql("PRAGMA foreign_key_check")).fetchall()
                if broken:
                    raise RuntimeError(f"rows that point to nothing in {sorted({row[0] for row in broken})}")
        finally:
            await raw.execute("PRAGMA foreign_keys=ON")
