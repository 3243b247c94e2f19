"""A real call over FastAGI: the verbs of `Call` in commands of Asterisk.

Keys come from two sides: commands return those that are pressed while they listen, and the dialplan's
StoreDTMF appends every key of the call to HOTLINE_KEYS, since Asterisk throws away keys that are pressed
between two commands of a script, and a person who knows the menu presses there. `ivr.told_keys` makes one of
both. A whole question is one command where it can be, and the rest of a number another: fewer gaps for keys
to fall into, and less work. The switch itself sees whether there are more keys than we know of, and then
neither plays nor listens. The key that stops what it plays is therefore the next one, and nothing need be
fetched, as long as commands have returned every key before it.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

from ivr.agi_request import ANSWER_S, AgiError, Reply, Request
from ivr.call import NEWS_S, NORMAL, HungUp, News, Pace, Prompt, Recording, Track
from ivr.keys import Entry, Keys
from ivr.together import reached, together
from ivr.told_keys import ToldKeys

Sounds = Callable[[Prompt, Track], Awaitable[list[str]]]
OnStep = Callable[[str, str], None]
Answered = Callable[[float], object]

SOUND_S = 300.0  # longer than any sound of ours
ALL_KEYS = "0123456789*#"
SILENCE_S = 3
MUSIC = "calm"  # of dialplans/musiconhold.conf.j2
SAMPLES_PER_S = 8000
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_NUMBER = re.compile(r"\+?[0-9]+")
_UP = "6"  # CHANNEL STATUS of a line that is up
_STATUS, _READ_STATUS, _READ, _KEYED = "BACKGROUNDSTATUS", "READSTATUS", "HOTLINE_READ", "KEYED"
# Asterisk gives back what it put off 45 ms after the key before (AST_MIN_DTMF_GAP), and looks every 20 ms.
GIVEN_BACK_MS = 80


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
        self._told = ToldKeys()
        self._pressed_at: float | None = None  # when we heard of the last key that no sound has answered
        self._paced: Pace | None = None  # what the switch was told

    async def say(self, *prompts: Prompt, barge: bool = True) -> None:
        if not (barge and self._keys):
            await self._play(await self._stems(prompts), barge=barge)

    async def ask(
        self,
        *prompts: Prompt,
        digits: int = 1,
        secret: bool = False,
        star: bool = False,
        leading_zero: bool = False,
    ) -> str:
        entry = Entry(digits, star=star, leading_zero=leading_zero)
        if not await self._asked_at_once(prompts, entry):
            self._keys.fill(entry)
            while not entry.complete and await self._key_for(entry):
                self._keys.fill(entry)
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
            self._told.more((await self._appended())[0])
            self._told.settled()
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

    async def _stems(self, prompts: Sequence[Prompt]) -> list[str]:
        track = Track(self.language, self.pace.slow)
        stems = [stem for prompt in prompts for stem in await self._sounds(prompt, track)]
        for prompt in prompts:
            self.on_step("said", prompt.name)
        return stems

    async def _asked_at_once(self, prompts: Sequence[Prompt], entry: Entry) -> bool:
        """Play prompts; returns whether the entry is over already.

        Sounds and keys are one command where no key has a meaning of its own: no gap between any two of them.
        """
        if self._keys:
            return False
        stems = await self._stems(prompts)
        if not (entry.plain and stems and together(stems) == len(stems)):
            await self._play(stems, barge=True)
            return False
        if self._paced != self.pace:
            self._paced = self.pace
            await self._do(f"SET VARIABLE TIMEOUT(response) {self.pace.first_s:g}")
            await self._do(f"SET VARIABLE TIMEOUT(digit) {self.pace.next_s:g}")
        self._sound_begins()
        listened = await self._read(entry.lacks, sounds=stems)
        self._keys.fill(entry)
        return listened

    def _sound_begins(self) -> None:
        if self._pressed_at is not None:
            self._answered(asyncio.get_running_loop().time() - self._pressed_at)
            self._pressed_at = None

    async def _next(self, step: str) -> None:
        await self._do(f"SET VARIABLE HOTLINE_NEXT {_quoted(step)}")

    async def _play(self, stems: Sequence[str], *, barge: bool) -> None:
        """Play sounds one after the other, until a key stops them; none for who has pressed one meanwhile."""
        clock = asyncio.get_running_loop().time
        place = heard = 0
        while place < len(stems):
            self._sound_begins()
            count = 0 if heard else together(stems[place:])
            going, began = stems[place : place + count], clock()
            if going:
                reply, skipped = await self._play_together(going, barge=barge)
            else:
                reply, skipped = await self._play_alone(stems[place], heard, barge=barge)
            if barge and self._keys:
                return
            # The key that stopped it may have been used already: then it goes on from there.
            if skipped:
                continue
            if reply.result == "0":
                place, heard = place + max(1, count), 0
            elif going:
                passed, heard = reached(going, clock() - began)
                place += passed
            else:
                heard = reply.endpos

    async def _play_alone(self, stem: str, heard: int, *, barge: bool) -> tuple[Reply, bool]:
        await self._heard("")
        if barge and self._keys:
            return Reply("0", "", 0), True
        reply = await self._do(f'STREAM FILE {_quoted(stem)} "{ALL_KEYS if barge else ""}" {heard}', SOUND_S)
        await self._heard(_key(reply), listened=not barge)
        return reply, False

    async def _play_together(self, stems: Sequence[str], *, barge: bool) -> tuple[Reply, bool]:
        """Returns too whether they were skipped, for a key that came before them."""
        sounds = "&".join(stems)
        if barge:
            command = self._unless_keyed(_STATUS, f"Background({sounds})")
        else:
            command = f'EXEC Background "{sounds},p"'
        reply = await self._do(command, SOUND_S)
        if (key := _key(reply)) and self._is_next(key):
            return reply, False
        status = await self._heard(key, _STATUS, listened=not barge)
        if status not in ("SUCCESS", _KEYED):
            await self._why_not(f"play {sounds}")
        return reply, status == _KEYED

    def _unless_keyed(self, status: str, otherwise: str) -> str:
        """A command that does nothing but say so when keys have come that we do not know of."""
        new = f"$[${{LEN(${{HOTLINE_KEYS}})}} > {self._told.seen}]"
        return f'EXEC Exec "ExecIf({new}?Set({status}={_KEYED}):{otherwise})"'

    async def _key_for(self, entry: Entry) -> bool:
        """Wait for an entry's next key, or, when it has begun, for all the others."""
        if not entry.answer:
            return await self._key_within(self.pace.first_s)
        listened = False
        while not (self._keys or listened):
            listened = await self._read(entry.lacks, self.pace.next_s)
        return bool(self._keys)

    async def _key_within(self, seconds: float) -> bool:
        clock = asyncio.get_running_loop().time
        until = clock() + seconds
        while not self._keys:
            left_ms = int((until - clock()) * 1000)
            if left_ms <= 0:
                return False
            key = _key(await self._do(f"WAIT FOR DIGIT {left_ms}", left_ms / 1000 + ANSWER_S))
            if not (key and self._is_next(key)):
                await self._heard(key)
        return True

    async def _read(self, digits: int, within_s: float | None = None, sounds: Sequence[str] = ()) -> bool:
        """Collect so many keys by one command, each within so long of the one before.

        within_s: None is the pace that the switch was told. Returns whether it listened: not when keys came
        before it.
        """
        most_s = SOUND_S + digits * self.pace.first_s if within_s is None else digits * within_s + ANSWER_S
        read = f"Read({_READ},{'&'.join(sounds)},{digits},,1{'' if within_s is None else f',{within_s:g}'})"
        await self._do(self._unless_keyed(_READ_STATUS, read), most_s)
        told_at = asyncio.get_running_loop().time()
        appended, (status, *collected) = await self._appended(_READ_STATUS, _READ)
        if status == _KEYED:
            self._press(self._told.more(appended), told_at)
        elif status in ("OK", "TIMEOUT"):
            got = "".join(collected)
            ended = status == "OK" and len(got) < digits
            self._press(self._told.read(got, appended, ended=ended), told_at)
        else:
            await self._why_not("read keys")
        await self._settle()
        return status != _KEYED

    def _is_next(self, key: str) -> bool:
        """Whether a command's key may be taken at its word; then it is."""
        if self._told.owed:
            return False
        self._press(self._told.took(key), asyncio.get_running_loop().time())
        return True

    async def _heard(self, key: str, beside: str = "", *, listened: bool = False) -> str:
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

    async def _settle(self) -> None:
        """Keys came while nobody listened: hear which of them are given back, lest they count twice."""
        while self._told.unsure:
            key = _key(await self._do(f"WAIT FOR DIGIT {GIVEN_BACK_MS}"))
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
            return (await self._do("GET VARIABLE HOTLINE_KEYS")).note, []
        asked = " ".join(f"${{{name}}}" for name in ("HOTLINE_KEYS", *beside))
        keys, *values = (await self._do(f'GET FULL VARIABLE "{asked}"')).note.split(" ")
        return keys, values

    def _press(self, keys: str, told_at: float) -> None:
        if keys:
            self._keys.press(keys)
            self._pressed_at = told_at

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


def _key(reply: Reply) -> str:
    """The key that ended a command, '' when none did."""
    return "" if reply.result == "0" else chr(int(reply.result))


def _caller(header: str) -> str | None:
    return header if _NUMBER.fullmatch(header) else None


def _quoted(value: str | Path) -> str:
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'
