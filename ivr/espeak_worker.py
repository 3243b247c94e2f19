"""A child process that speaks through pyttsx3 and espeak-ng: one request a line, one answer a line.

Run as `python -m ivr.espeak_worker`. It exists because the library cannot live in ours: its state is
one for each process, it is not safe in threads, it has no door to an event loop, and it may hang for
ever; here it can be killed. Requests: {"text", "path", "voice"}; answers: {"ok"} or {"error"}.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any


def main() -> None:
    """Answer until the parent closes its end."""
    # The library prints at each file it saves: the answers get a pipe of their own.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)

    import pyttsx3

    engine = pyttsx3.init("espeak")
    # The first loop of the library returns before its file is there: let it be an empty one.
    engine.runAndWait()
    voice = ""
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if request["voice"] != voice:
                voice = request["voice"]
                _choose(engine, voice)
            answer: dict[str, Any] = _speak(engine, request["text"], Path(request["path"]))
        except Exception as error:  # a border: the parent decides
            answer = {"error": f"{type(error).__name__}: {error}"[:200]}
        answers.write(json.dumps(answer) + "\n")


def _choose(engine: Any, voice: str) -> None:
    """An unknown voice is not refused by the library, it just speaks another one: ask before."""
    if voice not in {known.id for known in engine.getProperty("voices")}:
        raise LookupError(f"no voice {voice}")
    engine.setProperty("voice", voice)
    engine.setProperty("rate", 175)


def _speak(engine: Any, text: str, path: Path) -> dict[str, Any]:
    # It says nothing of a file that it cannot write, and hangs at the next one.
    with path.open("wb"):
        pass
    engine.save_to_file(text, str(path))
    engine.runAndWait()
    if path.stat().st_size <= 44:
        return {"error": "nothing was written"}
    return {"ok": True}


if __name__ == "__main__":
    main()
