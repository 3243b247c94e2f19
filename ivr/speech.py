"""Every sentence as files the switch plays: a human recording first, then the cache, then the engine."""

import asyncio
import contextlib
import hashlib
import shutil
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import structlog

from core.health import Report, State
from core.settings import Settings
from ivr.call import Prompt
from ivr.espeak import EngineError, Espeak
from ivr.free_text import written_out
from ivr.prompts import PAUSE_S, Catalogue, catalogue
from ivr.sound import CHAIN, NotSpeech, Samples, for_the_line, read_wav, seconds_of, silence, write_wav
from ivr.words import PAUSE, Clip

log = structlog.get_logger()

# A caller waits this long for words that were never said before, then goes to a person.
CALL_WAITS_S = 2.0
AT_ONCE = 4
NO_ENGINE = "没有语音引擎，请安装 espeak-ng（Debian：apt-get install espeak-ng）"


class NoVoice(Exception):
    """A sentence has no sound, and none can be made in time: its call goes on with a person."""


class Engine(Protocol):
    """A voice that can be made to speak. name: changes whenever it would sound different."""

    name: str

    def spelled(self, text: str, pinyin: str | None = None) -> str:
        """What it is given to say the text: with its name, all that its sound depends on."""

    async def speak(self, spelled: str) -> tuple[Samples, int]:
        """Samples between -1 and 1, and their rate. Raises EngineError, NotSpeech."""

    async def close(self) -> None: ...


class Mute:
    """An engine that cannot speak; what it said in better days is still in the cache."""

    def __init__(self, engine: Engine, why: str) -> None:
        self.name, self.spelled = engine.name, engine.spelled
        self.why = why

    async def speak(self, spelled: str) -> tuple[Samples, int]:
        raise EngineError(self.why)

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
        self, recordings: Path, cache: Path, engine: Engine, *, texts: Catalogue | None = None
    ) -> None:
        self._recordings = recordings
        self._cache = cache
        self._engine = engine
        self._texts = texts or catalogue()
        self._making: dict[str, asyncio.Task[None]] = {}
        self._wanted = self._done = 0
        self.failed: dict[str, str] = {}  # clips that could not be made, and why
        self.spoiled: dict[str, tuple[str, str]] = {}  # recordings that cannot be used: their mark, and why

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
        for source in self._sources(clip):
            try:
                path = await self._have(source)
            except (EngineError, NotSpeech, OSError) as error:
                why = str(error)[:120]
                if source.kind == "recorded" and isinstance(error, NotSpeech):
                    self.spoiled[clip.key] = (source.file, why)
                    log.error("a recording cannot be used", clip=clip.key, why=why)
                else:
                    self.failed[clip.key] = why
            else:
                self.failed.pop(clip.key, None)
                return path
        raise NoVoice(f"{clip.key}: {self.failed[clip.key]}")

    async def _have(self, source: _Source) -> Path:
        path = self._cache / source.file
        # Looked up at each ask: what a cleaner took away is made again, and costs a few microseconds.
        if not path.exists():
            # Two calls that want the same new word wait for the same making of it.
            making = self._making.get(source.file)
            if making is None:
                making = asyncio.create_task(self._make(source, path), name="speak")
                self._making[source.file] = making
                making.add_done_callback(lambda done: self._made(source.file, done))
            await asyncio.shield(making)
        return path

    def state(self, clip: Clip) -> str:
        """'recorded', 'rendered' or 'missing'."""
        source = self._sources(clip)[0]
        if source.kind == "recorded":
            return "recorded"
        return "rendered" if (self._cache / source.file).exists() else "missing"

    def length(self, clip: Clip) -> float | None:
        """How many seconds its sound plays; None where there is none yet, or not a usable one."""
        for source in self._sources(clip):
            with contextlib.suppress(OSError, NotSpeech):
                return seconds_of(self._cache / source.file)
        return None

    async def seconds(self, prompt: Prompt) -> float:
        """How long a sentence really plays. Raises NoVoice, PromptError."""
        files = [await self.file(clip) for clip in self._texts.clips(prompt)]
        return await asyncio.to_thread(lambda: sum(map(seconds_of, files)))

    async def warm(
        self,
        told: Callable[[int, int], object] = lambda _done, _wanted: None,
        more: Iterable[Clip] = (),
    ) -> None:
        """Make every clip that does not depend on who calls; told: done and wanted, after each.

        more: others worth having before they are asked for, such as names. What cannot be made is
        kept in `failed`: the rest can still be said.
        """
        clips = list({clip.key: clip for clip in (PAUSE, *self._texts.fixed(), *more)}.values())
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
        for clip in whole(texts):
            try:
                made = await self.file(clip)
            except NoVoice:
                failed.append(clip.key)
                continue
            await asyncio.to_thread(_copy, made, folder / f"{clip.key}.wav")
        return failed

    async def probe(self) -> Report:
        """For /healthz: being made, complete, or what is missing."""
        if self._done < self._wanted:
            return Report(State.STARTING, "正在合成语音", progress=self._done / self._wanted)
        if isinstance(self._engine, Mute):
            return Report(State.DEGRADED, NO_ENGINE)
        if self.failed:
            return Report(State.DEGRADED, f"{len(self.failed)}个片段没有声音")
        return Report(State.UP if self._wanted else State.STARTING)

    async def close(self) -> None:
        making = list(self._making.values())
        for one in making:
            one.cancel()
        await asyncio.gather(*making, return_exceptions=True)
        await self._engine.close()

    def _sources(self, clip: Clip) -> list[_Source]:
        """Where its sound may come from, the best first; the last is the voice, which can say anything."""
        if clip.key == PAUSE.key:
            return [_Source("pause", f"pause-{PAUSE_S}.wav", _pause)]
        sources = []
        recorded = self._recordings / f"{clip.key}.wav"
        with contextlib.suppress(OSError):
            file = _file("recorded", clip.key, str(recorded.stat().st_mtime_ns))
            if self.spoiled.get(clip.key, ("", ""))[0] != file:
                sources.append(_Source("recorded", file, lambda: _recorded(recorded)))
        spelled = self._engine.spelled(clip.text, clip.pinyin)
        file = _file("spoken", self._engine.name, spelled)
        return [*sources, _Source("spoken", file, lambda: self._spoken(spelled))]

    async def _spoken(self, spelled: str) -> Samples:
        samples, rate = await self._engine.speak(spelled)
        return await asyncio.to_thread(for_the_line, samples, rate)

    async def _make(self, source: _Source, path: Path) -> None:
        samples = await source.make()
        await asyncio.to_thread(write_wav, path, samples)

    def _made(self, file: str, making: asyncio.Task[None]) -> None:
        self._making.pop(file, None)
        if not making.cancelled():
            making.exception()  # whoever asked may have gone: it counts as looked at


def whole(texts: Mapping[str, str]) -> list[Clip]:
    """Sentences of one piece each, by name: those that the switch says without us."""
    return [Clip(name, written_out(text)) for name, text in texts.items()]


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
    # The dictionary of readings takes a third of a second to load: not while a caller waits.
    await asyncio.to_thread(espeak.spelled, "您好")
    engine: Engine = espeak
    try:
        await espeak.prove()
    except EngineError as error:
        log.error("no voice", why=str(error))
        await espeak.close()
        engine = Mute(espeak, str(error))
    return Voice(recordings.resolve(), cache.resolve(), engine)
