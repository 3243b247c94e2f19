"""The synthetic voice that is always there: pyttsx3 over espeak-ng, in a child process that may be killed."""

import asyncio
import re
import sys
import tempfile
from pathlib import Path

from ivr.child import Child, EngineError
from ivr.reading import read_as
from ivr.sound import NotSpeech, Samples, read_spoken

__all__ = ["EngineError", "Espeak"]

WITHIN_S = 5.0  # a sentence takes 12 to 30 ms
STARTING_S = 10.0  # the first one loads the library and the voice
# Requests waiting for the voice beyond this are refused: callers in a queue for a word hear nothing.
MOST_WAITING = 64
# The plain `cmn` of espeak-ng 1.51 reads Chinese as English; this one, there and in 1.52, reads pinyin.
VOICE = "sit/cmn-latn-pinyin"
RATE = 175  # what espeak-ng calls words a minute: ivr.prompts.SYLLABLES_PER_S is measured with it
SLOW_RATE = 130
# Four plain syllables: a voice that reads the tone digits out in English takes twice as long.
_PROOF, _PROOF_S = "ma1 ma1 ma1 ma1", (0.5, 1.6)
COMMAND = (sys.executable, "-m", "ivr.espeak_worker", VOICE)


class Espeak:
    """Implements `ivr.speech.Engine`. One process, one sentence at a time."""

    name = f"espeak/{VOICE}/{RATE}/{SLOW_RATE}"
    lanes = 1

    def __init__(self, *, command: tuple[str, ...] = COMMAND) -> None:
        self.child = Child(command, within_s=WITHIN_S, starting_s=STARTING_S, most_waiting=MOST_WAITING)
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    @property
    def pid(self) -> int | None:
        return self.child.pid

    def spelled(self, text: str, pinyin: str | None = None) -> str:
        """The voice's own reading of characters is wrong in 银行 and 重庆, and it takes no breath at a comma.

        It writes the neutral tone 0.
        """
        return re.sub(r"5\b", "0", read_as(text, pinyin))

    async def speak(self, spelled: str, *, slow: bool = False) -> tuple[Samples, int]:
        """Say something; samples and their rate. Raises EngineError, and NotSpeech for silence."""
        self._folder = self._folder or tempfile.TemporaryDirectory(prefix="hotline-voice-")
        path = Path(self._folder.name) / "spoken.wav"
        async with self.child.turn():
            answer = await self.child.ask(
                {"text": spelled, "path": str(path), "rate": SLOW_RATE if slow else RATE}
            )
            if "ok" not in answer:
                raise EngineError(str(answer.get("error", "no answer")))
            return await asyncio.to_thread(read_spoken, path)

    async def prove(self) -> None:
        """Raises EngineError unless the voice is heard, and heard to speak Chinese."""
        try:
            samples, rate = await self.speak(_PROOF)
        except NotSpeech as error:
            raise EngineError(str(error)) from None
        shortest, longest = _PROOF_S
        if not shortest < len(samples) / rate < longest:
            raise EngineError(f"four syllables take {len(samples) / rate:.1f} s: this is not Chinese")

    async def close(self) -> None:
        """End the process and remove what it wrote."""
        await self.child.kill()
        if self._folder:
            self._folder.cleanup()
