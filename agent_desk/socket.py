"""The desk socket: one page of one operator, told what changes, asked by commands."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any

import structlog
from aiohttp import WSCloseCode, web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agent_desk import (
    commands_booking,
    commands_calls,
    commands_looking,
    commands_matters,
    commands_outbound,
    commands_shift,
    commands_waiting,
)
from agent_desk.commands import BUSY, FAILURE, Command, Said, Seat, answer
from agent_desk.floor import FLOOR, Floor
from agent_desk.house import AGENT_HOUSE
from agent_desk.line import MOST_BYTES, Line, written
from agent_desk.open_desk import Desk
from core.errors import Refusal, StorageAway
from core.http.access import actor_of, needs, recheck
from core.http.refusals import sentence
from core.values import Actor, Channel

log = structlog.get_logger()

COMMANDS: Mapping[str, Command[Any]] = {
    **commands_shift.COMMANDS,
    **commands_calls.COMMANDS,
    **commands_booking.COMMANDS,
    **commands_looking.COMMANDS,
    **commands_matters.COMMANDS,
    **commands_outbound.COMMANDS,
    **commands_waiting.COMMANDS,
}

# Commands under way for one desk; a page that asks for more does not wait for answers.
MOST_RUNNING = 16
_PAGE = re.compile(r"[A-Za-z0-9_-]{8,40}")


class Message(BaseModel):
    """What a page says: a command, or that it is there."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: int = Field(default=0, ge=1, le=2**53)
    do: str = Field(default="", max_length=40)
    given: dict[str, Any] = Field(default_factory=dict, alias="with")
    pong: str | None = Field(default=None, max_length=40)


@needs("desk")
async def desk_socket(request: web.Request) -> web.StreamResponse:
    """Upgrade, tell everything, and stay until one side is gone."""
    page = request.query.get("page", "")
    if not _PAGE.fullmatch(page):
        raise web.HTTPBadRequest
    actor = at_the_phone(await actor_of(request))
    assert actor.staff_id is not None  # whoever has a function has an account
    house, floor = request.app[AGENT_HOUSE], request.app[FLOOR]
    ws = web.WebSocketResponse(max_msg_size=MOST_BYTES, compress=False, timeout=1.0)
    await ws.prepare(request)
    line = Line(request, ws, house.manners)
    desk = Desk(house, actor, actor.staff_id, page, line)
    if not floor.come(desk):
        await line.write()  # the good-bye; nothing it says is heard
        log.info("a desk is elsewhere", staff_id=desk.staff_id)
        await ws.close(code=WSCloseCode.GOING_AWAY)
        return ws
    talk = Talk(request, floor, desk)
    talking = [asyncio.create_task(one, name="desk") for one in (line.listen(talk.hear), line.write())]
    looking = [
        asyncio.create_task(one, name="desk")
        for one in (desk.keep(floor.common, floor.gaps), talk.stay_allowed())
    ]
    try:
        await asyncio.wait(talking, return_when=asyncio.FIRST_COMPLETED)
    finally:
        if line.cut_for is not None:
            floor.cuts.labels(line.cut_for).inc()
        floor.go(desk)
        desk.leave()
        for task in talking:
            task.cancel()
        await asyncio.gather(*talking, *looking, return_exceptions=True)
    log.info("a desk is gone", staff_id=desk.staff_id, cut_for=line.cut_for)
    await ws.close(code=WSCloseCode.GOING_AWAY)
    return ws


def at_the_phone(actor: Actor) -> Actor:
    """What an operator does at the desk is done for somebody on the telephone (R-011)."""
    return replace(actor, channel=Channel.PHONE)


class Talk:
    """Hears one page's commands and answers them, each once, in whatever order they are done."""

    def __init__(self, request: web.Request, floor: Floor, desk: Desk) -> None:
        self._request = request
        self._floor = floor
        self._desk = desk

    def hear(self, text: str) -> None:
        """One message of the page. Nonsense is answered, never obeyed."""
        try:
            message = Message.model_validate(json.loads(text))
        except (ValueError, ValidationError):
            self._say(0, {"no": {"code": "wrong-input", "words": "看不懂这条消息。", "facts": {}}})
            return
        if message.pong is not None:
            return
        if self._desk.running >= MOST_RUNNING:
            self._say(message.id, {"no": BUSY})
            return
        self._desk.running += 1
        command = COMMANDS.get(message.do)
        # What only asks may be asked again; its answers are long, and none of them is kept.
        number = message.id if command is not None and command.lane else None
        done = self._floor.answers.once(
            self._desk.staff_id, self._desk.page, number, lambda: self._do(command, message)
        )
        done.add_done_callback(lambda task: self._done(message.id, task))

    async def _do(self, command: Command[Any] | None, message: Message) -> Said:
        desk = self._desk
        try:
            if desk.doubted:
                await self.recheck()
        except Refusal as refusal:
            return {"no": {"code": refusal.code, "words": "您的登录已经结束，请重新登录。", "facts": {}}}
        except StorageAway as away:
            return {"no": {"code": away.code, "words": sentence(away), "facts": {}}}
        seat = Seat(desk.house, self._floor, desk.by, desk.staff_id, desk.page)
        return await answer(command, message.do, seat, message.id, message.given)

    def _done(self, number: int, task: asyncio.Task[Said]) -> None:
        self._desk.running -= 1
        if task.cancelled():
            return
        if error := task.exception():  # `answer` catches all; this is for what nobody thought of
            log.error("a command was not answered", exc_info=error)
        self._say(number, {"no": FAILURE} if error else task.result())

    def _say(self, number: int, said: Said) -> None:
        self._desk.line.say(written({"re": number, **said}))

    # --- rights, which may end before the socket does -------------------------------------------

    async def recheck(self) -> None:
        """The session and the functions as they are now; without them the desk is over."""
        self._desk.doubted = False
        try:
            actor = at_the_phone(await recheck(self._request))
            desk_socket.access.check(actor)  # type: ignore[attr-defined] # declared above
        except Refusal:
            self._desk.line.say_bye("signed-out")
            raise
        except StorageAway:
            self._desk.doubted = True  # nobody could say
            raise
        if actor.functions != self._desk.by.functions or actor.hospital_id != self._desk.by.hospital_id:
            self._desk.by = actor
            self._desk.resync()

    async def stay_allowed(self) -> None:
        """An open desk keeps its session awake, and ends with it: its last word is the good-bye."""
        while await self._desk.doubt(self._floor.house.manners.recheck_s):
            try:
                await self.recheck()
            except Refusal:
                pass
            except Exception:  # a border: the database is away; the next round asks again
                log.exception("rights could not be read anew", staff_id=self._desk.staff_id)


async def floor_of(app: web.Application) -> AsyncIterator[None]:
    """The desks of an application, from its start to its end."""
    floor = app[FLOOR]
    running = asyncio.create_task(floor.run(), name="desks")
    running.add_done_callback(_over)
    yield
    await floor.answers.settle()
    floor.end()
    await asyncio.gather(running, return_exceptions=True)


def _over(running: asyncio.Task[None]) -> None:
    """Every part of the floor stands by itself again; that one ended all the same must not be silent."""
    if not running.cancelled() and running.exception():
        log.error("the floor of desks has ended", exc_info=running.exception())


async def close_desks(app: web.Application) -> None:
    await app[FLOOR].close()


def start(app: web.Application) -> None:
    """Called once by agent_desk.app.mount."""
    app[FLOOR] = Floor(app[AGENT_HOUSE])
    app.cleanup_ctx.append(floor_of)
    app.on_shutdown.append(close_desks)


routes = [web.get("/desk/socket", desk_socket, name="desk-socket")]
