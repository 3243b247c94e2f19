"""Alembic revisions, and the two calls that run them."""

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
    async with database.writer.begin() as connection:
        await connection.run_sync(lambda sync: command.upgrade(config(sync), revision))


async def downgrade(database: Database, revision: str) -> None:
    """Take the schema back to a revision; 'base' removes everything."""
    async with database.writer.begin() as connection:
        await connection.run_sync(lambda sync: command.downgrade(config(sync), revision))
