"""What people have recorded: where it lies, what it was read from, and a slower one made of it."""

import asyncio
import json
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import soundfile

from core import precedence
from ivr.call import Track
from ivr.sound import NotSpeech, Samples, put, read_sound

ENDINGS = (".wav", ".flac", ".ogg", ".mp3")
# The slow track of somebody who was recorded at one pace only: every second lasts 1.3.
SLOWER = 0.77
_SOX_S = 20.0
MANDARIN = "cmn"


class Recordings:
    """A folder of sounds named as their pieces: `prompt/greeting.0.wav`.

    Under `slow/` those spoken slowly, under a language's code (`yue/`, `yue/slow/`) those of a dialect.
    `texts.json` keeps the words each was read from, for those that came by `hotline prompts import`: one
    whose sentence has changed since says something else now, and is not played.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._texts: dict[str, str] = {}
        self._read: int | None = None

    def place(self, key: str, track: Track) -> str:
        """The name of a piece's recording, without its ending."""
        language = "" if track.language == MANDARIN else f"{track.language}/"
        return f"{language}{'slow/' if track.slow else ''}{key}"

    def find(self, key: str, track: Track) -> Path | None:
        """The file that is there, whatever its kind."""
        name = f"{self.folder}/{self.place(key, track)}"
        for ending in ENDINGS:  # asked many times in each call: a Path for each costs more than the looking
            if os.path.exists(name + ending):
                return Path(name + ending)
        return None

    def stale(self, key: str, track: Track, text: str) -> bool:
        """Whether it was read from other words than these."""
        return self._known().get(self.place(key, track), text) != text

    def note(self, texts: dict[str, str]) -> None:
        """Keep what recordings were read from, by place. Raises OSError."""
        known = self._known() | texts
        self.folder.mkdir(parents=True, exist_ok=True)
        put(self.folder / "texts.json", json.dumps(known, ensure_ascii=False, indent=1).encode())

    def _known(self) -> dict[str, str]:
        path = self.folder / "texts.json"
        try:
            changed = path.stat().st_mtime_ns
        except OSError:
            return {}
        if changed != self._read:
            with suppress(ValueError):
                self._texts = json.loads(path.read_text(encoding="utf-8"))
            self._read = changed
        return self._texts


async def recorded(path: Path) -> tuple[Samples, int]:
    """Samples and rate. Raises NotSpeech, OSError."""
    return await asyncio.to_thread(lambda: read_sound(path.read_bytes()))


async def slowed(path: Path) -> tuple[Samples, int]:
    """The same voice, slower and no deeper, by sox. Raises NotSpeech for what is none, or without sox."""
    samples, rate = await recorded(path)
    program = shutil.which("sox")
    if program is None:
        raise NotSpeech("sox is not installed: no slow track of this recording")
    with tempfile.TemporaryDirectory() as folder:
        before, after = Path(folder) / "a.wav", Path(folder) / "b.wav"
        await asyncio.to_thread(soundfile.write, before, np.clip(samples, -1, 1), rate, subtype="PCM_16")
        sox = await asyncio.create_subprocess_exec(
            *precedence.plainly(program, "-V1", str(before), str(after), "tempo", "-s", str(SLOWER)),
            stdin=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            async with asyncio.timeout(_SOX_S):
                await sox.wait()
        except BaseException:
            with suppress(ProcessLookupError):
                sox.kill()
            raise
        return await recorded(after)
