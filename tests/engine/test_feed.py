"""The feed: every event once and in order, also for one who goes away and comes back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from core import journal
from core.events import SessionResumed
from core.feed import Feed, Lagged, Subscription
from core.journal import Cursor, Entry
from core.values import system
from core.wake import Wake
from core.work import Hotline
from tests.waiting import until

ME = system("test")


async def write(hotline: Hotline, *numbers: int) -> None:
    """One unit of work with an event for each number."""
    async with hotline.work(ME) as work:
        for number in numbers:
            work.record(SessionResumed(session_id=number))


def number(entry: Entry) -> int:
    assert isinstance(entry.event, SessionResumed)
    return entry.event.session_id


async def hear(subscription: Subscription, count: int) -> list[int]:
    async with asyncio.timeout(20):
        return [number(await anext(subscription)) for _ in range(count)]


@pytest.fixture
async def feed(hotline: Hotline) -> AsyncIterator[Feed]:
    """A running feed with little room, that would sleep for an hour if no commit woke it."""
    wake = Wake()
    hotline.committed = wake.ring
    feed = Feed(hotline, wake, room=20, catch_up=100, poll_s=3600)
    running = asyncio.create_task(feed.run())
    await asyncio.wait_for(feed.ready.wait(), 20)
    yield feed
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_who_listens_loses_nothing_of_more_than_there_is_room_for(hotline: Hotline, feed: Feed) -> None:
    async with feed.subscribe() as subscription:
        hearing = asyncio.create_task(hear(subscription, 90))
        await asyncio.sleep(0)
        await write(hotline, *range(90))
        assert await hearing == list(range(90))


async def test_who_comes_new_hears_what_follows_and_is_told_to_take_a_snapshot(
    hotline: Hotline, feed: Feed
) -> None:
    await write(hotline, 1, 2)
    await until_told(hotline, feed, 2)
    async with feed.subscribe() as subscription:
        assert subscription.fresh
        await write(hotline, 3)
        assert await hear(subscription, 1) == [3]


async def test_who_comes_back_hears_what_was_missed_and_needs_no_snapshot(
    hotline: Hotline, feed: Feed
) -> None:
    async with feed.subscribe() as subscription:
        await write(hotline, 1, 2, 3)
        assert await hear(subscription, 2) == [1, 2]
        kept = subscription.cursor
    await write(hotline, 4)
    async with feed.subscribe(Cursor.read(str(kept))) as subscription:
        assert not subscription.fresh
        await write(hotline, 5)
        assert await hear(subscription, 3) == [3, 4, 5]


async def test_who_was_away_too_long_starts_afresh(hotline: Hotline, feed: Feed) -> None:
    for first in range(0, 110, 10):
        await write(hotline, *range(first, first + 10))
    await until_told(hotline, feed, 110)
    async with feed.subscribe(journal.START) as subscription:
        assert subscription.fresh


async def test_a_cursor_of_another_journal_starts_afresh(hotline: Hotline, feed: Feed) -> None:
    await write(hotline, 1)
    async with feed.subscribe(Cursor(2**40, 2**40)) as subscription:
        assert subscription.fresh


async def test_who_reads_too_slowly_is_let_go_and_the_others_hear_everything(
    hotline: Hotline, feed: Feed
) -> None:
    async with feed.subscribe() as slow, feed.subscribe() as quick:
        heard: list[int] = []
        for first in range(0, 60, 10):
            await write(hotline, *range(first, first + 10))
            heard += await hear(quick, 10)
        assert heard == list(range(60))
        assert feed.subscribers == 1
        with pytest.raises(Lagged):
            await anext(slow)


async def test_an_event_held_back_by_an_older_transaction_is_told_when_that_ends(
    hotline: Hotline, feed: Feed
) -> None:
    if hotline.database.sqlite:
        pytest.skip("SQLite has one writer: nothing is ever held back")
    async with feed.subscribe() as subscription:
        async with hotline.database.write() as older:  # leaves no event, so its end rings no bell
            await older.execute(text("select pg_current_xact_id()"))
            await write(hotline, 1)
            await until(lambda: feed.held_back)
        assert await hear(subscription, 1) == [1]


async def test_the_feed_outlives_a_database_that_is_away(hotline: Hotline, feed: Feed) -> None:
    reader = hotline.database.reader
    async with feed.subscribe() as subscription:
        hotline.database.reader = None  # type: ignore[assignment]
        await write(hotline, 1)
        await until(lambda: feed.last_error is not None)
        hotline.database.reader = reader
        await write(hotline, 2)
        assert await hear(subscription, 2) == [1, 2]
        await until(lambda: feed.last_error is None)


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
async def test_each_event_once_and_in_order_across_reconnects(
    hotline: Hotline, feed: Feed, data: st.DataObject
) -> None:
    """Units of work of many sizes, some at once and some undone, against a reader that comes and goes."""
    sizes = data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=14))
    undone = data.draw(st.sets(st.integers(0, len(sizes) - 1)))
    leaves_after = data.draw(st.lists(st.integers(1, 6), min_size=1, max_size=6))
    async with hotline.read() as db:
        cursor = await journal.end(db)

    async def act(index: int) -> None:
        try:
            async with hotline.work(ME) as work:
                for step in range(sizes[index]):
                    work.record(SessionResumed(session_id=index * 10 + step))
                    await asyncio.sleep(0)
                if index in undone:
                    raise RuntimeError("undone")
        except RuntimeError:
            pass

    wanted = sum(size for index, size in enumerate(sizes) if index not in undone)
    writing = asyncio.gather(*(act(index) for index in range(len(sizes))))
    heard: list[Entry] = []
    visits = iter(leaves_after * 60)
    async with asyncio.timeout(30):
        while len(heard) < wanted:
            async with feed.subscribe(cursor) as subscription:
                assert not subscription.fresh
                with suppress(Lagged):  # its room is small: it comes back from where it was
                    for _ in range(min(next(visits), wanted - len(heard))):
                        heard.append(await anext(subscription))
                cursor = subscription.cursor
    await writing
    assert [entry.cursor for entry in heard] == sorted({entry.cursor for entry in heard})
    expected = {i * 10 + s for i, size in enumerate(sizes) if i not in undone for s in range(size)}
    assert {number(entry) for entry in heard} == expected
    assert len(heard) == len(expected)


async def until_told(hotline: Hotline, feed: Feed, count: int) -> None:
    """Wait until the feed itself has read `count` entries."""
    async with hotline.read() as db:
        end = (await journal.entries(db, journal.START, limit=count))[-1].cursor
    await until(lambda: feed.position is not None and feed.position >= end)
