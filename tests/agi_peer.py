"""A caller with a key script at the other end of an AGI socket, put through as Asterisk would."""

from dataclasses import dataclass, field
from enum import StrEnum

from ivr.agi_keys import GIVEN_BACK_MS
from ivr.call import Prompt, Track
from tests.fake_asterisk import AgiCaller, hang_up


class Style(StrEnum):
    """How somebody uses a keypad."""

    PATIENT = "hears every sentence out"
    INTERRUPTS = "presses into the sentence"
    AHEAD = "has pressed everything before the greeting is over"


@dataclass
class AgiPeer:
    """keys: a script as for `tests.callers.Caller`. hangs_up_at: in the sound of this number, from 0."""

    keys: str
    style: Style = Style.PATIENT
    hangs_up_at: int | None = None
    caller: AgiCaller = field(init=False)
    _prompts: dict[str, Prompt] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.caller = AgiCaller(
            self._while_playing, self._while_waiting, self._while_recording, too_soon_ms=GIVEN_BACK_MS
        )

    async def sounds(self, prompt: Prompt, _track: Track) -> list[str]:
        """Each sentence is a sound of its own: what was heard tells what was said."""
        stem = f"/sounds/{len(self._prompts)}"
        self._prompts[stem] = prompt
        return [stem]

    @property
    def heard(self) -> list[Prompt]:
        return [self._prompts[stem] for stem in self.caller.played]

    @property
    def target(self) -> str | None:
        """Where the call was given to when its script ended."""
        step = self.caller.variables["HOTLINE_NEXT"]
        return step if step.startswith("queue") else None

    def _while_playing(self, _stem: str) -> str:
        if len(self.caller.played) - 1 == self.hangs_up_at:
            hang_up()
        if self.style is Style.PATIENT:
            return ""
        pressed = ""
        while self.keys and self.keys[0] not in ".!#" and (not pressed or self._ahead(pressed)):
            pressed += self._next()
        return pressed

    def _ahead(self, pressed: str) -> bool:
        """No key comes twice while no command listens: nobody is as fast, and it would count once."""
        return self.style is Style.AHEAD and self.keys[0] not in pressed[1:]

    def _while_waiting(self) -> str:
        return self._next().strip(".")

    def _while_recording(self) -> str:
        return "#" if self._next() != "." else ""

    def _next(self) -> str:
        key, self.keys = self.keys[:1], self.keys[1:]
        return hang_up() if key in ("", "!") else key
