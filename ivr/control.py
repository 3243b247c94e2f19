"""What we make the switch do with a call's legs: ring, move, drop, spy, record. Over any line to it."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from core.errors import CallGone, SwitchAway
from ivr.ami import AmiDown, AmiSaidNo, AmiSilent, Value
from ivr.switch_events import Fields

RING_S = 20
# The name of whoever calls a phone in a page that was asked for.
ASKED_FOR = "asked-for"


class Line(Protocol):
    """As `ivr.ami.Ami`: one action, sent now or never."""

    async def act(self, action: str, **fields: Value) -> Fields: ...
    async def ask_list(self, action: str, **fields: Value) -> list[Fields]: ...


class Control:
    """Raises SwitchAway when there is no line, CallGone when the leg is not there any more."""

    def __init__(self, line: Line) -> None:
        self._line = line

    async def ring(
        self,
        phone: str,
        leg: str,
        *,
        context: str,
        exten: str,
        variables: Mapping[str, str],
        caller: str = "",
        asked_for: bool = False,
        within_s: int = RING_S,
    ) -> None:
        """Call a phone (PJSIP/…) as the leg of this name; answered, it goes on at context and exten.

        asked_for: the phone in a page takes it by itself (agent_desk/static/desk/phone.js).

        Returns at once: what becomes of it comes as events, a refusal as OriginateEnded with action id `leg`.
        """
        fields: dict[str, Value] = {
            "ActionID": leg,
            "Channel": phone,
            "ChannelId": leg,
            "Context": context,
            "Exten": exten,
            "Priority": "1",
            "Timeout": str(within_s * 1000),
            "Async": "true",
            "Variable": [f"{name}={value}" for name, value in variables.items()],
        }
        if caller or asked_for:
            fields["CallerID"] = f'"{ASKED_FOR}" <{caller}>' if asked_for else f"<{caller}>"
        await self._act("Originate", **fields)

    async def move(self, leg: str, context: str, exten: str = "s") -> None:
        """Let a leg go on elsewhere in the dialplan."""
        await self._act("Redirect", Channel=leg, Context=context, Exten=exten, Priority="1")

    async def drop(self, leg: str) -> None:
        """End a leg; one that is gone already is no matter."""
        with suppress(CallGone):
            await self._act("Hangup", Channel=leg)

    async def press(self, leg: str, keys: str) -> None:
        """Send keys to the party at the other end of a leg."""
        for key in keys:
            await self._act("PlayDTMF", Channel=leg, Digit=key, Duration="120")

    async def record(self, leg: str, folder: Path, key: str) -> None:
        """Record a caller's leg: the mix, what it says (rx) and what it hears (tx)."""
        stem = folder / key
        await self._act(
            "MixMonitor", Channel=leg, File=f"{stem}.wav", Options=f"r({stem}-rx.wav)t({stem}-tx.wav)"
        )

    async def mute(self, leg: str, *, on: bool) -> None:
        """Put silence into the recording, or sound again."""
        await self._act("MixMonitorMute", Channel=leg, Direction="both", State="1" if on else "0")

    async def channels(self) -> list[Fields]:
        """Every channel there is, with what it runs."""
        try:
            return await self._line.ask_list("CoreShowChannels")
        except (AmiDown, AmiSilent) as error:
            raise SwitchAway from error

    async def phones(self) -> dict[str, str]:
        """Asterisk's state of each phone by its name: 'NOT_INUSE', 'INUSE', 'UNAVAILABLE', …"""
        try:
            rows = await self._line.ask_list("DeviceStateList")
        except (AmiDown, AmiSilent) as error:
            raise SwitchAway from error
        return {
            row["device"].removeprefix("PJSIP/"): row.get("state", "")
            for row in rows
            if row.get("device", "").startswith("PJSIP/")
        }

    async def _act(self, action: str, **fields: Value) -> None:
        try:
            await self._line.act(action, **fields)
        except (AmiDown, AmiSilent) as error:
            raise SwitchAway from error
        except AmiSaidNo as error:
            raise CallGone(facts={"action": action}) from error
