"""The wall as it changes: each part whole, when it is another than before."""

import asyncio
import json
from contextlib import suppress

import structlog
from aiohttp import WSMsgType, web

from agent_desk.house import AGENT_HOUSE
from agent_desk.monitoring import MONITOR
from agent_desk.wall import PARTS, policy_of, told
from agent_desk.wall_seen import Seen
from agent_desk.wall_words import parts
from core.contact.measure_rules import Policy
from core.errors import Refusal
from core.http.access import needs, recheck
from core.values import Actor

log = structlog.get_logger()

# A wall that hears nothing for so long is grey; it is told that all is as it was this often.
BEAT_S = 2.0
# Rights are looked at again this often: who loses them loses the wall.
RECHECK_S = 15.0


class Sockets(set[web.WebSocketResponse]):
    """The walls that are open."""


SOCKETS = web.AppKey("WALL_SOCKETS", Sockets)


@needs("wall", "supervise")
async def socket(request: web.Request) -> web.StreamResponse:
    """First every part, then those that change, and a beat. Nothing is heard from the page but its end.

    A page that takes nothing for a while is cut. One that is slow misses what lies between: it is told
    each part as it is, never as a difference.
    """
    by = await recheck(request)
    by.must_see(None)
    ws = web.WebSocketResponse(max_msg_size=1024, heartbeat=20)
    await ws.prepare(request)
    sockets = request.app[SOCKETS]
    sockets.add(ws)
    telling = asyncio.create_task(_tell(request, ws, by))
    try:
        async with request.app[MONITOR].watched():
            await asyncio.wait(
                [telling, hearing := asyncio.create_task(_hear(ws))], return_when=asyncio.FIRST_COMPLETED
            )
    finally:
        sockets.discard(ws)
        for task in (telling, hearing):
            task.cancel()
        await asyncio.gather(telling, hearing, return_exceptions=True)
        with suppress(Exception):
            await ws.close()
    return ws


async def _hear(ws: web.WebSocketResponse) -> None:
    async for message in ws:
        if message.type is not WSMsgType.TEXT:
            return


async def _tell(request: web.Request, ws: web.WebSocketResponse, by: Actor) -> None:
    monitor, policy = request.app[MONITOR], policy_of(request.query)
    loop = asyncio.get_running_loop()
    before: dict[str, object] = {}
    checked_s = beat_s = loop.time()
    while not ws.closed:
        if loop.time() - checked_s > RECHECK_S:
            try:
                by = await recheck(request)
                socket.access.check(by)  # type: ignore[attr-defined] # declared above
                by.must_see(None)
            except Refusal:
                return
            checked_s = loop.time()
        seen = await monitor.look(policy)
        now = parts(seen)
        changed = [name for name in PARTS if name not in before or before[name] != now[name]]
        if changed or loop.time() - beat_s >= BEAT_S:
            kind = "changed" if before else "snapshot"
            html = {name: told(request, name, seen, by, policy) for name in changed}
            if not await _say(request, ws, {kind: html}, seen, policy):
                return
            before, beat_s = now, loop.time()
        await monitor.turned()


async def _say(
    request: web.Request, ws: web.WebSocketResponse, what: dict[str, object], seen: Seen, policy: Policy
) -> bool:
    """False when the page is gone, or takes nothing."""
    house = request.app[AGENT_HOUSE]
    message = {
        **what,
        "cursor": str(seen.cursor),
        "now": house.hotline.clock.now().isoformat(),
        "as_of": seen.as_of.isoformat(),
    }
    try:
        async with asyncio.timeout(house.manners.stuck_s):
            await ws.send_str(json.dumps(message, ensure_ascii=False))
    except (TimeoutError, ConnectionError) as error:
        if isinstance(error, TimeoutError):
            log.info("a wall took nothing and was cut")
        if request.transport is not None:
            request.transport.abort()
        return False
    return True


def start(app: web.Application) -> None:
    """At shutdown open walls are closed, so that nobody waits for them."""
    sockets = Sockets()
    app[SOCKETS] = sockets

    async def close(_app: web.Application) -> None:
        for ws in list(sockets):
            with suppress(Exception):
                await ws.close(code=1001)

    app.on_shutdown.append(close)


routes = [web.get("/wall/socket", socket, name="wall-socket")]
