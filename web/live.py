"""The journal for a page that is open: which lists have changed, as server-sent events.

A message names lists, never what is in them; the page then fetches those lists. So nothing personal
is streamed, many events make one message, and whoever has missed something just fetches all.
"""

import asyncio
from collections.abc import Iterable
from contextlib import suppress

from aiohttp import web

from core.feed import Lagged, Subscription
from core.http.access import everybody
from core.journal import Cursor, Entry
from web.house import HOUSE, StreamLimits

LISTS = ("calls", "appointments", "texts")
_LIST_OF = {
    "interaction": "calls",
    "callback": "calls",
    "switch": "calls",
    "appointment": "appointments",
    "text": "texts",
}

STREAMS = web.AppKey("STREAMS", set[asyncio.Task[None]])


def lists_of(kinds: Iterable[str]) -> list[str]:
    """The lists that events of these kinds change, in the order of LISTS."""
    changed = {_LIST_OF.get(kind.partition(".")[0]) for kind in kinds}
    return [name for name in LISTS if name in changed]


@everybody
async def events(request: web.Request) -> web.StreamResponse:
    """Changes after the page's cursor: `Last-Event-ID` when it comes back, `since` at first."""
    house, streams = request.app[HOUSE], request.app[STREAMS]
    if not house.demo:
        raise web.HTTPNotFound
    if len(streams) >= house.streams.most:
        raise web.HTTPServiceUnavailable(headers={"Retry-After": "30"})
    task = asyncio.current_task()
    assert task is not None
    streams.add(task)
    try:
        since = _cursor(request.headers.get("Last-Event-ID") or request.query.get("since", ""))
        async with house.feed.subscribe(since) as subscription:
            response = web.StreamResponse(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
            response.content_type = "text/event-stream"
            await response.prepare(request)
            with suppress(Lagged, ConnectionResetError, TimeoutError):  # the page comes back by itself
                await _tell(response, subscription, house.streams)
            return response
    finally:
        streams.discard(task)


async def _tell(response: web.StreamResponse, subscription: Subscription, limits: StreamLimits) -> None:
    async def write(data: bytes) -> None:
        async with asyncio.timeout(limits.stuck_s):
            await response.write(data)

    await write(b"retry: 2000\n\n")
    if subscription.fresh:
        await write(message(subscription.cursor, LISTS))
    while True:
        entries = await _some(subscription, limits)
        if not entries:
            await write(b": still here\n\n")
        elif changed := lists_of(entry.event.kind for entry in entries):
            await write(message(entries[-1].cursor, changed))


async def _some(subscription: Subscription, limits: StreamLimits) -> list[Entry]:
    """The next entry and those close behind it; none when nothing happens for a heartbeat."""
    entries: list[Entry] = []
    with suppress(TimeoutError):
        async with asyncio.timeout(limits.heartbeat_s):
            entries.append(await anext(subscription))
        async with asyncio.timeout(limits.gather_s):
            while True:
                entries.append(await anext(subscription))
    return entries


def message(cursor: Cursor, changed: Iterable[str]) -> bytes:
    """id: cursor, event: changed, data: the lists, separated by blanks."""
    return f"id: {cursor}\nevent: changed\ndata: {' '.join(changed)}\n\n".encode()


def _cursor(written: str) -> Cursor | None:
    try:
        return Cursor.read(written)
    except ValueError:
        return None


async def end_streams(app: web.Application) -> None:
    """At shutdown: open streams would otherwise keep the server waiting for their end."""
    streams = app[STREAMS]
    for task in list(streams):
        task.cancel()


routes = [web.get("/live/events", events, name="live-events")]
