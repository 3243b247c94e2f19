"""Asterisk's side of the two wires, over real sockets: one AGI call, and a manager port."""

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

Fields = Mapping[str, str]
_NAME = re.compile(r"\$\{(\w+)\}")


class GoneAway(Exception):
    """Raised by a caller's script: hang up here."""


def hang_up() -> str:
    raise GoneAway


def headers(script: str = "reception", **more: str) -> dict[str, str]:
    """What Asterisk sends first."""
    return {
        "agi_network": "yes",
        "agi_network_script": script,
        "agi_request": f"agi://127.0.0.1/{script}",
        "agi_channel": "PJSIP/trunk-00000001",
        "agi_language": "zh",
        "agi_uniqueid": "hotline-1.0",
        "agi_callerid": "13800000000",
        "agi_extension": "12320",
        "agi_arg_1": "hotline-1.0",
        "agi_arg_2": "12320",
    } | more


def written(fields: Fields, encoding: str = "utf-8") -> bytes:
    return "".join(f"{name}: {value}\n" for name, value in fields.items()).encode(encoding) + b"\n"


@dataclass
class AgiLine:
    """A raw AGI connection: what Asterisk would write, byte by byte."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def command(self) -> str:
        """The script's next command, '' when it is over."""
        return (await self.reader.readline()).decode().rstrip("\n")

    async def answer(self, text: str) -> str:
        """Wait for a command, answer it with these lines, return the command."""
        command = await self.command()
        await self.write(text + "\n")
        return command

    async def write(self, text: str) -> None:
        self.writer.write(text.encode())
        await self.writer.drain()

    def close(self) -> None:
        self.writer.close()


@asynccontextmanager
async def agi_line(port: int, first: bytes | None = None) -> Any:
    """A connection to a FastAGI server that has sent its headers."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(written(headers()) if first is None else first)
    try:
        yield AgiLine(reader, writer)
    finally:
        writer.close()


@dataclass
class AgiCaller:
    """A caller behind a simulated Asterisk.

    while_playing: keys pressed during a sound, given its path ('' lets it play out).
    while_waiting: the key pressed when the script waits, '' for none in all that time.
    while_recording: the key that ends a message of two seconds, '' for a silence.
    between: keys pressed after a command was answered and before the next arrives.
    too_soon_ms: in a wait of just so long nobody presses anything.
    Each may call hang_up().
    """

    while_playing: Callable[[str], str] = lambda _stem: ""
    while_waiting: Callable[[], str] = lambda: ""
    while_recording: Callable[[], str] = lambda: "#"
    between: Callable[[str], str] = lambda _command: ""
    missing: frozenset[str] = frozenset()
    too_soon_ms: int | None = None
    played: list[str] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=lambda: {"HOTLINE_NEXT": "fallback"})
    hung: bool = False

    async def call(self, port: int, script: str = "reception", **more: str) -> None:
        """Place the call and return when the script is over."""
        async with agi_line(port, written(headers(script, **more))) as line:
            while command := await line.command():
                self.commands.append(command)
                try:
                    reply = self._reply(command)
                    self._press(self.between(command))
                except GoneAway:
                    self.hung = True
                    await line.write(f"200 result=-1{self._heard(command)}\nHANGUP\n")
                    continue
                if command.startswith("WAIT") and reply == "200 result=0":
                    await asyncio.sleep(int(command.split()[-1]) / 1000)
                await line.write(reply + "\n")

    def _press(self, keys: str) -> None:
        self.variables["HOTLINE_KEYS"] = self.variables.get("HOTLINE_KEYS", "") + keys

    @staticmethod
    def _heard(command: str) -> str:
        return " endpos=4000" if command.startswith(("STREAM", "RECORD")) else ""

    def _reply(self, command: str) -> str:
        words = [quoted or plain for quoted, plain in re.findall(r'"([^"]*)"|(\S+)', command)]
        if self.hung and not command.startswith(("GET", "SET VARIABLE")):
            return "511 Command Not Permitted on a dead channel or intercept routine"
        match words:
            case ["STREAM", "FILE", stem, *_]:
                return self._stream(stem, command)
            case ["EXEC", "Background" | "Exec", what]:
                return self._unless_keyed(what) if what.startswith("ExecIf") else self._background(what)
            case ["GET", "FULL", "VARIABLE", expression]:
                return f"200 result=1 ({_NAME.sub(lambda name: self.variables.get(name[1], ''), expression)})"
            case ["WAIT", "FOR", "DIGIT", milliseconds]:
                key = "" if int(milliseconds) == self.too_soon_ms else self.while_waiting()
                self._press(key)
                return f"200 result={ord(key[0]) if key else 0}"
            case ["GET", "VARIABLE", name]:
                value = self.variables.get(name)
                return "200 result=0" if value is None else f"200 result=1 ({value})"
            case ["SET", "VARIABLE", name, *value]:
                self.variables[name] = value[0] if value else ""
                return "200 result=1"
            case ["CHANNEL", "STATUS"]:
                return "200 result=6"
            case ["RECORD", "FILE", *_]:
                key = self.while_recording()
                return (
                    f"200 result={ord(key)} (dtmf) endpos=16000" if key else "200 result=0 (timeout) endpos=0"
                )
            case ["EXEC", *_] | ["SET", "MUSIC", *_]:
                return "200 result=0"
            case ["HANGUP"]:
                self.hung = True
                return "200 result=1"
        return "510 Invalid or unknown command"

    def _stream(self, stem: str, command: str) -> str:
        if stem in self.missing:
            return "200 result=-1 endpos=0"
        self.played.append(stem)
        keys = self.while_playing(stem)
        self._press(keys)
        stops = keys and '""' not in command
        return f"200 result={ord(keys[0])} endpos=4000" if stops else "200 result=0 endpos=8000"

    def _unless_keyed(self, execution: str) -> str:
        """What Exec makes of ExecIf: nothing for a caller who has pressed more keys than we know of."""
        asked = re.fullmatch(
            r"ExecIf\(\$\[\$\{LEN\(\$\{HOTLINE_KEYS\}\)\} > (\d+)\]\?Set\((\w+)=(\w+)\):"
            r"(Background|Read)\((.*)\)\)",
            execution,
        )
        assert asked, execution
        if len(self.variables.get("HOTLINE_KEYS", "")) > int(asked[1]):
            self.variables[asked[2]] = asked[3]
            return "200 result=0"
        return self._background(asked[5]) if asked[4] == "Background" else self._read(*asked[5].split(","))

    def _read(self, name: str, sounds: str, most: str, options: str, attempts: str, seconds: str = "") -> str:
        """Several keys by one command, which returns none of them; the first may stop its sounds."""
        assert (options, attempts) == ("", "1")
        assert seconds or "TIMEOUT(digit)" in self.variables
        pressed = ""
        for stem in filter(None, sounds.split("&")):
            self.played.append(stem)
            if pressed := self.while_playing(stem):
                break
        digits, status = "", "TIMEOUT"
        while status == "TIMEOUT" and (key := pressed[:1] or self.while_waiting()):
            pressed = pressed[1:]
            self._press(key)
            digits += key.removeprefix("#")
            status = "OK" if key == "#" or len(digits) == int(most) else status
        self._press(pressed)
        self.variables |= {name: digits, "READSTATUS": status}
        return "200 result=0"

    def _background(self, sounds: str) -> str:
        """Several sounds by one command: it tells which key stopped them, and not where."""
        stems, _, options = sounds.partition(",")
        self.variables["BACKGROUNDSTATUS"] = "SUCCESS"
        for stem in stems.split("&"):
            if stem in self.missing:
                self.variables["BACKGROUNDSTATUS"] = "FAILED"
                break
            self.played.append(stem)
            keys = self.while_playing(stem)
            self._press(keys)
            if keys and "p" not in options:
                return f"200 result={ord(keys[0])}"
        return "200 result=0"


# --- the manager port ---------------------------------------------------------------------------------

Answer = Callable[[Fields], str | bytes | None]


def block(**fields: str) -> str:
    return "".join(f"{name}: {value}\r\n" for name, value in fields.items()) + "\r\n"


def success(fields: Fields, message: str = "ok", **more: str) -> str:
    return block(Response="Success", ActionID=fields.get("ActionID", ""), Message=message, **more)


def empty_list(name: str) -> Answer:
    def answer(fields: Fields) -> str:
        start = block(
            Response="Success", ActionID=fields["ActionID"], EventList="start", Message=f"{name} will follow"
        )
        end = block(Event=f"{name}Complete", ActionID=fields["ActionID"], EventList="Complete", ListItems="0")
        return start + end

    return answer


class FakeAmi:
    """A manager port that answers as told. `answers`: by action in lower case; None keeps silent."""

    def __init__(self, **answers: Answer) -> None:
        self.actions: list[dict[str, str]] = []
        self.connections = 0
        self.writers: list[asyncio.StreamWriter] = []
        self.answers: dict[str, Answer] = {
            "login": lambda f: (
                success(f, "Authentication accepted") + block(Event="FullyBooted", Status="on")
            ),
            "ping": lambda f: success(f, Ping="Pong"),
            "coreshowchannels": empty_list("CoreShowChannels"),
            "queuestatus": empty_list("QueueStatus"),
        } | answers

    async def __aenter__(self) -> "FakeAmi":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self.drop()

    def names(self) -> list[str]:
        return [action["Action"] for action in self.actions]

    def send(self, data: str | bytes) -> None:
        """Write to the newest connection."""
        self.writers[-1].write(data if isinstance(data, bytes) else data.encode())

    def drop(self) -> None:
        """Break every connection."""
        for writer in self.writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.writers.append(writer)
        writer.write(b"Asterisk Call Manager/11.0.0\r\n")
        try:
            while True:
                raw = await reader.readuntil(b"\r\n\r\n")
                fields = dict(self._pairs(raw.decode()))
                if "Action" not in fields:
                    continue
                self.actions.append(fields)
                answer = self.answers.get(fields["Action"].lower())
                reply = success(fields) if answer is None else answer(fields)
                if reply is not None:
                    writer.write(reply if isinstance(reply, bytes) else reply.encode())
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    @staticmethod
    def _pairs(text: str) -> Iterator[tuple[str, str]]:
        for line in text.strip().split("\r\n"):
            name, _, value = line.partition(": ")
            yield name, value
