"""The synthetic voice that is always there: pyttsx3 over espeak-ng, in a child process that may be killed."""

import asyncio
import contextlib
import json
import re
import sys
import tempfile
from pathlib import Path

import structlog

from ivr.reading import reading
from ivr.sound import NotSpeech, Samples, check, read_wav

log = structlog.get_logger()

WITHIN_S = 5.0  # a sentence takes 12 to 30 ms
STARTING_S = 10.0  # the first one loads the library and the voice
# Requests waiting for the voice beyond this are refused: callers in a queue for a word hear nothing.
MOST_WAITING = 64
# The plain `cmn` of espeak-ng 1.51 reads Chinese as English; this one, there and in 1.52, reads pinyin.
VOICE = "sit/cmn-latn-pinyin"
RATE = 175  # what espeak-ng calls words a minute: ivr.prompts.SYLLABLES_PER_S is measured with it
# Four plain syllables: a voice that reads the tone digits out in English takes twice as long.
_PROOF, _PROOF_S = "ma1 ma1 ma1 ma1", (0.5, 1.6)
_PINYIN = re.compile(r"[a-zü]+[0-5]( [a-zü]+[0-5])*")


class EngineError(Exception):
    """The voice did not speak: it is missing, it hangs, or too many wait for it."""


class Espeak:
    """Implements `ivr.speech.Engine`. One process, one sentence at a time."""

    name = f"espeak/{VOICE}/{RATE}"

    def __init__(
        self, *, command: tuple[str, ...] = (sys.executable, "-m", "ivr.espeak_worker", VOICE, str(RATE))
    ) -> None:
        self._command = command
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._folder = tempfile.TemporaryDirectory(prefix="hotline-voice-")

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def spelled(self, text: str, pinyin: str | None = None) -> str:
        """Pinyin: as it was saved where it is whole, else as the dictionary has it.

        The voice's own reading of characters is wrong in 银行 and 重庆, and it takes no breath at
        a comma. It writes the neutral tone 0.
        """
        given = (pinyin or "").strip().lower().replace("v", "ü")
        return re.sub(r"5\b", "0", given if _PINYIN.fullmatch(given) else reading(text))

    async def speak(self, spelled: str) -> tuple[Samples, int]:
        """Say something; samples and their rate. Raises EngineError, and NotSpeech for silence."""
        if self._waiting >= MOST_WAITING:
            raise EngineError("too many wait for the voice")
        self._waiting += 1
        try:
            async with self._turn:
                return await self._speak(spelled)
        finally:
            self._waiting -= 1

    async def prove(self) -> None:
        """Raises EngineError unless the voice is heard, and heard to speak Chinese."""
        try:
            samples, rate = await self.speak(_PROOF)
        except NotSpeech as error:
            raise EngineError(str(error)) from None
        shortest, longest = _PROOF_S
        if not shortest < len(samples) / rate < longest:
            raise EngineError(f"four syllables take {len(samples) / rate:.1f} s: this is not Chinese")

    async def _speak(self, said: str) -> tuple[Samples, int]:
        path = Path(self._folder.name) / "spoken.wav"
        request = json.dumps({"text": said, "path": str(path)})
        for last in (False, True):
            try:
                process, within_s = await self._running()
                answer = await self._ask(process, request, within_s)
                break
            except asyncio.CancelledError:
                await self._kill()  # its answer would be taken for the next one's
                raise
            except (OSError, EOFError, TimeoutError, ValueError) as error:
                await self._kill()
                log.warning("the voice was started anew", why=type(error).__name__)
                if last:
                    raise EngineError(f"the voice does not answer: {type(error).__name__}") from None
        if "ok" not in answer:
            raise EngineError(str(answer.get("error", "no answer")))
        samples, rate = read_wav(await asyncio.to_thread(path.read_bytes))
        check(samples, rate)
        return samples, rate

    async def _running(self) -> tuple[asyncio.subprocess.Process, float]:
        if self._process is not None and self._process.returncode is None:
            return self._process, WITHIN_S
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is ours to handle
        )
        return self._process, STARTING_S

    @staticmethod
    async def _ask(process: asyncio.subprocess.Process, request: str, within_s: float) -> dict[str, object]:
        assert process.stdin
        assert process.stdout
        async with asyncio.timeout(within_s):
            process.stdin.write(request.encode() + b"\n")
            await process.stdin.drain()
            line = await process.stdout.readline()
        if not line:
            raise EOFError
        answer: dict[str, object] = json.loads(line)
        return answer

    async def _kill(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def close(self) -> None:
        """End the process and remove what it wrote."""
        await self._kill()
        self._folder.cleanup()
