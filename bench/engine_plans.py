"""The plan check of release day, on PostgreSQL: what the planner knows is from a time without appointments to
come. A plan that is led to the index of live ones reads all of them for each booking, more with each booking
(trap 1 of docs/performance.md)."""

from dataclasses import dataclass

import asyncpg
from sqlalchemy.engine import make_url

from bench.engine_callers import FAST, STORES, Crowd, unwatched
from bench.engine_ground import Ground
from bench.engine_rounds import MOST, WARM_UP_S, opened
from bench.engine_seen import SPREAD

READ = (
    "select relname, seq_tup_read + coalesce(idx_tup_fetch, 0) as rows from pg_stat_user_tables "
    "where seq_tup_read + coalesce(idx_tup_fetch, 0) > 0"
)


@dataclass(frozen=True)
class Plans:
    """Rows that the server read for one booking, in all and by table: with the statistics of release day,
    and with those of now."""

    empty: dict[str, float]
    full: dict[str, float]

    @property
    def ratio(self) -> float:
        return sum(self.empty.values()) / sum(self.full.values())

    def worst(self) -> str:
        """The table that the plans of release day read most of."""
        name = max(self.empty, key=lambda table: self.empty[table])
        return f"{name}: {self.empty[name]:.0f} rows a booking, then {self.full.get(name, 0):.0f}"


async def plans(ground: Ground, *, seconds: float) -> Plans:
    server = ground.server
    assert server is not None
    async with ground.copy() as url:
        name = make_url(url).database
        assert name
        # Nobody looks at the tables meanwhile: a night's statistics, as at the release minute.
        tables = ("appointment", "hold", "slot", "journal", "outbox", "command_key")
        await server.sql(*(f"alter table {one} set (autovacuum_enabled = off)" for one in tables), name=name)
        first = await _read_by(ground, url, seconds, first=0)
        await server.sql("analyze", name=name)
        return Plans(first, await _read_by(ground, url, seconds, first=100_000))


async def _read_by(ground: Ground, url: str, seconds: float, *, first: int) -> dict[str, float]:
    """Rows read by table for each booking of a run."""
    before = await _rows(url)
    async with opened(url) as hotline, STORES[FAST](hotline, unwatched) as store:
        crowd = Crowd(ground.town, store, SPREAD, first=first)
        seen = await crowd.run(MOST, seconds=seconds, warm_up=WARM_UP_S)
    after = await _rows(url)
    return {table: (rows - before.get(table, 0)) / seen.booked for table, rows in after.items()}


async def _rows(url: str) -> dict[str, int]:
    there = make_url(url)
    connection = await asyncpg.connect(
        host=there.host, port=there.port, user=there.username, database=there.database
    )
    try:
        return {row["relname"]: row["rows"] for row in await connection.fetch(READ)}
    finally:
        await connection.close()
