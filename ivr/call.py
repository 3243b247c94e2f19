"""The caller's side of one call: seven verbs, a hang-up, and `choose`.

Dialogues are coroutines over `Call`. Three callers implement it: `ivr.agi_call.AgiCall` (Asterisk),
`ivr.simulator.Simulator` (the terminal) and `tests.callers.Caller` (in memory).
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ivr.words import Value

PERSON = "0"  # leads to a person, at every level, even in the middle of a prompt
REPEAT = "*"
END = "#"
BACK = "9"


class HungUp(Exception):
    """The caller has left. A normal end of every dialogue, never an error."""


class NeedsPerson(Exception):
    """The caller asked for, or needs, a person; `reason` says why in one word."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Prompt:
    """A sentence of the catalogue by name, and the values that fill it: never the sentence itself."""

    name: str
    values: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class Track:
    """Which sound of a sentence is heard. language: ISO 639-3, 'cmn' is Mandarin, 'yue' Cantonese."""

    language: str = "cmn"
    slow: bool = False


@dataclass(frozen=True)
class Pace:
    """How long we wait for keys, in seconds (R: ux of the hotline: 5 and 3; slow track 8 and 5)."""

    first_s: float = 5.0
    next_s: float = 3.0
    slow: bool = False


NORMAL = Pace()
SLOW = Pace(8.0, 5.0, slow=True)


# Whether there is something to say to somebody who rests, and how often that is asked.
News = Callable[[], Awaitable[bool]]
NEWS_S = 5.0


@dataclass(frozen=True)
class Recording:
    """What the caller left: the file's name in the switch's message folder, and its length."""

    name: str
    seconds: float


class Call(Protocol):
    """One caller on the line. Any verb may raise `HungUp`."""

    id: str  # Linkedid of the call: the key of its interaction, journal and recording
    ani: str | None  # the caller's number as the trunk gave it; None when withheld
    dnis: str  # the number that was dialled
    pace: Pace

    async def say(self, *prompts: Prompt, barge: bool = True) -> None:
        """Play prompts one after the other.

        A key pressed meanwhile stops the playing and is kept as the first key of the next `ask`,
        unless barge is False (a legal read-back): then keys neither stop it nor are lost.
        """

    async def ask(
        self,
        *prompts: Prompt,
        digits: int = 1,
        secret: bool = False,
        star: bool = False,
        leading_zero: bool = False,
    ) -> str:
        """Play prompts, then collect up to `digits` keys; '' when none came in time.

        With digits 1 every key is an answer, `#` and `*` too. With more, `#` ends the entry and is
        not part of it (alone it gives '#'); `*` is a key like others where star is True (the X of an
        identity number); a first `0` ends the entry at once and is returned as '0' (a person is
        wanted), a first `*` as '*' unless star. leading_zero: what is asked for may begin with 0
        (the last four of an identity number), so 0 means a person only when nothing follows it.
        secret: the keys must not reach any log, event or recording.
        """

    async def record(self, name: str, *, seconds: int) -> Recording:
        """Record the caller after a beep until `#`, three seconds of silence, or `seconds`."""

    async def wait(self, seconds: float) -> None:
        """Let the caller hear nothing for a while."""

    async def rest(self, seconds: float, news: News | None = None) -> str:
        """Let the caller hear music for a while; the key that ends it, or '' when none came.

        news: asked every NEWS_S seconds; True ends the rest as well, without a break in the music before.
        """

    async def transfer(self, target: str) -> None:
        """Give the call away: 'queue' to wait for a person. The dialogue ends after this."""

    async def hang_up(self) -> None:
        """End the call from our side."""


async def choose(call: Call, prompt: Prompt, keys: str, *more: Prompt) -> str:
    """Ask until one of `keys` is pressed and return it.

    `*` repeats. Silence or a wrong key twice, or `0`, raise NeedsPerson: nobody is ever sent
    round in circles or hung up on (ux: two failures lead to the operator).
    """
    misses = 0
    said: tuple[Prompt, ...] = (prompt, *more)
    while True:
        key = await call.ask(*said)
        if key == PERSON and PERSON not in keys:
            raise NeedsPerson("asked")
        if key and key in keys:
            return key
        if key == REPEAT:
            said = (prompt, *more)
            continue
        misses += 1
        if misses == 2:
            raise NeedsPerson("no-key" if not key else "wrong-key")
        said = (Prompt("not-a-choice") if key else Prompt("no-input"), prompt, *more)
