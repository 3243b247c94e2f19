"""A real call over FastAGI: the verbs of `Call` in commands of Asterisk.

A whole question is one command where it can be, and a number another (`ivr.agi_keys`): fewer gaps for keys to
fall into, and less work. The switch itself sees whether there are more keys than we know of, and then neither
plays nor listens. The key that stops what it plays is therefore the next one, and nothing need be fetched, as
long as commands have returned every key before it.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

from ivr.agi_commands import SOUND_S, Commands, key_of
from ivr.agi_keys import KEYED, AgiKeys
from ivr.agi_request import ANSWER_S, Reply, Request
from ivr.call import NEWS_S, NORMAL, HungUp, News, Prompt, Recording, Track
from ivr.keys import Entry
from ivr.together import reached, together

Sounds = Callable[[Prompt, Track], Awaitable[list[str]]]
OnStep = Callable[[str, str], None]
Answered = Callable[[float], object]

ALL_KEYS = "0123456789*#"
SILENCE_S = 3
MUSIC = "calm"  # of dialplans/musiconhold.conf.j2
SAMPLES_PER_S = 8000
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_NUMBER = re.compile(r"\+?[0-9]+")
_STATUS = "BACKGROUNDSTATUS"


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
        self._commands = Commands(request)
        self._keys = AgiKeys(self._commands)
        self._sounds = sounds
        self._messages = messages
        self._answered = answered

    async def say(self, *prompts: Prompt, barge: bool = True) -> None:
        if not (barge and self._keys.waiting):
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
            self._keys.waiting.fill(entry)
            while not entry.complete and await self._keys.for_entry(entry, self.pace):
                self._keys.waiting.fill(entry)
        self.on_step("keys", f"{len(entry.answer)} keys" if secret else entry.answer)
        return entry.answer

    async def record(self, name: str, *, seconds: int) -> Recording:
        """As `Call.record`; who hangs up while speaking has left the message all the same."""
        if not _FILE_NAME.fullmatch(name):
            raise ValueError("a recording's name is letters, digits, '.', '_' and '-'")
        stem = self._messages / name
        reply = await self._commands.send(
            f'RECORD FILE {_quoted(stem)} wav "#" {seconds * 1000} BEEP s={SILENCE_S}', seconds + SOUND_S
        )
        left = reply.note == "hangup" or self._commands.hung
        if reply.result == "-1" and not left:
            await self._commands.why_not(f"record {name}")
        if left and reply.endpos == 0:
            raise HungUp
        if not left:
            await self._keys.forget()  # they are in the recording
        self.on_step("recorded", name)
        return Recording(f"{name}.wav", reply.endpos / SAMPLES_PER_S)

    async def wait(self, seconds: float) -> None:
        await self._commands.do(f"EXEC Wait {seconds:.2f}", seconds + ANSWER_S)

    async def rest(self, seconds: float, news: News | None = None) -> str:
        await self._commands.do(f"SET MUSIC ON {MUSIC}")
        try:
            left = seconds
            while not await self._keys.within(min(left, NEWS_S) if news else left):
                left -= NEWS_S
                if news is None or left <= 0 or await news():
                    break
        finally:
            if not self._commands.hung:
                await self._commands.send("SET MUSIC OFF")
        entry = Entry(1)
        self._keys.waiting.fill(entry)
        return entry.answer

    async def transfer(self, target: str) -> None:
        await self._next(target)
        self.given_away = True
        self.on_step("given", target)

    async def hang_up(self) -> None:
        await self._next("")
        await self._commands.send("HANGUP")
        self._commands.hang()
        self.given_away = True

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
        if self._keys.waiting:
            return False
        stems = await self._stems(prompts)
        if not (entry.plain and stems and together(stems) == len(stems)):
            await self._play(stems, barge=True)
            return False
        self._sound_begins()
        listened = await self._keys.asked(stems, entry.lacks, self.pace)
        self._keys.waiting.fill(entry)
        return listened

    def _sound_begins(self) -> None:
        if self._keys.pressed_at is not None:
            self._answered(asyncio.get_running_loop().time() - self._keys.pressed_at)
            self._keys.pressed_at = None

    async def _next(self, step: str) -> None:
        await self._commands.do(f"SET VARIABLE HOTLINE_NEXT {_quoted(step)}")

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
            if barge and self._keys.waiting:
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
        await self._keys.heard("")
        if barge and self._keys.waiting:
            return Reply("0", "", 0), True
        reply = await self._commands.do(
            f'STREAM FILE {_quoted(stem)} "{ALL_KEYS if barge else ""}" {heard}', SOUND_S
        )
        await self._keys.heard(key_of(reply), listened=not barge)
        return reply, False

    async def _play_together(self, stems: Sequence[str], *, barge: bool) -> tuple[Reply, bool]:
        """Returns too whether they were skipped, for a key that came before them."""
        sounds = "&".join(stems)
        if barge:
            command = self._keys.unless_keyed(_STATUS, f"Background({sounds})")
        else:
            command = f'EXEC Background "{sounds},p"'
        reply = await self._commands.do(command, SOUND_S)
        if (key := key_of(reply)) and self._keys.is_next(key):
            return reply, False
        status = await self._keys.heard(key, _STATUS, listened=not barge)
        if status not in ("SUCCESS", KEYED):
            await self._commands.why_not(f"play {sounds}")
        return reply, status == KEYED


def _caller(header: str) -> str | None:
    return header if _NUMBER.fullmatch(header) else None


def _quoted(value: str | Path) -> str:
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'
