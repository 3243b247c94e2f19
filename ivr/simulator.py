"""A telephone in the terminal: sentences are printed, keys are typed. Implements ivr.call.Call."""

import asyncio
import os
import termios
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from ivr.call import NORMAL, HungUp, News, Prompt, Recording
from ivr.keys import Entry, Keys
from ivr.prompts import Catalogue

KEYS = "0123456789*#"
SILENCE = "."  # said in a script: wait until the time-out
HANG_UP = "qQ\x04"  # q, or Ctrl-D
ENTER = "\r\n"


class Typing:
    """What is typed, one character at a time; None when nothing more will come.

    A terminal is read as it is typed on; a pipe as a script, at once and without waiting.
    """

    def __init__(self, source: TextIO) -> None:
        self._source = source
        self.scripted = not source.isatty()
        self._typed: asyncio.Queue[str | None] = asyncio.Queue()

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take single keys from the terminal, and give it back as it was."""
        if self.scripted:
            for character in self._source.read():
                self._typed.put_nowait(character)
            self._typed.put_nowait(None)
            yield
            return
        loop, number = asyncio.get_running_loop(), self._source.fileno()
        before = termios.tcgetattr(number)
        tty.setcbreak(number)
        loop.add_reader(number, self._read, number)
        try:
            yield
        finally:
            loop.remove_reader(number)
            termios.tcsetattr(number, termios.TCSADRAIN, before)

    def _read(self, number: int) -> None:
        for character in os.read(number, 64).decode(errors="ignore"):
            self._typed.put_nowait(character)

    async def next(self, within_s: float | None) -> str | None:
        """The next character; '' when none came in time."""
        if self.scripted:
            return await self._typed.get()
        try:
            async with asyncio.timeout(within_s):
                return await self._typed.get()
        except TimeoutError:
            return ""


class Simulator:
    """One caller at a keyboard. q or Ctrl-D hangs up; in a script '.' is silence."""

    def __init__(
        self,
        typing: Typing,
        catalogue: Catalogue,
        show: Callable[[str], object],
        *,
        call_id: str,
        ani: str | None,
        dnis: str,
    ) -> None:
        self.id, self.ani, self.dnis = call_id, ani, dnis
        self.pace = NORMAL
        self._typing = typing
        self._catalogue = catalogue
        self._show = show
        self._keys = Keys()
        self.given_away: str | None = None

    async def say(self, *prompts: Prompt, barge: bool = True) -> None:
        for prompt in prompts:
            self._show(f"🔊 {self._catalogue.text(prompt)}")

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
        # Who reads needs about as long as who listens.
        wait_s = sum(map(self._catalogue.seconds, prompts)) + self.pace.first_s
        while not entry.complete and await self._key(self.pace.next_s if entry.answer else wait_s):
            self._keys.fill(entry)
        pressed = entry.answer or "（没有按键）"
        self._show("⌨️  " + ("•" * len(entry.answer) if secret and entry.answer else pressed))
        return entry.answer

    async def _key(self, within_s: float) -> bool:
        """Take one key; False when none came in time. Raises HungUp."""
        while True:
            typed = await self._typing.next(within_s)
            if typed is None or (typed and typed in HANG_UP):
                self._show("☎️  挂机")
                raise HungUp
            if typed in ("", SILENCE):
                return False
            if typed in KEYS:
                self._keys.press(typed)
                return True

    async def record(self, name: str, *, seconds: int) -> Recording:
        """What is typed until Enter counts as spoken, four characters a second."""
        self._show("🔴 嘟——请输入留言，按回车结束")
        spoken = 0
        while spoken < 4 * seconds:
            typed = await self._typing.next(None if not spoken else float(seconds))
            if not typed or typed in ENTER or typed == SILENCE:
                break
            spoken += 1
        return Recording(f"{name}.txt", spoken / 4)

    async def wait(self, seconds: float) -> None:
        await asyncio.sleep(0 if self._typing.scripted else seconds)

    async def rest(self, seconds: float, news: News | None = None) -> str:
        self._show("🎵")
        await self._key(seconds)
        entry = Entry(1)
        self._keys.fill(entry)
        return entry.answer

    async def transfer(self, target: str) -> None:
        self.given_away = target
        self._show("☎️  转接人工：终端里没有话务员")

    async def hang_up(self) -> None:
        self._show("☎️  对方挂机")
