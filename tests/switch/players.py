"""Play a key script on a real telephone: what each question is answered with is pressed while it is asked."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from ivr.agi_call import AgiCall
from ivr.call import END, News, Pace, Prompt, Recording
from ivr.keys import Entry
from tests.phones import Phone

# As patient as a test can be: keys take a tenth of a second each on the wire.
PACE = Pace(2.5, 1.5)
INTERRUPTS_S = 0.3  # into the sentence, so that every key interrupts one
SPEAKS_S = 2.5  # a message is that long
GONE_S = 10.0
BEEP = "(beep)"


@dataclass
class Player:
    """Speaks `ivr.call.Call` between the dialogue and the real call, and holds the telephone's keys.

    listen: how long a sentence plays; with it the caller hears every sentence out before pressing.
    """

    keys: str
    phone: Phone
    how: str = "rfc4733"
    listen: Callable[[Prompt], Awaitable[float]] | None = None
    said: list[Prompt] = field(default_factory=list)
    target: str | None = None
    _call: AgiCall | None = None
    _pressing: set[asyncio.Task[None]] = field(default_factory=set)

    def take(self, call: AgiCall) -> "Player":
        self._call, call.pace = call, PACE
        self.id, self.ani, self.dnis = call.id, call.ani, call.dnis
        return self

    @property
    def pace(self) -> Pace:
        return self.call.pace

    @pace.setter
    def pace(self, pace: Pace) -> None:
        self.call.pace = pace

    @property
    def heard(self) -> list[str]:
        return [prompt.name for prompt in self.said]

    @property
    def call(self) -> AgiCall:
        assert self._call
        return self._call

    async def say(self, *prompts: Prompt, barge: bool = True) -> None:
        self.said += prompts
        if self.keys.startswith("!"):
            self._soon(self.phone.hang_up())
        await self.call.say(*prompts, barge=barge)

    async def ask(
        self,
        *prompts: Prompt,
        digits: int = 1,
        secret: bool = False,
        star: bool = False,
        leading_zero: bool = False,
    ) -> str:
        self.said += prompts
        pressed, gone = self._entry(digits, star=star, leading_zero=leading_zero)
        if pressed or gone:
            self._soon(self._act(pressed, gone), await self._patience(prompts))
        return await self.call.ask(
            *prompts, digits=digits, secret=secret, star=star, leading_zero=leading_zero
        )

    async def record(self, name: str, *, seconds: int) -> Recording:
        self.said.append(Prompt(BEEP))
        said, self.keys = self.keys[:1], self.keys[1:]

        async def speak() -> None:
            await asyncio.sleep(SPEAKS_S)
            await self.phone.press(END)

        if said not in ("", "."):
            self._soon(speak())
        return await self.call.record(name, seconds=seconds)

    async def wait(self, seconds: float) -> None:
        await self.call.wait(seconds)

    async def rest(self, seconds: float, news: News | None = None) -> str:
        return await self.call.rest(seconds, news)

    async def transfer(self, target: str) -> None:
        self.target = target
        await self.call.transfer(target)

    async def hang_up(self) -> None:
        await self.call.hang_up()

    def _entry(self, digits: int, *, star: bool, leading_zero: bool) -> tuple[str, bool]:
        """The keys that the script gives to one question, and whether the caller hangs up over it."""
        entry, pressed = Entry(digits, star=star, leading_zero=leading_zero), ""
        while not entry.complete:
            if not self.keys or self.keys[0] == "!":
                return pressed, True
            key = self._key()
            if key == ".":
                return pressed, False
            entry.press(key)
            pressed += key
        if digits > 1 and entry.full and self.keys.startswith(END):  # a habit, and no answer
            pressed += self._key()
        return pressed, False

    def _key(self) -> str:
        key, self.keys = self.keys[0], self.keys[1:]
        return key

    async def _act(self, keys: str, gone: bool) -> None:
        if keys:
            await self.phone.press(keys, self.how)
        if gone:
            await self.phone.hang_up()

    async def _patience(self, prompts: tuple[Prompt, ...]) -> float:
        """How long the caller listens before a key is pressed."""
        if self.listen is None:
            return INTERRUPTS_S
        return sum([await self.listen(prompt) for prompt in prompts]) + INTERRUPTS_S

    def _soon(self, act: Awaitable[None], after_s: float = INTERRUPTS_S) -> None:
        async def later() -> None:
            await asyncio.sleep(after_s)
            await act

        task = asyncio.create_task(later())
        self._pressing.add(task)
        task.add_done_callback(self._pressing.discard)

    async def over(self) -> None:
        """The script is used up: hang up if the other side has not."""
        with contextlib.suppress(TimeoutError):
            await self.phone.hang_up()
            await self.phone.until("ended", within_s=GONE_S)
