"""The migrations make exactly the tables that the code declares, on both databases."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect

from core.database import open_database
from core.migrations import downgrade, upgrade
from hotline.schema import metadata


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path / 'empty.db'}"
    else:
        with request.getfixturevalue("postgres").database(model="template1") as url:
            yield url


def differences(connection: Connection) -> list[Any]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, metadata))


def tables(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names()) - {"alembic_version"}


# An index over an expression cannot be reflected from SQLite; PostgreSQL's comparison proves it.
@pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified expression-based index")
@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
async def test_the_migrations_make_what_the_code_declares(empty_url: str) -> None:
    database = open_database(empty_url)
    await upgrade(database)
    async with database.writer.connect() as connection:
        assert await connection.run_sync(differences) == []
        assert await connection.run_sync(tables) == set(metadata.tables)
    await database.close()


async def test_the_migrations_go_down_to_nothing_and_up_again(empty_url: str) -> None:
    database = open_database(empty_url)
    await upgrade(database)
    await downgrade(database, "base")
    async with database.writer.connect() as connection:
        assert await connection.run_sync(tables) == set()
    await upgrade(database)
    await database.close()
