"""Every sentence as files the switch plays: a human recording first, then the cache, then the engine."""

import asyncio
import contextlib
import hashlib
import shutil
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import structlog

from core.health import Report, State
from core.settings import Settings
from ivr.call import Prompt
from ivr.espeak import EngineError, Espeak
from ivr.prompts import Catalogue, catalogue
from ivr.sound import CHAIN, NotSpeech, Samples, for_the_line, read_wav, seconds_of, silence, write_wav
from ivr.words import PAUSE, Clip, written_out

log = structlog.get_logger()

PAUSE_S = 0.25
# A caller waits this long for words that were never said before, then goes to a person.
CALL_WAITS_S = 3.0
AT_ONCE = 4
NO_ENGINE = "没有语音引擎，请安装 espeak-ng（Debian：apt-get install espeak-ng）"


class NoVoice(Exception):
    """A sentence has no recording, and no engine can make one: its call goes on with a person."""


class Engine(Protocol):
    """A voice that can be made to speak. name: changes whenever it would sound different."""

    name: str

    async def speak(self, text: str, pinyin: str | None = None) -> tuple[Samples, int]:
        """Samples between -1 and 1, and their rate. Raises EngineError, NotSpeech."""

    async def close(self) -> None: ...


@dataclass(frozen=True)
class _Source:
    """kind: 'recorded', 'spoken', 'pause'. file: its name in the cache, which says all it is made from."""

    kind: str
    file: str
    make: Callable[[], Awaitable[Samples]]


class Voice:
    """recordings: human ones, named as their clips; they always win. cache: may be lost at any time."""

    def __init__(
        self, recordings: Path, cache: Path, engine: Engine | None, *, texts: Catalogue | None = None
    ) -> None:
        self._recordings = recordings
        self._cache = cache
        self._engine = engine
        self._texts = texts or catalogue()
        self._known: set[str] = set()
        self._making: dict[str, asyncio.Task[None]] = {}
        self._wanted = self._done = 0
        self.failed: dict[str, str] = {}  # clips that could not be made, and why

    async def sounds(self, prompt: Prompt) -> list[str]:
        """A sentence's sound files in order, without their extension. Raises NoVoice, PromptError."""
        clips = self._texts.clips(prompt)
        try:
            async with asyncio.timeout(CALL_WAITS_S):
                return [str(await self.file(clip)).removesuffix(".wav") for clip in clips]
        except TimeoutError:
            raise NoVoice(f"{prompt.name}: the voice is too slow") from None

    async def file(self, clip: Clip) -> Path:
        """One clip's WAV file, made if it has to be. Raises NoVoice."""
        source = self._source(clip)
        path = self._cache / source.file
        if source.file in self._known or path.exists():
            self._known.add(source.file)
            return path
        # Two calls that want the same new word wait for the same making of it.
        making = self._making.get(source.file)
        if making is None:
            making = asyncio.create_task(self._make(source, path), name="speak")
            self._making[source.file] = making
            making.add_done_callback(lambda done: self._made(source.file, done))
        try:
            await asyncio.shield(making)
        except (EngineError, NotSpeech, OSError) as error:
            self.failed[clip.key] = str(error)[:120]
            raise NoVoice(f"{clip.key}: {error}") from None
        self.failed.pop(clip.key, None)
        return path

    def state(self, clip: Clip) -> str:
        """'recorded', 'rendered' or 'missing'."""
        source = self._source(clip)
        if not (self._cache / source.file).exists() and source.kind != "recorded":
            return "missing"
        return "recorded" if source.kind == "recorded" else "rendered"

    async def seconds(self, prompt: Prompt) -> float:
        """How long a sentence really plays. Raises NoVoice, PromptError."""
        files = [await self.file(clip) for clip in self._texts.clips(prompt)]
        return await asyncio.to_thread(lambda: sum(map(seconds_of, files)))

    async def warm(self, told: Callable[[int, int], object] = lambda _done, _wanted: None) -> None:
        """Make every clip that does not depend on who calls; told: done and wanted, after each.

        What cannot be made is kept in `failed`: the rest can still be said.
        """
        clips = list({clip.key: clip for clip in (PAUSE, *self._texts.fixed())}.values())
        self._wanted, self._done = len(clips), 0
        room = asyncio.Semaphore(AT_ONCE)

        async def one(clip: Clip) -> None:
            async with room:
                with contextlib.suppress(NoVoice):
                    await self.file(clip)
            self._done += 1
            told(self._done, self._wanted)

        async with asyncio.TaskGroup() as group:
            for clip in clips:
                group.create_task(one(clip))
        if self.failed:
            log.error("sentences without a sound", clips=len(self.failed), first=sorted(self.failed)[:5])

    async def lay_out(self, folder: Path, texts: Mapping[str, str]) -> list[str]:
        """Put sentences where somebody else plays them, by name; returns the names that failed."""
        failed = []
        for name, text in texts.items():
            try:
                made = await self.file(Clip(name, written_out(text)))
            except NoVoice:
                failed.append(name)
                continue
            await asyncio.to_thread(_copy, made, folder / f"{name}.wav")
        return failed

    async def probe(self) -> Report:
        """For /healthz: being made, complete, or what is missing."""
        if self._done < self._wanted:
            return Report(State.STARTING, "正在合成语音", progress=self._done / self._wanted)
        if self.failed:
            why = NO_ENGINE if self._engine is None else f"{len(self.failed)}个片段没有声音"
            return Report(State.DEGRADED, why)
        return Report(State.UP if self._wanted else State.STARTING)

    async def close(self) -> None:
        for making in list(self._making.values()):
            making.cancel()
        if self._engine is not None:
            await self._engine.close()

    def _source(self, clip: Clip) -> _Source:
        if clip.key == PAUSE.key:
            return _Source("pause", f"pause-{PAUSE_S}.wav", _pause)
        recorded = self._recordings / f"{clip.key}.wav"
        try:
            stamp = str(recorded.stat().st_mtime_ns)
        except OSError:
            engine = self._engine.name if self._engine else "none"
            file = _file(engine, clip.text, clip.pinyin or "")
            return _Source("spoken", file, lambda: self._spoken(clip))
        return _Source("recorded", _file("recorded", clip.key, stamp), lambda: _recorded(recorded))

    async def _spoken(self, clip: Clip) -> Samples:
        if self._engine is None:
            raise EngineError("no engine")
        samples, rate = await self._engine.speak(clip.text, clip.pinyin)
        return await asyncio.to_thread(for_the_line, samples, rate)

    async def _make(self, source: _Source, path: Path) -> None:
        samples = await source.make()
        await asyncio.to_thread(write_wav, path, samples)

    def _made(self, file: str, making: asyncio.Task[None]) -> None:
        self._making.pop(file, None)
        if not making.cancelled() and making.exception() is None:
            self._known.add(file)


async def _pause() -> Samples:
    return silence(PAUSE_S)


async def _recorded(path: Path) -> Samples:
    data = await asyncio.to_thread(path.read_bytes)
    return await asyncio.to_thread(lambda: for_the_line(*read_wav(data)))


def _file(*made_from: str) -> str:
    mark = hashlib.blake2b("\0".join((str(CHAIN), *made_from)).encode(), digest_size=12).hexdigest()
    return f"{mark[:2]}/{mark}.wav"


def _copy(made: Path, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    part = to.with_name(to.name + ".part")
    shutil.copyfile(made, part)
    part.replace(to)


async def open_voice(settings: Settings) -> Voice:
    """The installation's voice. Without espeak-ng, or when it stays silent, recordings alone are played."""
    recordings, cache = settings.data / "recordings", settings.cache / "speech"
    espeak = Espeak()
    engine: Engine | None = espeak
    try:
        await espeak.speak("您好")
    except (EngineError, NotSpeech) as error:
        log.error("no voice", why=str(error))
        await espeak.close()
        engine = None
    return Voice(recordings.resolve(), cache.resolve(), engine)
