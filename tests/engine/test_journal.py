"""The journal is read in the order of commit, and no reader ever skips a row."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncSession

from core import journal
from core.accounts import credit
from core.booking import evidence
from core.contact.measures import calls_of
from core.events import PersonRegistered, SessionResumed
from core.values import system
from core.work import Hotline

ME = system("test")


async def test_an_event_is_there_after_the_commit_and_not_after_a_rollback(hotline: Hotline) -> None:
    async with hotline.work(ME) as work:
        work.record(PersonRegistered(person_id=1, provisional=True))
    try:
        async with hotline.work(ME) as work:
            work.record(PersonRegistered(person_id=2, provisional=True))
            raise RuntimeError("the change failed")
    except RuntimeError:
        pass
    async with hotline.read() as db:
        told = [entry.event for entry in await journal.entries(db, journal.START)]
    assert told == [PersonRegistered(person_id=1, provisional=True)]


async def test_a_reader_skips_no_row_of_a_transaction_that_commits_late(hotline: Hotline) -> None:
    """The older transaction takes the larger id and commits last: an id cursor would lose the younger."""
    seen: list[int] = []
    cursor = journal.START

    async def read() -> None:
        nonlocal cursor
        async with hotline.read() as db:
            for entry in await journal.entries(db, cursor):
                seen.append(entry.event.session_id)  # type: ignore[attr-defined]
                cursor = entry.cursor

    if hotline.database.sqlite:  # one writer: the second waits its turn
        for number in (1, 2):
            async with hotline.work(ME) as work:
                work.record(SessionResumed(session_id=number))
            await read()
        assert seen == [1, 2]
        return

    older = hotline.work(ME)
    younger = hotline.work(ME)
    first, second = await older.__aenter__(), await younger.__aenter__()
    for work in (first, second):  # each gets its transaction number, in this order
        await work.db.execute(text("select pg_current_xact_id()"))
    second.record(SessionResumed(session_id=2))
    await hotline._write_events(second)  # takes the smaller id, is not committed
    first.record(SessionResumed(session_id=1))
    await older.__aexit__(None, None, None)  # larger id, committed first
    await read()
    second.events.clear()
    await younger.__aexit__(None, None, None)
    await read()
    assert sorted(seen) == [1, 2]


async def test_a_younger_transaction_waits_for_an_older_one_that_still_runs(hotline: Hotline) -> None:
    """Told at once, it would take the cursor past the older one's row."""
    if hotline.database.sqlite:
        pytest.skip("SQLite has one writer at a time")
    older = hotline.work(ME)
    first = await older.__aenter__()
    await first.db.execute(text("select pg_current_xact_id()"))
    async with hotline.work(ME) as work:
        work.record(SessionResumed(session_id=2))
    async with hotline.read() as db:
        reading = await journal.read_on(db, journal.START)
    assert (reading.entries, reading.held_back) == ([], True)
    first.record(SessionResumed(session_id=1))
    await older.__aexit__(None, None, None)
    async with hotline.read() as db:
        reading = await journal.read_on(db, journal.START)
    assert [entry.event.session_id for entry in reading.entries] == [1, 2]  # type: ignore[attr-defined]
    assert not reading.held_back


async def test_many_writers_at_once_are_each_read_once(hotline: Hotline) -> None:
    async def write(number: int) -> None:
        async with hotline.work(ME) as work:
            work.record(SessionResumed(session_id=number))

    seen: list[int] = []
    cursor = journal.START
    writers = asyncio.gather(*(write(number) for number in range(40)))
    while not writers.done() or len(seen) < 40:
        async with hotline.read() as db:
            for entry in await journal.entries(db, cursor, limit=7):
                seen.append(entry.event.session_id)  # type: ignore[attr-defined]
                cursor = entry.cursor
        await asyncio.sleep(0)
    await writers
    assert sorted(seen) == list(range(40))


async def test_reading_on_begins_where_it_left_off_and_reads_nothing_before(hotline: Hotline) -> None:
    own = hotline.database.reader.dialect
    values = {"transaction": 1, "id": 5, "most": 10}
    asked = (
        journal._READ_ON[own.name].params(values).compile(dialect=own, compile_kwargs={"literal_binds": True})
    )
    async with hotline.read() as db:
        if hotline.database.sqlite:
            plan = (await db.execute(text(f"explain query plan {asked}"))).all()
            assert [step[3] for step in plan] == ["SEARCH journal USING INTEGER PRIMARY KEY (rowid>?)"]
        else:
            await db.execute(text("set local enable_seqscan = off"))  # of a few rows all are read
            lines = (await db.execute(text(f"explain {asked}"))).scalars().all()
            assert any("Index Cond: (ROW(transaction, id) > ROW(" in line for line in lines), lines


MANY = range(1, 60)


@pytest.mark.parametrize(
    ("ask", "index"),
    [
        (lambda db: calls_of(db, MANY), "ix_journal_interaction"),
        (lambda db: evidence.gathered(db, MANY), "ix_journal_appointment"),
        (lambda db: evidence.gathered(db, []), "ix_journal_appointment"),
        (lambda db: credit._channels(db, MANY), "ix_journal_appointment"),
    ],
    ids=["what contacts booked", "what was told of visits", "what was told of none", "who gave visits up"],
)
async def test_what_is_told_of_a_few_is_found_by_whom_it_is_about(
    hotline: Hotline, ask: Callable[[AsyncSession], Awaitable[Any]], index: str
) -> None:
    """Some are asked several times a second: by the kind of event all of the kind would be read each time."""
    asked: list[tuple[str, Any]] = []

    def hear(_connection: object, _cursor: object, said: str, values: Any, *_: object) -> None:
        if "FROM journal" in said and not said.startswith("explain"):
            asked.append((said, values))

    event.listen(hotline.database.reader.sync_engine, "before_cursor_execute", hear)
    async with hotline.read() as db:
        await ask(db)
        [(statement, values)] = asked
        if not hotline.database.sqlite:
            await db.execute(text("set local enable_seqscan = off"))  # of no rows all are read
        how = "explain query plan" if hotline.database.sqlite else "explain"
        plan = (await (await db.connection()).exec_driver_sql(f"{how} {statement}", values)).all()
    assert any(index in str(step) or "One-Time Filter: false" in str(step) for step in plan), plan
