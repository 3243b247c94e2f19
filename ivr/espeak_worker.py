"""A child process that speaks through pyttsx3 and espeak-ng: one request a line, one answer a line.

Run as `python -m ivr.espeak_worker VOICE`. It exists because the library cannot live in ours: its
state is one for each process, it is not safe in threads, it has no door to an event loop, and it may hang
for ever; here it can be killed. Requests: {"text", "path", "rate"}; answers: {"ok"} or {"error"}.
"""

import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

# A worker that hangs after its parent was killed ends by itself; the parent waits less than this.
MOST_S = 30
FIRST_S = 2.0
HEADER = 44  # bytes of a WAV file before its first sample


def main() -> None:
    """Answer until the parent closes its end."""
    # The library prints at each file it saves: the answers get a pipe of their own.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)
    signal.alarm(MOST_S)

    mouth, wrong = None, ""
    try:
        mouth = _mouth(sys.argv[1])
    except Exception as error:  # a border: each answer tells why nothing is said
        wrong = _told(error)
    signal.alarm(0)
    for line in sys.stdin:
        signal.alarm(MOST_S)
        request = json.loads(line)
        try:
            answer = {"error": wrong}
            if mouth:
                answer = mouth.say(request["text"], Path(request["path"]), request["rate"])
        except Exception as error:  # a border: the parent decides
            answer = {"error": _told(error)}
        signal.alarm(0)
        answers.write(json.dumps(answer) + "\n")


def _mouth(voice: str) -> "Mouth":
    """Raises what the library raises where espeak-ng is not installed, and LookupError."""
    import pyttsx3
    from pyttsx3.drivers import _espeak

    mouth = Mouth(pyttsx3.init("espeak"), _espeak.IsPlaying)
    mouth.choose(voice)
    return mouth


def _told(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]


class Mouth:
    """The library, and what has to be known to use it.

    espeak-ng speaks in a thread of its own. The library's first loop in a process does not wait for
    that thread, and a loop that begins while it is still busy, were it with setting the rate, cancels
    what it was to say and the rate too. So: one sentence for nobody, and never go on before it rests.
    """

    def __init__(self, engine: Any, busy: Callable[[], int]) -> None:
        self._engine = engine
        self._busy = busy
        self._ended = Event()
        self._rate = 0
        engine.connect("finished-utterance", lambda **_: self._ended.set())

    def choose(self, voice: str) -> None:
        """Raises LookupError: the library does not refuse an unknown voice, it just speaks another one."""
        if voice not in {known.id for known in self._engine.getProperty("voices")}:
            raise LookupError(f"no voice {voice}")
        self._rest()
        with tempfile.TemporaryDirectory() as nobody:
            self._save("ma", Path(nobody) / "first.wav", FIRST_S)
        self._engine.setProperty("voice", voice)
        self._rest()

    def say(self, text: str, path: Path, rate: int) -> dict[str, Any]:
        if not text.strip():
            return {"error": "nothing to say"}
        if rate != self._rate:
            self._engine.setProperty("rate", rate)
            self._rest()
            self._rate = rate
        # It says nothing of a file that it cannot write, and hangs at the next one.
        with path.open("wb"):
            pass
        self._save(text, path, None)
        return {"ok": True} if path.stat().st_size > HEADER else {"error": "nothing was written"}

    def _save(self, text: str, path: Path, within_s: float | None) -> None:
        self._ended.clear()
        self._engine.save_to_file(text, str(path))
        self._engine.runAndWait()
        self._ended.wait(within_s)
        self._rest()

    def _rest(self) -> None:
        while self._busy():
            time.sleep(0.001)


if __name__ == "__main__":
    main()
