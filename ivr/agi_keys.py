"""The keys of one real call: listened for, fetched, and each counted once.

They come from two sides: commands return those that are pressed while they listen, and the dialplan's
StoreDTMF appends every key of the call to HOTLINE_KEYS, since Asterisk throws away keys that are pressed
between two commands of a script, and a person who knows the menu presses there. `ivr.told_keys` makes one
of both.
"""

import asyncio
from collections.abc import Sequence

from ivr.agi_commands import SOUND_S, Commands, key_of
from ivr.agi_request import ANSWER_S
from ivr.call import Pace
from ivr.keys import Entry, Keys
from ivr.told_keys import ToldKeys

KEYED = "KEYED"  # the status of a command that did nothing: keys had come before it
_READ_STATUS, _READ = "READSTATUS", "HOTLINE_READ"
# Asterisk gives back what it put off 45 ms after the key before (AST_MIN_DTMF_GAP), and looks every 20 ms.
GIVEN_BACK_MS = 80


class AgiKeys:
    """waiting: pressed and not used. pressed_at: when we heard of the last one that no sound has answered, on
    the loop's clock."""

    def __init__(self, commands: Commands) -> None:
        self._commands = commands
        self.waiting = Keys()
        self._told = ToldKeys()
        self.pressed_at: float | None = None
        self._paced: Pace | None = None  # what the switch was told

    def unless_keyed(self, status: str, otherwise: str) -> str:
        """A command that does nothing but say so when keys have come that we do not know of."""
        new = f"$[${{LEN(${{HOTLINE_KEYS}})}} > {self._told.seen}]"
        return f'EXEC Exec "ExecIf({new}?Set({status}={KEYED}):{otherwise})"'

    async def asked(self, sounds: Sequence[str], digits: int, pace: Pace) -> bool:
        """Play sounds and collect so many keys by one command: no gap between any two of them.

        Returns whether it did: not when keys came before it.
        """
        if self._paced != pace:
            self._paced = pace
            await self._commands.do(f"SET VARIABLE TIMEOUT(response) {pace.first_s:g}")
            await self._commands.do(f"SET VARIABLE TIMEOUT(digit) {pace.next_s:g}")
        collecting = f"Read({_READ},{'&'.join(sounds)},{digits},,1)"
        return await self._collect(collecting, digits, SOUND_S + digits * pace.first_s)

    async def for_entry(self, entry: Entry, pace: Pace) -> bool:
        """Wait for an entry's next key, or for all others when it has begun; False: none came in time."""
        if not entry.answer:
            return await self.within(pace.first_s)
        collecting = f"Read({_READ},,{entry.lacks},,1,{pace.next_s:g})"
        listened = False
        while not (self.waiting or listened):
            listened = await self._collect(collecting, entry.lacks, entry.lacks * pace.next_s + ANSWER_S)
        return bool(self.waiting)

    async def within(self, seconds: float) -> bool:
        """Wait for one key; False: none came in time."""
        clock = asyncio.get_running_loop().time
        until = clock() + seconds
        while not self.waiting:
            left_ms = int((until - clock()) * 1000)
            if left_ms <= 0:
                return False
            key = key_of(await self._commands.do(f"WAIT FOR DIGIT {left_ms}", left_ms / 1000 + ANSWER_S))
            if not (key and self.is_next(key)):
                await self.heard(key)
        return True

    async def _collect(self, collecting: str, digits: int, most_s: float) -> bool:
        await self._commands.do(self.unless_keyed(_READ_STATUS, collecting), most_s)
        told_at = asyncio.get_running_loop().time()
        appended, (status, *collected) = await self._appended(_READ_STATUS, _READ)
        if status == KEYED:
            self._press(self._told.more(appended), told_at)
        elif status in ("OK", "TIMEOUT"):
            got = "".join(collected)
            ended = status == "OK" and len(got) < digits
            self._press(self._told.read(got, appended, ended=ended), told_at)
        else:
            await self._commands.why_not("read keys")
        await self._settle()
        return status != KEYED

    def is_next(self, key: str) -> bool:
        """Whether a command's key may be taken at its word; then it is."""
        if self._told.owed:
            return False
        self._press(self._told.took(key), asyncio.get_running_loop().time())
        return True

    async def heard(self, key: str, beside: str = "", *, listened: bool = False) -> str:
        """Take what was pressed. key: what a command returned. beside: a variable; returns its value.

        listened: what came, came while a command listened that no key stops.
        """
        told_at = asyncio.get_running_loop().time()
        appended, told = await self._appended(*[beside] if beside else [])
        if key:
            self._press(self._told.gave(key, appended), told_at)
        else:
            self._press(self._told.more(appended, listened=listened), told_at)
        await self._settle()
        return "".join(told)

    async def forget(self) -> None:
        """What was pressed so far was meant for something else."""
        self._told.more((await self._appended())[0])
        self._told.settled()
        self.waiting.forget()

    async def _settle(self) -> None:
        """Keys came while nobody listened: hear which of them are given back, lest they count twice."""
        while self._told.unsure:
            key = key_of(await self._commands.do(f"WAIT FOR DIGIT {GIVEN_BACK_MS}"))
            told_at = asyncio.get_running_loop().time()
            appended, _ = await self._appended()
            if key:
                self._press(self._told.gave(key, appended, settling=True), told_at)
            elif new := self._told.more(appended):
                self._press(new, told_at)
            else:
                self._told.settled()

    async def _appended(self, *beside: str) -> tuple[str, list[str]]:
        """All of HOTLINE_KEYS, and the values of other variables, none of which has a blank in it."""
        if not beside:
            return (await self._commands.do("GET VARIABLE HOTLINE_KEYS")).note, []
        asked = " ".join(f"${{{name}}}" for name in ("HOTLINE_KEYS", *beside))
        keys, *values = (await self._commands.do(f'GET FULL VARIABLE "{asked}"')).note.split(" ")
        return keys, values

    def _press(self, keys: str, told_at: float) -> None:
        if keys:
            self.waiting.press(keys)
            self.pressed_at = told_at
