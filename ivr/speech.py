"""Every sentence as files the switch plays: a human recording first, then the cache, then the engine."""

import asyncio
import contextlib
import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import structlog

from core.health import Report, State
from ivr.call import Prompt, Track
from ivr.child import EngineError
from ivr.engines import Engine, Mute
from ivr.free_text import written_out
from ivr.prompts import Catalogue, catalogue
from ivr.recordings import MANDARIN, Recordings
from ivr.shelf import Shelf
from ivr.sound import (
    FORMATS,
    NotSpeech,
    of,
    seconds_of,
)
from ivr.sources import Kind, Source, Sources, families, family
from ivr.words import PAUSE, Clip

log = structlog.get_logger()

# A caller waits this long for words that were never said before, then goes to a person.
CALL_WAITS_S = 2.0
# What was found for one call is believed for the next ones: so late is heard what others put in or take away.
BELIEVED_S = 1.0
AT_ONCE = 4
NO_ENGINE = "没有语音引擎，请安装 espeak-ng（Debian：apt-get install espeak-ng）"
NORMAL = Track()
TRACKS = (NORMAL, Track(slow=True))


class NoVoice(Exception):
    """A sentence has no sound, and none can be made in time: its call goes on with a person."""


class Voice:
    """recordings: human ones, named as their clips; they always win. cache: may be lost at any time.

    engine: speaks at once, while a caller waits. better: speaks well and slowly; what it has said is
    played, and a call never waits for it.
    """

    def __init__(
        self,
        recordings: Path,
        cache: Path,
        engine: Engine,
        *,
        better: Engine | None = None,
        texts: Catalogue | None = None,
    ) -> None:
        self.recordings = Recordings(recordings)
        self._shelf = Shelf(cache)
        self._engine = engine
        self.better = better
        self._sources = Sources(self.recordings, engine, better)
        self._texts = texts or catalogue()
        self._families = families(self._texts.fixed())
        self._complete: set[tuple[str, Track]] = set()
        self._lacking: dict[tuple[str, Track], Clip] = {}
        self._found: dict[tuple[Clip, Track], str] = {}
        self._found_until_s = 0.0  # on the loop's clock
        self._ready = 0.0
        self.failed: dict[str, str] = {}  # clips that could not be made, and why
        self.hopeless: dict[str, str] = {}  # clips that the better voice cannot say, and why
        # Told of what calls hear in the worse voice.
        self.missed: Callable[[Clip, Track], object] = lambda _clip, _track: None

    @property
    def spoiled(self) -> dict[str, tuple[str, str]]:
        """Recordings that cannot be used, by clip: the mark of the file, and why."""
        return self._sources.spoiled

    @property
    def name(self) -> str:
        """The voice that speaks when it has had its time."""
        return (self.better or self._engine).name.split("/")[0]

    # --- for calls ----------------------------------------------------------------------------------

    async def sounds(self, prompt: Prompt, track: Track = NORMAL) -> list[str]:
        """A sentence's sound files in order, without their extension. Raises NoVoice, PromptError."""
        clips = self._texts.clips(prompt)
        track = self.understood(clips, track)
        found = self._believed()
        stems = [found.get((clip, track)) for clip in clips]
        if None not in stems:
            return [stem for stem in stems if stem]
        try:
            async with asyncio.timeout(CALL_WAITS_S):
                return [await self._find(clip, track) for clip in clips]
        except TimeoutError:
            raise NoVoice(f"{prompt.name}: the voice is too slow") from None

    def _believed(self) -> dict[tuple[Clip, Track], str]:
        """What was found lately. Nothing stays longer: neither what has changed nor anybody's name."""
        now_s = asyncio.get_running_loop().time()
        if now_s >= self._found_until_s:
            self._found.clear()
            self._found_until_s = now_s + BELIEVED_S
        return self._found

    async def _find(self, clip: Clip, track: Track) -> str:
        known = self._found.get((clip, track))
        if known is not None:
            return known
        stem = str(await self.file(clip, track, asked=True))
        self._found[clip, track] = stem
        return stem

    def understood(self, clips: Iterable[Clip], track: Track) -> Track:
        """In a dialect only what is recorded in it whole, but for names; else the sentence in Mandarin."""
        if track.language == MANDARIN or all(
            self.recordings.find(clip.key, track) or clip == PAUSE or clip.key.startswith("name/")
            for clip in clips
        ):
            return track
        return Track(slow=track.slow)

    async def file(self, clip: Clip, track: Track = NORMAL, *, asked: bool = False) -> Path:
        """The stem of one clip's files, made if it has to be; asked: by a call. Raises NoVoice."""
        worse = False
        for source in self._sources.of(clip, track):
            if source.kind is Kind.BETTER and not self._swapped(source, clip, track):
                worse = True
                continue
            try:
                path = await self._shelf.have(source)
            except (EngineError, NotSpeech, OSError) as error:
                self._note(clip, source, str(error)[:120])
                continue
            self.failed.pop(clip.key, None)
            if worse and asked:
                self.missed(clip, track)
            return path
        raise NoVoice(f"{clip.key}: {self.failed.get(clip.key, 'no source')}")

    def _note(self, clip: Clip, source: Source, why: str) -> None:
        if source.kind.human:
            self.spoiled[clip.key] = (source.file, why)
            log.error("a recording cannot be used", clip=clip.key, why=why)
        else:
            self.failed[clip.key] = why

    # --- for those who look ---------------------------------------------------------------------------

    def state(self, clip: Clip, track: Track = NORMAL) -> str:
        """'recorded', 'rendered' by the best voice, 'fallback' by a worse one, or 'missing'."""
        source = self._played(clip, track)
        if source is None:
            return "missing"
        if source.kind.human:
            return "recorded"
        return "fallback" if source.kind is Kind.QUICK and self.better else "rendered"

    def length(self, clip: Clip, track: Track = NORMAL) -> float | None:
        """How many seconds its sound plays; None where there is none yet, or not a usable one."""
        source = self._played(clip, track)
        with contextlib.suppress(OSError):
            return seconds_of(self._shelf.path(source)) if source else None
        return None

    def heard_from(self, clip: Clip, track: Track = NORMAL) -> str:
        """The best source's file, below the cache, whether it is there yet or not."""
        return self._sources.of(clip, track)[0].file

    def _played(self, clip: Clip, track: Track) -> Source | None:
        """What would be heard at this moment without making anything; a recording counts as made."""
        for source in self._sources.of(clip, track):
            if source.kind.human:
                return source
            swapped = source.kind is not Kind.BETTER or self._swapped(source, clip, track)
            if swapped and self._shelf.holds(source):
                return source
        return None

    async def seconds(self, prompt: Prompt, track: Track = NORMAL) -> float:
        """How long a sentence really plays. Raises NoVoice, PromptError."""
        stems = [await self.file(clip, track) for clip in self._texts.clips(prompt)]
        return await asyncio.to_thread(lambda: sum(map(seconds_of, stems)))

    # --- for those who prepare ------------------------------------------------------------------------

    async def warm(
        self,
        told: Callable[[int, int], object] = lambda _done, _wanted: None,
        more: Iterable[Clip] = (),
        track: Track = NORMAL,
    ) -> None:
        """Give every clip that does not depend on who calls some sound; told: done and wanted, after each.

        more: others worth having before they are asked for, such as names. What cannot be made is
        kept in `failed`: the rest can still be said.
        """
        clips = list({clip.key: clip for clip in (PAUSE, *self._texts.fixed(), *more)}.values())
        room, done = asyncio.Semaphore(AT_ONCE), 0

        async def one(clip: Clip) -> None:
            nonlocal done
            async with room:
                await self.prepare(clip, track)
            done += 1
            if track == NORMAL:  # the slow one comes after, while calls are taken already
                self._ready = done / len(clips)
            told(done, len(clips))

        async with asyncio.TaskGroup() as group:
            for clip in clips:
                group.create_task(one(clip))
        if self.failed:
            log.error("sentences without a sound", clips=len(self.failed), first=sorted(self.failed)[:5])

    async def prepare(self, clip: Clip, track: Track) -> None:
        """Give it some sound, before anybody asks for it; why it has none is kept in `failed`."""
        with contextlib.suppress(NoVoice):
            await self.file(clip, track)

    def wants(self, clip: Clip, track: Track) -> bool:
        """Whether the better voice has yet to say it: nobody has recorded it, nor has it been said."""
        if self.better is None or clip.key in self.hopeless:
            return False
        for source in self._sources.of(clip, track):
            if source.kind is not Kind.QUICK:
                return source.kind is Kind.BETTER and not self._shelf.holds(source)
        return False

    async def improve(self, clip: Clip, track: Track) -> None:
        """Have the better voice say it. Raises EngineError, NotSpeech, OSError."""
        for source in self._sources.of(clip, track):
            if source.kind is Kind.BETTER:
                await self._shelf.have(source)
        self._found.clear()

    def forget(self, clips: Iterable[Clip], track: Track = NORMAL) -> int:
        """Remove what engines have said of these, so that it is said anew; how many there were."""
        spoken = (
            source
            for clip in clips
            for source in self._sources.of(clip, track)
            if source.kind in (Kind.BETTER, Kind.QUICK)
        )
        gone = sum(map(self._shelf.remove, spoken))
        self._complete.clear()
        self._found.clear()
        return gone

    async def lay_out(self, folder: Path, texts: Mapping[str, str]) -> list[str]:
        """Put sentences where somebody else plays them, by name; returns the names that failed."""
        failed = []
        for clip in whole(texts):
            try:
                made = await self.file(clip)
                await asyncio.to_thread(_copy, made, folder / clip.key)
            except (NoVoice, OSError):
                failed.append(clip.key)
        return failed

    async def probe(self) -> Report:
        """For /healthz: being made, complete, or what is missing."""
        if self._ready < 1:
            return Report(State.STARTING, "正在合成语音", progress=self._ready)
        if isinstance(self._engine, Mute):
            return Report(State.DEGRADED, NO_ENGINE)
        if self.failed:
            return Report(State.DEGRADED, f"{len(self.failed)}个片段没有声音")
        return Report(State.UP)

    async def close(self) -> None:
        await self._shelf.close()
        for engine in (self._engine, self.better):
            if engine:
                await engine.close()

    # --- inside -----------------------------------------------------------------------------------------

    def _swapped(self, source: Source, clip: Clip, track: Track) -> bool:
        """Digits change their voice together, dates too: one number is never said by two people."""
        if not self._shelf.holds(source):
            self._complete.discard((family(clip.key), track))
            return False
        ours = family(clip.key)
        if ours not in self._families or (ours, track) in self._complete:
            return True
        lacking = self._lacking.get((ours, track))
        if lacking is None or not self.wants(lacking, track):
            lacking = next((other for other in self._families[ours] if self.wants(other, track)), None)
        if lacking is not None:  # looked at first the next time: a call asks for this many times a second
            self._lacking[ours, track] = lacking
            return False
        self._complete.add((ours, track))
        return True


def whole(texts: Mapping[str, str]) -> list[Clip]:
    """Sentences of one piece each, by name: those that the switch says without us."""
    return [Clip(name, written_out(text)) for name, text in texts.items()]


def _copy(made: Path, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    for ending in FORMATS:
        part = of(to, f"{ending}.part")
        shutil.copyfile(of(made, ending), part)
        part.replace(of(to, ending))
