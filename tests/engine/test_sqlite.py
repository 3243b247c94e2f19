"""Statements of SQLite are done in one go: where they are asked for when they are quick, else on the thread."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import IntegrityError, OperationalError

from core.database import Database, open_database
from core.events import SwitchLost
from core.sqlite import (
    FLEETING,
    QUICK_S,
    READERS_BREATH,
    UNSYNCED_MOST,
    Pace,
    WholeConnection,
    connector,
)
from core.values import system
from core.work import Hotline


@pytest.fixture
async def plain(tmp_path: Path) -> AsyncIterator[Database]:
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


async def test_what_is_written_is_read_and_what_fails_leaves_nothing(plain: Database) -> None:
    await put(plain, "first", "second", "third")
    with pytest.raises(IntegrityError):
        await put(plain, "fourth", "second")
    assert await words(plain) == ["first", "second", "third"]


async def test_rows_of_a_returning_statement_and_their_number_are_told(plain: Database) -> None:
    await put(plain, "first", "second")
    async with plain.write() as db:
        done = await db.execute(text("update one set word = word || '!' returning id, word"))
        assert done.all() == [(1, "first!"), (2, "second!")]
    async with plain.write() as db:
        gone = await db.execute(text("delete from one where id > 0"))
        assert gone.rowcount == 2  # type: ignore[attr-defined]


async def test_many_rows_at_once_are_put_in(plain: Database) -> None:
    async with plain.write() as db:
        rows = [{"word": f"word {place}"} for place in range(100)]
        await db.execute(text("insert into one (word) values (:word)"), rows)
    assert len(await words(plain)) == 100


async def test_a_transaction_without_a_statement_locks_nobody_out(plain: Database) -> None:
    async with plain.write():
        other = open_database(plain.url)
        await put(other, "meanwhile")
        await other.close()
    assert await words(plain) == ["meanwhile"]


async def test_a_writer_that_is_given_up_lets_go_of_the_lock(plain: Database) -> None:
    begun = asyncio.Event()

    async def write() -> None:
        async with plain.write() as db:
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
    await put(plain, "after")
    assert await words(plain) == ["after"]


async def test_what_is_no_sql_is_refused_there_and_here(plain: Database) -> None:
    for _ in range(2):
        with pytest.raises(OperationalError):
            async with plain.read() as db:
                await db.execute(text("select nothing from nowhere"))


async def test_a_quick_statement_is_done_where_it_is_asked_for_and_many_rows_are_not(tmp_path: Path) -> None:
    where: list[str] = []

    def noted(_cursor: object) -> None:
        where.append("loop" if threading.current_thread() is threading.main_thread() else "thread")

    async with connector(f"sqlite+aiosqlite:///{tmp_path / 'x.db'}")() as connection:
        assert isinstance(connection, WholeConnection)
        connection.begins("BEGIN")
        for sql in ("quick", "quick", "new", "new"):
            await connection.whole(noted, sql, few=True)
        await connection.whole(noted, "new", few=False)
    assert where == ["thread", "loop", "thread", "loop", "thread"]


@pytest.mark.parametrize(("begin", "turns"), [("BEGIN", 3), ("BEGIN IMMEDIATE", 0)])
async def test_who_reads_again_and_again_gives_others_a_turn(tmp_path: Path, begin: str, turns: int) -> None:
    """Each writing transaction is counted by itself: its lock keeps others waiting."""
    had = 0

    async def others() -> None:
        nonlocal had
        while True:
            await asyncio.sleep(0)
            had += 1

    async with connector(f"sqlite+aiosqlite:///{tmp_path / 'x.db'}")() as connection:
        assert isinstance(connection, WholeConnection)
        await connection.whole(lambda cursor: None, "known", few=True)
        task = asyncio.create_task(others())
        await asyncio.sleep(0)
        for _ in range(3 * READERS_BREATH):
            connection.begins(begin)
            await connection.whole(lambda cursor: None, "known", few=True)
            await connection.rollback()
        task.cancel()
    assert had == turns


async def test_a_lock_of_another_process_is_waited_for_beside_the_loop(plain: Database) -> None:
    await put(plain, "first", "second")  # known as quick from now on
    other = sqlite3.connect(str(make_url(plain.url).database), isolation_level=None)
    other.execute("begin immediate")
    waiting = asyncio.create_task(put(plain, "third"))
    done, _ = await asyncio.wait({waiting}, timeout=0.1)  # the loop goes on meanwhile
    assert not done
    assert await words(plain) == ["first", "second"]
    other.execute("commit")
    other.close()
    await waiting
    assert await words(plain) == ["first", "second", "third"]


async def test_the_end_of_a_fleeting_unit_waits_for_no_disk_but_now_and_then(tmp_path: Path) -> None:
    def kept(cursor: sqlite3.Cursor) -> None:
        cursor.execute("insert into one values (1)")
        after = cursor.connection.execute("pragma synchronous").fetchone()[0]
        waits.append(after == FULL)

    FULL, waits = 2, list[bool]()
    async with connector(f"sqlite+aiosqlite:///{tmp_path / 'x.db'}")() as connection:
        assert isinstance(connection, WholeConnection)
        await connection.whole(lambda cursor: cursor.execute("create table one (word)"), "create", few=True)
        for begin in ["BEGIN IMMEDIATE", *[FLEETING] * (UNSYNCED_MOST + 2), "BEGIN IMMEDIATE"]:
            connection.begins(begin)
            await connection.whole(kept, "insert", few=True)
            await connection.commit()
    assert waits == [True, *[False] * UNSYNCED_MOST, True, False, True]


async def test_what_is_written_in_a_fleeting_unit_is_read_and_undone_like_any_other(
    database_url: str,
) -> None:
    database = open_database(database_url)
    async with database.write() as db:
        await db.execute(text("create table one (id integer primary key, word varchar(20) unique)"))
    async with database.write(fleeting=True) as db:
        await db.execute(text("insert into one values (1, 'first')"))

    async def twice() -> None:
        async with database.write(fleeting=True) as db:
            await db.execute(text("insert into one values (2, 'second')"))
            await db.execute(text("insert into one values (3, 'first')"))

    with pytest.raises(IntegrityError):
        await twice()
    await database.settle()
    assert await words(database) == ["first"]
    await database.close()


async def test_what_goes_outside_is_settled_though_its_unit_was_fleeting(hotline: Hotline) -> None:
    settled = list[bool]()

    async def settle() -> None:
        settled.append(True)

    event = SwitchLost(since=hotline.clock.now(), until=hotline.clock.now(), calls_now=0)
    hotline.database.settle = settle  # type: ignore[method-assign]
    async with hotline.work(system("test"), fleeting=True) as work:
        work.record(event)
    assert settled == []
    hotline.routes = {event.kind: ("sms",)}
    async with hotline.work(system("test"), fleeting=True) as work:
        work.record(event)
    assert settled == [True]


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
