"""An open page hears which lists changed: once, soon, and again after it was away."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from aiohttp import ClientResponse

from core import journal
from core.events import (
    AppointmentMissed,
    Event,
    SessionResumed,
    SwitchLost,
    TextSent,
    event_kinds,
)
from core.feed import Feed, Subscription
from core.journal import Cursor
from core.values import system
from core.wake import Wake
from core.work import Hotline
from tests.pages import Open, call
from web import live
from web.house import StreamLimits

ME = system("test")
T = datetime(2026, 11, 23, tzinfo=UTC)
CALL = SwitchLost(since=T, until=T, calls_now=1)
VISIT = AppointmentMissed(appointment_id=1, person_id=1, counts=True, version=2)
TEXT = TextSent(text_id=1, text_kind="booked")
OTHER = SessionResumed(session_id=1)


async def happen(hotline: Hotline, *events: Event) -> None:
    async with hotline.work(ME) as work:
        for event in events:
            work.record(event)


async def next_line(answer: ClientResponse) -> bytes:
    line = await answer.content.readline()
    assert line, "the stream has ended"  # else it would be read for ever
    return line


async def heard(answer: ClientResponse) -> tuple[str, str]:
    """The next message: its id and its data."""
    fields: dict[str, str] = {}
    async with asyncio.timeout(20):
        while True:
            line = (await next_line(answer)).decode().rstrip("\n")
            if not line and "data" in fields:
                return fields["id"], fields["data"]
            name, _, value = line.partition(": ")
            fields[name] = value


async def end(hotline: Hotline) -> str:
    async with hotline.read() as db:
        return str(await journal.end(db))


@pytest.mark.parametrize(
    ("kinds", "changed"),
    [
        (["interaction.opened"], ["calls"]),
        (["callback.promised", "switch.unknown-interval"], ["calls"]),
        (["text.failed", "appointment.booked", "interaction.steps"], ["calls", "appointments", "texts"]),
        (["session.published", "rule.changed"], []),
    ],
)
def test_which_events_change_which_lists(kinds: list[str], changed: list[str]) -> None:
    assert live.lists_of(kinds) == changed
    assert set(kinds) <= set(event_kinds())


async def test_a_new_page_is_told_to_fetch_everything(open_pages: Open) -> None:
    answer = await (await open_pages()).get("/live/events")
    assert answer.content_type == "text/event-stream"
    assert (await heard(answer))[1] == "calls appointments texts"


async def test_events_that_come_together_are_told_as_one(open_pages: Open, hotline: Hotline) -> None:
    pages = await open_pages()
    answer = await pages.get("/live/events", params={"since": await end(hotline)})
    await happen(hotline, VISIT, CALL, VISIT, OTHER)
    cursor, changed = await heard(answer)
    assert (cursor, changed) == (await end(hotline), "calls appointments")


async def test_a_page_that_comes_back_hears_what_it_missed(open_pages: Open, hotline: Hotline) -> None:
    pages = await open_pages()
    first = await pages.get("/live/events", params={"since": await end(hotline)})
    await happen(hotline, CALL)
    cursor, _ = await heard(first)
    first.close()
    await happen(hotline, TEXT)
    again = await pages.get("/live/events", headers={"Last-Event-ID": cursor}, params={"since": "0.0"})
    assert (await heard(again))[1] == "texts"


@pytest.mark.parametrize("since", ["", "nonsense", "99.99999999"])
async def test_a_cursor_nobody_knows_means_everything(open_pages: Open, hotline: Hotline, since: str) -> None:
    await happen(hotline, CALL)
    answer = await (await open_pages()).get("/live/events", params={"since": since})
    assert (await heard(answer))[1] == "calls appointments texts"


async def test_nothing_of_the_event_itself_is_streamed(open_pages: Open, hotline: Hotline) -> None:
    answer = await (await open_pages()).get("/live/events", params={"since": await end(hotline)})
    await call(hotline, "10912345678")
    assert await heard(answer) == (await end(hotline), "calls")


class Noted(Feed):
    """Keeps those it has told, so that a test can tell them too much at once."""

    told: list[Subscription]

    @asynccontextmanager
    async def subscribe(self, since: Cursor | None = None) -> AsyncIterator[Subscription]:
        async with super().subscribe(since) as subscription:
            self.told.append(subscription)
            yield subscription


async def test_a_page_that_cannot_keep_up_is_let_go_and_loses_nothing(
    open_pages: Open, hotline: Hotline
) -> None:
    """More entries in one go than the subscriber has room for: the stream ends, the next one resumes."""
    feed = Noted(hotline, Wake(), room=8, poll_s=0.01)
    feed.told = []
    running = asyncio.create_task(feed.run())
    pages = await open_pages(feed=feed)
    since = await end(hotline)
    answer = await pages.get("/live/events", params={"since": since})
    await happen(hotline, *[TEXT] * 40)
    async with hotline.read() as db:
        entries = await journal.entries(db, Cursor.read(since), 40)
    assert not all(feed.told[0].offer(entry) for entry in entries)
    async with asyncio.timeout(20):
        while await answer.content.readline():
            pass
        while feed.position != entries[-1].cursor:  # noqa: ASYNC110 told, so that nothing comes too fast again
            await asyncio.sleep(0.01)
    again = await pages.get("/live/events", headers={"Last-Event-ID": since})
    assert (await heard(again))[1] == "texts"
    running.cancel()
    await asyncio.wait([running])


async def test_one_page_too_many_is_asked_to_look_by_itself(open_pages: Open) -> None:
    pages = await open_pages(streams=StreamLimits(most=1))
    await pages.get("/live/events")
    answer = await pages.get("/live/events")
    assert answer.status == 503
    assert answer.headers["Retry-After"]


async def test_a_silent_stream_shows_that_it_lives(open_pages: Open, hotline: Hotline) -> None:
    pages = await open_pages(streams=StreamLimits(heartbeat_s=0.01))
    answer = await pages.get("/live/events", params={"since": await end(hotline)})
    async with asyncio.timeout(20):
        while not (await next_line(answer)).startswith(b": still here"):
            pass


async def test_closing_the_house_ends_the_streams(open_pages: Open) -> None:
    pages = await open_pages()
    answer = await pages.get("/live/events")
    await heard(answer)
    async with asyncio.timeout(20):
        await pages.server.close()
