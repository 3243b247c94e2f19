"""A call that remembers what was said and keyed, for its journal; secret keys only as a count."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from core.ports import Clock
from ivr.call import Call, HungUp, News, Pace, Prompt, Recording


async def nothing_to_write() -> None:
    """Before the caller hears or waits for anything."""


class StoryCall:
    """Passes every verb on to another call and keeps a line for each, with its moment.

    before: awaited before each verb, so that what is known is written before the caller is waited for.
    """

    def __init__(self, call: Call, clock: Clock) -> None:
        self._call, self._clock = call, clock
        self.id, self.ani, self.dnis = call.id, call.ani, call.dnis
        self.before: Callable[[], Awaitable[None]] = nothing_to_write
        self.told: list[tuple[dict[str, Any], datetime]] = []
        self.gone = False

    @property
    def pace(self) -> Pace:
        return self._call.pace

    @pace.setter
    def pace(self, pace: Pace) -> None:
        self._call.pace = pace

    def taken(self) -> tuple[list[dict[str, Any]], list[datetime]]:
        """The lines since the last time they were taken, and the moment of each."""
        told, self.told = self.told, []
        return [line for line, _ in told], [at for _, at in told]

    def tell(self, line: dict[str, Any]) -> None:
        """Something else that has happened now."""
        self.told.append((line, self._clock.now()))

    async def say(self, *prompts: Prompt, barge: bool = True) -> None:
        await self.before()
        self._said(prompts)
        try:
            await self._call.say(*prompts, barge=barge)
        except HungUp:
            self._hung_up()
            raise

    async def ask(
        self,
        *prompts: Prompt,
        digits: int = 1,
        secret: bool = False,
        star: bool = False,
        leading_zero: bool = False,
    ) -> str:
        await self.before()
        self._said(prompts)
        try:
            keys = await self._call.ask(
                *prompts, digits=digits, secret=secret, star=star, leading_zero=leading_zero
            )
        except HungUp:
            self._hung_up()
            raise
        self.tell({"keyed": len(keys)} if secret else {"keys": keys})
        return keys

    async def record(self, name: str, *, seconds: int) -> Recording:
        await self.before()
        try:
            made = await self._call.record(name, seconds=seconds)
        except HungUp:
            self._hung_up()
            raise
        self.tell({"recorded": made.name, "seconds": round(made.seconds)})
        return made

    async def wait(self, seconds: float) -> None:
        await self.before()
        await self._call.wait(seconds)

    async def rest(self, seconds: float, news: News | None = None) -> str:
        await self.before()
        try:
            key = await self._call.rest(seconds, news)
        except HungUp:
            self._hung_up()
            raise
        if key:
            self.tell({"keys": key})
        return key

    async def transfer(self, target: str) -> None:
        await self.before()
        self.tell({"transferred": target})
        await self._call.transfer(target)

    async def hang_up(self) -> None:
        await self.before()
        self.tell({"hung-up": "us"})
        await self._call.hang_up()

    def _said(self, prompts: tuple[Prompt, ...]) -> None:
        if prompts:
            self.tell({"said": [prompt.name for prompt in prompts]})

    def _hung_up(self) -> None:
        if not self.gone:
            self.gone = True
            self.tell({"hung-up": "caller"})
