"""The tables that a history writes, bare: emptied, filled and read by a connection beside the house's."""

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, Protocol

import asyncpg
from sqlalchemy.engine import make_url

from core.database import Database

Row = dict[str, Any]

# Whoever points to another comes first.
WRITTEN = (
    "outbox", "journal", "freed_slot", "refund", "payment", "credit_event", "blacklist_entry", "command_key",
    "appointment", "hold", "awaited", "slot", "period", "session", "booking_rule",
)  # fmt: skip


class Tables(Protocol):
    async def begin_anew(self, rows: Mapping[str, Sequence[Row]]) -> None:
        """Empty WRITTEN, and write these."""

    async def all(self, table: str) -> list[Row]:
        """Every row, as the driver gives it."""

    async def ask(self, statement: str) -> list[Row]: ...

    async def close(self) -> None: ...


class _Sqlite:
    def __init__(self, path: str) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.row_factory = sqlite3.Row

    async def begin_anew(self, rows: Mapping[str, Sequence[Row]]) -> None:
        execute = self._connection.execute
        execute("begin immediate")
        for table in WRITTEN:
            execute(f"delete from {table}")
        for table, lines in rows.items():
            if lines:
                names = list(lines[0])
                marks = ", ".join("?" * len(names))
                self._connection.executemany(
                    f"insert into {table} ({', '.join(names)}) values ({marks})",
                    [tuple(map(_told, line.values())) for line in lines],
                )
        execute("commit")

    async def all(self, table: str) -> list[Row]:
        return await self.ask(f"select * from {table}")

    async def ask(self, statement: str) -> list[Row]:
        return [dict(row) for row in self._connection.execute(statement)]

    async def close(self) -> None:
        self._connection.close()


def _told(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    return value.isoformat() if isinstance(value, date) else value


class _Postgres:
    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def begin_anew(self, rows: Mapping[str, Sequence[Row]]) -> None:
        async with self._connection.transaction():
            await self._connection.execute(";".join(f"delete from {table}" for table in WRITTEN))
            for table, lines in rows.items():
                if lines:
                    names = list(lines[0])
                    marks = ", ".join(f"${place + 1}" for place in range(len(names)))
                    await self._connection.executemany(
                        f"insert into {table} ({', '.join(names)}) values ({marks})",
                        [tuple(line.values()) for line in lines],
                    )

    async def all(self, table: str) -> list[Row]:
        return await self.ask(f"select * from {table}")

    async def ask(self, statement: str) -> list[Row]:
        return [dict(row) for row in await self._connection.fetch(statement)]

    async def close(self) -> None:
        await self._connection.close()


async def tables_of(database: Database) -> Tables:
    url = make_url(database.url)
    if database.sqlite:
        assert url.database
        return _Sqlite(url.database)
    return _Postgres(
        await asyncpg.connect(host=url.host, port=url.port, user=url.username, database=url.database)
    )
