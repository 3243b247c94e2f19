"""A switch with a crowd on it: a real Asterisk's manager port, and beside its channels invented ones.

Stands between our line and the real port. What concerns an invented phone or leg is answered here, with
the events that Asterisk would send; everything else goes through, and lists are told with both in them.
"""

import asyncio
import random
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

BANNER = b"Asterisk Call Manager/11.0.0\r\n"
# List actions that have invented items too, with the event that ends each list.
LISTS = {"CoreShowChannels": "CoreShowChannelsComplete", "DeviceStateList": "DeviceStateListComplete"}


@dataclass
class Channel:
    """One invented channel. after: what its dialplan does next when it is up."""

    unique_id: str
    phone: str
    linked_id: str
    room: str | None = None
    application: str = "AGI"
    data: str = ""
    up: bool = True
    variables: dict[str, str] = field(default_factory=dict)


class CrowdSwitch:
    """real_port: where the real switch listens, asked when we are connected to. invented: whether a phone
    (PJSIP/…) is one of the crowd. answers_s: after how long such a phone answers; None: it rings in vain.
    moved: told of every invented channel that goes on elsewhere or ends.
    """

    def __init__(
        self,
        real_port: Callable[[], int],
        *,
        invented: Callable[[str], bool],
        answers_s: Callable[[], float | None],
        phones: list[str],
        moved: Callable[[str], None] = lambda _unique_id: None,
    ) -> None:
        self.port = 0
        self.channels: dict[str, Channel] = {}
        self._real_port = real_port
        self._invented = invented
        self._answers_s = answers_s
        self._phones = phones
        self._moved = moved
        self._ours: asyncio.StreamWriter | None = None
        self._real: asyncio.StreamWriter | None = None
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._open_lists: dict[str, str] = {}  # action id to the list's last event

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._line, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._server:
            self._server.close()

    # --- the crowd's callers ------------------------------------------------------------------------------

    def arrives(self, linked_id: str) -> None:
        """An invented caller is on the line, and waits."""
        self.channels[linked_id] = Channel(linked_id, f"PJSIP/trunk-{linked_id}", linked_id)
        self._tell("Newchannel", self._named(self.channels[linked_id]))

    def leaves(self, unique_id: str, cause: int = 16) -> None:
        """An invented channel hangs up."""
        gone = self.channels.pop(unique_id, None)
        if gone is None:
            return
        self._moved(unique_id)
        if gone.room:
            self._tell("ConfbridgeLeave", {"Conference": gone.room, **self._named(gone)})
        self._tell("Hangup", {**self._named(gone), "Cause": str(cause)})
        if gone.room == gone.unique_id:  # the marked one: whoever is with them is put out
            for other in [one for one in self.channels.values() if one.room == gone.unique_id]:
                self.leaves(other.unique_id)

    # --- the wire -------------------------------------------------------------------------------------------

    async def _line(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        real_reader, self._real = await asyncio.open_connection("127.0.0.1", self._real_port())
        self._ours = writer
        await real_reader.readline()
        writer.write(BANNER)
        down = asyncio.create_task(self._down(real_reader, writer))
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                raw = await reader.readuntil(b"\r\n\r\n")
                self._action(raw)
        down.cancel()
        self._real.close()

    async def _down(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                raw = await reader.readuntil(b"\r\n\r\n")
                fields = _fields(raw)
                ends = self._open_lists.get(fields.get("ActionID", ""))
                if ends and fields.get("Event") == ends:
                    del self._open_lists[fields["ActionID"]]
                    self._add_to_list(ends, fields["ActionID"])
                writer.write(raw)
                await writer.drain()

    def _action(self, raw: bytes) -> None:
        fields, action = _fields(raw), ""
        action = fields.get("Action", "")
        if action in LISTS and "ActionID" in fields:
            self._open_lists[fields["ActionID"]] = LISTS[action]
        channel = fields.get("Channel", "")
        if action == "Originate" and self._invented(channel):
            self._reply(fields, "Success", "Originate successfully queued")
            self._begin(fields, _variables(raw))
        elif channel in self.channels:
            self._obey(action, fields)
        else:
            assert self._real
            self._real.write(raw)

    def _obey(self, action: str, fields: Mapping[str, str]) -> None:
        channel = self.channels[fields["Channel"]]
        self._reply(fields, "Success", "")
        if action == "Hangup":
            self.leaves(channel.unique_id)
        elif action == "Redirect":
            self._go_on(channel, fields.get("Context", ""), fields.get("Exten", ""))

    def _begin(self, fields: Mapping[str, str], variables: dict[str, str]) -> None:
        leg = Channel(
            fields["ChannelId"], fields["Channel"], fields["ChannelId"], up=False, variables=variables
        )
        self.channels[leg.unique_id] = leg
        self._tell("Newchannel", self._named(leg))
        after = self._answers_s()
        if after is not None:
            self._soon(after, lambda: self._answered(leg, fields["Context"], fields["Exten"]))

    def _answered(self, leg: Channel, context: str, exten: str) -> None:
        if leg.unique_id not in self.channels:
            return
        leg.up = True
        self._tell("OriginateResponse", {"ActionID": leg.unique_id, "Response": "Success",
                                         "Uniqueid": leg.unique_id})  # fmt: skip
        self._go_on(leg, context, exten)

    def _go_on(self, channel: Channel, context: str, exten: str) -> None:
        """What the dialplan does at this place."""
        self._moved(channel.unique_id)
        room = channel.variables.get("HOTLINE_ROOM", channel.unique_id)
        if channel.room:
            self._tell("ConfbridgeLeave", {"Conference": channel.room, **self._named(channel)})
            channel.room = None
        if context == "desk" and exten == "take":
            self._fetch(channel.variables.get("HOTLINE_CALLER", ""))
        if (context, exten) in (("desk", "take"), ("desk", "join"), ("room", "s"), ("third", "join")):
            channel.room, channel.application, channel.data = room, "ConfBridge", f"{room},hotline"
            self._tell("ConfbridgeJoin", {"Conference": room, **self._named(channel)})
        elif exten == "aside":
            channel.application, channel.data = "Wait", "3600"
        elif context == "farewell":
            channel.application = "Playback"
            self._soon(0.5, lambda: self.leaves(channel.unique_id))
        elif context == "waiting":
            channel.application, channel.data = "AGI", ""

    def _fetch(self, caller: str) -> None:
        """ChannelRedirect: the caller, invented or real, into the room."""
        if caller in self.channels:
            self._go_on(self.channels[caller], "room", "s")
        elif self._real:
            self._real.write(
                _written({"Action": "Redirect", "ActionID": f"crowd-{random.random()}", "Channel": caller,
                          "Context": "room", "Exten": "s", "Priority": "1"})
            )  # fmt: skip

    def _add_to_list(self, ends: str, action_id: str) -> None:
        if ends == LISTS["CoreShowChannels"]:
            for one in self.channels.values():
                self._tell("CoreShowChannel", {
                    "ActionID": action_id, **self._named(one), "ChannelState": "6" if one.up else "5",
                    "Application": one.application, "ApplicationData": one.data,
                })  # fmt: skip
        else:
            for phone in self._phones:
                self._tell("DeviceStateChange", {
                    "ActionID": action_id, "Device": f"PJSIP/{phone}", "State": "NOT_INUSE"
                })  # fmt: skip

    def _named(self, channel: Channel) -> dict[str, str]:
        return {
            "Channel": channel.phone, "Uniqueid": channel.unique_id, "Linkedid": channel.linked_id,
            "CallerIDNum": "", "Exten": "",
        }  # fmt: skip

    def _reply(self, fields: Mapping[str, str], response: str, message: str) -> None:
        self._write({"Response": response, "ActionID": fields.get("ActionID", ""), "Message": message})

    def _tell(self, event: str, fields: Mapping[str, str]) -> None:
        self._write({"Event": event, **fields})

    def _write(self, fields: Mapping[str, str]) -> None:
        if self._ours and not self._ours.is_closing():
            self._ours.write(_written(fields))

    def _soon(self, after_s: float, act: Callable[[], None]) -> None:
        async def later() -> None:
            await asyncio.sleep(after_s)
            act()

        task = asyncio.create_task(later())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _fields(raw: bytes) -> dict[str, str]:
    return dict(line.split(": ", 1) for line in raw.decode(errors="replace").split("\r\n") if ": " in line)


def _variables(raw: bytes) -> dict[str, str]:
    """An action's Variable fields, which come once for each."""
    found = {}
    for line in raw.decode(errors="replace").split("\r\n"):
        if line.startswith("Variable: "):
            name, _, value = line.removeprefix("Variable: ").partition("=")
            found[name] = value
    return found


def _written(fields: Mapping[str, str]) -> bytes:
    return "".join(f"{name}: {value}\r\n" for name, value in fields.items()).encode() + b"\r\n"
