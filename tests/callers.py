"""A caller in memory: presses what a script says, and remembers what was said to them."""

from dataclasses import dataclass, field

from ivr.call import NORMAL, HungUp, News, Pace, Prompt, Recording
from ivr.keys import Entry, Keys
from ivr.prompts import catalogue


@dataclass
class Caller:
    """Speaks `ivr.call.Call`.

    keys: digits, * and # are pressed; '.' is silence until the time-out; '!' hangs up. A script
    that is used up hangs up too. Every prompt is checked against the catalogue as it is heard.
    """

    keys: str
    ani: str | None = "10712345678"
    dnis: str = "12320"
    id: str = "call-1"
    pace: Pace = NORMAL
    heard: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    seconds: float = 0.0
    pressed: int = 0
    target: str | None = None
    over: bool = False
    _keys: Keys = field(default_factory=Keys)

    def _hear(self, prompts: tuple[Prompt, ...]) -> None:
        for prompt in prompts:
            self.words.append(catalogue().text(prompt))
            self.seconds += catalogue().seconds(prompt)
            self.heard.append(prompt.name)

    def _next(self) -> str:
        if not self.keys or self.keys[0] == "!" or self.over:
            self.over = True
            raise HungUp
        key, self.keys = self.keys[0], self.keys[1:]
        self.pressed += key != "."
        return key

    async def say(self, *prompts: Prompt, barge: bool = True) -> None:
        if self.over:
            raise HungUp
        self._hear(prompts)
        if self.keys.startswith("!"):
            self._next()

    async def ask(
        self,
        *prompts: Prompt,
        digits: int = 1,
        secret: bool = False,
        star: bool = False,
        leading_zero: bool = False,
    ) -> str:
        if self.over:
            raise HungUp
        self._hear(prompts)
        entry = Entry(digits, star=star, leading_zero=leading_zero)
        while not entry.complete and (key := self._next()) != ".":
            self._keys.press(key)
            self._keys.fill(entry)
        return entry.answer

    async def record(self, name: str, *, seconds: int) -> Recording:
        self.heard.append("(beep)")
        spoken = self._next()
        return Recording(name, 0.0 if spoken == "." else 8.0)

    async def wait(self, seconds: float) -> None:
        if self.over:
            raise HungUp

    async def rest(self, seconds: float, news: News | None = None) -> str:
        if self.over:
            raise HungUp
        self.heard.append("(music)")
        if news is not None and await news():
            return ""
        key = self._next()
        return "" if key == "." else key

    async def transfer(self, target: str) -> None:
        self.target = target
        self.over = True

    async def hang_up(self) -> None:
        self.over = True
