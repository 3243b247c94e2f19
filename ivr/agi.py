"""Call over FastAGI; every AGI failure becomes HungUp or a bug. One of panoramisk's two doors.

Keys come from the channel variable HOTLINE_KEYS, to which the dialplan's StoreDTMF appends every key
of the call. What a command returns only says that there is something to fetch: Asterisk throws away
keys that are pressed between two commands of a script, and a person who knows the menu presses there.
A whole question is therefore one command where it can be: fewer gaps for keys to fall into, and less work.
"""

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from panoramisk import fast_agi

from ivr.call import NEWS_S, NORMAL, HungUp, News, Prompt, Recording, Track
from ivr.keys import Entry, Keys
from ivr.together import reached, together

log = structlog.get_logger()

Sounds = Callable[[Prompt, Track], Awaitable[list[str]]]
OnStep = Callable[[str, str], None]
Route = Callable[["AgiCall"], Awaitable[None]]
Answered = Callable[[float], object]

HEADERS_S = 5.0
ANSWER_S = 20.0  # a command that only asks or sets
SOUND_S = 300.0  # longer than any sound of ours
ALL_KEYS = "0123456789*#"
SILENCE_S = 3
MUSIC = "calm"  # of dialplans/musiconhold.conf.j2
SAMPLES_PER_S = 8000
# Whoever pressed a key while a sound was being made, for so long, is asked for it before they hear the sound.
MADE_S = 0.05
# No telephone presses two keys within so long (tone and pause are 40 ms each, ITU-T Q.24): whoever has just
# told their keys is not asked for more.
JUST_S = 0.02

_REPLY = re.compile(r"200 result=(\S*)(?: \((.*)\))?(?: endpos=(\d+))?")
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_NUMBER = re.compile(r"\+?[0-9]+")
_UP = "6"  # CHANNEL STATUS of a line that is up


class AgiError(Exception):
    """The switch did not understand, or cannot play, what we asked: a bug of ours, never the caller's."""


@dataclass(frozen=True)
class Reply:
    """result: a number, a key's code, '-1'. note: what stood in brackets. endpos: samples heard."""

    result: str
    note: str
    endpos: int


class Request(fast_agi.Request):  # type: ignore[misc]  # the library has no types
    """The library's request behind a reader of ours: one command, its own answer, in time."""

    hung = False
    _late = False
    _until_s: float | None = None  # on the loop's clock: the answer that we wait for is due
    _watch: asyncio.TimerHandle | None = None

    async def send_command(self, command: str, within_s: float = ANSWER_S) -> Reply:
        """Send one command and return its answer, also when the caller hung up meanwhile (`hung`).

        Raises HungUp when there is no line any more, AgiError when Asterisk does not understand,
        ValueError for a line break.
        """
        if any(character in command for character in "\r\n\0"):
            raise ValueError("line break in an AGI command")
        try:
            self._due(within_s)
            self.writer.write(f"{command}\n".encode())
            await self.writer.drain()
            return self._read(command, await self._answer())
        except (ConnectionError, asyncio.IncompleteReadError):
            self.hung = True
            if self._late:
                log.warning("the switch does not answer a script", command=_verb(command))
            raise HungUp from None
        finally:
            self._until_s = None

    def _due(self, within_s: float) -> None:
        """Have an answer that is late end the waiting.

        One timer for all commands of a call: it looks again when it fires. One for each took a quarter of
        what a command costs.
        """
        loop = asyncio.get_running_loop()
        self._until_s = loop.time() + within_s
        if self._watch is None or self._watch.when() > self._until_s:
            self.done()
            self._watch = loop.call_later(min(within_s, ANSWER_S), self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        self._watch = None
        if self._until_s is None:
            return
        left_s = self._until_s - loop.time()
        if left_s <= 0:
            self._late = True
            self.writer.transport.abort()
        else:
            self._watch = loop.call_later(min(left_s, ANSWER_S), self._look, loop)

    def done(self) -> None:
        """No command follows."""
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None

    async def _answer(self) -> str:
        while True:
            line = await self._line()
            if line == "HANGUP":  # news, not an answer
                self.hung = True
            elif line.startswith("520-"):
                while not line.startswith("520 "):
                    line = await self._line()
                return line
            elif not line.startswith("100"):
                return line

    async def _line(self) -> str:
        raw: bytes = await self.reader.readuntil(b"\n")
        return raw.decode("utf-8", "replace").rstrip("\r\n")

    def _read(self, command: str, line: str) -> Reply:
        if line.startswith("511"):  # not permitted on a dead channel
            self.hung = True
            return Reply("-1", "", 0)
        found = _REPLY.fullmatch(line)
        if not found:
            raise AgiError(f"{_verb(command)}: {line[:120]}")
        return Reply(found[1], found[2] or "", int(found[3] or 0))


class AgiCall:
    """A real call. Implements ivr.call.Call."""

    language = "cmn"

    def __init__(
        self,
        request: Request,
        headers: Mapping[str, str],
        sounds: Sounds,
        messages: Path,
        answered: Answered = lambda _seconds: None,
    ) -> None:
        self.id = headers.get("agi_arg_1") or headers.get("agi_uniqueid", "")
        self.ani = _caller(headers.get("agi_callerid", ""))
        self.dnis = headers.get("agi_arg_2") or headers.get("agi_extension", "")
        self.pace = NORMAL
        self.on_step: OnStep = lambda _kind, _what: None  # a dialogue sets it; a secret entry is only counted
        self.given_away = False
        self._request = request
        self._sounds = sounds
        self._messages = messages
        self._answered = answered
        self._keys = Keys()
        self._seen = 0  # how much of HOTLINE_KEYS we have read
        self._read_at = float("-inf")  # when that was
        self._pressed_at: float | None = None  # when we heard of the last key that no sound has answered

    async def say(self, *prompts: Prompt, barge: bool = True) -> None:
        clock = asyncio.get_running_loop().time
        if clock() - self._read_at > JUST_S:
            await self._fetch_keys()
        if barge and self._keys:
            return
        began, track = clock(), Track(self.language, self.pace.slow)
        stems = [stem for prompt in prompts for stem in await self._sounds(prompt, track)]
        if clock() - began > MADE_S:
            await self._fetch_keys()
            if barge and self._keys:
                return
        for prompt in prompts:
            self.on_step("said", prompt.name)
        await self._play(stems, barge=barge)

    async def ask(
        self,
        *prompts: Prompt,
        digits: int = 1,
        secret: bool = False,
        star: bool = False,
        leading_zero: bool = False,
    ) -> str:
        await self.say(*prompts)
        entry = Entry(digits, star=star, leading_zero=leading_zero)
        self._keys.fill(entry)
        wait_s = self.pace.next_s if entry.answer else self.pace.first_s
        while not entry.complete and await self._key_within(wait_s):
            self._keys.fill(entry)
            wait_s = self.pace.next_s
        self.on_step("keys", f"{len(entry.answer)} keys" if secret else entry.answer)
        return entry.answer

    async def record(self, name: str, *, seconds: int) -> Recording:
        """As `Call.record`; who hangs up while speaking has left the message all the same."""
        if not _FILE_NAME.fullmatch(name):
            raise ValueError("a recording's name is letters, digits, '.', '_' and '-'")
        stem = self._messages / name
        reply = await self._command(
            f'RECORD FILE {_quoted(stem)} wav "#" {seconds * 1000} BEEP s={SILENCE_S}', seconds + SOUND_S
        )
        left = reply.note == "hangup" or self._request.hung
        if reply.result == "-1" and not left:
            await self._why_not(f"record {name}")
        if left and reply.endpos == 0:
            raise HungUp
        if not left:
            await self._fetch_keys()
            self._keys.forget()  # they are in the recording
        self.on_step("recorded", name)
        return Recording(f"{name}.wav", reply.endpos / SAMPLES_PER_S)

    async def wait(self, seconds: float) -> None:
        await self._do(f"EXEC Wait {seconds:.2f}", seconds + ANSWER_S)

    async def rest(self, seconds: float, news: News | None = None) -> str:
        await self._do(f"SET MUSIC ON {MUSIC}")
        try:
            left = seconds
            while not await self._key_within(min(left, NEWS_S) if news else left):
                left -= NEWS_S
                if news is None or left <= 0 or await news():
                    break
        finally:
            if not self._request.hung:
                await self._command("SET MUSIC OFF")
        entry = Entry(1)
        self._keys.fill(entry)
        return entry.answer

    async def transfer(self, target: str) -> None:
        await self._next(target)
        self.given_away = True
        self.on_step("given", target)

    async def hang_up(self) -> None:
        await self._next("")
        await self._command("HANGUP")
        self.given_away = self._request.hung = True

    async def finish(self) -> None:
        """The dialogue is over and the call was not given away: the dialplan may end it."""
        if not self.given_away:
            await self._next("")

    async def _next(self, step: str) -> None:
        await self._do(f"SET VARIABLE HOTLINE_NEXT {_quoted(step)}")

    async def _play(self, stems: Sequence[str], *, barge: bool) -> None:
        """Play sounds one after the other, until a key stops them."""
        clock = asyncio.get_running_loop().time
        place = heard = 0
        while place < len(stems):
            if self._pressed_at is not None:
                self._answered(clock() - self._pressed_at)
                self._pressed_at = None
            count = 1 if heard else together(stems[place:])
            began = clock()
            if count == 1:
                keys = ALL_KEYS if barge else ""
                reply = await self._do(f'STREAM FILE {_quoted(stems[place])} "{keys}" {heard}', SOUND_S)
                lasted = clock() - began
                await self._fetch_keys()
            else:
                sounds = "&".join(stems[place : place + count])
                reply = await self._do(f'EXEC Background "{sounds}{"" if barge else ",p"}"', SOUND_S)
                lasted = clock() - began
                await self._fetch_keys(after=sounds)
            if barge and self._keys:
                return
            # The key that stopped it may have been used already: then it goes on from there.
            if reply.result == "0":
                place, heard = place + count, 0
            elif count == 1:
                heard = reply.endpos
            else:
                passed, heard = reached(stems[place : place + count], lasted)
                place += passed

    async def _key_within(self, seconds: float) -> bool:
        clock = asyncio.get_running_loop().time
        until = clock() + seconds
        while not self._keys:
            left_ms = int((until - clock()) * 1000)
            if left_ms <= 0:
                return False
            await self._do(f"WAIT FOR DIGIT {left_ms}", left_ms / 1000 + ANSWER_S)
            await self._fetch_keys()
        return True

    async def _fetch_keys(self, after: str = "") -> None:
        """Take the keys that were pressed. after: several sounds, which may not have been there."""
        clock = asyncio.get_running_loop().time
        told_at = clock()
        if after:
            asked = 'GET FULL VARIABLE "${HOTLINE_KEYS} ${BACKGROUNDSTATUS}"'
            pressed, _, status = (await self._do(asked)).note.rpartition(" ")
            if status != "SUCCESS":
                await self._why_not(f"play {after}")
        else:
            pressed = (await self._do("GET VARIABLE HOTLINE_KEYS")).note
        self._read_at = clock()
        if len(pressed) > self._seen:
            self._pressed_at = told_at
        self._keys.press(pressed[self._seen :])
        self._seen = len(pressed)

    async def _do(self, command: str, within_s: float = ANSWER_S) -> Reply:
        """A command that worked. Raises HungUp, or AgiError when it failed while the caller is there."""
        reply = await self._command(command, within_s)
        if self._request.hung:
            raise HungUp
        if reply.result == "-1":
            await self._why_not(command)
        return reply

    async def _command(self, command: str, within_s: float = ANSWER_S) -> Reply:
        if self._request.hung:
            raise HungUp
        reply: Reply = await self._request.send_command(command, within_s)
        return reply

    async def _why_not(self, what: str) -> None:
        """-1 is a missing sound or a caller who left; only the channel knows which."""
        status = await self._command("CHANNEL STATUS")
        if self._request.hung or status.result != _UP:
            self._request.hung = True
            raise HungUp
        raise AgiError(f"failed while the caller is there, is the sound missing? {what}")


class AgiServer(fast_agi.Application):  # type: ignore[misc]  # the library has no types
    """Takes the switch's scripts on loopback: one coroutine of `routes` for each call.

    sounds: a prompt to the paths of its sound files, without extension. messages: the folder of
    recordings. languages: of the numbers that do not speak Mandarin. answered: told the seconds from a key to
    the sound that follows it, all that was decided and written between them included. A caller never pays for
    an exception of ours: it is logged, and the call goes to the queue.
    """

    def __init__(
        self,
        host: str,
        port: int,
        routes: Mapping[str, Route],
        *,
        sounds: Sounds,
        messages: Path,
        languages: Mapping[str, str] | None = None,
        answered: Answered = lambda _seconds: None,
    ) -> None:
        super().__init__(loop=asyncio.get_running_loop())
        self._route.update(routes)  # the library's add_route wants a decorator that is gone
        self._where = (host, port)
        self._sounds = sounds
        self._messages = messages
        self._languages = languages or {}
        self._answered = answered
        self._server: asyncio.Server | None = None
        self._calls: set[asyncio.Task[Any]] = set()

    @property
    def port(self) -> int:
        assert self._server
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def calls(self) -> int:
        """How many scripts run now."""
        return len(self._calls)

    async def start(self) -> None:
        self._server = await asyncio.start_server(self.handler, *self._where)

    async def stop(self) -> None:
        """Take no more calls and end the running dialogues; the dialplan takes their callers over."""
        if self._server:
            self._server.close()
        for task in self._calls:
            task.cancel()
        await asyncio.gather(*self._calls, return_exceptions=True)

    async def handler(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of the switch, or of whoever else knocks."""
        task = asyncio.current_task()
        assert task
        self._calls.add(task)
        try:
            async with asyncio.timeout(HEADERS_S):
                raw = await reader.readuntil(b"\n\n")
            headers = dict(
                line.split(": ", 1) for line in raw.decode("utf-8", "replace").split("\n") if ": " in line
            )
            request = Request(self, headers, reader, writer)
            try:
                await self._serve(headers, request)
            finally:
                request.done()
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError, ConnectionError):
            log.info("a connection that is no script was closed")
        finally:
            self._calls.discard(task)
            if writer.transport.get_write_buffer_size():  # closed politely, a peer that reads nothing stays
                writer.transport.abort()
            else:
                writer.close()

    async def _serve(self, headers: Mapping[str, str], request: Request) -> None:
        path = headers.get("agi_network_script", "").partition("?")[0]
        route = self._route.get(path)
        if route is None:
            log.error("the dialplan asks for a script that does not exist", route=path[:40])
            return
        call = AgiCall(request, headers, self._sounds, self._messages, self._answered)
        call.language = self._languages.get(call.dnis, call.language)
        try:
            await route(call)
            await call.finish()
        except HungUp:
            pass
        except Exception:  # a border: what failed is ours, the call is the caller's
            log.exception("a dialogue failed; its caller goes to the queue", route=path, call_id=call.id)
            with contextlib.suppress(HungUp, AgiError):
                await call.transfer("queue")


def _caller(header: str) -> str | None:
    return header if _NUMBER.fullmatch(header) else None


def _quoted(value: str | Path) -> str:
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _verb(command: str) -> str:
    """The command's name without what it carries."""
    return " ".join(word for word in command.split()[:3] if word.isalpha() and word.isupper())
