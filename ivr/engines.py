"""What a voice has to be able to do, and one that cannot speak any more."""

from typing import Protocol

from ivr.child import EngineError
from ivr.sound import Samples


class Engine(Protocol):
    """A voice that can be made to speak.

    name: changes whenever it would sound different. lanes: how many sentences it says at once.
    """

    name: str
    lanes: int

    def spelled(self, text: str, pinyin: str | None = None) -> str:
        """What it is given to say the text: with its name, all that its sound depends on."""

    async def speak(self, spelled: str, *, slow: bool = False) -> tuple[Samples, int]:
        """Samples between -1 and 1, and their rate. Raises EngineError, NotSpeech."""

    async def close(self) -> None: ...


class Mute:
    """An engine that cannot speak; what it said in better days is still in the cache."""

    def __init__(self, engine: Engine, why: str) -> None:
        self.name, self.spelled, self.lanes = engine.name, engine.spelled, engine.lanes
        self.why = why

    async def speak(self, spelled: str, *, slow: bool = False) -> tuple[Samples, int]:
        raise EngineError(self.why)

    async def close(self) -> None: ...
