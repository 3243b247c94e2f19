"""The switch over AMI: events in, actions out; reconnect and resync. One of panoramisk's two doors.

The library parses the wire. Connecting, logging in, waiting, pinging and giving up are ours: each
connection is a fresh `_Line`, so that nothing of a lost one (actions, timers, half a character)
reaches the next.
"""

import asyncio
import codecs
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

import structlog
from panoramisk import Manager
from panoramisk.ami_protocol import AMIProtocol

from core.ports import Chance, Clock, OutsideError
from ivr.backoff import Backoff
from ivr.switch_events import Fields, Lost, Resynced, Snapshot, SwitchEvent, read_event, read_snapshot

log = structlog.get_logger()

Value = str | int | Sequence[str]
OnUnknown = Callable[[datetime, datetime], Awaitable[None]]

BOOT_S = 60  # from a login to FullyBooted: modules may still be loading
# A switch that stalls closes nothing. It is asked this often whether it is there, and missed when nothing at
# all has come since for so long: together within five seconds of its last word.
PING_S = 1.5
SILENT_S = 3.0


class AmiDown(OutsideError):
    """There is no line to the switch, or it broke before the answer came; whether it was done is unknown."""


class AmiSilent(OutsideError):
    """The switch did not answer in time; whether it was done is unknown."""


class AmiSaidNo(OutsideError):
    """The switch refused the action."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=True)


class AmiState(StrEnum):
    DOWN = "down"
    SILENT = "silent"  # the connection is there, and nothing comes: the switch hangs, or what lies between
    UP = "up"
    REFUSED = "refused"  # the password is wrong: trying again helps only when somebody changes it
    CLOSED = "closed"


class Ami:
    """A line to the switch that mends itself.

    events: everything that happened, in order; after every Lost comes a Resynced with a full
    snapshot, also after more than `room` events were left unread. on_unknown: awaited after each
    loss with the interval nobody saw. told: called with every change of state.
    """

    def __init__(
        self,
        port: int,
        username: str,
        secret: str,
        *,
        clock: Clock,
        chance: Chance,
        host: str = "127.0.0.1",
        on_unknown: OnUnknown | None = None,
        told: Callable[[AmiState], None] = lambda _state: None,
        answer_s: float = 5.0,
        ping_s: float = PING_S,
        silent_s: float = SILENT_S,
        backoff: Backoff | None = None,
        room: int = 10_000,
    ) -> None:
        self.events: asyncio.Queue[SwitchEvent] = asyncio.Queue()
        self.state = AmiState.DOWN
        self._where = (host, port)
        self._login = {"username": username, "secret": secret, "events": "on"}
        self._clock = clock
        self._on_unknown = on_unknown
        self._told = told
        self._answer_s = answer_s
        self._ping_s = ping_s
        self._silent_s = silent_s
        self._backoff = backoff or Backoff(chance, first_s=0.5, most_s=4)
        self._room = room
        self._line: _Line | None = None
        self._up = asyncio.Event()
        self._last_sign: datetime | None = None  # of life, since the first login
        self._seen_s = asyncio.get_running_loop().time()  # until when our picture of the switch was true
        self._why = ""  # there is no line, as last logged
        self._task: asyncio.Task[None] | None = None

    @property
    def missed_within_s(self) -> float:
        """After so many seconds without a word a switch is missed."""
        return self._ping_s + self._silent_s

    @property
    def age_s(self) -> float:
        """How old our picture of the switch is, in seconds: since anything was heard that completes it.

        Without a line it grows until the next snapshot is in; before the first, since this object was made.
        """
        if self._line is not None:
            self._seen_s = self._line.heard_s
        return asyncio.get_running_loop().time() - self._seen_s

    async def start(self) -> None:
        """Begin to connect; `until_up` waits for it."""
        self._task = asyncio.create_task(self._keep_connected(), name="ami")

    async def until_up(self) -> None:
        """Return when the line is up and the snapshot is in `events`."""
        await self._up.wait()

    async def stop(self) -> None:
        """Close the line for good."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        self._become(AmiState.CLOSED)

    async def act(self, action: str, **fields: Value) -> Fields:
        """Do one thing and return the switch's answer.

        Sent now or never: an action is not kept for later, nor sent twice. Raises AmiDown, AmiSilent,
        AmiSaidNo, and ValueError for a value that would end its line.
        """
        return await self._of(self._line).act(action, fields)

    async def ask_list(self, action: str, **fields: Value) -> list[Fields]:
        """The items of an answer that is a list. Raises like `act`."""
        return await self._of(self._line).ask_list(action, fields)

    @staticmethod
    def _of(line: "_Line | None") -> "_Line":
        if line is None:
            raise AmiDown("no line to the switch")
        return line

    async def _keep_connected(self) -> None:
        while True:
            state = AmiState.DOWN
            try:
                await self._session()
            except AmiSaidNo as error:
                state = AmiState.REFUSED
                self._log(f"login refused: {error}")
            except (OutsideError, OSError, TimeoutError) as error:
                if isinstance(error, AmiSilent):
                    state = AmiState.SILENT
                self._log(str(error) or type(error).__name__)
            self._become(state)
            await asyncio.sleep(self._backoff.next_s())

    def _log(self, why: str) -> None:
        """Once for each reason, however often it is tried again."""
        if why != self._why:
            self._why = why
            log.warning("no line to the switch", why=why)

    async def _session(self) -> None:
        """One connection from its first byte to its loss. Always ends by an exception."""
        held: list[SwitchEvent] = []  # what happens while the snapshot is taken comes after it
        line = _Line(held.append, self._answer_s)
        try:
            await line.open(*self._where)
            await line.act("Login", self._login)
            await line.booted()
            snapshot = await self._snapshot(line)
            await self._back(line, snapshot, held)
            while True:
                await line.until_lost(self._ping_s)
                await line.beat(self._silent_s)
                self._last_sign = self._clock.now()
        finally:
            line.close()
            if self._line is line:
                self._seen_s = line.heard_s
                self._line = None
                self._up.clear()
                self.events.put_nowait(Lost(self._last_sign or self._clock.now()))

    async def _snapshot(self, line: "_Line") -> Snapshot:
        channels = await line.ask_list("CoreShowChannels", {})
        return read_snapshot(channels, await line.ask_list("QueueStatus", {}))

    async def _back(self, line: "_Line", snapshot: Snapshot, held: list[SwitchEvent]) -> None:
        now, since = self._clock.now(), self._last_sign
        unknown = (since, now) if since else None
        if unknown and self._on_unknown:
            try:
                await self._on_unknown(*unknown)
            except Exception:  # a border: the line is more than one listener
                log.exception("noting an unknown interval failed")
        self.events.put_nowait(Resynced(snapshot, unknown))
        for event in held:
            self.events.put_nowait(event)
        self._last_sign = now
        self._line = line
        line.heard = self._heard
        self._backoff.reset()
        self._why = ""
        self._up.set()
        self._become(AmiState.UP)

    def _heard(self, event: SwitchEvent) -> None:
        self._last_sign = self._clock.now()
        if self.events.qsize() >= self._room:
            # Nobody reads. Better to know nothing and say so than to eat the memory.
            while not self.events.empty():
                self.events.get_nowait()
            if self._line:
                self._line.lose("events were not read")
            return
        self.events.put_nowait(event)

    def _become(self, state: AmiState) -> None:
        if state is not self.state:
            self.state = state
            try:
                self._told(state)
            except Exception:  # a border, as above
                log.exception("telling the line's state failed")


class _Protocol(AMIProtocol):  # type: ignore[misc]  # the library has no types
    """The library's parser, given whole characters only, and deaf to nobody's mistakes."""

    encoding = "utf8"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def data_received(self, data: bytes) -> None:
        if self.factory is not None:
            self.factory.heard_s = self.factory.loop.time()
        text = self._decoder.decode(data)
        if text:
            super().data_received(text.encode())

    def handle_message(self, message: Any) -> None:
        try:
            super().handle_message(message)
        except Exception:  # a border: one odd message must not cost the line
            log.exception("a message of the switch was not understood")


class _Line(Manager):  # type: ignore[misc]  # the library has no types
    """One connection. It is lost once, and never comes back by itself."""

    def __init__(self, heard: Callable[[SwitchEvent], None], answer_s: float) -> None:
        loop = asyncio.get_running_loop()
        super().__init__(loop=loop, protocol_factory=_Protocol)
        self.heard = heard
        self.heard_s = loop.time()  # when anything came last, on the loop's clock
        self._answer_s = answer_s
        self._booted = asyncio.Event()
        self._lost: asyncio.Future[str] = loop.create_future()

    async def open(self, host: str, port: int) -> None:
        async with asyncio.timeout(self._answer_s):
            made = await self.loop.create_connection(_Protocol, host, port)
        done = self.loop.create_future()
        done.set_result(made)
        self.connection_made(done)

    async def booted(self) -> None:
        await self._unless_lost(asyncio.ensure_future(self._booted.wait()), BOOT_S)

    async def act(self, action: str, fields: Mapping[str, Value]) -> Fields:
        # The library's own guess at what is a list waits for ever on QueueAdd and breaks on Atxfer.
        reply = await self._send(action, fields, as_list=False)
        if not reply.success:
            raise AmiSaidNo(f"{action}: {reply.message}")
        return _fields(reply)

    async def ask_list(self, action: str, fields: Mapping[str, Value]) -> list[Fields]:
        reply = await self._send(action, fields, as_list=None)
        if not isinstance(reply, list):
            if not reply.success:
                raise AmiSaidNo(f"{action}: {reply.message}")
            return []
        return [_fields(item) for item in reply[1:-1]]

    async def beat(self, silent_s: float) -> None:
        """Ask the switch whether it is there, and return when it says so.

        Raises AmiSilent when nothing at all comes for silent_s; else like `act`. While we ourselves stand
        still no time passes for the switch: what came meanwhile is read before it is judged.
        """
        asked_s = self.loop.time()
        answer = asyncio.ensure_future(self.act("Ping", {}))
        try:
            while not answer.done():
                left_s = max(asked_s, self.heard_s) + silent_s - self.loop.time()
                if left_s <= 0:
                    raise AmiSilent(f"nothing was heard for {silent_s} s")
                await asyncio.wait({answer}, timeout=left_s)
        finally:
            answer.cancel()  # nothing happens to what is done
        answer.result()

    async def until_lost(self, within_s: float) -> None:
        """Return after within_s. Raises AmiDown as soon as the line is lost."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                raise AmiDown(await asyncio.shield(self._lost))

    def lose(self, why: str) -> None:
        """Give the line up."""
        if not self._lost.done():
            self._lost.set_result(why)

    def close(self) -> None:
        self.lose("closed by us")
        if self.protocol:
            self.protocol.responses.clear()  # nothing of it is sent again
            self.protocol.transport.abort()  # nor what a peer that does not read has left with us
        super().close()

    async def _send(self, action: str, fields: Mapping[str, Value], *, as_list: bool | None) -> Any:
        _refuse_line_breaks(action, fields)
        if self._lost.done():
            raise AmiDown(self._lost.result())
        answer = self.send_action({"Action": action, **fields}, as_list=as_list)
        try:
            return await self._unless_lost(answer, self._answer_s)
        except AmiSilent as error:
            raise AmiSilent(f"{action}: no answer within {self._answer_s} s") from error
        finally:
            open_ones = self.protocol.responses
            for key in [key for key, sent in open_ones.items() if sent.future is answer]:
                del open_ones[key]

    async def _unless_lost(self, awaited: asyncio.Future[Any], within_s: float) -> Any:
        try:
            done, _ = await asyncio.wait(
                {awaited, self._lost}, timeout=within_s, return_when=asyncio.FIRST_COMPLETED
            )
            if awaited in done:
                return awaited.result()
        finally:
            awaited.cancel()  # nothing happens to what is done
        if self._lost.done():
            raise AmiDown(self._lost.result())
        raise AmiSilent(f"no answer within {within_s} s")

    # --- what the library calls -------------------------------------------------------------------

    def dispatch(self, event: Any) -> None:
        if event.event == "FullyBooted":
            self._booted.set()
        told = read_event(event.event, _fields(event))
        if told is not None:
            self.heard(told)

    def connection_lost(self, why: object) -> None:
        self.lose("Asterisk shut down" if hasattr(why, "event") else f"connection lost: {why or 'closed'}")

    def ping(self) -> None:
        """Ours waits for the answer; the library's does not."""


def _fields(message: Any) -> Fields:
    """Plain texts by name in lower case; of a repeated field the last."""
    return {
        key.lower(): str(value[-1] if isinstance(value, list) else value) for key, value in message.items()
    }


def _refuse_line_breaks(action: str, fields: Mapping[str, Value]) -> None:
    """A line break in a value would be a field, or an action, of somebody else's choosing."""
    for name, value in {"Action": action, **fields}.items():
        for text in [value] if isinstance(value, str | int) else value:
            if any(character in f"{name}{text}" for character in "\r\n\0"):
                raise ValueError(f"line break in the field {name if name.isidentifier() else 'name'}")
