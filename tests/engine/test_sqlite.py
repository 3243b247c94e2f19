"""Statements of SQLite are done in one go: where they are asked for when they are quick, else on the thread."""

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError

from core.database import Database, open_database
from core.sqlite import QUICK_S, Pace, WholeConnection, connector


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = open_database(f"sqlite+aiosqlite:///{tmp_path / 'x.db'}")
    async with opened.write() as db:
        await db.execute(text("create table one (id integer primary key, word text unique)"))
    yield opened
    await opened.close()


async def words(database: Database) -> list[str]:
    async with database.read() as db:
        return list((await db.execute(text("select word from one order by id"))).scalars())


async def put(database: Database, *said: str) -> None:
    async with database.write() as db:
        for word in said:
            await db.execute(text("insert into one (word) values (:word)"), {"word": word})


async def test_what_is_written_is_read_and_what_fails_leaves_nothing(database: Database) -> None:
    await put(database, "first", "second", "third")
    with pytest.raises(IntegrityError):
        await put(database, "fourth", "second")
    assert await words(database) == ["first", "second", "third"]


async def test_rows_of_a_returning_statement_and_their_number_are_told(database: Database) -> None:
    await put(database, "first", "second")
    async with database.write() as db:
        done = await db.execute(text("update one set word = word || '!' returning id, word"))
        assert done.all() == [(1, "first!"), (2, "second!")]
    async with database.write() as db:
        gone = await db.execute(text("delete from one where id > 0"))
        assert gone.rowcount == 2  # type: ignore[attr-defined]


async def test_many_rows_at_once_are_put_in(database: Database) -> None:
    async with database.write() as db:
        rows = [{"word": f"word {place}"} for place in range(100)]
        await db.execute(text("insert into one (word) values (:word)"), rows)
    assert len(await words(database)) == 100


async def test_a_transaction_without_a_statement_locks_nobody_out(database: Database) -> None:
    async with database.write():
        other = open_database(database.url)
        await put(other, "meanwhile")
        await other.close()
    assert await words(database) == ["meanwhile"]


async def test_a_writer_that_is_given_up_lets_go_of_the_lock(database: Database) -> None:
    begun = asyncio.Event()

    async def write() -> None:
        async with database.write() as db:
            await db.execute(text("insert into one (word) values ('never')"))
            begun.set()
            # Long enough to be cancelled in the middle, on the thread, for it was never seen before.
            await db.execute(
                text(
                    "with recursive n (i) as (select 1 union all select i + 1 from n where i < 3000000) "
                    "insert into one (word) select max(i) from n returning id"
                )
            )

    writing = asyncio.create_task(write())
    await begun.wait()
    await asyncio.sleep(0)
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)
    await put(database, "after")
    assert await words(database) == ["after"]


async def test_what_is_no_sql_is_refused_there_and_here(database: Database) -> None:
    for _ in range(2):
        with pytest.raises(OperationalError):
            async with database.read() as db:
                await db.execute(text("select nothing from nowhere"))


async def test_a_quick_statement_is_done_where_it_is_asked_for_and_the_first_of_a_transaction_is_not(
    tmp_path: Path,
) -> None:
    where: list[str] = []

    def noted(_cursor: object) -> None:
        where.append("loop" if threading.current_thread() is threading.main_thread() else "thread")

    async with connector(f"sqlite+aiosqlite:///{tmp_path / 'x.db'}")() as connection:
        assert isinstance(connection, WholeConnection)
        for sql in ("BEGIN", "quick", "quick", "new", "new"):
            await connection.whole(noted, sql, few=True)
        await connection.whole(noted, "new", few=False)
    # The beginning goes with the first statement, and many rows are never put in on the loop.
    assert where == ["thread", "loop", "thread", "loop", "thread"]


def test_who_took_long_is_not_waited_for_until_it_was_quick_again() -> None:
    pace = Pace()
    assert not pace.quick("select")
    pace.note("select", QUICK_S / 10)
    assert pace.quick("select")
    pace.note("select", QUICK_S * 10)
    assert not pace.quick("select")
    for _ in range(5):
        pace.note("select", QUICK_S / 10)
    assert pace.quick("select")
