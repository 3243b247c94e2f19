"""Whether one booking of the bare driver leaves the rows that one of ours leaves: as many, with the same
columns filled. Else the limit would be another job."""

import asyncio
from collections import Counter
from typing import Any

from sqlalchemy import Table, func, select
from sqlalchemy.engine import make_url

from bench import engine_limit, engine_limit_pg
from bench.engine_callers import BOOKER, STORES, unwatched
from bench.engine_ground import Ground
from bench.engine_rounds import LIMIT, opened
from core.booking.commands import Book, Hold
from core.tables import metadata
from core.values import Phone
from core.work import Hotline

# Columns whose words must be the same, too.
WORDS = {"state", "fhir", "kind", "verb", "carrier", "actor", "channel", "reason", "pay_mode", "number_kind"}
Left = dict[str, Counter[Any]]


async def differences(ground: Ground) -> list[str]:
    """In words; empty when the bare driver and every store leave the same."""
    found = {who: await _one(ground, who) for who in (LIMIT, *STORES)}
    return [
        f"{ground.kind}, {who}, {table}: {_told(found[who][table])}, bare driver {_told(found[LIMIT][table])}"
        for who in STORES
        for table in found[LIMIT]
        if found[who][table] != found[LIMIT][table]
    ]


def _told(rows: Counter[Any]) -> str:
    return f"{sum(rows.values())} rows {sorted(map(str, rows))}"


async def _one(ground: Ground, who: str) -> Left:
    """What one booking adds, and what it takes away, by table."""
    town = ground.town
    session, person = town.sessions[0], town.first_person
    async with ground.copy() as url:
        async with opened(url) as hotline:
            before = await _rows(hotline)
            if who == LIMIT:
                await _bare(ground, url, session, person)
            else:
                async with STORES[who](hotline, unwatched) as store:
                    held = await store.submit(Hold(session, "web:1", person_id=person, key="a"), BOOKER)
                    await store.submit(Book(held.hold_id, person, Phone("10712345678"), key="b"), BOOKER)
            after = await _rows(hotline)
    return {table: after[table] - before[table] for table in after}


async def _bare(ground: Ground, url: str, session: int, person: int) -> None:
    if ground.server is None:
        await asyncio.to_thread(_bare_sqlite, url, session, person)
        return
    name = make_url(url).database
    assert name
    at = f"{person}, '{engine_limit_pg.NOW}'"
    server = ground.server
    await server.sql(engine_limit_pg.FUNCTIONS, "select 1", name=name)
    held = await server.sql(f"select bench_hold('a', {session}, {at})", name=name)
    await server.sql(f"select bench_book('b', '{held}', {at})", name=name)


def _bare_sqlite(url: str, session: int, person: int) -> None:
    with engine_limit.bare(url) as db:
        held = engine_limit.hold(db, session, person, "web:1", "a")
        assert held
        engine_limit.book(db, held, person, "b")


async def _rows(hotline: Hotline) -> Left:
    """By table: how many rows there are of each shape, which is the filled columns and some of the words."""
    async with hotline.read() as db:
        found: Left = {}
        for table in metadata.sorted_tables:
            columns = _shape(table)
            if not columns:
                found[table.name] = Counter(
                    rows=(await db.scalar(select(func.count()).select_from(table))) or 0
                )
                continue
            rows = await db.execute(select(*columns, func.count()).group_by(*columns))
            found[table.name] = Counter({tuple(row[:-1]): row[-1] for row in rows})
    return found


def _shape(table: Table) -> list[Any]:
    if table.name not in ("slot", "hold", "appointment", "journal", "outbox", "command_key"):
        return []
    nullable = [column.is_(None) for column in table.columns if column.nullable and column.name not in WORDS]
    return [*(column for column in table.columns if column.name in WORDS), *nullable]
